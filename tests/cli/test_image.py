"""The command line's ``image`` command: what it writes, and how it says no."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from two_faces import TwoFaces, draw

import swapper.pipeline
from swapper.__main__ import main


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two pictures in which the engine finds two faces each."""
    monkeypatch.setattr(swapper.pipeline, "CenterFaceDetector", TwoFaces)
    return [draw(tmp_path / f"{name}.png", seed=seed) for seed, name in enumerate(("source", "target"))]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_image_writes_a_picture_of_the_targets_size(photos, tmp_path, capsys, suffix):
    output = tmp_path / f"out{suffix}"
    assert main(["image", *photos, "-o", str(output), "--method", "warp", "--device", "cpu"]) == 0
    assert Image.open(output).size == (300, 200)
    printed = capsys.readouterr().out
    assert "swapped 2 of 2 faces on cpu" in printed and "swap " in printed


def test_several_sources_and_one_selected_face(photos, tmp_path):
    output = tmp_path / "out.png"
    assert main(["image", photos[0], *photos, "-o", str(output), "--select", "1", "--method", "warp", *UNMARKED]) == 0
    after, before = np.asarray(Image.open(output)), np.asarray(Image.open(photos[1]))
    assert np.array_equal(after[:, :100], before[:, :100])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "missing.jpg"}, "missing.jpg': file not found"),
        ({"target": "missing.jpg"}, "missing.jpg': file not found"),
        ({"target": "notes.png"}, "notes.png': this is not a readable picture"),
        ({"source": "tiny.png"}, "tiny.png': no face was found"),
        ({"target": "tiny.png"}, "tiny.png': no face was found"),
        ({"output": "out.gif"}, "out.gif': the suffix"),
        ({"output": "out"}, "out': it has no suffix"),
        ({"output": "no/such/folder/out.png"}, "does not exist. Create it first"),
        ({"options": ["--method", "magic"]}, "Unknown method 'magic'. Choose one of: "),
        ({"options": ["--select", "2"]}, "2 faces were found, numbers 0 to 1"),
        ({"options": ["--select", "second"]}, "Give all, largest, or a face number"),
        ({"options": ["--device", "toaster"]}, "Unknown device 'toaster'"),
    ],
)
def test_unusable_input_ends_with_2_one_line_and_no_file(photos, tmp_path, capsys, change, said):
    (tmp_path / "notes.png").write_text("not a picture")
    draw(tmp_path / "tiny.png", 40, 40)
    there = set(tmp_path.iterdir())
    places = {name: str(tmp_path / change.get(name, usual)) for name, usual in PLACES.items()}
    arguments = [places["source"], places["target"], "-o", places["output"], "--method", "warp"]
    assert main(["image", *arguments, *change.get("options", [])]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert said in captured.err
    assert not captured.out
    assert set(tmp_path.iterdir()) == there


UNMARKED = ["--no-mark", "--confirm-no-mark"]  # a watermark changes pixels everywhere
PLACES = {"source": "source.png", "target": "target.png", "output": "out.png"}


@pytest.mark.parametrize(
    "arguments",
    [[], ["image", "one.png", "-o", "x.png"], ["image", "a", "b"], ["dance"], ["bench", "--models", "--video"]],
)
def test_wrong_arguments_end_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m swapper" in capsys.readouterr().err


def test_an_existing_output_survives_a_failure(photos, tmp_path):
    output = tmp_path / "out.png"
    output.write_bytes(b"precious")
    assert main(["image", photos[0], str(tmp_path / "missing.png"), "-o", str(output)]) == 2
    assert output.read_bytes() == b"precious"


def test_as_a_program(tmp_path):
    command = [sys.executable, "-m", "swapper", "image", "a.png", "b.png", "-o", "out.bmp"]
    ended = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert ended.stderr == "error: Output 'out.bmp': the suffix '.bmp' is not a supported format. " + (
        "Choose one of .png, .jpg, .jpeg, .webp.\n"
    )
