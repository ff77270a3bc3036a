"""The command line's ``interpolate`` command: what it writes, and how it says no."""

import json
from pathlib import Path

import pytest
from PIL import Image
from random_student import offer_student, write_student

from swapper.cli.main import main
from swapper.studies.gallery_index import read_index


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return write_student(tmp_path_factory.mktemp("weights")).parent


@pytest.fixture
def photos(portraits, weights, monkeypatch) -> list[str]:
    """A, B and the target, and a student that can interpolate between them."""
    offer_student(weights, monkeypatch)
    monkeypatch.setenv("SWAPPER_MARK", "off")
    return [str(path) for path in portraits[:3]]


@pytest.mark.slow
def test_an_interpolation_is_written(photos, tmp_path, capsys):
    folder = tmp_path / "new" / "interpolation"
    assert main(["interpolate", *photos, "-o", str(folder), "--steps", "1", "--embedder", "arcface"]) == 0
    names = sorted(path.name for path in folder.iterdir())
    frames = ["frame-00.png", "frame-01.png", "frame-02.png"]
    assert names == sorted(
        [
            *frames,
            "plot.svg",
            "report.json",
            "strip.jpg",
            "interpolation.gif",
            "interpolation.html",
            "interpolation.mp4",
        ]
    )
    with Image.open(folder / "frame-01.png") as frame, Image.open(photos[2]) as target:
        assert frame.size == target.size
    report = json.loads((folder / "report.json").read_text())
    assert report["shares"] == [0, 0.5, 1] and report["about"]["method"] == "ghost"
    assert report["curves"]["arcface"]["gallery"] == 7, "the made-up people without A and B"
    captured = capsys.readouterr()
    assert "picture 3 of 3" in captured.err
    assert captured.out.startswith(f"{folder / 'report.json'}: ") and report["explanation"] in captured.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", "0"], "--steps must be 1 to 99, not 0"),
        (["--method", "warp"], "Method 'warp' cannot interpolate between two people"),
        (
            ["--method", "mobilefaceswap", "--embedder", "smooth"],
            "does not interpolate in the smooth embedder's space",
        ),
        (["--gallery", "missing"], "Gallery 'missing': folder not found"),
        (["--no-mark"], "--no-mark: nothing in the file would say"),
    ],
)
def test_unusable_options_end_with_2_and_no_file(photos, tmp_path, capsys, options, said):
    assert main(["interpolate", *photos, "-o", str(tmp_path / "interpolation"), *options]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and said in captured.err
    assert not (tmp_path / "interpolation").exists()


@pytest.mark.slow
def test_a_gallery_is_looked_at_once(photos, tmp_path, capsys):
    for number, photo in enumerate(photos):
        (tmp_path / f"{number}.jpg").write_bytes(Path(photo).read_bytes())
    assert main(["gallery", str(tmp_path), "-o", str(tmp_path / "gallery.npz")]) == 2
    assert "the suffix '.npz' is not a supported format. Choose .safetensors." in capsys.readouterr().err
    assert main(["gallery", str(tmp_path), "-o", str(tmp_path / "gallery.safetensors")]) == 0
    assert "gallery.safetensors: 3 photos, seen by arcface" in capsys.readouterr().out
    assert len(read_index(tmp_path / "gallery.safetensors", ["arcface"])["arcface"]) == 3
    damaged = tmp_path / "notes.txt"
    damaged.write_text("no gallery")
    assert main(["interpolate", *photos, "-o", str(tmp_path / "interpolation"), "--gallery", str(damaged)]) == 2
    assert "notes.txt': it cannot be read" in capsys.readouterr().err and not (tmp_path / "interpolation").exists()


def test_unusable_photos_are_named(photos, tmp_path, capsys):
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "wall.png")
    wall, output = str(tmp_path / "wall.png"), ["-o", str(tmp_path / "interpolation")]
    for given in ([wall, *photos[1:]], [photos[0], wall, photos[2]], [*photos[:2], wall]):
        assert main(["interpolate", *given, *output]) == 2
        assert "wall.png': no face was found" in capsys.readouterr().err
    assert main(["interpolate", *photos, "-o", wall]) == 2
    assert "wall.png': this is a file. Give a folder." in capsys.readouterr().err
