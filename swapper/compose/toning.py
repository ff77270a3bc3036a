"""Black-and-white and toned targets: where a picture's tint follows from its brightness, so does the swapped face's."""

from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

_SIDE = 32  # px at which a target is judged: there, what JPEG does to tints is gone and lips still differ from skin
_FINE_SIDE = 128  # px at which the tints of one that is toned are measured
_LEAST_PIXELS = 40
_LEVELS = 32  # of brightness, at which the tint is measured
# Grey levels, root mean square, by which tints differ at one brightness. Of 650 photos in colour one in a hundred has
# less than 4.2 on its face; of as many in sepia, as JPEG of quality 50, two in a hundred have more than 3.1.
_TONED, _COLORED = 3.0, 4.2
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Brightness of skin and its colours there: of skin, red is largest at every brightness, and shadows are warmest.
_SKIN = np.array([[0, 0, 0, 0], [41, 60, 32, 24], [122, 165, 108, 85], [198, 228, 190, 165], [255] * 4], np.float32)


@dataclass(frozen=True)
class Toning:
    """How a picture without colours of its own is toned.

    Attributes:
        table: RGB by brightness, 0..255; equal channels where it is black-and-white.
        share: 1 where all tints follow from brightness, less where they hardly do.
    """

    table: UInt8[np.ndarray, "256 3"]
    share: float

    def applied(self, face: UInt8[np.ndarray, "s s 3"]) -> UInt8[np.ndarray, "s s 3"]:
        """A face with the picture's tint at each brightness.

        Args:
            face: RGB.
        """
        grey = np.asarray(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), np.intp)
        toned = self.table[grey]
        return toned if self.share == 1 else cv2.addWeighted(toned, self.share, face, 1 - self.share, 0)


def find_toning(
    target: UInt8[np.ndarray, "s s 3"],
    mask: Float32[np.ndarray, "s s"],
    small: UInt8[np.ndarray, "t t 3"] | None = None,
    inside: Float32[np.ndarray, "t t"] | None = None,
) -> Toning | None:
    """How a target is toned; None where it has colours, or too little of it is seen.

    Args:
        target: RGB, crop.
        mask: share of the swapped face, in [0, 1]; where it is more than a third counts.
        small: the target reduced to about 32 px, where it is at hand.
        inside: the mask reduced so.
    """
    small = _reduced(target, _SIDE) if small is None else small
    brightness, tint = _seen(small, _reduced(mask, _SIDE) if inside is None else inside)
    if len(tint) < _LEAST_PIXELS:
        return None
    apart = _apart(tint - _at(_curve(brightness, tint), brightness))
    if apart >= _COLORED:
        return None
    if not tint.any():
        return Toning(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1), 1.0)
    levels = np.arange(256, dtype=np.float32)
    tints = _at(_curve(*_seen(_reduced(target, _FINE_SIDE), _reduced(mask, _FINE_SIDE))), levels)
    ramp = min(max((_COLORED - apart) / (_COLORED - _TONED), 0.0), 1.0)
    return Toning(np.rint(levels[:, None] + tints).clip(0, 255).astype(np.uint8), ramp * ramp * (3 - 2 * ramp))


def in_color(target: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 d"]) -> UInt8[np.ndarray, "s s 3"]:
    """A face for a network that has learnt from faces in colour: a toned one in the colours of skin, others as it is.

    Shown a blue face, such networks draw white patches; shown a grey one, they make it spotty.

    Args:
        target: RGB, crop.
        landmarks: mesh points, px.
    """
    small = _reduced(target, _SIDE)
    outline = cv2.convexHull(np.rint(landmarks[:, :2] * (len(small) / len(target))).astype(np.int32))
    inside = cv2.fillConvexPoly(np.zeros(small.shape[:2], np.float32), outline, 1.0)
    toning = find_toning(target, cv2.resize(inside, target.shape[1::-1]), small, inside)
    return target if toning is None else replace(toning, table=_skin_colors()).applied(target)


@cache
def _skin_colors() -> UInt8[np.ndarray, "256 3"]:
    levels = np.arange(256)
    rows = [np.interp(levels, _SKIN[:, 0], _SKIN[:, channel]) for channel in (1, 2, 3)]
    return np.rint(np.stack(rows, axis=1)).astype(np.uint8)


def _reduced(image: np.ndarray, side: int) -> np.ndarray:
    return image if len(image) <= side else cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)


def _apart(off: Float32[np.ndarray, "n 3"]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.vdot(off, off) / len(off)))


def _seen(
    target: UInt8[np.ndarray, "s s 3"], mask: Float32[np.ndarray, "s s"]
) -> tuple[Float32[np.ndarray, "n"], Float32[np.ndarray, "n 3"]]:
    """Brightness of the pixels under the mask, and what each channel has beyond it."""
    pixels = target[mask > 1 / 3].astype(np.float32)
    brightness = pixels @ _LUMA
    tint = pixels - brightness[:, None]
    if np.abs(tint).max(initial=0) < 1e-3:  # equal channels, but for how floats add up
        tint[:] = 0
    return brightness, tint


def _curve(brightness: Float32[np.ndarray, "n"], tint: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "4 m"]:
    """Brightness, rising, and the mean tint there; black has none."""
    level = (brightness * np.float32(_LEVELS / 256)).astype(np.intp)
    total = np.bincount(level, minlength=_LEVELS)
    known = np.flatnonzero(total)
    means = [np.bincount(level, row, _LEVELS)[known] / total[known] for row in (brightness, *tint.T)]
    return np.stack([np.concatenate([[0.0], row]) for row in means]).astype(np.float32)


def _at(curve: Float32[np.ndarray, "4 m"], brightness: Float32[np.ndarray, "n"]) -> Float32[np.ndarray, "n 3"]:
    return np.stack([np.interp(brightness, curve[0], row) for row in curve[1:]], axis=1).astype(np.float32)
