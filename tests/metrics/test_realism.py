import cv2
import numpy as np
import pytest
import torch

from swapper.faces import mesh
from swapper.metrics.realism import (
    RealismFeatures,
    added_jitter,
    feature_distance,
    frechet_distance,
    gaussian_of,
    kernel_distance,
    sharpness_ratio,
    temporal_jitter,
)
from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.types import Crop

LANDMARKS = (mesh.canonical_face() * 63 + [127.5, 120, 0]).astype(np.float32)


@pytest.fixture(scope="module")
def features() -> RealismFeatures:
    torch.manual_seed(0)
    config = MobileFaceNetConfig(
        stem=8, widths=(8, 8, 8), expansions=(8, 8, 8), inner=(8, 8, 8), residuals=(1, 1, 1), features=16
    )
    return RealismFeatures(MobileFaceNet(config))


def spread(rng: np.random.Generator, width: int) -> np.ndarray:
    root = rng.normal(size=(width, width))
    return root @ root.T / width


def test_frechet_distance_of_known_gaussians():
    zero, one = np.zeros(3), np.eye(3)
    assert frechet_distance((zero, one), (zero, one)) == pytest.approx(0, abs=1e-9)
    assert frechet_distance((zero, one), (np.array([3.0, 4, 0]), one)) == pytest.approx(25)
    diagonal = np.diag([4.0, 9, 1])
    assert frechet_distance((zero, one), (zero, diagonal)) == pytest.approx(1 + 4 + 0)
    assert frechet_distance((zero, one), (zero, np.zeros((3, 3)))) == pytest.approx(3)


def test_frechet_distance_of_correlated_gaussians_agrees_with_the_matrix_root():
    rng = np.random.default_rng(0)
    a, b = spread(rng, 6), spread(rng, 6)
    values = np.linalg.eigvals(a @ b).real.clip(0)  # the eigenvalues of a product of two covariances are not negative
    wanted = np.trace(a) + np.trace(b) - 2 * np.sqrt(values).sum()
    zero = np.zeros(6)
    assert frechet_distance((zero, a), (zero, b)) == pytest.approx(wanted, rel=1e-6)
    assert frechet_distance((zero, b), (zero, a)) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("count", "width"), [(2, 5), (30, 60), (300, 40), (2000, 3)])
def test_the_covariance_is_shrunk_as_the_lemma_says(count: int, width: int):
    """Ledoit and Wolf's lemma 3.3, term by term."""
    rng = np.random.default_rng(count)
    sample = rng.normal(size=(count, width)) * rng.uniform(0.1, 3, width) + 5
    mean, covariance = gaussian_of(sample)
    centred = sample - sample.mean(0)
    plain = centred.T @ centred / count
    target = np.trace(plain) / width * np.eye(width)
    spread = ((plain - target) ** 2).sum()
    error = sum(((np.outer(row, row) - plain) ** 2).sum() for row in centred) / count**2
    share = min(error / spread, 1)
    np.testing.assert_allclose(mean, sample.mean(0))
    np.testing.assert_allclose(covariance, share * target + (1 - share) * plain, rtol=1e-9, atol=1e-9)


def test_the_covariance_of_a_large_sample_is_hardly_shrunk():
    rng = np.random.default_rng(0)
    root = np.diag([1.0, 2, 3])
    mean, covariance = gaussian_of(rng.normal(size=(20000, 3)) @ root + [5, 0, 0])
    np.testing.assert_allclose(mean, [5, 0, 0], atol=0.1)
    np.testing.assert_allclose(covariance, root**2, atol=0.3)


def test_the_covariance_of_a_small_sample_is_closer_to_the_truth_than_the_plain_one():
    rng = np.random.default_rng(0)
    truth, sample = np.eye(60), rng.normal(size=(30, 60))
    plain = np.cov(sample.T, bias=True)
    _, covariance = gaussian_of(sample)
    assert np.linalg.norm(covariance - truth) < 0.3 * np.linalg.norm(plain - truth)
    assert np.linalg.eigvalsh(covariance).min() > 0.1


@pytest.mark.parametrize("distance", [feature_distance, kernel_distance])
def test_distances_grow_with_the_difference_and_do_not_feel_units(distance):
    rng = np.random.default_rng(0)
    reals, units = rng.normal(size=(300, 12)), np.geomspace(1e-3, 1e3, 12)
    found = [distance((rng.normal(size=(300, 12)) + shift) * units, reals * units) for shift in (0, 0.3, 1, 2)]
    assert found[0] < 0.1
    assert found == sorted(found)
    assert found[2] > 5 * abs(found[0])


def test_kernel_distance_of_one_distribution_is_zero_on_average():
    rng = np.random.default_rng(0)
    found = [kernel_distance(rng.normal(size=(20, 8)), rng.normal(size=(25, 8))) for _ in range(200)]
    assert min(found) < 0 < max(found)
    assert np.mean(found) == pytest.approx(0, abs=0.1)


def test_features_see_blur_noise_and_colour(features, texture):
    """Blurred, noisy and tinted pictures are further from the others than pictures of the same kind are."""
    matrix = np.eye(2, 3, dtype=np.float32)
    smooth = [cv2.GaussianBlur(texture((150, 120, 100), seed), (0, 0), 1.5) for seed in range(40)]

    def rows(change) -> np.ndarray:
        return features.measure([Crop(change(image), matrix) for image in smooth[20:]])

    reals = features.measure([Crop(image, matrix) for image in smooth[:20]])
    rng = np.random.default_rng(0)
    same = feature_distance(rows(lambda image: image), reals)
    for change in (
        lambda image: cv2.GaussianBlur(image, (0, 0), 3),
        lambda image: np.clip(image + rng.normal(0, 10, image.shape), 0, 255).astype(np.uint8),
        lambda image: np.clip(image + np.array([30, 0, 0]), 0, 255).astype(np.uint8),
    ):
        assert feature_distance(rows(change), reals) > 2 * same


def test_features_do_not_depend_on_the_batch(features, texture):
    crops = [Crop(texture((120, 100, 90), seed), np.eye(2, 3, dtype=np.float32)) for seed in range(35)]
    together = features.measure(crops)
    alone = np.concatenate([features.measure([crop]) for crop in crops])
    assert together.shape == (35, 5 * 8 + 18)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_sharpness_is_one_for_the_target_itself_and_falls_with_blur(texture):
    target = texture((150, 120, 100))
    assert sharpness_ratio(target, target, LANDMARKS) == pytest.approx(1)
    soft = [sharpness_ratio(cv2.GaussianBlur(target, (0, 0), r), target, LANDMARKS) for r in (0.6, 1.0, 2.0)]
    assert soft == sorted(soft, reverse=True)
    assert soft[2] < 0.1
    rng = np.random.default_rng(1)
    noisy = np.clip(target + rng.normal(0, 12, target.shape), 0, 255).astype(np.uint8)
    assert sharpness_ratio(noisy, target, LANDMARKS) > 1.3


def test_sharpness_looks_at_the_face_alone(texture):
    target = texture((150, 120, 100))
    blurred = cv2.GaussianBlur(target, (0, 0), 2)
    outside = target.copy()
    outside[:, :40] = blurred[:, :40]
    outside[:, -40:] = blurred[:, -40:]
    assert sharpness_ratio(outside, target, LANDMARKS) == pytest.approx(1, abs=0.01)


def test_a_still_face_and_steady_motion_do_not_jitter():
    still = np.repeat(LANDMARKS[None], 5, 0)
    assert temporal_jitter(still) == 0
    moving = still + np.arange(5, dtype=np.float32)[:, None, None] * np.array([3, -1, 0], np.float32)
    assert temporal_jitter(moving) == pytest.approx(0, abs=1e-6)


def test_a_known_tremble_has_a_known_jitter():
    frames = np.repeat(LANDMARKS[None], 6, 0)
    frames[::2, :, 0] += 0.63  # 1 % of the eye distance, every other frame: its second difference is twice that
    assert temporal_jitter(frames) == pytest.approx(0.02, rel=1e-3)
    assert added_jitter(frames, frames) == 0
    assert added_jitter(frames, np.repeat(LANDMARKS[None], 6, 0)) == pytest.approx(0.02, rel=1e-3)
    with pytest.raises(ValueError, match="three frames"):
        temporal_jitter(frames[:2])
