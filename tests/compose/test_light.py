import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.compose.color import to_rgb
from swapper.compose.light import light_difference, match_light
from swapper.faces.skin import to_lab

WHOLE = np.ones((64, 64), np.float32)
SIDE = 128
POINTS = drawn_landmarks(SIDE)
MASK = np.ones((SIDE, SIDE), np.float32)
CHEEK = (76, 44)  # row, column


def skin(light: np.ndarray) -> np.ndarray:
    """A face of one colour, under light that falls on it from somewhere."""
    lab = np.full((SIDE, SIDE, 3), [60, 12, 16], np.float32)
    lab[..., 0] += light
    return np.clip(np.rint(to_rgb(lab)), 0, 255).astype(np.uint8)


def lightness(image: np.ndarray, place: tuple[int, int]) -> float:
    row, column = place
    return float(to_lab(image)[row - 3 : row + 4, column - 3 : column + 4, 0].mean())


def test_shade_on_the_targets_cheek_comes_to_the_face():
    side_light = np.linspace(-12, 12, SIDE, dtype=np.float32)[None]
    flat, shaded = skin(np.zeros((SIDE, SIDE))), skin(side_light)
    matched = match_light(flat, shaded, POINTS, MASK)
    assert lightness(matched, CHEEK) == pytest.approx(lightness(shaded, CHEEK), abs=2)
    assert lightness(flat, CHEEK) - lightness(matched, CHEEK) > 1
    half = match_light(flat, shaded, POINTS, MASK, 0.5)
    assert lightness(matched, CHEEK) < lightness(half, CHEEK) < lightness(flat, CHEEK)


def test_a_bright_patch_goes_and_fine_detail_stays():
    y, x = np.mgrid[:SIDE, :SIDE]
    patch = 14 * np.exp(-((y - CHEEK[0]) ** 2 + (x - CHEEK[1]) ** 2) / 400)
    pores = 3.0 * ((x + y) % 2)
    flat = skin(np.zeros((SIDE, SIDE)))
    matched = match_light(skin(patch + pores), flat, POINTS, MASK)
    assert lightness(matched, CHEEK) < lightness(skin(patch + pores), CHEEK) - 4
    assert matched.astype(float)[74:78, 62:66].std() > 2


def test_a_face_whose_cheeks_are_not_seen_stays():
    flat = skin(np.zeros((SIDE, SIDE)))
    assert match_light(flat, skin(np.full((SIDE, SIDE), 9.0)), POINTS, 0 * MASK) is flat


def test_light_from_one_side_is_carried_over_and_bounded() -> None:
    face = np.full((64, 64, 3), [60, 10, 15], np.float32)
    target = face.copy()
    target[..., 0] += np.linspace(-15, 15, 64)
    added = light_difference(face, target, WHOLE, 6.0)
    assert added[32, 8, 0] < -5 and added[32, 56, 0] > 5 and np.abs(added[..., 1:]).max() < 0.1
    extreme = light_difference(face, face + np.array([40, 100, -100], np.float32), WHOLE, 6.0)
    assert (np.abs(extreme) <= [22, 8, 10]).all()
    assert not light_difference(face, target, WHOLE * 0, 6.0).any(), "nothing is known where no skin shows"
