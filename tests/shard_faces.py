"""Faces that can be told apart, to fill shards with."""

import cv2
import numpy as np

from trainers.data.examine import ExaminedFace

QUAD = [[0, 0], [1, 0], [1, 1], [0, 1]]


def face(number: int, side: int = 64) -> ExaminedFace:
    """A face whose picture, embedding and facts all tell its number."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 255, (4, 4, 3), np.uint8)
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    vector = rng.normal(size=512).astype(np.float32)
    facts = {"interocular_px": 40.0 + number % 50, "sharpness": 99.0, "valid_quad": QUAD}
    mesh = np.full((478, 3), number / 1024, np.float32)
    return ExaminedFace(image, mesh, mesh[:5, :2], vector / np.linalg.norm(vector), facts)
