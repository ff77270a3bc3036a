"""The engine of batches: every task ends once, whatever becomes of the worker that had it."""

import os
from functools import partial
from pathlib import Path

import pytest
from batch_work import Squaring

from swapper.batch.engine import Ended, Engine, Told, run_tasks
from swapper.errors import UserError
from swapper.runtime.thread_count import physical_cores

ROOT = Path(__file__).parents[2]


def run(engine: Engine, log: Path, words: list[str]) -> tuple[list[Ended], list[Told]]:
    tasks = [(word, number, str(log)) for number, word in enumerate(words)]
    events = list(run_tasks(engine, partial(Squaring, str(log)), tasks))
    ended = sorted((event for event in events if isinstance(event, Ended)), key=lambda event: event.index)
    return ended, [event for event in events if isinstance(event, Told)]


def backends() -> list:
    return [None, pytest.param("local", marks=pytest.mark.slow)]


@pytest.fixture(params=backends(), ids=["processes", "ray"])
def ray_address(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    if request.param is not None:
        pytest.importorskip("ray")
        monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'tests'}")
    return request.param


def test_every_task_ends_once_and_workers_are_set_up_once(tmp_path, ray_address):
    ended, told = run(Engine(2, ray_address), tmp_path, ["square"] * 9 + ["wait"])
    assert [event.index for event in ended] == list(range(10))
    assert [event.value for event in ended] == [number**2 for number in range(10)]
    assert all(event.error is None and event.attempts == 1 for event in ended)
    assert {event.index for event in told} <= {9} and all(0 <= event.share < 1 for event in told)
    assert told or ray_address is not None, "Ray is asked now and then, and a quick task has ended by then"
    assert len(list(tmp_path.glob("worker-*"))) == 2 and len(list(tmp_path.glob("task-*"))) == 10


def test_what_is_refused_is_not_tried_again_and_what_stumbles_is(tmp_path, ray_address):
    ended, _ = run(Engine(2, ray_address, retry=2), tmp_path, ["refuse", "square", "stumble"])
    assert [(event.value, event.attempts) for event in ended] == [(None, 1), (1, 1), (None, 3)]
    assert ended[0].error == "Number 0: it is refused. Give another."
    assert ended[2].error == "Unexpected KeyError: 'something'"
    assert len(list(tmp_path.glob("worker-*"))) == 2, "neither ends the worker"


def test_a_worker_that_dies_is_replaced_and_its_task_begun_again(tmp_path, ray_address):
    ended, _ = run(Engine(2, ray_address), tmp_path, ["square", "die once", "square", "die", "square"])
    assert [event.value for event in ended] == [0, 1, 4, None, 16]
    assert [event.attempts for event in ended] == [1, 2, 1, 2, 1]
    assert ended[3].error is not None and "worker" in ended[3].error and "memory" in ended[3].error


def test_no_library_of_a_worker_takes_more_threads_than_it_has(tmp_path, ray_address, monkeypatch):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # as for users, to whom the tests' own limits mean nothing
        monkeypatch.delenv(name, raising=False)
    ended, _ = run(Engine(physical_cores(), ray_address, gpu=False), tmp_path, ["threads"] * physical_cores())
    assert [event.value for event in ended] == [1] * physical_cores()
    assert "OMP_NUM_THREADS" not in os.environ, "this process has no limit afterwards"


def test_without_retry_a_death_is_final(tmp_path):
    ended, _ = run(Engine(1, retry=0), tmp_path, ["die once", "square"])
    assert ended[0].error is not None and "signal 9" in ended[0].error and ended[1].value == 1


def test_nothing_to_do_starts_nothing(tmp_path):
    assert run(Engine(2), tmp_path, []) == ([], []) and not list(tmp_path.iterdir())


def test_numbers_that_make_no_sense():
    for wrong in ({"workers": 0}, {"retry": -1}):
        with pytest.raises(UserError, match="or more, not"):
            Engine(**wrong)
