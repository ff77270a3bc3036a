"""What the Video tab says."""

from pathlib import Path

import numpy as np
import pytest

from swapper.ui.video import page
from swapper.ui.video.clip import Clip
from swapper.video.job import VideoProgress, VideoResult
from swapper.video.picture import TimedFrame

PICTURE = np.zeros((90, 160, 3), np.uint8)


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00.0"), (9.97, "0:10.0"), (62.5, "1:02.5"), (3600, "60:00.0")])
def test_clock(seconds: float, said: str):
    assert page.clock(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.25, "0.2 s"), (9.5, "9.5 s"), (42.4, "42 s"), (60, "1 min 0 s")])
def test_duration(seconds: float, said: str):
    assert page.duration(seconds) == said


def test_frames_have_captions_and_alternative_texts():
    alone, pair = page.frames(PICTURE, "0:01.0"), page.frames(PICTURE, "0:01.0", PICTURE)
    assert alone.count("<img") == 1 and 'alt="Frame at 0:01.0"' in alone
    assert pair.count("<img") == 2 and 'alt="Before"' in pair and 'alt="After"' in pair and "Frame at 0:01.0" in pair


def test_a_part_that_is_too_long_is_marked():
    clip = Clip("x.mp4", 300, 25, 1280, 720, 120)
    assert page.part(clip, 10, 22) == '<p class="hint">12 s selected, about 300 frames.</p>'
    assert 'class="hint warn"' in page.part(clip, 0, 130)
    assert "at most 2 min 0 s can be swapped at once" in page.part(clip, 0, 130)
    assert "the end was set for that" in page.part(clip, 0, 120) and "at most 2 min 0 s" in page.part(clip, 0, 120)
    assert "set for that" not in page.part(clip, 0, 60) + page.part(Clip("x.mp4", 100, 25, 1280, 720, 120), 0, 100)
    assert "1280 × 720 pixels, 25 frames a second, 5 min 0 s" in page.facts(clip)


def test_where_a_job_is():
    now = VideoProgress(0.25, 30, 120, 12.34, 7.2, TimedFrame(PICTURE, 0, 1))
    assert page.where(now) == "30 of 120 frames · 12.3 frames/s · 7.2 s left"


def test_summary():
    result = VideoResult(Path("x.mp4"), 75, 70, 2, 12.3, 6.1, {"analyse": 900.0, "encode": 40.0})
    text = page.summary(result, "<Warp>")
    assert "12 s in total · 70 of 75 frames swapped with &lt;Warp&gt; · 6.1 frames/s" in text
    assert "find and follow faces <b>900 ms" in text and "encode <b>40 ms" in text


def test_timings_add_up_to_the_whole_or_say_why_they_are_more():
    def told(**timings: float) -> str:
        return page.summary(VideoResult(Path("x.mp4"), 75, 70, 2, 10.0, 7.5, timings), "Warp")

    assert "rest <b>4.0 s" in told(analyse=2000.0, swap=4000.0) and "side by side" not in told(analyse=2000.0)
    many = told(analyse=9000.0, swap=8000.0)
    assert "The steps ran side by side: 17 s of work in 10 s." in many and "rest" not in many


def test_before_and_after_are_played_together_from_the_same_moment():
    both = page.side_by_side("/tmp/x/my clip.mp4", "/tmp/y/my_clip-swapped.mp4", 1.25)
    assert both.count("<video") == 2 and 'data-start="1.250"' in both and both.count(" controls") == 1
    assert 'src="gradio_api/file=/tmp/x/my%20clip.mp4"' in both and 'aria-label="Before" muted' in both
