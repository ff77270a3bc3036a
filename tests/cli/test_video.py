"""The ``video`` command."""

import pytest
from clips import PORTRAITS, background, lay, pictures, portrait, write_clip

from swapper.cli.main import main, parser
from swapper.provenance.credentials import read_credentials
from swapper.provenance.detection import find_mark

pytestmark = pytest.mark.skipif(len(list(PORTRAITS.glob("*.jpg"))) < 5, reason="the example portraits are not here")
SOURCE = str(PORTRAITS / "02.jpg")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    frames = []
    for i in range(16):
        frame = background(270, 480)
        lay(frame, portrait(0), (200 + 2 * i, 140), 220)
        frames.append(frame)
    return write_clip(tmp_path_factory.mktemp("clip") / "in.mp4", frames)


def run(*arguments) -> int:
    return main(["video", *map(str, arguments), "--method", "warp", "--device", "cpu"])


def test_a_video_is_swapped_and_marked(clip, tmp_path, capsys):
    output = tmp_path / "out.mp4"
    assert run(SOURCE, clip, "-o", output, "--start", "0:00.2") == 0
    said = capsys.readouterr()
    assert "swapped faces in 11 of 11 frames on cpu" in said.out and not said.err
    credentials = read_credentials(output)
    assert credentials is not None and credentials.valid and credentials.swap["method"] == "warp"
    marks = [find_mark(image) for image in pictures(output)[::5]]
    assert all(mark is not None for mark in marks)
    assert main(["provenance", str(output)]) == 0


def test_no_mark_needs_its_confirmation(clip, tmp_path, capsys):
    output = tmp_path / "out.mp4"
    assert run(SOURCE, clip, "-o", output, "--no-mark") == 2
    assert "--confirm-no-mark" in capsys.readouterr().err and not output.exists()
    assert run(SOURCE, clip, "-o", output, "--no-mark", "--confirm-no-mark", "--end", "0.2") == 0
    assert read_credentials(output) is None and find_mark(pictures(output)[2]) is None


def test_map_names_who_becomes_whom(clip, tmp_path, capsys):
    assert run(clip, "-o", tmp_path / "a.mp4", "--map", f"{SOURCE}={PORTRAITS / '01.jpg'}", "--end", "0.3") == 0
    assert "8 of 8 frames" in capsys.readouterr().out
    assert run(clip, "-o", tmp_path / "b.mp4", "--map", f"{SOURCE}={PORTRAITS / '05.jpg'}", "--end", "0.3") == 0
    said = capsys.readouterr()
    assert "0 of 8 frames" in said.out and said.err.startswith("warning: ") and "match nobody" in said.err


def test_a_folder_of_videos(clip, tmp_path, capsys):
    folder, output = tmp_path / "films", tmp_path / "results"
    folder.mkdir()
    for name in ("one.mp4", "two.avi"):
        write_clip(folder / name, [background(96, 160)] * 4)
    (folder / "notes.txt").write_text("no film")
    assert run(SOURCE, folder, "-o", output) == 0
    assert sorted(path.name for path in output.iterdir()) == ["one.mp4", "two.mp4"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{source}", "missing.mp4", "-o", "out.mp4"], "missing.mp4': file not found"),
        (["missing.jpg", "{clip}", "-o", "out.mp4"], "missing.jpg': file not found"),
        (["{clip}", "-o", "out.mp4"], "No source photo was given"),
        (["{source}", "{clip}", "-o", "out.avi"], "the suffix '.avi' is not a supported format"),
        (["{clip}", "-o", "out.mp4", "--map", "{source}"], "is not a pair of photos"),
        (["{source}", "{clip}", "-o", "out.mp4", "--start", "9"], "lasts 0.6 seconds"),
        (["{source}", "{clip}", "-o", "out.mp4", "--start", "0.4", "--end", "0.1"], "not a part of a video"),
        (["{source}", "{clip}", "-o", "out.mp4", "--select", "x"], "Give all, largest, or a face number"),
        (["{source}", "{source}", "-o", "out.mp4"], "a still picture"),
    ],
)
def test_unusable_input_ends_with_2_one_line_and_no_file(clip, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert run(*[argument.format(source=SOURCE, clip=clip) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and said in captured.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("1.5", 1.5), ("1:02", 62), ("1:00:03.25", 3603.25)])
def test_times(text, seconds):
    args = parser().parse_args(["video", "a.jpg", "b.mp4", "-o", "c.mp4", "--start", text, "--end", text])
    assert (args.start, args.end) == pytest.approx((seconds, seconds))


@pytest.mark.parametrize("text", ["soon", "1:2:3:4", ""])
def test_times_that_are_none(text, capsys):
    with pytest.raises(SystemExit):
        run("a", "b", "-o", "c.mp4", "--start", text)
    assert "is no time" in capsys.readouterr().err
