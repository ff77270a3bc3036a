"""The command line's ``bench`` command."""

import json
from collections.abc import Callable

import pytest

from swapper.cli.main import main


def test_bench_prints_a_table_or_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    report = {"machine": "box", "rows": [{"network": "a", "params": 1000}]}
    monkeypatch.setattr("swapper.bench.networks.models_report", lambda only, **_: report | {"only": only})
    monkeypatch.setattr("swapper.bench.photo.pipeline_report", lambda method, weights: report)
    assert main(["bench"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["a", "1,000"]
    assert main(["bench", "--models", "--only", "a", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == report | {"only": "a"}
    assert main(["bench", "--only", "a"]) == 2
    assert "Add --models" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--paper"], ["--peers", "--paper"], ["--video", "--only", "a"], ["--faces", "2"]]
)
def test_what_is_for_networks_alone_is_refused_elsewhere(arguments: list[str]) -> None:
    assert main(["bench", *arguments]) == 2


QUICK = {
    "photo.pipeline_report": [],
    "networks.models_report": ["--models"],
    "peers.peers_report": ["--peers"],
    "video.video_report": ["--video"],
    "batch.batch_report": ["--batch"],
    "watermark.marks_report": ["--marks"],
    "soak.soak_report": ["--soak"],
}


@pytest.mark.parametrize("name", QUICK)
def test_every_benchmark_can_be_had_quick(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    asked: list[tuple[object, ...]] = []

    def report(*given: object, tell: object = None, **named: object) -> dict[str, object]:
        asked.append((given, named))
        return {}

    monkeypatch.setattr(f"swapper.bench.{name}", report)
    for more in ([], ["--quick"]):
        assert main(["bench", *QUICK[name], *more]) == 0
    assert asked[0] != asked[1]


def test_what_is_measured_is_said_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def report(only: str | None, paper: bool, quick: bool, tell: Callable[[int, int, str], None]) -> dict[str, object]:
        tell(2, 5, "a network")
        return {}

    monkeypatch.setattr("swapper.bench.networks.models_report", report)
    assert main(["bench", "--models", "--json"]) == 0
    said = capsys.readouterr()
    assert "3/5 a network" in said.err and json.loads(said.out) == {}
