"""Fine detail of the target on a face that was drawn with fewer pixels than the picture has."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

_ALIKE = 30.0  # grey levels in any colour by which drawn face and target may differ before detail is held back
_COARSE = 0.5  # share of the drawn side that small networks fill: their last layers enlarge, they do not draw
_MOST = 0.85  # share of the target's detail at most; the rest of the pixel is drawn with that much less weight
_LARGEST = 512  # px: crops from here on hold their detail themselves


def let_detail_through(
    face: UInt8[np.ndarray, "s s 3"],
    target: UInt8[np.ndarray, "s s 3"],
    mask: Float32[np.ndarray, "s s"],
    strength: float,
    scale: float = 1.0,
    drawn_side: int | None = None,
) -> tuple[UInt8[np.ndarray, "s s 3"], Float32[np.ndarray, "s s"]]:
    """A face and its mask that, pasted over the target, leave the target's fine detail on it.

    Pose, expression and light are the target's, so its pores, lashes and film grain belong where they are; what tells
    two faces apart is coarser. Little is left where the drawn face differs much from the target, or where it has
    detail of its own.

    With the share k of the detail, the pasted face f is to become f + k (t - c), where t is the target's pixel and c
    is what t looks like at the coarseness that f was drawn with. That is the same as pasting f + k / (1 - k) (f - c)
    with 1 - k of the mask, so the detail comes from the frame itself, at any size of it, and costs no further warp.

    Args:
        face: RGB crop as drawn, its colours matched.
        target: the same crop of the target.
        mask: share of the face, in [0, 1].
        strength: share of the missing detail that is left, 0 to 1.
        scale: crop pixels per frame pixel; where it is below 1 the frame has detail that no crop shows.
        drawn_side: side of the face as it was drawn, before a restorer enlarged it; the crop's when None.
    """
    if strength <= 0 or len(face) >= _LARGEST:
        return face, mask
    side = len(face)
    coarse = max(8, round(_COARSE * (drawn_side or side)))
    low, drawn = (cv2.resize(image, (coarse, coarse), interpolation=cv2.INTER_AREA) for image in (target, face))
    base = _enlarged(low, side)
    own, wanted = _size(face, _enlarged(drawn, side), coarse), _size(target, base, coarse)
    ratio = own / np.maximum(wanted, 0.5)
    lacking = np.sqrt(np.maximum(1 - np.float32(min(scale, 1)) * ratio * ratio, 0))  # details add up as squares
    apart = cv2.absdiff(drawn, low).max(2).astype(np.float32)  # brown irises must not shine through blue ones
    apart = cv2.GaussianBlur(apart, (0, 0), coarse / 64)
    share = np.minimum(np.exp(-((apart / _ALIKE) ** 2)) * (lacking * np.float32(strength)), np.float32(_MOST))
    share = cv2.resize(share, (side, side), interpolation=cv2.INTER_LINEAR)
    gain = share / (1 - share)
    away = cv2.subtract(face, base, dtype=cv2.CV_32F) * gain[..., None]
    return cv2.add(face, away, dtype=cv2.CV_8U), mask * (1 - share)


def _enlarged(image: UInt8[np.ndarray, "c c 3"], side: int) -> UInt8[np.ndarray, "s s 3"]:
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)


def _size(
    image: UInt8[np.ndarray, "s s 3"], base: UInt8[np.ndarray, "s s 3"], coarse: int
) -> Float32[np.ndarray, "c c"]:
    """Size around each place of what a picture has beyond its reduced self, grey levels."""
    size = cv2.resize(_grey_difference(image, base), (coarse, coarse), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(size, (0, 0), coarse / 32)


def _grey_difference(
    image: UInt8[np.ndarray, "s s 3"], other: UInt8[np.ndarray, "s s 3"]
) -> Float32[np.ndarray, "s s"]:
    return cv2.transform(cv2.absdiff(image, other), np.full((1, 3), 1 / 3, np.float32)).astype(np.float32)
