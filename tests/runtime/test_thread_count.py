"""Threads are counted by measuring, once, and never on the two halves of one core."""

import json
import os
import time
from pathlib import Path

import pytest

from swapper.runtime import thread_count, threads
from swapper.runtime.thread_count import best_thread_count, physical_cores


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_count, "physical_cores", lambda: 8)


@pytest.mark.parametrize(
    ("speed", "best"),
    [
        ({1: 1.0, 2: 0.5, 4: 0.3, 8: 0.2}, 8),
        ({1: 1.0, 2: 0.6, 4: 0.55, 8: 0.1}, 2),
        ({1: 1.0, 2: 7.0}, 1),
        ({1: 1.0, 2: 0.9}, 1),
    ],
)
def test_the_fastest_count_counts(eight_cores, tmp_path: Path, speed: dict[int, float], best: int) -> None:
    assert best_thread_count(tmp_path, speed.__getitem__) == best


def test_a_machine_is_measured_once_and_again_after_a_month_or_elsewhere(eight_cores, tmp_path: Path) -> None:
    asked: list[int] = []

    def seconds(count: int) -> float:
        asked.append(count)
        return 1 / count

    assert best_thread_count(tmp_path, seconds) == best_thread_count(tmp_path, seconds) == 8
    assert asked == [1, 2, 4, 8]
    place = tmp_path / "threads.json"
    known = json.loads(place.read_text())
    for change in ({"when": time.time() - 40 * 86_400}, {"machine": "another"}, {"threads": "many"}):
        place.write_text(json.dumps(known | change))
        asked.clear()
        assert best_thread_count(tmp_path, seconds) == 8 and asked
    place.write_text("{")
    assert best_thread_count(tmp_path, seconds) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["threads.json"]


def test_a_place_that_cannot_be_written_is_no_reason_to_fail(eight_cores, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert best_thread_count(tmp_path / "file", lambda count: 1 / count) == 8


def test_one_core_needs_no_measuring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(thread_count, "physical_cores", lambda: 1)
    assert best_thread_count(tmp_path, lambda count: pytest.fail("measured")) == 1


def test_the_two_threads_of_a_core_are_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(thread_count, "_TOPOLOGY", tmp_path)
    assert physical_cores() == 4
    for number, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        place = tmp_path / f"cpu{number}/topology"
        place.mkdir(parents=True)
        (place / "thread_siblings_list").write_text(f"{siblings}\n")
    assert physical_cores() == 2


def test_a_real_measurement(tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads()
    assert 1 <= best_thread_count(tmp_path) <= physical_cores()
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("said", "settled"), [({}, "3"), ({"SWAPPER_THREADS": "2"}, "2"), ({"OMP_NUM_THREADS": "5"}, None)]
)
def test_programs_take_the_best_count_unless_they_are_told(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], settled: str | None
) -> None:
    environ = {"PATH": ""} | said
    monkeypatch.setattr(threads.os, "environ", environ)
    monkeypatch.setattr(threads, "sys", type("NoModules", (), {"modules": {}}))
    monkeypatch.setattr(threads, "best_thread_count", lambda: 3)
    threads.settle_threads()
    assert environ.get("SWAPPER_THREADS") == settled
