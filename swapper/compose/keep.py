"""Regions of the target that stay as they are: eyes, brows, nose, mouth, skin."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float32

from swapper.faces import mesh
from swapper.faces.regions import disc, draw_polygons, region_polygons

_WORK_SIDE = 256  # px: drawn at this side at most and enlarged
_EDGE = 0.05  # width of the soft edge, in eye distances
_DRAWN = {"eyes": "eyes", "brows": "brows", "nose": "nose", "mouth": "lips"}  # name of the outline
_MARGIN = {"eyes": 0.12, "brows": 0.06, "nose": 0.04, "mouth": 0.05}  # lids and lashes belong to the eyes


def kept_share(landmarks: Float32[np.ndarray, "478 d"], size: int, names: Sequence[str]) -> Float32[np.ndarray, "s s"]:
    """How much of the target stays at each pixel of a crop, in [0, 1].

    Args:
        landmarks: mesh points of the target in crop pixels.
        size: side of the crop in pixels.
        names: from ``compose.settings.KEPT_REGIONS``; ``skin`` is everything but the others.
    """
    side = min(size, _WORK_SIDE)
    points = landmarks * np.float32(side / size)
    eyes = mesh.eye_distance(points)
    drawn = {name: _feature(points, name, side, eyes) for name in _DRAWN}
    kept = _union([drawn[name] for name in drawn if name in names], side)
    if "skin" in names:
        kept = np.maximum(kept, 1 - _union([drawn[name] for name in drawn if name not in names], side))
    kept = cv2.GaussianBlur(kept, (0, 0), max(_EDGE * eyes, 0.5))
    return cv2.resize(kept, (size, size), interpolation=cv2.INTER_LINEAR) if side != size else kept


def _feature(points: Float32[np.ndarray, "478 d"], name: str, side: int, eyes: float) -> Float32[np.ndarray, "s s"]:
    mask = draw_polygons(region_polygons(points, _DRAWN[name]), side)
    return cv2.dilate(mask, disc(_MARGIN[name] * eyes))


def _union(masks: list[Any], side: int) -> Float32[np.ndarray, "s s"]:
    return np.maximum.reduce(masks) if masks else np.zeros((side, side), np.float32)
