import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swapper.faces import mesh
from swapper.faces.pose import (
    EYE_RADIUS,
    HeadPose,
    expression,
    eye_openness,
    frontal_landmarks,
    gaze,
    head_pose,
    mouth_openness,
    rotation_of,
)

poses = st.builds(
    HeadPose,
    yaw=st.floats(-75, 75),
    pitch=st.floats(-60, 60),
    roll=st.floats(-170, 170),
)


def posed(pose: HeadPose, face: np.ndarray | None = None) -> np.ndarray:
    """The mean face (or another) in a pose, somewhere in a frame, eyes 70 px apart."""
    points = mesh.canonical_face() if face is None else face
    return (points @ rotation_of(pose).T * 70 + [320, 200, 15]).astype(np.float32)


def looking(yaw: float, pitch: float) -> np.ndarray:
    """The mean face with its eyes turned."""
    face = mesh.canonical_face().copy()
    direction = rotation_of(HeadPose(yaw, pitch, 0)) @ [0, 0, -1]
    for centre, iris in ((mesh.LEFT_IRIS_CENTRE, mesh.LEFT_IRIS), (mesh.RIGHT_IRIS_CENTRE, mesh.RIGHT_IRIS)):
        move = (direction - [0, 0, -1]) * EYE_RADIUS
        face[[centre, *iris]] += move.astype(np.float32)
    return face


@settings(max_examples=60, deadline=None)
@given(poses)
def test_the_pose_of_a_turned_face_is_found(pose):
    found = head_pose(posed(pose))
    assert found.yaw == pytest.approx(pose.yaw, abs=0.05)
    assert found.pitch == pytest.approx(pose.pitch, abs=0.05)
    assert found.roll == pytest.approx(pose.roll, abs=0.05)


def test_signs_are_those_of_the_screen():
    nose = mesh.canonical_face()[mesh.NOSE_TIP]
    to_the_right = rotation_of(HeadPose(30, 0, 0)) @ nose
    assert to_the_right[0] > nose[0] + 0.2
    up = rotation_of(HeadPose(0, 30, 0)) @ nose
    assert up[1] < nose[1] - 0.2
    clockwise = rotation_of(HeadPose(0, 0, 30)) @ [1, 0, 0]
    assert clockwise[1] == pytest.approx(0.5)


def test_noise_and_an_open_mouth_hardly_move_the_pose():
    rng = np.random.default_rng(0)
    face = mesh.canonical_face().copy()
    face[list(mesh.JAW[5:-5]), 1] += 0.15
    lower = [14, 17, 84, 87, 178, 181, 314, 317, 402, 405]
    face[lower, 1] += 0.15
    found = head_pose((posed(HeadPose(20, -10, 5), face) + rng.normal(0, 1, (478, 3))).astype(np.float32))
    assert found.yaw == pytest.approx(20, abs=1)
    assert found.pitch == pytest.approx(-10, abs=3)
    assert found.roll == pytest.approx(5, abs=1)


@settings(max_examples=40, deadline=None)
@given(poses)
def test_removing_the_pose_gives_the_frontal_face_back(pose):
    np.testing.assert_allclose(frontal_landmarks(posed(pose)), mesh.canonical_face(), atol=2e-3)
    assert np.abs(expression(posed(pose))).max() < 2e-3


def test_the_mean_face_looks_straight_ahead():
    found = gaze(mesh.canonical_face())
    assert np.abs([found.left, found.right]).max() < 0.01


@settings(max_examples=60, deadline=None)
@given(
    st.builds(HeadPose, yaw=st.floats(-25, 25), pitch=st.floats(-20, 20), roll=st.floats(-40, 40)),
    st.floats(-22, 22),
    st.floats(-18, 18),
)
def test_turned_eyes_are_found_whatever_the_head_does(pose, yaw, pitch):
    found = gaze(posed(pose, looking(yaw, pitch)))
    np.testing.assert_allclose(found.left, (yaw, pitch), atol=0.5)
    np.testing.assert_allclose(found.right, (yaw, pitch), atol=0.5)


def test_an_iris_far_outside_gives_finite_angles():
    face = mesh.canonical_face().copy()
    face[mesh.LEFT_IRIS_CENTRE, 0] += 2
    assert np.isfinite(gaze(face).left).all()
    assert np.isfinite(gaze(np.zeros((478, 3), np.float32)).left).all()


@settings(max_examples=30, deadline=None)
@given(poses, st.floats(0.05, 0.4))
def test_openness_does_not_depend_on_the_pose(pose, gap):
    face = mesh.canonical_face().copy()
    for upper, lower in ((82, 87), (13, 14), (312, 317)):
        face[lower] = face[upper] + [0, gap, 0]
    for upper, lower in ((160, 144), (159, 145), (158, 153)):
        face[lower] = face[upper]
    turned = posed(pose, face)
    assert mouth_openness(turned) == pytest.approx(gap, abs=1e-3)
    left, right = eye_openness(turned)
    assert left == pytest.approx(0, abs=1e-3)
    assert right == pytest.approx(eye_openness(face)[1], abs=2e-3)
    assert 0.2 < right < 0.5


def test_the_expression_shows_what_moved():
    face = mesh.canonical_face().copy()
    face[list(mesh.LEFT_BROW), 1] -= 0.1
    change = expression(face)
    brow = slice(len(mesh.LEFT_EYE), len(mesh.LEFT_EYE) + len(mesh.LEFT_BROW))
    assert change[brow, 1] == pytest.approx(-0.1, abs=0.02)
    change[brow] = 0
    assert np.abs(change).max() < 0.02


def test_angles_of_photographs_agree_with_those_of_their_makers(shared_data):
    landmarks = np.load(shared_data / "geometry-val.npz")["landmarks"].astype(np.float32)
    with (shared_data / "meta-val.csv").open(newline="") as file:
        told = np.array([[float(row[k]) for k in ("yaw", "pitch", "roll")] for row in csv.DictReader(file)])
    assert len(told) > 300
    found = np.array([[p.yaw, p.pitch, p.roll] for p in map(head_pose, landmarks)])
    assert np.abs(found - told).mean() < 1
    eyes = np.array([[*g.left, *g.right] for g in map(gaze, landmarks)])
    assert np.abs(np.median(eyes, axis=0)).max() < 6  # people look around the camera
    assert np.corrcoef(eyes[:, 0], eyes[:, 2])[0, 1] > 0.7  # both eyes look the same way
    assert np.corrcoef(eyes[:, 0], found[:, 0])[0, 1] < -0.3  # and back to the camera from a turned head
