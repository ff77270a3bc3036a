"""What is known of faces survives a stop."""

import json

import numpy as np
import pytest

from swapper.compose.color import Transfer
from swapper.compose.mask import mask_shape
from swapper.faces import mesh
from swapper.faces.looks import Look
from swapper.faces.track import TrackedFace, face_of
from swapper.types import Identity
from swapper.video.frame import Outcome, Part
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
    look = Look(rng.random((468, 3), np.float32), *rng.random((2, 468), np.float32), 1 / 3, 2)
    faces = [tracked(3, 100), tracked(5, 300)]
    for face in faces:
        memory.shapes.learn(face.track, face.track / 7)
        memory.shapes.next_shape(face.track)
    parts = [Part(face, person(4), mask_shape(0), False) for face in faces]
    memory.learn(parts, [Outcome(3, 0.3, tone, None, covered=False), Outcome(5, None, None, None)])
    memory.looks[3] = look
    again = FaceMemory(json.loads(everything(memory)))
    assert everything(again) == everything(memory)
    usual = again.tones.usual(3)
    assert usual is not None and np.array_equal(usual.shift, tone.shift) and again.tones.usual(5) is None
    assert np.array_equal(again.looks[3].colors, look.colors) and again.bare == {3}
    assert again.shapes.next_shape(3) == memory.shapes.next_shape(3)
    assert everything(memory, [5]) != everything(memory) and not FaceMemory(
        json.loads(everything(memory, [5]))
    ).shapes.knows(3)


def test_faces_that_nothing_covers_are_known_until_they_go():
    memory, nobody = FaceMemory(), person(4)
    parts = [Part(tracked(track, 100 * track), nobody) for track in (1, 2, 3)]
    for part in parts:
        memory.shapes.learn(part.tracked.track, 0.0)
    found = [Outcome(1, None, None, None, covered=False), Outcome(2, None, None, None, covered=True)]
    memory.learn(parts, [*found, Outcome(3, None, None, None)])
    assert memory.bare == {1}
    memory.learn(parts, [Outcome(1, None, None, None), Outcome(2, None, None, None, covered=False)])
    assert memory.bare == {1, 2}
    memory.learn(parts[1:], [Outcome(2, None, None, None, covered=True)])
    assert memory.bare == set()


def test_a_track_keeps_what_it_was_made_into():
    memory, someone, other = FaceMemory(), person(1), person(2)
    first = memory.aimed(1, someone, lambda: person(3))
    assert memory.aimed(1, someone, lambda: other) is first
    assert memory.aimed(2, someone, lambda: other) is other
    assert memory.aimed(1, other, lambda: someone) is someone  # another source: found anew


def test_tracks_of_long_ago_are_forgotten():
    memory, someone = FaceMemory(), person(1)
    for track in range(200):
        memory.aimed(track, someone, lambda: person(1))
        memory.aimed(0, someone, lambda: pytest.fail("the first track is still asked for"))
    found = person(3)
    assert memory.aimed(1, someone, lambda: found) is found
