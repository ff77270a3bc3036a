"""Putting a swapped crop back into the frame it was cut from."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import affine_scale, compose_affine, invert_affine, transform_points

_MARGIN = 2  # crop pixels that interpolation reaches past the mask
_MUCH_LARGER = 1.8  # crops that land larger than this are doubled by the faster cubic filter of plain resizing first
_LEAST_SHARE = 1 / 512  # under this no 8-bit value changes


def paste_into(
    frame: UInt8[np.ndarray, "h w 3"],
    face: UInt8[np.ndarray, "s s 3"],
    mask: Float32[np.ndarray, "s s"],
    matrix: Float32[np.ndarray, "2 3"],
) -> tuple[int, int, int, int] | None:
    """Blend a swapped crop into a frame, in place.

    Only the part of the frame under the mask is read or written, and pixels outside the mask keep their exact
    values. Where two faces overlap, the later one lies on top.

    Args:
        frame: RGB, changed.
        face: RGB crop.
        mask: share of the face at each crop pixel, in [0, 1].
        matrix: frame pixels to crop pixels, as the crop was cut.

    Returns:
        Left, top, right and bottom of the part of the frame that may have changed; None where nothing has.
    """
    landed = _landed(face, mask, matrix, frame.shape[:2])
    if landed is None:
        return None
    box, patch, share = landed
    region = _part(frame, box)
    region[:] = cv2.blendLinear(patch, region, share, 1 - share)  # exact where the share is 0
    return box


def paste_share(
    whole: UInt8[np.ndarray, "h w"], mask: Float32[np.ndarray, "s s"], matrix: Float32[np.ndarray, "2 3"]
) -> None:
    """Note in a picture of shares where ``paste_into`` puts a face, in place.

    Args:
        whole: share of all faces so far at each frame pixel, 255 for all of it; changed.
        mask: share of the face at each crop pixel, in [0, 1].
        matrix: frame pixels to crop pixels.
    """
    landed = _landed(np.zeros((*mask.shape, 3), np.uint8), mask, matrix, whole.shape[:2])
    if landed is None:
        return
    box, _, share = landed
    region = _part(whole, box)
    region[:] = np.rint(255 * share + region * (1 - share)).astype(np.uint8)


def _landed(
    face: UInt8[np.ndarray, "s s 3"],
    mask: Float32[np.ndarray, "s s"],
    matrix: Float32[np.ndarray, "2 3"],
    frame: tuple[int, ...],
) -> tuple[tuple[int, int, int, int], UInt8[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]] | None:
    """The part of a frame that a crop reaches, with face and mask as they lie there; None where there is none."""
    window = _used_window(mask)
    if window is None:
        return None
    left, top, right, bottom = window
    face, mask = face[top:bottom, left:right], mask[top:bottom, left:right]
    back = invert_affine(compose_affine(_shift(-left, -top), matrix))  # window pixels -> frame pixels
    box = _frame_box(back, face.shape[:2], frame)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    face, mask, back = _shrunk(face, mask, back)
    place = compose_affine(_shift(-x0, -y0), back)
    return box, *_placed(face, mask, place, (x1 - x0, y1 - y0))


def _part(frame: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = box
    return frame[top:bottom, left:right]


def _used_window(mask: Float32[np.ndarray, "s s"]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of the crop's part under the mask, with a margin; None where the mask is empty."""
    used = mask >= _LEAST_SHARE
    rows, columns = np.flatnonzero(used.any(1)), np.flatnonzero(used.any(0))
    if not len(rows):
        return None
    height, width = mask.shape
    return (
        max(int(columns[0]) - _MARGIN, 0),
        max(int(rows[0]) - _MARGIN, 0),
        min(int(columns[-1]) + 1 + _MARGIN, width),
        min(int(rows[-1]) + 1 + _MARGIN, height),
    )


def _frame_box(
    back: Float32[np.ndarray, "2 3"], window: tuple[int, ...], frame: tuple[int, ...]
) -> tuple[int, int, int, int] | None:
    """The frame's pixels that a window of the crop can reach; None where it lies outside."""
    height, width = window
    corners = np.array([[-1, -1], [width, -1], [-1, height], [width, height]], dtype=np.float32)
    seen = transform_points(corners, back)
    x0, y0 = (int(v) for v in np.maximum(np.floor(seen.min(0)), 0))
    x1, y1 = (int(v) for v in np.minimum(np.ceil(seen.max(0)) + 1, [frame[1], frame[0]]))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _shrunk(
    face: UInt8[np.ndarray, "h w 3"], mask: Float32[np.ndarray, "h w"], back: Float32[np.ndarray, "2 3"]
) -> tuple[UInt8[np.ndarray, "a b 3"], Float32[np.ndarray, "a b"], Float32[np.ndarray, "2 3"]]:
    """Average pixels of a crop that lands smaller in the frame, so that it is sampled without aliasing."""
    scale = affine_scale(back)
    if scale > 0.8:
        return face, mask, back
    height, width = mask.shape
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    step_x, step_y = width / columns, height / rows
    to_window = np.array([[step_x, 0, step_x / 2 - 0.5], [0, step_y, step_y / 2 - 0.5]], dtype=np.float32)
    face = cv2.resize(face, (columns, rows), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA)
    return face, mask, compose_affine(back, to_window)


def _placed(
    face: UInt8[np.ndarray, "a b 3"],
    mask: Float32[np.ndarray, "a b"],
    place: Float32[np.ndarray, "2 3"],
    size: tuple[int, int],
) -> tuple[UInt8[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
    """Warp a crop and its mask smoothly."""
    if affine_scale(place) < _MUCH_LARGER:
        patch = cv2.warpAffine(face, place, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return patch, cv2.warpAffine(mask, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    # OpenCV warps four channels of 8 bits faster than three, and much faster than those and a mask apart.
    face = cv2.copyMakeBorder(face, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    share = cv2.copyMakeBorder(np.rint(mask * 255).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    large = cv2.resize(face, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    double = cv2.merge([large, cv2.resize(share, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)])
    halve = np.array([[0.5, 0, -1.25], [0, 0.5, -1.25]], dtype=np.float32)
    matrix = compose_affine(place, halve)
    warped = cv2.warpAffine(double, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), cv2.extractChannel(warped, 3) * np.float32(1 / 255)


def _shift(x: float, y: float) -> Float32[np.ndarray, "2 3"]:
    return np.array([[1, 0, x], [0, 1, y]], dtype=np.float32)
