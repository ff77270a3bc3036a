import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swapper.faces import mesh
from swapper.faces.pose import EYE_RADIUS, HeadPose, rotation_of
from swapper.metrics.geometry import (
    expression_error,
    eye_opening_error,
    gaze_error,
    pose_error,
    reencode,
    shape_error,
)

ALL = (pose_error, expression_error, gaze_error, eye_opening_error, shape_error)
poses = st.builds(HeadPose, yaw=st.floats(-40, 40), pitch=st.floats(-30, 30), roll=st.floats(-30, 30))


def placed(face: np.ndarray, pose: HeadPose | None = None) -> np.ndarray:
    turned = face @ rotation_of(pose or HeadPose(0, 0, 0)).T
    return (turned * 63 + [127.5, 120, 0]).astype(np.float32)


def changed(points: tuple[int, ...], by: tuple[float, float, float]) -> np.ndarray:
    face = mesh.canonical_face().copy()
    face[list(points)] += np.array(by, np.float32)
    return face


@pytest.mark.parametrize("measure", ALL)
def test_a_face_differs_from_itself_by_nothing(measure):
    face = placed(changed((13, 14), (0, 0.1, 0)), HeadPose(20, 5, -3))
    assert measure(face, face) == pytest.approx(0, abs=0.05)


@settings(max_examples=40, deadline=None)
@given(poses, poses)
def test_a_turned_head_changes_the_pose_alone(first, second):
    face = mesh.canonical_face()
    a, b = placed(face, first), placed(face, second)
    wanted = np.hypot(np.hypot(first.yaw - second.yaw, first.pitch - second.pitch), first.roll - second.roll)
    assert pose_error(a, b) == pytest.approx(wanted, abs=0.1)
    assert expression_error(a, b) < 2e-3
    assert shape_error(a, b) < 4e-3
    assert gaze_error(a, b) < 1


def test_roll_is_measured_the_short_way_round():
    a, b = (placed(mesh.canonical_face(), HeadPose(0, 0, roll)) for roll in (-175, 175))
    assert pose_error(a, b) == pytest.approx(10, abs=0.1)


def test_size_and_place_do_not_matter():
    face = placed(changed(mesh.LEFT_BROW, (0, -0.1, 0)), HeadPose(10, 0, 0))
    other = (face * 3 + [500, 90, 0]).astype(np.float32)
    assert max(measure(other, face) for measure in ALL) < 0.02


def test_a_raised_brow_is_an_expression():
    raised = placed(changed(mesh.LEFT_BROW, (0, -0.1, 0)))
    share = len(mesh.LEFT_BROW) / 92
    assert expression_error(raised, placed(mesh.canonical_face())) == pytest.approx(0.1 * share, rel=0.25)
    assert shape_error(raised, placed(mesh.canonical_face())) < 0.02


def test_eyes_set_higher_are_no_expression():
    """Where somebody has eyes, brows and mouth is who they are."""
    moved = placed(changed((*mesh.LIPS_OUTER, *mesh.LIPS_INNER), (0, 0.1, 0)))
    assert expression_error(moved, placed(mesh.canonical_face())) < 0.01


def test_gaze_is_measured_in_degrees():
    direction = rotation_of(HeadPose(15, 0, 0)) @ [0, 0, -1] - [0, 0, -1]
    irises = (mesh.LEFT_IRIS_CENTRE, mesh.RIGHT_IRIS_CENTRE)
    looking = placed(changed(irises, tuple(direction * EYE_RADIUS)))
    assert gaze_error(looking, placed(mesh.canonical_face())) == pytest.approx(15, abs=0.5)
    one_eye = placed(changed(irises[:1], tuple(direction * EYE_RADIUS)))
    assert gaze_error(one_eye, placed(mesh.canonical_face())) == pytest.approx(7.5, abs=0.3)


def test_a_shut_eye_is_seen():
    shut = mesh.canonical_face().copy()
    for upper, lower in ((160, 144), (159, 145), (158, 153)):
        shut[upper] = shut[lower]
    assert eye_opening_error(placed(shut), placed(mesh.canonical_face())) == pytest.approx(0.16, abs=0.04)


def test_a_wider_jaw_is_a_shape():
    face = mesh.canonical_face().copy()
    jaw = list(mesh.JAW)
    face[jaw, 0] += np.sign(face[jaw, 0]) * 0.1
    wider = placed(face)
    assert shape_error(wider, placed(mesh.canonical_face())) == pytest.approx(0.1, rel=0.15)
    assert shape_error(wider, wider) == 0


def test_reencoding_shows_the_same_picture(texture):
    image = texture((200, 120, 60))
    again = reencode(image)
    assert again.shape == image.shape
    assert not np.array_equal(again, image)
    np.testing.assert_allclose(again.mean((0, 1)), image.mean((0, 1)), atol=2)
