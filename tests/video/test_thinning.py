"""Fewer frames a second."""

from fractions import Fraction

import numpy as np
import pytest
from clips import write_clip

from swapper.types import UserError
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings
from swapper.video.picture import TimedFrame
from swapper.video.thinning import thinned

MILLI = Fraction(1, 1000)
IMAGE = np.zeros((2, 2, 3), np.uint8)


def spans(times: list[int], rate: float | None, last: int = 40) -> list[tuple[int, int]]:
    """Begin and end of the kept ones of some frames, in milliseconds."""
    ends = [*times[1:], times[-1] + last]
    frames = [TimedFrame(IMAGE, at, end - at) for at, end in zip(times, ends, strict=True)]
    return [(frame.pts, frame.pts + frame.duration) for frame in thinned(frames, rate, MILLI)]


def test_half_of_the_frames_stay_and_nothing_is_left_without_a_picture():
    assert spans(list(range(0, 400, 40)), 12.5) == [(0, 80), (80, 160), (160, 240), (240, 320), (320, 400)]


@pytest.mark.parametrize("rate", [None, 25, 60])
def test_a_rate_that_the_video_does_not_reach_changes_nothing(rate):
    times = list(range(0, 400, 40))
    assert spans(times, rate) == [(at, at + 40) for at in times]


def test_frames_of_uneven_length_are_kept_by_their_times():
    assert spans([0, 10, 20, 300, 310, 700], 10) == [(0, 300), (300, 700), (700, 740)]


def test_going_on_at_a_kept_frame_keeps_the_same_ones():
    times = list(range(0, 2000, 33))
    whole = spans(times, 10)
    begin = whole[7][0]
    assert spans([at for at in times if at >= begin], 10) == whole[7:]


def test_a_swapped_video_has_the_rate_that_was_asked_for(tmp_path, swap):
    images = [np.full((96, 128, 3), 8 * i, np.uint8) for i in range(30)]
    result = swap(write_clip(tmp_path / "in.mp4", images), tmp_path / "out.mp4", settings=VideoSettings(rate=10))
    found = VideoReader(tmp_path / "out.mp4").info
    assert result.frames == 12 and float(found.rate) == pytest.approx(10, abs=0.1)
    assert found.duration == pytest.approx(1.2, abs=0.05)


def test_the_rate_has_limits():
    with pytest.raises(UserError, match="Frame rate"):
        VideoSettings(rate=0.5)
