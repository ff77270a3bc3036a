"""What is known of faces survives a stop."""

import json
from dataclasses import replace

import numpy as np
import pytest
from clips import background, lay, portrait

from swapper.compose.color import Transfer
from swapper.face_swap.picture import FrameSwapper, Outcome
from swapper.faces import mesh
from swapper.faces.occlusion.over_time import UsualAppearance
from swapper.faces.track import TrackedFace, face_of
from swapper.types import Identity
from swapper.video.memory import FaceMemory


def person(length: int) -> Identity:
    return Identity("warp", np.ones(length, np.float32))


def tracked(track: int, left: float) -> TrackedFace:
    return TrackedFace(track, track, face_of((mesh.canonical_face() * 40 + np.array([left, 80, 0])).astype("f4"), 1.0))


def everything(memory: FaceMemory, tracks=range(9)) -> str:
    return json.dumps(memory.to_row(set(tracks)), sort_keys=True)


def test_what_is_known_is_known_again_to_the_last_bit():
    rng, memory = np.random.default_rng(0), FaceMemory()
    tone = Transfer(rng.random(3, np.float32), rng.random(3, np.float32))
    appearance = UsualAppearance(rng.random((468, 3), np.float32), *rng.random((2, 468), np.float32), 1 / 3, 2)
    faces = [tracked(3, 100), tracked(5, 300)]
    for face in faces:
        memory.shapes.learn(face.track, face.track / 7)
        memory.shapes.next_shape(face.track)
    memory.learn(faces, [Outcome(0.3, tone, None, occluded=False), Outcome(None, None, None)])
    memory.appearances[3] = appearance
    again = FaceMemory(json.loads(everything(memory)))
    assert everything(again) == everything(memory)
    usual = again.tones.usual(3)
    assert usual is not None and np.array_equal(usual.shift, tone.shift) and again.tones.usual(5) is None
    assert np.array_equal(again.appearances[3].colors, appearance.colors) and again.unoccluded == {3}
    assert again.shapes.next_shape(3) == memory.shapes.next_shape(3)
    assert everything(memory, [5]) != everything(memory)
    assert not FaceMemory(json.loads(everything(memory, [5]))).shapes.knows(3)


def test_faces_that_nothing_covers_are_known_until_they_go():
    memory = FaceMemory()
    faces = [tracked(track, 100 * track) for track in (1, 2, 3)]
    for face in faces:
        memory.shapes.learn(face.track, 0.0)
    bare, hidden, not_asked = (Outcome(None, None, None, occluded=occluded) for occluded in (False, True, None))
    memory.learn(faces, [bare, hidden, not_asked])
    assert memory.unoccluded == {1}
    memory.learn(faces, [not_asked, bare, not_asked])
    assert memory.unoccluded == {1, 2}
    memory.learn(faces[1:], [hidden, not_asked])
    assert memory.unoccluded == set()


@pytest.mark.parametrize(("presence", "shown"), [(1.0, 1.0), (0.65, 0.5), (0.5, 0.0)])
def test_a_frames_face_that_is_hardly_there_fades(engine, someone, presence, shown):
    image = background(270, 480)
    lay(image, portrait(0), (240, 140), 200)
    face = replace(engine.find_faces(image)[0], score=presence)
    frames = FrameSwapper(engine.method, engine.landmarks, engine.device)
    planned = FaceMemory().plan(frames, image, TrackedFace(4, 0, face), someone)
    assert planned.opacity == pytest.approx(shown)
    assert planned.face is face and not planned.match_expression and not planned.match_shade


def test_a_track_keeps_what_it_was_made_into():
    memory, someone, other = FaceMemory(), person(1), person(2)
    first = memory.extrapolated(1, someone, lambda: person(3))
    assert memory.extrapolated(1, someone, lambda: other) is first
    assert memory.extrapolated(2, someone, lambda: other) is other
    assert memory.extrapolated(1, other, lambda: someone) is someone  # another source: found anew


def test_tracks_of_long_ago_are_forgotten():
    memory, someone = FaceMemory(), person(1)
    for track in range(200):
        memory.extrapolated(track, someone, lambda: person(1))
        memory.extrapolated(0, someone, lambda: pytest.fail("the first track is still asked for"))
    found = person(3)
    assert memory.extrapolated(1, someone, lambda: found) is found
