"""Rasterising the face mesh: which triangle covers a pixel, and where that pixel lies on another mesh."""

import cv2
import numpy as np
from jaxtyping import Float32, Int32, UInt16

from swapper.faces import mesh

_SUBPIXEL = 4  # binary digits behind the point in OpenCV's polygon corners


def covering_triangles(landmarks: Float32[np.ndarray, "n 3"], size: int) -> UInt16[np.ndarray, "s s"]:
    """Number of the nearest camera-facing triangle at every pixel, counted from 1; 0 where there is none.

    Args:
        landmarks: at least the 468 mesh points, crop pixels.
        size: side of the crop in pixels.
    """
    triangles = mesh.triangles()
    corners = landmarks[triangles]
    (ax, ay), (bx, by) = (corners[:, 1, :2] - corners[:, 0, :2]).T, (corners[:, 2, :2] - corners[:, 0, :2]).T
    visible = np.flatnonzero(ax * by - ay * bx > 1e-3)
    order = visible[np.argsort(-corners[visible, :, 2].mean(1))]  # far ones first
    limit = float(1 << 13)
    fixed = np.round(np.clip(corners[..., :2], -limit, limit) * (1 << _SUBPIXEL)).astype(np.int32)
    canvas = np.zeros((size, size), np.uint16)
    for index in order:
        cv2.fillConvexPoly(canvas, fixed[index], int(index) + 1, cv2.LINE_8, _SUBPIXEL)
    return canvas


def affine_per_triangle(
    landmarks: Float32[np.ndarray, "n d"], values: Float32[np.ndarray, "468 c"]
) -> Float32[np.ndarray, "m c 3"]:
    """For every triangle the affine map from (x, y, 1) that takes ``values`` at its corners.

    Args:
        landmarks: at least the 468 mesh points; where the corners lie.
        values: what the map is at each mesh point.
    """
    triangles: Int32[np.ndarray, "m 3"] = mesh.triangles()
    origin, first, second = (landmarks[triangles[:, k], :2].astype(np.float64) for k in range(3))
    edges = np.stack([first - origin, second - origin], axis=1)  # m 2 2, rows are edges
    determinant = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    determinant = np.where(np.abs(determinant) < 1e-6, 1e-6, determinant)
    inverse = np.empty_like(edges)
    inverse[:, 0, 0], inverse[:, 1, 1] = edges[:, 1, 1], edges[:, 0, 0]
    inverse[:, 0, 1], inverse[:, 1, 0] = -edges[:, 0, 1], -edges[:, 1, 0]
    inverse /= determinant[:, None, None]
    base = values[triangles[:, 0]].astype(np.float64)
    change = np.stack([values[triangles[:, 1]] - base, values[triangles[:, 2]] - base], axis=1)  # m 2 c
    slope = np.swapaxes(inverse @ change, 1, 2)  # m c 2
    shift = base - np.einsum("mcj,mj->mc", slope, origin)
    return np.concatenate([slope, shift[:, :, None]], axis=2).astype(np.float32)


def interpolate_over_mesh(
    landmarks: Float32[np.ndarray, "n 3"], values: Float32[np.ndarray, "468 c"], size: int
) -> tuple[Float32[np.ndarray, "s s c"], Float32[np.ndarray, "s s"]]:
    """Spread values given at the mesh points over the pixels that the visible mesh covers, linearly per triangle.

    Args:
        landmarks: at least the 468 mesh points (x, y, z), crop pixels.
        values: anything per mesh point, such as its place in another photo.
        size: side of the crop in pixels.

    Returns:
        The values (0 where no triangle is), and 1 where a triangle is.
    """
    number = covering_triangles(landmarks, size)
    rows, columns = np.nonzero(number)
    maps = affine_per_triangle(landmarks, values)[number[rows, columns] - 1]
    found = maps[:, :, 2] + maps[:, :, 0] * columns[:, None] + maps[:, :, 1] * rows[:, None]
    out = np.zeros((size, size, values.shape[1]), np.float32)
    out[rows, columns] = found
    return out, (number > 0).astype(np.float32)
