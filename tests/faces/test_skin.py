import numpy as np
import pytest
from drawn_face import drawn_landmarks

from swapper.faces.skin import cheek_mask, color_statistics, feature_mask, skin_likeness


def test_cheeks_hold_no_features() -> None:
    points = drawn_landmarks(128)
    cheeks = cheek_mask(points, 128)
    assert cheeks.min() >= 0 and cheeks.max() <= 1 and cheeks.sum() > 300
    assert (cheeks * feature_mask(points, 128)).max() < 0.3


def test_statistics_ignore_what_lies_outside_and_far_out() -> None:
    rng = np.random.default_rng(0)
    lab = rng.normal([60, 12, 18], [4, 1, 1], (40, 40, 3)).astype(np.float32)
    lab[:20] = [5, 0, 0]
    weight = np.zeros((40, 40), np.float32)
    weight[20:] = 1
    lab[20, :16] = [100, -50, 80]  # 2 % outliers
    found = color_statistics(lab, weight)
    assert found is not None
    assert found[0] == pytest.approx([60, 12, 18], abs=0.5)
    assert found[1] == pytest.approx([3.2, 0.8, 0.8], abs=0.5)


def test_too_few_pixels_have_no_statistics() -> None:
    assert color_statistics(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.float32)) is None


def test_likeness_falls_from_skin_to_hair() -> None:
    lab = np.zeros((60, 60, 3), np.float32)
    lab[:, :30], lab[:, 30:] = [65, 14, 18], [15, 2, 3]
    like = skin_likeness(lab, (np.array([65, 14, 18], np.float32), np.array([5, 2, 2], np.float32)), 1.0)
    assert like.min() >= 0 and like.max() <= 1 + 1e-6
    assert like[:, :25].min() > 0.95 and like[:, 35:].max() < 0.05
