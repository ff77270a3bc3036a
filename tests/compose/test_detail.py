import cv2
import numpy as np
import pytest

from swapper.compose.detail import let_detail_through
from swapper.compose.paste import paste_into

WHOLE = np.ones((64, 64), np.float32)
MATRIX = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]], np.float32)  # of a crop half as large as the frame


@pytest.fixture
def target():
    """Soft colours under fine grain, 128 px."""
    rng = np.random.default_rng(0)
    soft = cv2.resize(rng.uniform(80, 170, (6, 6, 3)), (128, 128), interpolation=cv2.INTER_CUBIC)
    return np.clip(soft + rng.normal(0, 12, (128, 128, 1)), 0, 255).astype(np.uint8)


def grain(image):
    return float(np.abs(image - cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2)).mean())


def shrunk(image, side):
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def pasted(face, target, strength, mask=WHOLE):
    result = target.copy()
    paste_into(result, *let_detail_through(face, shrunk(target, 64), mask, strength, 0.5), MATRIX)
    return result


def test_a_soft_drawing_gets_the_targets_grain(target):
    face = cv2.GaussianBlur(shrunk(target, 64), (0, 0), 1)
    plain, half, full = (pasted(face, target, strength) for strength in (0, 0.5, 1))
    assert grain(plain) < 0.4 * grain(target)
    assert 0.75 * grain(target) < grain(full) < 1.2 * grain(target)
    assert grain(plain) < grain(half) < grain(full)


def test_its_colours_stay(target):
    face = np.clip(shrunk(target, 64) + np.array([8.0, -6.0, 4.0]), 0, 255).astype(np.uint8)
    result = pasted(face, target, 1)
    np.testing.assert_allclose(shrunk(result, 4).mean((0, 1)), face.mean((0, 1)), atol=1.5)


def test_a_soft_edge_stays_as_soft(target):
    """Detail takes weight from the mask, which must not show: only grain may differ."""
    face = cv2.GaussianBlur(shrunk(target, 64), (0, 0), 1) // 2 + 60
    mask = np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[None], 64, 0)
    plain, full = (cv2.GaussianBlur(pasted(face, target, s, mask).astype(np.float32), (0, 0), 4) for s in (0, 1))
    assert np.abs(plain - full).mean() < 1.5


def test_a_face_unlike_the_target_gets_none(target):
    face = np.full((64, 64, 3), 250, np.uint8)
    inside = np.s_[8:-8, 8:-8]
    assert grain(pasted(face, target, 1)[inside]) < 0.1 * grain(target)


def test_a_large_crop_is_left_as_it_is():
    face, mask = np.zeros((512, 512, 3), np.uint8), np.ones((512, 512), np.float32)
    assert let_detail_through(face, face + 9, mask, 1) == (face, mask)
