"""Where the swapped face replaces the target: the face's region, adapted to both shapes, with a soft edge."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from swapper.compose.settings import BlendSettings
from swapper.faces import mesh
from swapper.faces.regions import draw_polygons, face_outline, region_mask

_WORK_SIDE = 256  # masks are smooth: drawn at this side at most and enlarged
_GHOST_EYE_DISTANCE = 65.08  # px between the eyes in GHOST's 224 px crops

# GHOST's table, its steps joined by straight lines so that a mask does not jump in a video. Offset: how much narrower
# the swapped face is, px. Shrink (negative grows) and blur: px. Forehead: share of the usual one (its brow expansion).
_OFFSET = (-4.0, -2.0, 2.0, 4.5, 7.0)
_SHRINK = (-5.0, 5.0, 5.0, 10.0, 15.0)
_BLUR_X = (5.0, 5.0, 5.0, 10.0, 15.0)
_BLUR_Y = (10.0, 5.0, 5.0, 8.0, 10.0)
_FOREHEAD = (0.25, 1.0, 1.0, 1.0, 1.35)


@dataclass(frozen=True)
class MaskShape:
    """What GHOST's rule says for one pair of faces; lengths are shares of the eye distance.

    A video keeps the shape of a face's first frame while the face stays, as GHOST does.
    """

    shrink: float
    blur_x: float
    blur_y: float
    forehead: float


def shape_offset(target: Float32[np.ndarray, "478 d"], swapped: Float32[np.ndarray, "478 d"]) -> float:
    """How much narrower the swapped face is than the target's, negative where it is wider, in GHOST's pixels.

    Args:
        target: mesh points of the target in pixels of an upright crop.
        swapped: mesh points of the swapped face in the same crop.

    Source: GHOST, inference code: sums over three contour points on each side, the larger one counts.
    """
    inward = swapped[:, 0] - target[:, 0]
    offset = max(float(inward[list(mesh.LEFT_SIDE)].sum()), float(-inward[list(mesh.RIGHT_SIDE)].sum()))
    return offset * _GHOST_EYE_DISTANCE / max(mesh.eye_distance(target), 1e-6)


def mask_shape(offset: float) -> MaskShape:
    """GHOST's answer to a shape difference.

    Args:
        offset: from ``shape_offset``.

    Source: GHOST, adaptive blending mask: a mask that would leave the target's wider face visible is shrunk and
    blurred so that only the central part is carried over; one that the swapped face would overflow is grown.
    """
    shrink, blur_x, blur_y = (float(np.interp(offset, _OFFSET, row)) for row in (_SHRINK, _BLUR_X, _BLUR_Y))
    unit = _GHOST_EYE_DISTANCE
    return MaskShape(shrink / unit, blur_x / unit, blur_y / unit, float(np.interp(offset, _OFFSET, _FOREHEAD)))


def adaptive_face_mask(
    landmarks: Float32[np.ndarray, "478 d"], shape: MaskShape, size: int, settings: BlendSettings
) -> Float32[np.ndarray, "s s"]:
    """Soft mask of the target's face region for one crop.

    Args:
        landmarks: mesh points of the target in crop pixels.
        shape: from ``mask_shape``.
        size: side of the crop in pixels.
        settings: what the user chose; only its lengths and shares of the region count here.

    Returns:
        Share of the swapped face in [0, 1]; 0 at the crop's border.
    """
    side = min(size, _WORK_SIDE)
    points = landmarks * np.float32(side / size)
    eyes = mesh.eye_distance(points)
    region = draw_polygons([face_outline(points, settings.forehead * shape.forehead)], side)
    blur_x, blur_y = (settings.feather * blur * eyes for blur in (shape.blur_x, shape.blur_y))
    wider = max(settings.feather - 1, 0) * min(shape.blur_x, shape.blur_y)  # a wider edge reaches inwards only
    mask = _moved_edge(region, (settings.grow - shape.shrink - wider) * eyes)
    if settings.feather > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), max(blur_x, 0.3), sigmaY=max(blur_y, 0.3))
    mask = mask * _faded_border(side, 2 * max(blur_x, blur_y))
    for name, share in (("mouth", settings.keep_mouth), ("eyes", settings.keep_eyes)):
        if share > 0:
            kept = cv2.GaussianBlur(region_mask(points, name, side), (0, 0), max(0.02 * eyes, 0.5))
            mask = mask * (1 - np.float32(share) * kept)
    if side != size:
        mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(mask, 0, 1).astype(np.float32)


def _moved_edge(mask: Float32[np.ndarray, "s s"], distance: float) -> Float32[np.ndarray, "s s"]:
    """Grow (or, negative, shrink) a mask by a distance in pixels, to a fraction of a pixel."""
    inside = (mask > 0.5).astype(np.uint8)
    if not inside.any():
        return np.zeros_like(mask)
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    height = cv2.distanceTransform(1 - inside, cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip(depth - height + np.float32(distance), 0, 1)


def _faded_border(side: int, width: float) -> Float32[np.ndarray, "s s"]:
    """0 at the crop's border, rising to 1 within a width in pixels; GHOST clears a frame before it blurs."""
    place = np.arange(side, dtype=np.float32)
    edge = np.clip(np.minimum(place, side - 1 - place) / np.clip(width, 1, side / 4), 0, 1)
    return np.minimum(edge[:, None], edge).astype(np.float32)
