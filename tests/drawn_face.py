"""The mean face as if it had been measured in a crop, and smooth pictures, so that tests need no photographs."""

import cv2
import numpy as np

from swapper.faces import mesh


def drawn_landmarks(size: int, eyes: float = 0.25, yaw: float = 0.0, wobble: float = 0.0, seed: int = 0) -> np.ndarray:
    """The mean face in a crop: (478, 3), px.

    Args:
        size: side of the crop, px.
        eyes: distance of the eyes, share of the side.
        yaw: degrees; positive turns the face to the image's right.
        wobble: random change of its proportions, share of the eye distance.
        seed: of that change.
    """
    cos, sin = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    points = mesh.canonical_face() * (1 + wobble * np.random.default_rng(seed).uniform(-1, 1, 3))
    turned = points @ np.array([[cos, 0, -sin], [0, 1, 0], [-sin, 0, -cos]]).T * [1, 1, -1]
    return (turned * eyes * size + [0.5 * size, 0.47 * size, 0]).astype(np.float32)


def smooth_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Random colours that change slowly, RGB."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
