"""The ``video`` command."""

import pytest
from clips import PORTRAITS, background, lay, pictures, portrait, write_clip

from swapper.cli.main import main, parser
from swapper.pipeline import FaceSwapper
from swapper.provenance.credentials import read_credentials
from swapper.provenance.detection import find_mark
from swapper.runtime.program import Terminated
from swapper.video.journal import Journal, Segment

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


@pytest.fixture
def films(clip, tmp_path):
    """A folder of films whose results would have one name, and one that keeps its own."""
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("b.avi", "b.ts", "b.mkv", "c.mp4", "c.mov"):
        write_clip(folder / name, [background(96, 160)] * 4)
    for name in ("a.avi", "a.mp4"):
        write_clip(folder / name, [background(96, 160)] * 6)
    return folder


def test_results_of_a_folder_never_share_a_name(films, tmp_path, capsys):
    output = tmp_path / "results"
    assert run(SOURCE, films, "-o", output) == 0
    assert sorted(path.name for path in output.iterdir()) == [
        "a-avi.mp4",
        "a.mp4",
        "b-ts.mp4",
        "b.mkv",
        "b.mp4",
        "c.mov",
        "c.mp4",
    ]
    said = capsys.readouterr().err
    assert "a.avi: its result is named a-avi.mp4, because a.mp4 is another's." in said
    assert "b.ts: its result is named b-ts.mp4" in said


@pytest.mark.slow
def test_a_folder_goes_on_with_what_the_same_command_has_not_finished(films, tmp_path, capsys):
    output = tmp_path / "results"
    assert run(SOURCE, films, "-o", output) == 0
    times = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    (output / "b.mkv").unlink()
    capsys.readouterr()
    assert run(SOURCE, films, "-o", output) == 0
    said = capsys.readouterr()
    assert said.out.count("swapped faces in") == 1 and "b.mkv" in said.out
    assert said.err.count("this command has finished it before. Add --overwrite to make it again.") == 6
    for name in times:
        assert (output / name).stat().st_mtime_ns == times[name] or name == "b.mkv"
    assert run(SOURCE, films, "-o", output, "--end", "0.1") == 2, "another command"
    assert "exists already" in capsys.readouterr().err
    (films / "notes.mp4").write_text("no film")
    assert run(SOURCE, films, "-o", output, "--overwrite") == 2
    assert capsys.readouterr().out.count("swapped faces in") == 7


def test_a_film_in_place_of_its_own_folder(films, capsys):
    """The folder is the output too: films that keep their names would be replaced."""
    before = {path.name: path.read_bytes() for path in films.iterdir()}
    for overwrite in ([], ["--overwrite"]):
        assert run(SOURCE, films, "-o", films, *overwrite) == 2
        assert "itself. Choose another name." in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in films.iterdir()} == before


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_what_exists_is_replaced_when_told_only(clip, tmp_path, capsys, suffix):
    output = tmp_path / f"out{suffix}"
    output.write_bytes(b"precious")
    assert run(SOURCE, clip, "-o", output, "--end", "0.1") == 2
    captured = capsys.readouterr()
    assert "exists already. Choose another name, or add --overwrite" in captured.err
    assert output.read_bytes() == b"precious"
    assert run(SOURCE, clip, "-o", output, "--end", "0.1", "--overwrite") == 0
    assert "swapped faces in" in capsys.readouterr().out
    assert run(SOURCE, clip, "-o", output, "--end", "0.1") == 2, "also what it has made itself"
    assert run(SOURCE, clip, "-o", clip, "--overwrite") == 2
    assert "itself. Choose another name." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["x" * 251 + ".mp4", "한" * 83 + ".mp4", "한" * 83 + ".webm", "y" * 245 + ".gif"])
def test_long_names(clip, tmp_path, name):
    assert 249 <= len(name.encode()) <= 255
    assert run(SOURCE, clip, "-o", tmp_path / name, "--end", "0.1") == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_as_output_gives_the_result_a_name_that_can_be_written(films, tmp_path):
    (tmp_path / "results").mkdir()
    assert run(SOURCE, films / "b.avi", "-o", tmp_path / "results") == 0
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["b.mp4"]


@pytest.mark.parametrize("kept", [True, False])
def test_only_kept_work_is_promised(clip, tmp_path, monkeypatch, capsys, kept):
    """Ctrl-C in the middle of a job; whether a part had been finished by then is written by hand here."""
    output = tmp_path / "out.mp4"

    def stopped(*_args, **_options):
        journal = Journal.open(output, "job")
        if kept:
            path = journal.next_path()
            path.write_bytes(b"pictures")
            journal.add(Segment(path, 1, 0, 1), {})
        journal.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("swapper.pipeline.FaceSwapper.swap_video", stopped)
    assert run(SOURCE, clip, "-o", output) == 130
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("Stopped.")
    assert ("Run the same command to resume." in said) is kept


def test_finished_films_of_a_folder_are_kept_work(films, tmp_path, monkeypatch, capsys):
    swap, done = FaceSwapper.swap_video, []

    def stopped_later(*arguments, **options):
        if done:
            raise Terminated
        done.append(swap(*arguments, **options))
        return done[0]

    monkeypatch.setattr(FaceSwapper, "swap_video", stopped_later)
    assert run(SOURCE, films, "-o", tmp_path / "results") == 143
    assert capsys.readouterr().err.endswith("Stopped. Run the same command to resume.\n")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["a-avi.mp4"]
