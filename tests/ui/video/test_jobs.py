"""Jobs that leave nothing behind when they fail."""

from pathlib import Path
from threading import Event

import pytest

from swapper.types import UserError
from swapper.ui.video import jobs
from swapper.video.job import VideoResult


def result(path: str) -> VideoResult:
    Path(path).write_bytes(b"film")
    return VideoResult(Path(path), 10, 10, 1, 1.0, 10.0, {})


@pytest.mark.parametrize("error", [UserError("No face."), ZeroDivisionError()])
def test_what_goes_wrong_is_raised_and_leaves_nothing(uploads: Path, error):
    def work(path: str, tell, cancel: Event) -> VideoResult:
        Path(path).write_bytes(b"half a film")
        raise error

    with pytest.raises(type(error)):
        jobs.run_job("clip.mp4", work)
    assert not any(uploads.iterdir())


def test_every_job_has_a_folder_of_its_own(uploads: Path):
    first, second = (jobs.run_job("clip.mp4", lambda path, *_: result(path)) for _ in range(2))
    assert first.path != second.path and first.path.name == second.path.name


def test_results_are_named_after_the_chosen_format(uploads: Path):
    assert jobs.run_job("clip.mp4", lambda path, *_: result(path), ".gif").path.name == "clip-swapped.gif"
