"""Noticing that a video cuts to another scene."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.rows import array_from_row, array_to_row

_SIDE = 32  # px, longer side of the pictures that are compared
_LEAST = 22.0  # mean difference of grey levels below which nothing is a cut
_TIMES = 3.5  # a cut differs by so many times the usual difference of consecutive frames
_MEMORY = 0.85  # share of the usual difference that stays when a new frame comes


class SceneCuts:
    """Compares each frame with the one before it."""

    def __init__(self) -> None:
        self._before: Float32[np.ndarray, "a b"] | None = None
        self._usual = 0.0

    def is_cut(self, frame: UInt8[np.ndarray, "h w 3"]) -> bool:
        """Whether a new scene begins with this frame; the first frame begins none.

        Args:
            frame: RGB.
        """
        now = _thumbnail(frame)
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            return False
        difference = float(np.abs(now - before).mean())
        if difference > max(_LEAST, _TIMES * self._usual):
            self._usual = 0.0
            return True
        self._usual = _MEMORY * self._usual + (1 - _MEMORY) * difference
        return False

    def to_row(self) -> list[Any]:
        """What is known of the frames before, as plain values."""
        return [None if self._before is None else array_to_row(self._before), self._usual]

    def recall(self, row: Sequence[Any]) -> None:
        """Go on from there.

        Args:
            row: from ``to_row``.
        """
        before, self._usual = row
        self._before = None if before is None else array_from_row(before)


def _thumbnail(frame: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "a b"]:
    height, width = frame.shape[:2]
    step = max(min(height, width) // 90, 1)  # a coarse grid is enough, and reads little memory
    scale = _SIDE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    grey = cv2.cvtColor(np.ascontiguousarray(frame[::step, ::step]), cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
