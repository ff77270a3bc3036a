"""Faces followed through clips: they keep their person when they leave, cross, are hidden, or the scene cuts."""

from collections.abc import Callable

import numpy as np
import pytest
from clips import PORTRAITS, background, lay, portrait

from swapper.faces.align import transform_points
from swapper.faces.detect import CenterFaceDetector
from swapper.faces.embed import FaceEmbedder
from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.landmarks import LandmarkDetector
from swapper.faces.scene import SceneCuts
from swapper.faces.track import FaceTracker, TrackedFace

HEIGHT, WIDTH = 270, 480
Draw = Callable[[int, np.ndarray], None]


class CountingDetector(CenterFaceDetector):
    calls = 0

    def detect(self, frame):
        self.calls += 1
        return super().detect(frame)


@pytest.fixture(scope="module")
def parts():
    if len(list(PORTRAITS.glob("*.jpg"))) < 3:
        pytest.skip("the example portraits are not here")
    return CountingDetector(threads=1, thorough=False), LandmarkDetector(threads=1), FaceEmbedder()


@pytest.fixture
def follow(parts) -> Callable[..., tuple[list[list[TrackedFace]], FaceTracker]]:
    """Run a tracker over drawn frames."""

    def run(draw: Draw, count: int, seeds: Callable[[int], int] = lambda i: 0):
        parts[0].calls = 0
        tracker = FaceTracker(*parts)
        rng = np.random.default_rng(0)
        seen = []
        for i in range(count):
            frame = background(HEIGHT, WIDTH, seeds(i))
            draw(i, frame)
            grain = rng.normal(0, 2, frame.shape)
            seen.append(tracker.update(np.clip(frame + grain, 0, 255).astype(np.uint8)))
        return seen, tracker

    return run


def persons(faces: list[TrackedFace]) -> list[int]:
    """From left to right."""
    return [tracked.person for tracked in sorted(faces, key=lambda tracked: tracked.face.box[0])]


def test_a_moving_face_is_one_track_and_stays_in_place(parts, follow):
    face = portrait(0)
    maps = []

    def draw(i, frame):
        centre = 240 + 70 * np.sin(i / 8), 135 + 10 * np.sin(i / 4)
        maps.append(lay(frame, face, centre, 200 * (1 + 0.1 * np.sin(i / 9)), 12 * np.sin(i / 8)))

    seen, tracker = follow(draw, 40)
    assert {(t.track, t.person) for faces in seen for t in faces} == {(0, 0)}
    assert all(len(faces) == 1 for faces in seen)
    assert parts[0].calls == tracker.detections == 5
    back = np.stack(
        [
            transform_points(faces[0].face.points, np.linalg.inv(np.vstack([m, [0, 0, 1]]))[:2].astype(np.float32))
            for faces, m in zip(seen, maps, strict=True)
        ]
    )
    eyes = np.linalg.norm(back[0, 1] - back[0, 0])
    assert np.sqrt(((back - back.mean(0)) ** 2).sum(2).mean()) < 0.03 * eyes  # they stick to the moving portrait


def test_a_cut_begins_new_tracks_and_knows_people_again(follow):
    def draw(i, frame):
        lay(frame, portrait(1 if 10 <= i < 20 else 0), (200 if i < 10 else 260, 140), 190)

    seen, _ = follow(draw, 30, lambda i: 5 if 10 <= i < 20 else 0)
    assert [persons(faces) for faces in seen] == [[0]] * 10 + [[1]] * 10 + [[0]] * 10
    assert [faces[0].track for faces in seen] == [0] * 10 + [1] * 10 + [2] * 10
    assert [i for i, faces in enumerate(seen) if faces[0].fresh] == [0, 10, 20]


def test_another_face_in_the_same_place_is_another_person(follow):
    """A cut between two shots alike in all but the face."""
    seen, _ = follow(lambda i, frame: lay(frame, portrait(0 if i < 13 else 1), (220, 140), 200), 24)
    assert {tuple(persons(faces)) for faces in seen[:13]} == {(0,)}
    assert {tuple(persons(faces)) for faces in seen[14:]} == {(1,)}


def test_who_leaves_and_comes_back_is_the_same_person(follow):
    def draw(i, frame):
        if not 12 <= i < 24:
            lay(frame, portrait(0), (140 if i < 12 else 330, 140), 190)

    seen, tracker = follow(draw, 40)
    assert not any(seen[12:24])
    assert persons(seen[5]) == persons(seen[35]) == [0]
    assert seen[5][0].track != seen[35][0].track
    assert len(tracker.enrolled.people) == 1


def test_two_people_who_cross_keep_their_persons(follow):
    def draw(i, frame):
        lay(frame, portrait(0), (60 + 8 * i, 140), 150)
        lay(frame, portrait(1), (420 - 8 * i, 135), 175)

    seen, tracker = follow(draw, 46)
    left, right = persons(seen[2])
    assert {left, right} == {0, 1}
    assert persons(seen[-1]) == [right, left]
    looks = sorted(person.sightings for person in tracker.enrolled.people)
    assert looks[-2] >= 4 and sum(looks[:-2]) <= 2  # nobody else, but for a mixed face while they pass


def test_a_hidden_face_is_lost_and_found_again(follow):
    def draw(i, frame):
        lay(frame, portrait(0), (240, 140), 200)
        if 10 <= i < 20:
            frame[40:250, 130:350] = (150, 110, 90)

    seen, _ = follow(draw, 32)
    assert not any(seen[11:20])
    assert persons(seen[9]) == persons(seen[-1]) == [0]


def test_an_empty_film_has_no_faces(follow):
    seen, tracker = follow(lambda i, frame: None, 17)
    assert not any(seen) and tracker.enrolled.people == []
    assert tracker.detections == 3


def test_gallery_survives_being_written_down():
    rng = np.random.default_rng(0)
    enrolled = EnrolledPeople()
    looks = rng.normal(size=(3, 512)).astype(np.float32)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    for look in looks[:2]:
        enrolled.stranger().learn(look)
    enrolled.stranger()
    again = EnrolledPeople.from_rows(enrolled.to_rows())
    assert [person.sightings for person in again.people] == [1, 1, 0]
    found = again.find(looks[1])
    assert found is not None and found.number == 1
    assert again.find(looks[1], taken={1}) is None
    assert again.find(looks[2]) is None


def test_cuts_are_seen_and_motion_is_none():
    first, second = background(180, 320, 0), background(180, 320, 9)
    cuts = SceneCuts()
    frames = [np.roll(first, 4 * i, axis=1) for i in range(10)] + [second] * 5
    assert [cuts.is_cut(frame) for frame in frames] == [i == 10 for i in range(15)]
    assert not SceneCuts().is_cut(first)
