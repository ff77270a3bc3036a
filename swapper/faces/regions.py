"""Soft masks of face regions (face, skin, brows, eyes, nose, lips, inner mouth) drawn from landmarks."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor

from swapper.faces import mesh

REGIONS = ("face", "skin", "brows", "eyes", "nose", "lips", "mouth")
"""What can be asked for; ``mouth`` is the opening between the lips, ``skin`` the face without all but the nose."""

# How much further up than its neighbours each upper point of the face oval goes when the forehead is extended.
_FOREHEAD_SHARE = {10: 1.0, 109: 1.0, 338: 1.0, 67: 0.95, 297: 0.95, 103: 0.8, 332: 0.8, 54: 0.55, 284: 0.55}
_FOREHEAD_SHARE |= {21: 0.25, 251: 0.25}
HAIRLINE = 1.1  # the mesh ends a little under most hairlines

Polygon = Float32[np.ndarray, "_ 2"]


def face_outline(landmarks: Float32[np.ndarray, "478 d"], forehead: float = HAIRLINE) -> Polygon:
    """Convex outline of the face.

    Args:
        landmarks: mesh points in any unit.
        forehead: how much of the forehead is inside: 0 ends at the brows, 1 at the top of the mesh, more above it.
    """
    points = landmarks[: mesh.MESH_POINTS, :2].copy()
    up = landmarks[mesh.FOREHEAD, :2] - landmarks[mesh.GLABELLA, :2]
    for index, share in _FOREHEAD_SHARE.items():
        points[index] += up * ((forehead - 1) * share)
    if forehead < 1:  # inner points of the forehead would keep the hull high
        points = points[_under_forehead(forehead)]
    return _hull(points)


def _hull(points: Float32[np.ndarray, "n 2"]) -> Polygon:
    return cv2.convexHull(points.astype(np.float32))[:, 0]


def _under_forehead(forehead: float) -> np.ndarray:
    """Mesh points that lie in the face when only part of the forehead does, and the moved outline."""
    height = mesh.canonical_face()[: mesh.MESH_POINTS, 1]
    top, brow = height[mesh.FOREHEAD], height[mesh.GLABELLA]
    inside = height > brow + (top - brow) * forehead
    inside[list(_FOREHEAD_SHARE)] = True
    return inside


def region_polygons(landmarks: Float32[np.ndarray, "478 d"], name: str) -> list[Polygon]:
    """Outlines of one region; of several polygons the union counts.

    Args:
        landmarks: mesh points in any unit.
        name: one of ``REGIONS`` but ``skin``, which is a difference of others.

    Raises:
        ValueError: an unknown name.
    """
    if name == "face":
        return [face_outline(landmarks)]
    loops = {
        "brows": (mesh.LEFT_BROW, mesh.RIGHT_BROW),
        "eyes": (mesh.LEFT_EYE, mesh.RIGHT_EYE),
        "nose": (mesh.NOSE,),
        "lips": (mesh.LIPS_OUTER,),
        "mouth": (mesh.LIPS_INNER,),
    }
    if name not in loops:
        raise ValueError(f"unknown region {name!r}; there are {', '.join(REGIONS)}")
    return [np.ascontiguousarray(landmarks[list(loop), :2], dtype=np.float32) for loop in loops[name]]


def draw_polygons(polygons: Sequence[Polygon], size: int) -> Float32[np.ndarray, "s s"]:
    """Fill polygons with soft (anti-aliased) edges; 1 inside.

    Args:
        polygons: corners in pixels, origin at the centre of the top-left pixel.
        size: side of the mask in pixels.
    """
    factor = int(np.clip(512 // size, 1, 8))  # small masks are drawn larger and averaged
    canvas = np.zeros((size * factor, size * factor), np.uint8)
    for polygon in polygons:
        corners = np.clip(polygon * factor + (factor - 1) / 2, -4096, 16384)
        cv2.fillPoly(canvas, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    if factor > 1:
        canvas = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return canvas.astype(np.float32) / 255


def hull_mask(
    landmarks: Float32[np.ndarray, "478 d"], groups: Sequence[Sequence[int]], size: int
) -> Float32[np.ndarray, "s s"]:
    """Soft mask of the convex hulls of groups of mesh points.

    Args:
        landmarks: mesh points in crop pixels.
        groups: numbers of mesh points.
        size: side of the crop in pixels.
    """
    return draw_polygons([_hull(landmarks[list(group), :2]) for group in groups], size)


def disc(radius: float) -> UInt8[np.ndarray, "k k"]:
    """Round brush with which OpenCV grows and shrinks masks; at least 3 px wide.

    Args:
        radius: px.
    """
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def region_mask(landmarks: Float32[np.ndarray, "478 d"], name: str, size: int) -> Float32[np.ndarray, "s s"]:
    """Soft mask of one region of one crop.

    Args:
        landmarks: mesh points in crop pixels.
        name: one of ``REGIONS``.
        size: side of the crop in pixels.

    Returns:
        Share of each pixel inside the region, in [0, 1].

    Raises:
        ValueError: an unknown name.
    """
    if name == "skin":
        features = [region_mask(landmarks, other, size) for other in ("brows", "eyes", "lips", "mouth")]
        return region_mask(landmarks, "face", size) * (1 - np.maximum.reduce(features))
    mask = draw_polygons(region_polygons(landmarks, name), size)
    if name == "lips":
        mask *= 1 - draw_polygons(region_polygons(landmarks, "mouth"), size)
    return mask


def region_masks(landmarks: Float[Tensor, "b 478 d"], size: int, names: Sequence[str]) -> Float[Tensor, "b n s s"]:
    """Soft masks of several regions for a batch, drawn on the CPU.

    Args:
        landmarks: mesh points as a share of the crop's side.
        size: side of the masks in pixels.
        names: from ``REGIONS``, one channel each.

    Raises:
        ValueError: an unknown name.
    """
    points = landmarks.detach().float().cpu().numpy() * size
    masks = [[region_mask(face, name, size) for name in names] for face in points]
    return torch.from_numpy(np.asarray(masks, dtype=np.float32)).to(landmarks)
