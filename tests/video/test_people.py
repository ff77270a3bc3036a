"""Who appears in a clip, found from a few of its frames."""

import numpy as np
import pytest
from clips import PORTRAITS, Coding, background, clicks, flashes, lay, pictures, portrait, write_clip

from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.images import read_image
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.video.casting import Role
from swapper.video.io import VideoReader
from swapper.video.job import VideoSettings
from swapper.video.people import find_people

HEIGHT, WIDTH = 270, 480


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """One person alone; after a cut the same and another."""
    if len(list(PORTRAITS.glob("*.jpg"))) < 3:
        pytest.skip("the example portraits are not here")
    frames = []
    for i in range(40):
        frame = background(HEIGHT, WIDTH, seed=i // 20)
        lay(frame, portrait(0), (120 + i, 140), 190)
        if i >= 20:
            lay(frame, portrait(2), (350, 130), 180)
        frames.append(frame)
    return write_clip(tmp_path_factory.mktemp("people") / "clip.mp4", frames, Coding(rate=10))


def reference(engine, number: int) -> np.ndarray:
    image = read_image(sorted(PORTRAITS.glob("*.jpg"))[number])
    return FaceEmbedder(engine.device).embed([cut_crop(image, engine.find_faces(image)[0].points)])[0]


def test_everybody_is_found_once_and_who_is_seen_most_comes_first(engine, clip):
    told: list[float] = []
    people = find_people(engine, VideoReader(clip), 0, 4, told.append)
    assert [person.sightings for person in people] == [8, 4]
    assert told == sorted(told) and told[-1] == 1
    for person, number in zip(people, (0, 2), strict=True):
        assert person.embedding @ reference(engine, number) > 0.6
        assert person.picture.shape == (192, 192, 3) and person.picture.std() > 10


def test_only_the_chosen_part_is_looked_at(engine, clip):
    assert len(find_people(engine, VideoReader(clip), 0, 1.5)) == 1


def test_nobody(engine, tmp_path):
    clip = write_clip(tmp_path / "empty.mp4", [background(HEIGHT, WIDTH)] * 5)
    assert find_people(engine, VideoReader(clip), 0, 0.2) == []


def test_samples_are_the_frames_on_view(tmp_path):
    shown = [i / 25 for i in range(50)]
    clip = write_clip(tmp_path / "clip.mp4", flashes((0.4, 1.6), shown), sound=clicks((0.4,), 2))
    reader, every = VideoReader(clip), pictures(clip)
    found = list(reader.samples([0, 0.41, 0.46, 1.61, 1.62, 9]))
    bright = [frame.image.mean() > 128 for frame in found]
    assert bright == [False, True, False, True, True, False]
    assert np.abs(found[-1].image.astype(int) - every[-1]).mean() < 2
    assert round(float(found[1].pts * reader.info.time_base), 2) == 0.4


def test_a_clip_that_is_cut_off_is_said(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", [background(HEIGHT, WIDTH, i) for i in range(120)])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 3])
    with pytest.raises(UserError, match="cut off or damaged"):
        list(VideoReader(clip, Limits()).samples([0, 4.5]))


def test_who_is_left_alone_stays_so_whoever_else_is_swapped(engine, clip, tmp_path):
    """Even somebody who resembles the one who is swapped."""
    identity = engine.identify(PORTRAITS / "02.jpg")
    people = find_people(engine, VideoReader(clip), 0, 4)
    roles = [Role(None, people[0].embedding), Role(identity, people[1].embedding)]
    result = engine.swap_video(identity, clip, tmp_path / "out.mp4", people=roles, settings=VideoSettings(1.6, 2.4))
    assert result.swapped == 4 and not result.warnings  # of eight frames, those with the second person
    assert engine.swap_video(None, clip, tmp_path / "out.mp4", people=roles[:1]).swapped == 0


def test_somebody_small_is_found_who_comes_late(engine, tmp_path):
    """Too small for a quick look, and no cut says that somebody came."""
    if len(list(PORTRAITS.glob("*.jpg"))) < 3:
        pytest.skip("the example portraits are not here")
    frames = []
    for i in range(8):
        frame = background(720, 1280)
        lay(frame, portrait(0), (400 + 4 * i, 380), 360)
        if i >= 2:
            lay(frame, portrait(2), (1100, 420), 60)
        frames.append(frame)
    clip = write_clip(tmp_path / "clip.mp4", frames, Coding(rate=2))
    assert len(find_people(engine, VideoReader(clip), 0, 4)) == 2
