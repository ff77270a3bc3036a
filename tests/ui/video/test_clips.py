"""A queue of videos: what has ended is kept, whatever comes after it."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.progress import Tell, follow
from swapper.ui.video.clips import QueuedClip, SwappedClips, swap_clips
from swapper.ui.video.further import further_clips
from swapper.video.job import VideoProgress, VideoResult, VideoSettings
from swapper.video.picture import TimedFrame

FRAME = TimedFrame(np.zeros((8, 8, 3), np.uint8), 0, 1)


def job(path: str, part: VideoSettings) -> Callable[[str, Callable, Event], VideoResult]:
    """A job that fails for some names, and is cancelled in one."""

    def work(output: str, tell: Callable, cancel: Event) -> VideoResult:
        Path(output).write_bytes(b"half")
        tell(VideoProgress(0.5, 5, 10, 1.0, 5.0, FRAME))
        if "bad" in path:
            raise UserError("It is damaged. Use another.")
        if "stop" in path:
            cancel.set()
            raise UserError("It was cancelled.")
        warned = ["It has no sound."] if part.start else []
        return VideoResult(Path(output), 10, 10, 1, 1.0, 10.0, {}, warned)

    return work


def wanted(*names: str, start: float = 0.0) -> list[QueuedClip]:
    return [QueuedClip(name, lambda name=name: f"/any/{name}", lambda _path: VideoSettings(start)) for name in names]


def test_one_that_fails_is_named_and_leaves_nothing_and_the_others_follow(uploads: Path):
    ended, tell = SwappedClips(), Tell()
    steps = [
        len(now.results) for now in swap_clips(wanted("a.mp4", "bad.mp4", "c.mp4", start=1), job, ".mp4", tell, ended)
    ]
    assert steps == [1, 1, 2] and [name for _, name in ended.results] == ["a.mp4", "c.mp4"]
    assert ended.notes == ["a.mp4: It has no sound.", "bad.mp4: It is damaged. Use another.", "c.mp4: It has no sound."]
    assert sorted(path.name for path in uploads.rglob("*.mp4")) == ["a-swapped.mp4", "c-swapped.mp4"]
    assert tell.latest is not None and tell.latest.what == "Video 3 of 3: Swapping"
    assert tell.latest.share == pytest.approx(2.5 / 3) and "5 of 10 frames" in tell.latest.detail


def test_what_has_ended_stays_when_a_later_one_is_cancelled(uploads: Path):
    ended = SwappedClips()
    with pytest.raises(UserError, match="cancelled"):
        list(follow(lambda tell: swap_clips(wanted("a.mp4", "stop.mp4", "c.mp4"), job, ".mp4", tell, ended)))
    assert [name for _, name in ended.results] == ["a.mp4"] and ended.results[0][0].path.is_file()
    assert [path.name for path in uploads.rglob("*.mp4")] == ["a-swapped.mp4"]


def test_uploads_are_looked_at_when_their_turn_comes(uploads: Path):
    items = [{"path": "/etc/hostname", "orig_name": "me.mp4"}, None]
    first, second = further_clips(items, {}, VideoSettings(), Limits(max_video_bytes=100))
    assert first.name == "me.mp4" and second.name == "file"
    for one, words in ((first, "not an uploaded file"), (second, "no uploaded file")):
        with pytest.raises(UserError, match=words):
            one.find()
