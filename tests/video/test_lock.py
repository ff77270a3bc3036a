"""One job at a time for one output, in a hidden folder of its own that trusts nothing it did not make."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clips import background, pictures, write_clip
from stopping import Stop, stop_at

from swapper.types import UserError
from swapper.video import encode
from swapper.video.job import VideoSettings
from swapper.video.lock import BusyError

pytestmark = pytest.mark.slow

FRAMES, LENGTH = 40, 10


@pytest.fixture
def clip(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", LENGTH)
    return write_clip(tmp_path / "in.mp4", [background(64, 96, seed=i // 8) for i in range(FRAMES)])


@pytest.fixture
def stopped(clip, tmp_path, swap) -> Path:
    """The work folder of a job that was stopped after two segments."""
    with pytest.raises(Stop):
        swap(clip, tmp_path / "out.mp4", progress=stop_at(25))
    (folder,) = (path for path in tmp_path.glob(".swapper-*") if path.is_dir())
    return folder


@pytest.mark.parametrize("settings", [VideoSettings(), VideoSettings(quality=30)], ids=["same job", "another job"])
def test_a_second_run_for_the_same_output_says_so_and_leaves(clip, tmp_path, swap, settings):
    output, told = tmp_path / "out.mp4", []

    def second(now) -> None:
        if now.frames == 25:
            with pytest.raises(BusyError) as said:
                swap(clip, output, settings=settings)
            told.append(str(said.value))

    assert swap(clip, output, progress=second).frames == FRAMES
    assert f"process {os.getpid()} on " in told[0] and told[0].endswith("or choose another name.")
    assert len(pictures(output)) == FRAMES
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


PROGRAM = """
import sys, time
from pathlib import Path
from swapper.video.lock import JobLock
lock = JobLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_another_process_holds_it_until_it_dies(clip, tmp_path, swap):
    output = tmp_path / "out.mp4"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", PROGRAM, str(output)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process {other.pid} on .* is writing it"):
            swap(clip, output)
        other.kill()
    assert swap(clip, output).frames == FRAMES
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "out.mp4"}


def test_two_outputs_do_not_wait_for_each_other(clip, tmp_path, swap):
    def other(now) -> None:
        if now.frames == 5:
            swap(clip, tmp_path / "other.mp4")

    swap(clip, tmp_path / "out.mp4", progress=other)
    assert len(pictures(tmp_path / "other.mp4")) == len(pictures(tmp_path / "out.mp4")) == FRAMES


@pytest.mark.parametrize("name", ["가" * 83 + ".mp4", "x" * 251 + ".mp4"], ids=["Korean, 253 bytes", "255 bytes"])
def test_the_longest_names_work_and_go_on(clip, tmp_path, swap, name):
    with pytest.raises(Stop):
        swap(clip, tmp_path / name, progress=stop_at(25))
    counted = []
    swap(clip, tmp_path / name, progress=lambda now: counted.append(now.frames))
    assert counted[0] == 2 * LENGTH + 1
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", name}


def test_a_strangers_file_in_the_work_folder_stays(stopped, clip, tmp_path, swap):
    theirs = stopped / "letters.txt"
    theirs.write_text("dear")
    (stopped / "nested").mkdir()
    assert swap(clip, tmp_path / "out.mp4").frames == FRAMES
    assert theirs.read_text() == "dear" and (stopped / "nested").is_dir()
    assert {path.name for path in stopped.iterdir()} == {"letters.txt", "nested"}


def test_a_link_in_place_of_the_work_folder_is_not_followed(stopped, clip, tmp_path, swap):
    theirs = tmp_path / "theirs"
    stopped.rename(theirs)
    before = {path.name for path in theirs.iterdir()}
    stopped.symlink_to(theirs, target_is_directory=True)
    counted = []
    swap(clip, tmp_path / "out.mp4", progress=lambda now: counted.append(now.frames))
    assert counted[0] == 1  # begun anew
    assert {path.name for path in theirs.iterdir()} == before


def test_a_link_in_place_of_a_segment_is_not_followed(stopped, clip, tmp_path, swap):
    theirs = tmp_path / "theirs.nut"
    (stopped / "00000.seg").rename(theirs)
    (stopped / "00000.seg").symlink_to(theirs)
    counted = []
    swap(clip, tmp_path / "out.mp4", progress=lambda now: counted.append(now.frames))
    assert counted[0] == 1 and theirs.stat().st_size


@pytest.mark.parametrize("what", ["folder", "text", "link"])
def test_what_has_the_lock_files_name_is_named_and_stays(clip, tmp_path, swap, what):
    (tmp_path / "elsewhere").write_text("precious")
    swap_lock = next(lock_names(clip, tmp_path, swap))
    if what == "folder":
        swap_lock.mkdir()
    elif what == "text":
        swap_lock.write_text("precious")
    else:
        swap_lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"'\.swapper-\w+\.lock' beside it is not from Swapper.* Move it away"):
        swap(clip, tmp_path / "out.mp4")
    assert (tmp_path / "elsewhere").read_text() == "precious" and os.path.lexists(swap_lock)
    assert what != "text" or swap_lock.read_text() == "precious"


def lock_names(clip: Path, folder: Path, swap):
    """The lock file's name, seen while a job works; none is left."""
    found: list[Path] = []
    swap(clip, folder / "out.mp4", progress=lambda now: found.extend(folder.glob(".swapper-*.lock")))
    (folder / "out.mp4").unlink()
    yield from found


def test_what_older_versions_or_others_left_beside_it_is_not_touched(clip, tmp_path, swap):
    theirs = tmp_path / ".out.mp4.parts"
    theirs.write_text("mine")
    assert swap(clip, tmp_path / "out.mp4").frames == FRAMES
    assert theirs.read_text() == "mine"
