"""Same input, same result, however the threads take turns and however many there are."""

import time

import numpy as np
import pytest
from clips import background, lay, pictures, portrait, write_clip

from swapper.faces.align import cut_crop
from swapper.faces.embed import FaceEmbedder
from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.track import FaceTracker
from swapper.video import stages
from swapper.video.analyse import analyse
from swapper.video.casting import Casting, Role
from swapper.video.picture import TimedFrame
from swapper.video.threads import map_in_order, run_ahead

COMES, FOUND, FRAMES = 26, 36, 42  # frames: the second person's first, the one in which they are found, and all
AHEAD = 24  # frames that are looked at before one is handed over


def vector(at: int) -> np.ndarray:
    return np.eye(512, dtype=np.float32)[at]


class MeetsSomebodyInEveryFrame(FaceTracker):
    corrections = ()

    def __init__(self):
        self.enrolled, self.scene_begins, self.now = EnrolledPeople(), False, 0

    def update(self, frame):
        self.enrolled.stranger().learn(vector(len(self.enrolled.people)))
        self.enrolled.people[0].learn(vector(500))
        return []


def test_a_frame_knows_the_same_people_whenever_it_is_asked():
    blank = np.zeros((4, 4, 3), np.uint8)
    stream = analyse((TimedFrame(blank, i, 1) for i in range(12)), MeetsSomebodyInEveryFrame(), look_ahead=3)
    known = []
    for frame in run_ahead(stream, 5):
        time.sleep(0.02)  # the other thread is as far ahead as it may
        known.append((len(frame.people.people), frame.people.people[0].sightings))
    assert known == [(min(i + 4, 12), min(i + 4, 12) + 1) for i in range(12)]


def test_a_snapshot_stays_as_it_is_and_is_made_only_when_something_was_learnt():
    enrolled = EnrolledPeople()
    person = enrolled.stranger()
    person.learn(vector(0))
    first = enrolled.snapshot()
    assert enrolled.snapshot() is first
    person.learn(vector(1))
    second = enrolled.snapshot()
    assert second is not first and first.people[0].sightings == 1 and second.people[0].sightings == 2
    assert np.array_equal(first.people[0].embedding, vector(0))
    enrolled.stranger()
    assert len(enrolled.snapshot().people) == 2 and len(second.people) == 1


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_items_follow_results_in_the_same_way_with_any_number_of_threads(workers):
    handed: list[int] = []
    seen = []

    def items():
        for i in range(12):
            seen.append((i, len(handed)))
            yield i

    for result in map_in_order(lambda i: time.sleep(0.002 * (i % 3)) or i, items(), workers, 2):
        handed.append(result)
    assert handed == list(range(12))
    assert seen == [(i, max(i - 2, 0)) for i in range(12)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory, someone):
    """Somebody is taken for a role until another comes, whom the reference resembles more."""
    frames = []
    for i in range(FRAMES):
        frame = background(270, 480)
        lay(frame, portrait(0), (120 + i, 140), 190)
        if i >= COMES:
            lay(frame, portrait(2), (350, 130), 180)
        frames.append(frame)
    return write_clip(tmp_path_factory.mktemp("clip") / "in.mp4", frames)


@pytest.fixture(scope="module")
def role(engine, someone):
    looks = []
    for number in (0, 2):
        image = portrait(number)
        looks.append(FaceEmbedder(engine.device).embed([cut_crop(image, engine.find_faces(image)[0].points)])[0])
    reference = 0.55 * looks[0] + looks[1]
    return Role(someone, (reference / np.linalg.norm(reference)).astype(np.float32))


def slowed(monkeypatch, place, name, seconds):
    real = getattr(place, name)
    monkeypatch.setattr(place, name, lambda *arguments: time.sleep(seconds) or real(*arguments))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("analysing", "planning", "workers"),
    [(0.03, 0, 1), (0, 0.03, 2), (0, 0, 4)],
)
def test_who_is_cast_does_not_hang_on_timing(engine, role, clip, tmp_path, monkeypatch, analysing, planning, workers):
    slowed(monkeypatch, FaceTracker, "update", analysing)
    slowed(monkeypatch, Casting, "cast", planning)
    monkeypatch.setattr(stages, "_WORKERS", workers)
    result = engine.swap_video(None, clip, tmp_path / "out.mp4", people=[role])
    before, after = pictures(clip), pictures(tmp_path / "out.mp4")
    changed = [np.abs(a.astype(int) - b)[90:190, 70:200].mean() > 5 for a, b in zip(before, after, strict=True)]
    assert changed == [i + AHEAD < FOUND for i in range(FRAMES)]
    assert result.swapped == FOUND - AHEAD + FRAMES - COMES
    again = tmp_path / "again.mp4"
    monkeypatch.undo()
    engine.swap_video(None, clip, again, people=[role])
    assert all(np.array_equal(a, b) for a, b in zip(after, pictures(again), strict=True))
