"""Random pictures that look like photographs to an algorithm."""

import numpy as np


def texture(seed: int, side: int = 512, slope: float = 1.2) -> np.ndarray:
    """A random picture whose spectrum falls off as those of photographs do."""
    generator = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    radius[0, 0] = np.inf
    planes = []
    for _ in range(3):
        spectrum = (generator.normal(size=radius.shape) + 1j * generator.normal(size=radius.shape)) / radius**slope
        plane = np.fft.irfft2(spectrum, (side, side))
        planes.append(plane / plane.std() * 45 + 120)
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)
