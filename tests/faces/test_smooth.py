"""Steadied landmarks: noise goes, motion stays where and when it is."""

import numpy as np
import pytest

from swapper.faces import mesh
from swapper.faces.smooth import REACH, steady_landmarks
from swapper.metrics.realism import temporal_jitter

EYES = 100.0  # px
FPS = 30


def moved(shape: np.ndarray, x: float, y: float, degrees: float = 0.0, scale: float = 1.0) -> np.ndarray:
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.concatenate([shape[:, :2] @ turn.T + [x, y], shape[:, 2:] * scale], axis=1).astype(np.float32)


@pytest.fixture
def shape() -> np.ndarray:
    face = mesh.canonical_face().astype(np.float64)
    return (face - face.mean(0)) * EYES / mesh.eye_distance(face.astype(np.float32))


def noisy(row: list[np.ndarray], head: float, point: float) -> list[np.ndarray]:
    """Trembling of the whole head and of each point, standard deviations in pixels."""
    rng = np.random.default_rng(0)
    return [(m + np.append(rng.normal(0, head, 2), 0) + rng.normal(0, point, m.shape)).astype(np.float32) for m in row]


def steadied(row: list[np.ndarray], strength: float = 1.0) -> np.ndarray:
    out = []
    for i in range(len(row)):
        reach = min(i, len(row) - 1 - i, REACH)
        part = range(i - reach, i + reach + 1)
        out.append(steady_landmarks([row[j] for j in part], list(part), strength))
    return np.stack(out)


def error(found: np.ndarray, truth: list[np.ndarray]) -> float:
    return float(np.sqrt(((found - np.stack(truth))[:, :, :2] ** 2).sum(2).mean()))


def test_a_still_face_keeps_a_fifth_of_its_trembling(shape):
    truth = [moved(shape, 300, 200)] * 60
    row = noisy(truth, 0.3, 0.3)
    found = steadied(row)
    assert temporal_jitter(found) < 0.2 * temporal_jitter(np.stack(row))
    assert error(found, truth) < 0.6 * error(np.stack(row), truth)


@pytest.mark.parametrize("hertz", [0.5, 1.0, 2.0, 3.0])
def test_a_shaking_head_is_neither_late_nor_shortened(shape, hertz):
    at = [2 * np.pi * hertz * i / FPS for i in range(90)]
    truth = [moved(shape, 300 + 40 * np.sin(t), 200, 8 * np.sin(t + 1)) for t in at]
    row = noisy(truth, 0.3, 0.3)
    found = steadied(row)[10:-10]
    still = np.stack(truth)[10:-10]
    assert error(found, truth[10:-10]) < max(1.0, 0.3 * error(np.stack(row[9:-11]), truth[10:-10]))
    path, wanted = found[:, :, 0].mean(1) - 300, still[:, :, 0].mean(1) - 300
    assert np.ptp(path) == pytest.approx(np.ptp(wanted), rel=0.04 if hertz < 3 else 0.06)
    lag = np.argmax([(path[3:-3] * wanted[3 + d : len(wanted) - 3 + d]).sum() for d in range(-3, 4)]) - 3
    assert lag == 0
    assert temporal_jitter(found) < 1.1 * temporal_jitter(still) + 0.0005


@pytest.mark.parametrize("speed", [3.0, 25.0])
def test_steady_motion_passes_unchanged(shape, speed):
    truth = [moved(shape, speed * i, 200, i, 1.01**i) for i in range(30)]
    assert error(steadied(truth), truth) < 0.3


def test_a_blink_is_not_smoothed_away(shape):
    truth = [moved(shape, 300, 200)] * 40
    lid = list(mesh.LEFT_EYE[1:8])
    shut = {18: 0.5, 19: 1.0, 20: 1.0, 21: 0.5}
    for index, share in shut.items():
        closed = truth[index].copy()
        closed[lid, 1] += 9 * share
        truth[index] = closed
    found = steadied(noisy(truth, 0.2, 0.2))
    assert (found[19:21, lid, 1] - truth[0][lid, 1]).mean() > 6.5
    assert np.abs(found[19:21, mesh.CHIN] - truth[0][mesh.CHIN]).max() < 1


def test_strength_mixes_and_short_rows_pass(shape):
    row = noisy([moved(shape, 300, 200)] * 9, 0.5, 0.3)
    full, half = (steady_landmarks(row, list(range(9)), strength) for strength in (1.0, 0.5))
    assert np.allclose(half, (full + row[4]) / 2, atol=1e-3)
    assert steady_landmarks(row, list(range(9)), 0.0) is row[4]
    assert steady_landmarks(row[:1], [0]) is row[0]


def test_uneven_times_count(shape):
    """In a clip of variable rate, steady motion has uneven steps."""
    ticks = [0.0, 1.0, 2.0, 6.0, 7.0, 8.0, 15.0, 16.0, 17.0]
    truth = [moved(shape, 10 * tick, 200) for tick in ticks]
    assert np.abs(steady_landmarks(truth, ticks) - truth[4]).max() < 0.1
