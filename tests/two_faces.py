"""Pictures and a detector that always finds the same two faces, so that the rest runs without photographs."""

from pathlib import Path

import numpy as np
from PIL import Image

from swapper.faces.align import TEMPLATES
from swapper.types import Face

SIDE = 120  # px, of the square a face fills


class TwoFaces:
    """Finds a face at the left and one at the right, or none in a picture that is too small for them."""

    def __init__(self, *_options: object, **_more: object):
        pass

    def quick(self, threads: int | None = None) -> "TwoFaces":
        return self

    def detect(self, frame: np.ndarray) -> list[Face]:
        if frame.shape[0] < SIDE or frame.shape[1] < 2 * SIDE:
            return []
        boxes = [np.array([left + 15, 10, left + 105, 110], np.float32) for left in (0, SIDE)]
        points = [(TEMPLATES["ffhq"] * SIDE + [left, 0]).astype(np.float32) for left in (0, SIDE)]
        return [Face(box, 0.9, five) for box, five in zip(boxes, points, strict=True)]


class NothingInFront:
    """Says that nothing hides a face; what the network says of random colours changes with its weights."""

    def find(self, *_of_a_face: object) -> None:
        return None


def draw(path: Path, width: int = 300, height: int = 200, seed: int = 0) -> str:
    """Write a smooth random picture; returns its path."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return str(path)
