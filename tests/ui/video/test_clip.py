"""The target video of a session."""

import wave
from dataclasses import replace

import numpy as np
import pytest
from clips import Coding, background, clicks, write_clip

from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.video.clip import Clip, frame_at, open_clip
from swapper.video.job import VideoSettings

SIZE = (120, 160)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> str:
    grey = [np.full((*SIZE, 3), 2 * i, np.uint8) for i in range(100)]
    return str(write_clip(tmp_path_factory.mktemp("clip") / "grey.mp4", grey, sound=clicks((1,), 4)))


def test_what_a_clip_is(path):
    clip = open_clip(path, Limits())
    assert (clip.width, clip.height, clip.rate, round(clip.seconds, 1)) == (160, 120, 25.0, 4.0)
    assert clip.longest == 120 and clip.last == pytest.approx(4.0)
    assert str(replace(clip, seconds=2.42).last) == "2.4"
    assert open_clip(path, Limits(max_video_frames=50)).longest == 2.0
    assert open_clip(path, Limits(max_video_seconds=1)).longest == 1


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (Limits(max_video_bytes=1000), "megabytes, more than the limit"),
        (Limits(max_video_fps=10), "25 frames a second, more than the limit of 10"),
        (Limits(max_pixels=10_000), "megapixels, more than the limit"),
    ],
)
def test_a_clip_over_a_limit_is_refused(path, limits, sentence):
    with pytest.raises(UserError, match=sentence):
        open_clip(path, limits)


def test_files_that_are_no_video_are_refused(tmp_path):
    (tmp_path / "notes.mp4").write_text("no video")
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 800, "NONE", ""))
        sound.writeframes(bytes(1600))
    (tmp_path / "empty.mp4").touch()
    for name, sentence in (
        ("notes.mp4", "not a readable video"),
        ("sound.wav", "sound but no pictures"),
        ("empty.mp4", "the file is empty"),
    ):
        with pytest.raises(UserError, match=sentence):
            open_clip(str(tmp_path / name), Limits())


def test_a_part_keeps_the_rest_only_where_the_slider_ends():
    clip = Clip("x.mp4", 4.04, 25, 160, 120, 120)
    assert clip.part(0, 4.0).end is None
    assert clip.part(1.2, 3.9) == VideoSettings(1.2, 3.9)
    whole = VideoSettings(quality=23, steadiness=0.5, rate=15, encoder="h265")
    assert clip.part(1.2, 3.9, whole) == VideoSettings(1.2, 3.9, 23, 0.5, 15, "h265")
    with pytest.raises(UserError, match="not a part of a video"):
        clip.part(3, 2)
    with pytest.raises(UserError, match="not a part of a video"):
        clip.part(3, 3)
    assert replace(clip, seconds=0.02).last == 0.1


def test_frames_by_time(path):
    clip = open_clip(path, Limits())
    found = [round(float(frame_at(clip, time, Limits()).mean()) / 2) for time in (0, 1, 2.5, 3.97, 99, -1)]
    for got, expected in zip(found, (0, 25, 62, 99, 99, 0), strict=True):
        assert abs(got - expected) <= 1


def test_a_clip_that_is_cut_off_says_so(tmp_path):
    path = write_clip(tmp_path / "cut.mkv", [background(270, 480, i) for i in range(120)], Coding())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    clip = open_clip(str(path), Limits())
    with pytest.raises(UserError, match="cut off or damaged"):
        frame_at(clip, 4.5, Limits())
