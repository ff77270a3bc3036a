"""What all commands have in common."""

import subprocess
import sys
from pathlib import Path

import pytest

from swapper import hub
from swapper.cli.main import main


@pytest.mark.parametrize(
    "arguments",
    [[], ["image", "one.png", "-o", "x.png"], ["image", "a", "b"], ["dance"], ["bench", "--models", "--video"]],
)
def test_wrong_arguments_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m swapper" in capsys.readouterr().err


def test_as_a_program(tmp_path):
    command = [sys.executable, "-m", "swapper", "image", "a.png", "b.png", "-o", "out.bmp"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr == "error: Output 'out.bmp': the suffix '.bmp' is not a supported format. " + (
        "Choose one of .png, .jpg, .jpeg, .webp.\n"
    )


def test_interrupting_any_command_is_one_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupted(*_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(hub, "resolve", interrupted)
    monkeypatch.setattr("swapper.cli.export.run_export", interrupted)
    assert main(["export", "a.png", "-o", "a.onnx"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
    assert main(["weights", "pull", "ghost-lite"]) == 130
    assert capsys.readouterr().err == "Stopped. What came so far is kept; run the same command to resume.\n"
