"""HLG's light depends on the luminance of the scene, not of each channel alone (ITU-R BT.2100, table 5)."""

import numpy as np
import pytest

from swapper.video.colors import HLG, PQ, tone_map


def hlg_code(scene: np.ndarray) -> np.ndarray:
    """The OETF: code in 0..1 by scene light in 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


def pq_code(nits: np.ndarray) -> np.ndarray:
    """The inverse EOTF: code in 0..1 by light in cd/m2."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    y = (nits / 10000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


@pytest.mark.parametrize(
    "scene", [(0.2, 0.2, 0.2), (0.2, 0.02, 0.02), (0.02, 0.02, 0.2), (0.6, 0.3, 0.05), (0.1, 0.2, 0)]
)
def test_hlg_and_pq_of_the_same_display_light_look_the_same(scene) -> None:
    light = np.array(scene)
    display = 1000 * (light @ [0.2627, 0.6780, 0.0593]) ** 0.2 * light
    seen = [
        tone_map(np.full((4, 4, 3), np.round(code * 65535), np.float64).astype(np.uint16), transfer)[0, 0].astype(int)
        for code, transfer in ((hlg_code(light), HLG), (pq_code(display), PQ))
    ]
    assert np.abs(seen[0] - seen[1]).max() <= 3, seen
