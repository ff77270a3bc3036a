"""The colour match is calm while little happens, and follows a new light at once."""

import numpy as np
import pytest

from swapper.compose.color import Transfer, steadied
from swapper.video.tones import ToneMemory

MIDDLE = np.array([[60, 15, 18]], np.float32)


def transfer(shift: float, gain: float = 1.0) -> Transfer:
    return Transfer(np.full(3, gain, np.float32), np.array([shift, 0, 0], np.float32))


def followed(shifts: list[float]) -> np.ndarray:
    """Lightness that a middle skin gets, frame by frame, from noisy measurements."""
    memory, seen = ToneMemory(), []
    for shift in shifts:
        measured = transfer(shift)
        now = steadied(measured, memory.usual(0))
        assert now is not None
        seen.append(float(now.applied(MIDDLE)[0, 0]))
        memory.learn(0, measured)
    return np.array(seen)


def test_chance_is_smoothed_away():
    noise = np.random.default_rng(0).normal(0, 0.4, 200)
    measured, steady = noise + 60, followed(list(noise))
    flicker = [float(np.abs(np.diff(row, 2)).mean()) for row in (measured[50:], steady[50:])]
    assert flicker[1] < 0.15 * flicker[0]
    assert abs(steady[50:].mean() - 60) < 0.2


def test_a_new_light_is_followed_at_once():
    steady = followed([0.0] * 20 + [12.0] * 20)
    assert steady[19] == pytest.approx(60, abs=0.01)
    assert steady[20] == pytest.approx(72, abs=0.01)
    assert steady[-1] == pytest.approx(72, abs=0.2)


def test_a_slow_change_is_followed_closely():
    ramp = list(np.linspace(0, 15, 60))
    assert np.abs(followed(ramp) - 60 - ramp).max() < 3.5


def test_tracks_are_apart_and_a_frame_without_measurement_keeps_the_usual():
    memory = ToneMemory()
    memory.learn(1, transfer(5))
    assert memory.usual(2) is None
    assert steadied(None, memory.usual(1)) is memory.usual(1)
    assert steadied(None, None) is None
