import cv2
import numpy as np
import pytest

from swapper.compose.detail import add_target_detail


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


def test_a_soft_drawing_gets_the_targets_grain(target):
    face = cv2.GaussianBlur(shrunk(target, 64), (0, 0), 1)
    plain = add_target_detail(face, target, 0)
    full = add_target_detail(face, target, 1)
    half = add_target_detail(face, target, 0.5)
    assert grain(plain) < 0.4 * grain(target)
    assert 0.75 * grain(target) < grain(full) < 1.2 * grain(target)
    assert grain(plain) < grain(half) < grain(full)


def test_its_colours_stay(target):
    face = np.clip(shrunk(target, 64) + np.array([8.0, -6.0, 4.0]), 0, 255).astype(np.uint8)
    result = add_target_detail(face, target, 1)
    np.testing.assert_allclose(shrunk(result, 4).mean((0, 1)), face.mean((0, 1)), atol=1.5)


def test_a_face_unlike_the_target_gets_none(target):
    face = np.full((64, 64, 3), 250, np.uint8)
    assert grain(add_target_detail(face, target, 1)) < 0.1 * grain(target)


def test_a_drawing_with_detail_of_its_own_keeps_it(target):
    assert np.abs(add_target_detail(target, target, 1).astype(int) - target).mean() < 2
