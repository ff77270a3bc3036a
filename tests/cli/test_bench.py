"""The command line's ``bench`` command."""

import json

import pytest

from swapper.cli.main import main


def test_bench_prints_a_table_or_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    report = {"machine": "box", "rows": [{"network": "a", "params": 1000}]}
    monkeypatch.setattr("swapper.bench.networks.models_report", lambda only: report | {"only": only})
    monkeypatch.setattr("swapper.bench.photo.pipeline_report", lambda method, weights: report)
    assert main(["bench"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["a", "1,000"]
    assert main(["bench", "--models", "--only", "a", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == report | {"only": "a"}
    assert main(["bench", "--only", "a"]) == 2
    assert "Add --models" in capsys.readouterr().err
