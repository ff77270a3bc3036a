"""Both irises of a swapped face get one tint, wherever the network drew patches of others."""

import cv2
import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.compose.irises import match_irises
from swapper.faces import mesh
from swapper.faces.skin import to_lab

SIZE = 256
LEFT, RIGHT = mesh.LEFT_IRIS_CENTRE, mesh.RIGHT_IRIS_CENTRE
BROWN, BLUE, GREEN = (95, 62, 40), (70, 90, 130), (70, 100, 60)
POINTS = drawn_landmarks(SIZE, eyes=0.4)


def drawn(left: tuple[int, int, int], right: tuple[int, int, int], patch: tuple[int, int, int] | None = None):
    """A face of skin with irises of these colours; half of the right one may have another."""
    face = np.full((SIZE, SIZE, 3), (205, 160, 140), np.uint8)
    for centre, color in ((LEFT, left), (RIGHT, right)):
        place = np.rint(POINTS[centre, :2]).astype(int)
        cv2.circle(face, place.tolist(), 12, color, -1)
        if patch is not None and centre == RIGHT:
            half = face[:, : place[0]]
            half[(half == np.array(right)).all(2)] = patch
    return face


def tint(face: np.ndarray, centre: int) -> np.ndarray:
    x, y = np.rint(POINTS[centre, :2]).astype(int)
    return to_lab(face)[y - 2 : y + 3, x - 3 : x + 4, 1:].reshape(-1, 2)


@pytest.mark.parametrize("patch", [None, GREEN])
def test_two_colours_become_one(patch) -> None:
    face, target = drawn(BROWN, BLUE, patch), drawn(BROWN, BROWN)
    found = match_irises(face, target, POINTS)
    both = np.concatenate([tint(found, LEFT), tint(found, RIGHT)])
    assert np.ptp(both, axis=0).max() < 2.5, "one tint all over"
    before = [tint(face, centre).mean(0) for centre in (LEFT, RIGHT)]
    low, high = np.minimum(*before), np.maximum(*before)
    assert (low - 4 < both.mean(0)).all() and (both.mean(0) < high + 4).all(), "between what was drawn"


def test_lightness_and_all_else_stay() -> None:
    face = drawn(BROWN, BLUE)
    found = match_irises(face, drawn(BROWN, BROWN), POINTS)
    assert np.abs(to_lab(found)[..., 0] - to_lab(face)[..., 0]).max() < 3
    y, x = np.mgrid[:SIZE, :SIZE]
    near = np.min([np.hypot(x - POINTS[c, 0], y - POINTS[c, 1]) for c in (LEFT, RIGHT)], axis=0)
    assert np.array_equal(found[near > 24], face[near > 24])


def test_what_the_targets_light_makes_different_stays_different() -> None:
    warm, cool = (105, 66, 34), (90, 66, 48)
    found = match_irises(drawn(BLUE, BLUE), drawn(warm, cool), POINTS)
    apart = tint(found, RIGHT).mean(0) - tint(found, LEFT).mean(0)
    wanted = tint(drawn(warm, cool), RIGHT).mean(0) - tint(drawn(warm, cool), LEFT).mean(0)
    assert np.abs(wanted).max() > 5 and np.abs(apart - wanted).max() < 3


def test_a_closed_eye_and_one_outside_leave_the_face_alone() -> None:
    face = drawn(BROWN, BLUE)
    closed = POINTS.copy()
    closed[list(mesh.RIGHT_EYE), 1] = POINTS[RIGHT, 1]
    outside = POINTS + np.array([SIZE / 2, 0, 0], np.float32)
    for points in (closed, outside):
        assert np.array_equal(match_irises(face, drawn(BROWN, BROWN), points), face)
