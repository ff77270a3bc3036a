"""The clip that the app offers."""

from pathlib import Path

import av
import pytest

from swapper.pipeline import FaceSwapper
from swapper.video.io import VideoReader
from swapper.video.people import find_people

CLIP = Path(__file__).parents[1] / "examples" / "call.mp4"


def test_the_example_clip_is_small_has_sound_and_shows_two_people():
    assert CLIP.stat().st_size < 500_000
    reader = VideoReader(CLIP)
    with av.open(str(CLIP)) as file:
        assert len(file.streams.audio) == 1
    assert reader.info.duration == pytest.approx(5, abs=0.1)
    engine = FaceSwapper("warp", "cpu", threads=1)
    assert [person.sightings for person in find_people(engine, reader, 0, 2)] == [4, 4]
