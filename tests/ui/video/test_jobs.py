"""Jobs that tell where they are, end when nobody waits, and leave nothing behind."""

import time
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from waiting import PATIENCE, wait_for

from swapper.types import UserError
from swapper.ui.video import jobs
from swapper.video.job import VideoCancelled, VideoProgress, VideoResult
from swapper.video.picture import TimedFrame


def progress(frames: int) -> VideoProgress:
    return VideoProgress(frames / 10, frames, 10, 5.0, 1.0, TimedFrame(np.zeros((4, 4, 3), np.uint8), 0, 1))


def result(path: str) -> VideoResult:
    Path(path).write_bytes(b"film")
    return VideoResult(Path(path), 10, 10, 1, 1.0, 10.0, {})


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(jobs, "LOOK_EVERY", 0.02)


def test_a_job_is_followed_to_its_result(uploads: Path):
    go_on = Event()

    def work(path: str, tell, cancel: Event) -> VideoResult:
        tell(progress(3))
        assert go_on.wait(PATIENCE)
        return result(path)

    seen = []
    for state in jobs.follow("/x/holiday clip.mov", work):
        seen.append(state)
        if isinstance(state, VideoProgress):
            go_on.set()
    assert isinstance(seen[-1], VideoResult) and seen[-1].path.name == "holiday_clip-swapped.mp4"
    assert any(isinstance(state, VideoProgress) and state.frames == 3 for state in seen)
    assert [path.name for path in uploads.rglob("*") if path.is_file()] == ["holiday_clip-swapped.mp4"]


def test_who_stops_looking_cancels_the_job_and_nothing_is_left(uploads: Path):
    def work(path: str, tell, cancel: Event) -> VideoResult:
        Path(path).with_name("segment.nut").write_bytes(b"half a film")
        assert cancel.wait(PATIENCE)
        raise VideoCancelled("cancelled")

    states = jobs.follow("clip.mp4", work)
    assert next(states) is None
    wait_for("a segment", lambda: any(uploads.rglob("segment.nut")))
    begun = time.monotonic()
    states.close()
    assert time.monotonic() - begun < 1  # whoever closes it is not held up
    wait_for("an empty folder", lambda: not any(uploads.iterdir()))


@pytest.mark.parametrize("error", [UserError("No face."), ZeroDivisionError()])
def test_what_goes_wrong_is_raised_where_the_visitor_waits(uploads: Path, error):
    def work(path: str, tell, cancel: Event) -> VideoResult:
        Path(path).write_bytes(b"half a film")
        raise error

    with pytest.raises(type(error)):
        list(jobs.follow("clip.mp4", work))
    with pytest.raises(type(error)):
        jobs.run_job("clip.mp4", work)
    assert not any(uploads.iterdir())


def test_every_job_has_a_folder_of_its_own(uploads: Path):
    first, second = (jobs.run_job("clip.mp4", lambda path, *_: result(path)) for _ in range(2))
    assert first.path != second.path and first.path.name == second.path.name


def test_results_are_named_after_the_chosen_format(uploads: Path):
    assert jobs.run_job("clip.mp4", lambda path, *_: result(path), ".gif").path.name == "clip-swapped.gif"
