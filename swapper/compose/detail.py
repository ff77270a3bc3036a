"""Fine detail of the target on a face that was drawn with fewer pixels than the photo has."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

_ALIKE = 24.0  # grey levels by which drawn face and target may differ before detail is held back
_COARSE = 0.5  # share of the drawn side that small networks fill: their last layers enlarge, they do not draw


def add_target_detail(
    face: UInt8[np.ndarray, "s s 3"], target: UInt8[np.ndarray, "t t 3"], strength: float
) -> UInt8[np.ndarray, "t t 3"]:
    """Enlarge a drawn face to the target crop's side, with the target's detail that the drawing lacks.

    Pose, expression and light are the target's, so its pores, lashes and film grain belong where they are; what tells
    two faces apart is coarser. Little is added where the drawn face differs much from the target, or where it has
    detail of its own.

    Args:
        face: RGB crop as drawn.
        target: the same crop of the target, as large or larger.
        strength: share of the missing detail that is added, 0 to 1.
    """
    side, large = len(face), len(target)
    coarse = max(8, round(_COARSE * side))
    low, drawn = (cv2.resize(image, (coarse, coarse), interpolation=cv2.INTER_AREA) for image in (target, face))
    enlarged = cv2.resize(face, (large, large), interpolation=cv2.INTER_CUBIC)
    wanted, own = _finer(target, low), _finer(enlarged, drawn)
    apart = cv2.GaussianBlur(cv2.absdiff(drawn, low).astype(np.float32).mean(2), (0, 0), coarse / 64)
    ratio = _size(own, coarse) / np.maximum(_size(wanted, coarse), 0.5)
    lacking = np.sqrt(np.maximum(1 - ratio**2, 0))  # independent details add up as squares
    share = cv2.resize(strength * np.exp(-((apart / _ALIKE) ** 2)) * lacking, (large, large))
    return np.rint(np.clip(enlarged + share[..., None] * wanted, 0, 255)).astype(np.uint8)


def _finer(image: UInt8[np.ndarray, "t t 3"], low: UInt8[np.ndarray, "c c 3"]) -> Float32[np.ndarray, "t t 3"]:
    """What a picture has beyond its reduced self."""
    base = cv2.resize(low, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return image.astype(np.float32) - base


def _size(detail: Float32[np.ndarray, "t t 3"], coarse: int) -> Float32[np.ndarray, "c c"]:
    """Size of detail around each place, grey levels."""
    size = cv2.resize(np.abs(detail).mean(2), (coarse, coarse), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(size, (0, 0), coarse / 32)
