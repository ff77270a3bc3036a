"""The command line's ``interpolate`` command: what it writes, and how it says no."""

import json
from pathlib import Path

import pytest
from PIL import Image
from random_student import offer_student, write_student

from swapper.cli.main import main
from swapper.faces.embed import local_embedders
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
def test_both_paths_are_written(photos, tmp_path, capsys):
    folder = tmp_path / "new" / "interpolation"
    assert main(["interpolate", *photos, "-o", str(folder), "--steps", "1"]) == 0
    names = sorted(path.name for path in folder.iterdir())
    pictures = [f"{path}-0{number}.png" for path in ("beside", "frame") for number in range(3)]
    assert names == sorted(
        [
            *pictures,
            "plot.svg",
            "report.json",
            "strip.jpg",
            "interpolation.gif",
            "interpolation.html",
            "interpolation.mp4",
        ]
    )
    with Image.open(folder / "beside-01.png") as frame, Image.open(photos[2]) as target:
        assert frame.size == target.size
    report = json.loads((folder / "report.json").read_text())
    assert report["shares"] == [0, 0.5, 1] and report["about"]["methods"] == ["smoothswap", "ghost"]
    assert report["people"] >= 200, "the made-up people"
    assert set(report["embedders"]) == {"smooth", "arcface"} and report["pairs"]["of"] == "gallery"
    captured = capsys.readouterr()
    assert "picture 6 of 6" in captured.err
    assert captured.out.startswith(f"{folder / 'report.json'}: {report['headline']}.")


@pytest.mark.slow
def test_people_and_gallery_of_ones_own(photos, portraits, tmp_path, capsys):
    for folder, some in (("people", portraits[3:5]), ("gallery", portraits[3:])):
        (tmp_path / folder).mkdir()
        for path in some:
            (tmp_path / folder / path.name).write_bytes(path.read_bytes())
    own = ["--people", str(tmp_path / "people"), "--gallery", str(tmp_path / "gallery"), "--against", "none"]
    folder = tmp_path / "interpolation"
    assert main(["interpolate", *photos, "-o", str(folder), "--steps", "1", "--embedder", "arcface", *own]) == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["about"]["methods"] == ["ghost"] and report["about"]["further people"] == 2
    assert report["people"] == 6 and report["pairs"] is None, "four of them alone are too few"
    assert not list(folder.glob("beside-*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", "0"], "--steps must be 1 to 99, not 0"),
        (["--method", "warp"], "Method 'warp' cannot interpolate between two people"),
        (
            ["--method", "mobilefaceswap", "--embedder", "smooth"],
            "does not interpolate in the smooth embedder's space",
        ),
        (["--method", "mobilefaceswap", "--gallery", "missing"], "Photos 'missing': folder not found"),
        (["--method", "mobilefaceswap", "--people", "missing"], "Photos 'missing': folder not found"),
        (["--against", "magic"], "Unknown method 'magic'. Choose one of: "),
        (["--against", "warp"], "Method 'warp' cannot interpolate between two people"),
        (["--method", "mobilefaceswap", "--against", "same"], "cannot be told the other embedder's path"),
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
    assert "gallery.safetensors: 3 photos of 3 people, seen by arcface" in capsys.readouterr().out
    assert read_index(tmp_path / "gallery.safetensors", local_embedders()).faces.shape == (3, 144, 144, 3)
    damaged = tmp_path / "notes.txt"
    damaged.write_text("no gallery")
    assert main(["interpolate", *photos, "-o", str(tmp_path / "interpolation"), "--gallery", str(damaged)]) == 2
    assert "notes.txt': it cannot be read" in capsys.readouterr().err and not (tmp_path / "interpolation").exists()


@pytest.mark.slow
def test_unusable_photos_are_named(photos, tmp_path, capsys):
    Image.new("RGB", (300, 300), "teal").save(tmp_path / "wall.png")
    wall, output = str(tmp_path / "wall.png"), ["-o", str(tmp_path / "interpolation"), "--method", "mobilefaceswap"]
    for given in ([wall, *photos[1:]], [photos[0], wall, photos[2]], [*photos[:2], wall]):
        assert main(["interpolate", *given, *output]) == 2
        assert "wall.png': no face was found" in capsys.readouterr().err
    assert main(["interpolate", *photos, "-o", wall]) == 2
    assert "wall.png': this is a file. Give a folder." in capsys.readouterr().err
