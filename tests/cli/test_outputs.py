"""All commands alike: an input is no output, and what exists is replaced with ``--overwrite`` only."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from random_student import offer_student, write_student
from two_faces import TwoFaces, draw

from swapper.cli.main import main
from swapper.face_swap import networks

UNMARKED = ["--no-mark", "--confirm-no-mark"]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two pictures in which the engine finds two faces each."""
    monkeypatch.setattr(networks, "CenterFaceDetector", TwoFaces)
    return [Path(draw(tmp_path / f"{name}.png", seed=seed)) for seed, name in enumerate(("source", "target"))]


def image(*arguments: object) -> int:
    return main(["image", *map(str, arguments), "--method", "warp", "--device", "cpu", *UNMARKED])


def refused(capsys: pytest.CaptureFixture[str], said: str) -> None:
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and said in captured.err
    assert not captured.out


@pytest.mark.parametrize("which", [0, 1])
def test_image_never_replaces_its_input(photos, capsys, which):
    before = [path.read_bytes() for path in photos]
    for overwrite in ([], ["--overwrite"]):
        assert image(*photos, "-o", photos[which], *overwrite) == 2
        refused(capsys, "itself. Choose another name.")
    assert [path.read_bytes() for path in photos] == before


def test_image_replaces_what_exists_only_when_told(photos, tmp_path, capsys):
    output = tmp_path / "precious.png"
    output.write_bytes(b"precious")
    assert image(*photos, "-o", output) == 2
    refused(capsys, "precious.png': this file exists already")
    assert output.read_bytes() == b"precious"
    assert image(*photos, "-o", output, "--overwrite") == 0
    assert Image.open(output).size == (300, 200)
    assert image(*photos, "-o", output) == 2, "also what it has made itself"


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "한" * 83 + ".jpg", "o 😀.webp", "あ" * 80 + ".png"])
def test_long_and_unusual_names(photos, tmp_path, name):
    assert 250 <= len(name.encode()) <= 255 or len(name) < 100
    assert image(*photos, "-o", tmp_path / name) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["source.png", "target.png", name])


def test_names_that_are_too_long_are_refused_before_any_work(photos, tmp_path, capsys):
    assert image(*photos, "-o", tmp_path / ("한" * 84 + ".png")) == 2
    refused(capsys, "no file can have that name there")


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def commands(portraits, tmp_path, monkeypatch) -> dict[str, Callable[[Path], list[str]]]:
    """Each command that writes into a place, as a function of that place."""
    offer_student(write_student(tmp_path / "weights").parent, monkeypatch)
    monkeypatch.setenv("SWAPPER_MARK", "off")
    for name, photo in zip(("sources", "targets"), portraits[:2], strict=True):
        (tmp_path / name).mkdir()
        shutil.copy(photo, tmp_path / name)
    a, b, c = (str(path) for path in portraits[:3])
    folders = ["--sources", str(tmp_path / "sources"), "--targets", str(tmp_path / "targets")]
    small = ["--method", "mobilefaceswap", "--against", "none", "--gallery", str(tmp_path / "sources")]
    return {
        "interpolate": lambda place: ["interpolate", a, b, c, "-o", str(place), "--steps", "1", *small],
        "compare": lambda place: ["compare", *folders, "--methods", "warp", "-o", str(place), "--device", "cpu"],
        "gallery": lambda place: ["gallery", str(tmp_path / "sources"), "-o", str(place / "g.safetensors")],
    }


@pytest.mark.parametrize(
    ("command", "collide"),
    [
        pytest.param(
            "interpolate",
            ["frame-02.png", "interpolation.gif", "report.json"],
            marks=pytest.mark.slow,
            id="interpolate",
        ),
        ("compare", ["report.csv", "contact_sheet.jpg"]),
        ("gallery", ["g.safetensors"]),
    ],
)
def test_commands_that_write_several_files_check_all_of_them_first(commands, tmp_path, capsys, command, collide):
    place = tmp_path / "place"
    place.mkdir()
    (place / "notes.txt").write_bytes(b"of somebody")
    for collides in collide:
        (place / collides).write_bytes(b"precious")
        assert main(commands[command](place)) == 2
        refused(capsys, f"{collides}': this file exists already")
        assert snapshot(place) == {collides: b"precious", "notes.txt": b"of somebody"}
        (place / collides).unlink()
    assert main(commands[command](place)) == 0
    made = snapshot(place)
    assert {*collide, "notes.txt"} <= set(made) and made["notes.txt"] == b"of somebody"
    capsys.readouterr()
    assert main(commands[command](place)) == 2
    refused(capsys, "exists already")
    assert snapshot(place) == made
    for name in collide:
        (place / name).write_bytes(b"of before")
    assert main([*commands[command](place), "--overwrite"]) == 0
    assert b"of before" not in snapshot(place).values()


def test_inputs_in_the_folder_of_a_report_stay(commands, portraits, tmp_path, capsys):
    place = tmp_path / "interpolation"
    place.mkdir()
    first = place / "frame-00.png"
    Image.open(portraits[0]).save(first)
    before = first.read_bytes()
    arguments = ["interpolate", str(first), str(portraits[1]), str(portraits[2]), "-o", str(place), "--steps", "1"]
    assert main([*arguments, "--overwrite"]) == 2
    refused(capsys, "frame-00.png' itself. Choose another name.")
    assert first.read_bytes() == before and len(list(place.iterdir())) == 1
    sheet = tmp_path / "sources" / "contact_sheet.jpg"
    shutil.copy(portraits[0], sheet)
    assert main([*commands["compare"](tmp_path / "sources"), "--overwrite"]) == 2
    refused(capsys, "contact_sheet.jpg' itself")
    assert sheet.read_bytes() == portraits[0].read_bytes()


@pytest.mark.parametrize("command", ["export", "weights convert"])
def test_single_files_of_other_commands(tmp_path, portraits, capsys, command):
    source = tmp_path / "model.safetensors"
    source.write_bytes(b"weights")
    output = tmp_path / ("face.onnx" if command == "export" else "out.safetensors")
    output.write_bytes(b"precious")
    given = [str(portraits[0])] if command == "export" else ["ghost", str(source)]
    assert main([*command.split(), *given, "-o", str(output)]) == 2
    refused(capsys, "this file exists already")
    assert output.read_bytes() == b"precious"
    if command == "weights convert":
        assert main([*command.split(), *given]) == 2, "its own name beside the file is the file"
        refused(capsys, "model.safetensors' itself")
        assert source.read_bytes() == b"weights"


LONG = "x" * 300
WITHOUT_END = [  # with one name that no file can have, T stands for a photo that is there
    f"image {LONG}.jpg T -o o.png",
    f"image T {LONG}.jpg -o o.png",
    f"image T T -o {LONG}.png",
    f"image T T -o o.png --weights {LONG}.safetensors",
    f"image T T -o o.png --settings {LONG}.json",
    f"video T {LONG}.mp4 -o o.mp4",
    f"video T T -o {LONG}.mp4",
    f"video T . -o {LONG}",
    f"video T T -o o.mp4 --map {LONG}=T",
    f"video T T -o o.mp4 --weights {LONG}",
    f"batch {LONG}.csv --source T -o o",
    f"batch . --source {LONG} -o o",
    f"batch . --source T -o {LONG}",
    f"interpolate T T T -o {LONG}",
    f"interpolate T T T -o o --gallery {LONG}",
    f"compare --sources {LONG} --targets . --methods warp -o o",
    f"compare --sources . --targets . --methods warp -o {LONG}",
    f"gallery {LONG} -o g.safetensors",
    f"gallery . -o {LONG}.safetensors",
    f"provenance {LONG}",
    f"weights convert ghost {LONG}.pth -o w.safetensors",
    f"export {LONG} -o o.onnx",
]


@pytest.mark.parametrize("words", WITHOUT_END, ids=lambda words: words.replace(LONG, "LONG"))
def test_names_that_no_file_can_have_are_refused_in_one_sentence(photos, tmp_path, capsys, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    shutil.copy(photos[0], "T")
    Path("clip.mp4").write_bytes(b"no video")
    assert main(words.split()) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
