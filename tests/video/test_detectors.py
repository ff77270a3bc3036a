"""Whatever finds faces is asked in one way: with care in photos, quickly where frames resemble those before."""

import numpy as np
import pytest
from clips import Coding, background, lay, portrait, write_clip

from swapper.faces.detect import CenterFaceDetector
from swapper.pipeline import FaceSwapper
from swapper.types import Face, Identity
from swapper.video.io import VideoReader
from swapper.video.live import LiveEngine, LiveStream
from swapper.video.people import find_people


class Quick:
    """Counts the frames it is shown."""

    def __init__(self, detector: CenterFaceDetector):
        self.detector, self.looks = detector, 0

    def detect(self, frame: np.ndarray) -> list[Face]:
        self.looks += 1
        return self.detector.detect(frame)


class Own:
    """A user's own detector."""

    def __init__(self) -> None:
        whole = CenterFaceDetector(threads=1)
        self.whole, self.once = Quick(whole), Quick(whole)
        self.threads: list[int | None] = []

    def detect(self, frame: np.ndarray) -> list[Face]:
        return self.whole.detect(frame)

    def quick(self, threads: int | None = None) -> Quick:
        self.threads.append(threads)
        return self.once


@pytest.fixture
def own() -> Own:
    return Own()


@pytest.fixture
def swapper(own: Own, someone: Identity) -> FaceSwapper:
    return FaceSwapper("warp", "cpu", detector=own, threads=1)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    found = []
    for i in range(12):
        frame = background(270, 480)
        lay(frame, portrait(0), (200 + 3 * i, 140), 190)
        found.append(frame)
    return found


def test_photos_are_searched_with_all_care(swapper, own, frames):
    assert len(swapper.find_faces(frames[0])) == 1
    assert (own.whole.looks, own.once.looks) == (1, 0)


def test_videos_are_followed_by_the_quick_one(swapper, own, frames, someone, tmp_path):
    clip = write_clip(tmp_path / "in.mp4", frames)
    assert swapper.swap_video(someone, clip, tmp_path / "out.mp4").swapped == 12
    assert own.whole.looks == 0 and own.once.looks == 1  # where the scene begins
    assert own.threads == [1], "every stage of a job has a thread of its own"


def test_a_scene_is_searched_with_care_where_the_quick_one_finds_nobody(swapper, own, someone, tmp_path):
    clip = write_clip(tmp_path / "in.mp4", [background(270, 480)] * 3)
    assert swapper.swap_video(someone, clip, tmp_path / "out.mp4").swapped == 0
    assert own.whole.looks == 1


def test_live_streams_are_followed_by_the_quick_one(swapper, own, frames, someone):
    stream = LiveStream(LiveEngine(swapper))
    found = [stream.swap(frame.copy(), someone, index / 10)[1] for index, frame in enumerate(frames)]
    assert found == [1] * 12
    assert own.whole.looks == 0 and own.once.looks == 3
    assert own.threads == [None]


def test_people_are_looked_for_with_care_now_and_then(swapper, own, frames, tmp_path):
    clip = write_clip(tmp_path / "in.mp4", frames, Coding(rate=2))
    assert len(find_people(swapper, VideoReader(clip), 0, 6)) == 1
    assert own.whole.looks == 3 and own.once.looks == 9  # every fourth of twelve with care
