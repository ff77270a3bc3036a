"""What is known of faces survives a stop."""

import json
from dataclasses import replace

import numpy as np
import pytest
from clips import background, lay, pictures, portrait, write_clip

from swapper.compose.color import Transfer
from swapper.compose.mask import mask_shape
from swapper.face_swap.picture import FrameSwapper, Outcome
from swapper.faces import mesh
from swapper.faces.track import TrackedFace, face_of
from swapper.types import Identity
from swapper.video import encode
from swapper.video.memory import FaceMemory


def person(length: int) -> Identity:
    return Identity("warp", np.ones(length, np.float32))


def tracked(track: int, left: float) -> TrackedFace:
    return TrackedFace(track, track, face_of((mesh.canonical_face() * 40 + np.array([left, 80, 0])).astype("f4"), 1.0))


def test_faces_are_known_again_by_their_places():
    memory = FaceMemory()
    tone = Transfer(np.full(3, 1.1, np.float32), np.array([3, 1, 2], np.float32))
    faces = [tracked(3, 100), tracked(5, 300)]
    for face in faces:
        memory.shapes.learn(face.track, float(face.track))
    memory.learn(faces, [Outcome(None, tone, None), Outcome(None, None, None)])
    again = FaceMemory(json.loads(json.dumps(memory.to_rows())))
    again.meet([tracked(0, 303), tracked(1, 102), tracked(2, 500)])
    usual = again.tones.usual(1)
    assert usual is not None and np.allclose(usual.shift, tone.shift)
    assert again.tones.usual(0) is None and not again.shapes.knows(2)
    assert again.shapes.next_shape(0)[0] == mask_shape(5.0)
    again.meet([tracked(7, 100)])
    assert not again.shapes.knows(7)


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


class Stop(Exception):
    pass


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


def test_no_seam_shows_where_a_job_goes_on(engine, someone, tmp_path, monkeypatch):
    """The light trembles, which a job without memory would follow for a frame."""
    monkeypatch.setattr(encode, "SEGMENT_FRAMES", 10)
    frames = []
    for i in range(24):
        frame = background(270, 480)
        lay(frame, portrait(0), (240 + i, 140), 200)
        frames.append((frame * (0.95 if i == 10 else 1.0)).astype(np.uint8))
    clip = write_clip(tmp_path / "in.mp4", frames)
    engine.swap_video(someone, clip, tmp_path / "whole.mp4")

    def stop(progress):
        if progress.frames == 15:
            raise Stop

    with pytest.raises(Stop):
        engine.swap_video(someone, clip, tmp_path / "out.mp4", progress=stop)
    counted = []
    engine.swap_video(someone, clip, tmp_path / "out.mp4", progress=lambda now: counted.append(now.frames))
    assert counted[0] == 11
    whole, resumed = (np.array(pictures(tmp_path / name))[:, 90:190, 190:310] for name in ("whole.mp4", "out.mp4"))
    apart = np.abs(whole.mean((1, 2)) - resumed.mean((1, 2))).max(1)
    assert apart[10] < 0.2 and apart.max() < 0.5
