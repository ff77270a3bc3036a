"""Alignment templates, the similarity transform that fits them, and cutting a face from a frame."""

import math
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.types import Crop

# Image-left eye, image-right eye, nose tip, image-left and image-right mouth corner, as a share of the crop's side.
_FFHQ = (
    (0.37691676, 0.46864664),
    (0.62285697, 0.46912813),
    (0.50123859, 0.61331904),
    (0.39308822, 0.72541100),
    (0.61150205, 0.72490465),
)
# The tight window holds forehead to chin of the mean training face with a margin; eyes are 0.31 of the side apart.
_TIGHT_ORIGIN, _TIGHT_SIDE = (0.103, 0.170), 0.794

_COMPLEX = np.array([1, 1j])  # of the plane's axes

TEMPLATES: dict[str, Float32[np.ndarray, "5 2"]] = {
    name: np.asarray(points, dtype=np.float32)
    for name, points in {
        "ffhq": _FFHQ,
        "tight": tuple(tuple((v - o) / _TIGHT_SIDE for v, o in zip(p, _TIGHT_ORIGIN, strict=True)) for p in _FFHQ),
        "arcface": (
            (0.34191607, 0.46157411),
            (0.65653393, 0.45983393),
            (0.50022500, 0.64050536),
            (0.37097589, 0.82469196),
            (0.63151696, 0.82325089),
        ),
        "arcface_112_v1": (
            (0.35473214, 0.45658929),
            (0.64526786, 0.45658929),
            (0.50000000, 0.61154464),
            (0.37913393, 0.77687500),
            (0.62086607, 0.77687500),
        ),
        "arcface_128": (
            (0.36167656, 0.40387734),
            (0.63696719, 0.40235469),
            (0.50019687, 0.56044219),
            (0.38710391, 0.72160547),
            (0.61507734, 0.72034453),
        ),
        "mtcnn": (
            (0.36562865, 0.46733799),
            (0.63305391, 0.46585885),
            (0.50019127, 0.61942959),
            (0.39032951, 0.77598822),
            (0.61178945, 0.77476328),
        ),
    }.items()
}


def similarity_transform(
    source: Float32[np.ndarray, "n 2"], target: Float32[np.ndarray, "n 2"]
) -> Float32[np.ndarray, "2 3"]:
    """Least-squares rotation, uniform scale and shift that carry one point set onto another.

    Args:
        source: points in any unit.
        target: where they should go.

    Returns:
        Matrix for column vectors (x, y, 1).

    Source: Umeyama, "Least-squares estimation of transformation parameters", 1991; in two dimensions without
    reflection the solution is a complex ratio.
    """
    a, b = (points @ _COMPLEX for points in (source, target))
    middle, goal = complex(a.sum()) / len(a), complex(b.sum()) / len(b)
    a = a - middle
    turn = complex(np.vdot(a, b)) / max(np.vdot(a, a).real, 1e-12)
    shift = goal - turn * middle
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32)


def invert_affine(matrix: Float32[np.ndarray, "2 3"]) -> Float32[np.ndarray, "2 3"]:
    """The affine map that undoes ``matrix``."""
    return cv2.invertAffineTransform(matrix.astype(np.float64)).astype(np.float32)


def compose_affine(second: Float32[np.ndarray, "2 3"], first: Float32[np.ndarray, "2 3"]) -> Float32[np.ndarray, "2 3"]:
    """The affine map that applies ``first``, then ``second``."""
    product = second[:, :2].astype(np.float64) @ first
    product[:, 2] += second[:, 2]
    return product.astype(np.float32)


def transform_points(
    points: Float32[np.ndarray, "n d"], matrix: Float32[np.ndarray, "2 3"]
) -> Float32[np.ndarray, "n d"]:
    """Apply an affine map to points; a third coordinate (depth) is scaled by the map's mean scale.

    Args:
        points: (x, y) or (x, y, z) rows.
        matrix: the map.
    """
    out = points.copy()
    out[:, :2] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    if points.shape[1] > 2:
        out[:, 2] = points[:, 2] * affine_scale(matrix)
    return out


def affine_scale(matrix: Float32[np.ndarray, "2 3"]) -> float:
    """Mean length scale of an affine map (square root of its area scale)."""
    (a, b, _), (c, d, _) = matrix.tolist()
    return math.sqrt(abs(a * d - b * c))


Placement = str | Float32[np.ndarray, "2 3"]
"""Where a face lies in a crop: the name of the template that it was cut to, or the map from shares of the crop to
shares of the ``ffhq`` crop of the same face."""


def template_to_template(
    source: Placement, source_size: int, target: str, target_size: int
) -> Float32[np.ndarray, "2 3"]:
    """The map from crops of one template and size to crops of another.

    Args:
        source: where the face lies in the crop.
        source_size: its side in pixels.
        target: template wanted, key of ``TEMPLATES``.
        target_size: its side in pixels.

    Returns:
        Read-only.
    """
    if isinstance(source, str):
        return _between(source, source_size, target, target_size)
    shares = np.array([[1 / source_size, 0, 0], [0, 1 / source_size, 0]], np.float32)
    return compose_affine(_between("ffhq", 1, target, target_size), compose_affine(source, shares))


@cache
def _between(source: str, source_size: int, target: str, target_size: int) -> Float32[np.ndarray, "2 3"]:
    matrix = similarity_transform(TEMPLATES[source] * source_size, TEMPLATES[target] * target_size)
    matrix.setflags(write=False)
    return matrix


def align_matrix(
    points: Float32[np.ndarray, "5 2"], size: int = 256, template: str = "ffhq"
) -> Float32[np.ndarray, "2 3"]:
    """Map from frame pixels to an aligned crop, from the five points.

    The points are fitted to the ``ffhq`` template; any other template follows by its fixed map, so all crops of
    one face agree.

    Args:
        points: image-left eye, image-right eye, nose tip, mouth corners, frame pixels.
        size: side of the crop in pixels.
        template: key of ``TEMPLATES``.
    """
    base = similarity_transform(points, TEMPLATES["ffhq"] * 256)
    if template == "ffhq" and size == 256:
        return base
    return compose_affine(template_to_template("ffhq", 256, template, size), base)


def warp_frame(
    frame: UInt8[np.ndarray, "h w c"], matrix: Float32[np.ndarray, "2 3"], size: int
) -> UInt8[np.ndarray, "s s c"]:
    """Cut a square crop from a frame; outside pixels are mirrored, shrinking is anti-aliased.

    Args:
        frame: RGB (or any channels).
        matrix: frame pixels to crop pixels.
        size: side of the crop.
    """
    scale = affine_scale(matrix)
    if scale < 0.5:
        frame, matrix = _shrink_region(frame, matrix, size, int(1 / scale))
    return cv2.warpAffine(frame, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _shrink_region(
    frame: UInt8[np.ndarray, "h w c"], matrix: Float32[np.ndarray, "2 3"], size: int, factor: int
) -> tuple[UInt8[np.ndarray, "a b c"], Float32[np.ndarray, "2 3"]]:
    """Average blocks of the part of the frame that the crop sees, and adapt the matrix."""
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float32)
    seen = transform_points(corners, invert_affine(matrix))
    height, width = frame.shape[:2]
    left, top = (int(v) for v in np.clip(np.floor(seen.min(0)) - 2 * factor, 0, [width - 1, height - 1]))
    right, bottom = (int(v) for v in np.clip(np.ceil(seen.max(0)) + 2 * factor, [left + 1, top + 1], [width, height]))
    right, bottom = _whole_blocks(left, right, width, factor), _whole_blocks(top, bottom, height, factor)
    region = frame[top:bottom, left:right]
    columns, rows = max(1, round(region.shape[1] / factor)), max(1, round(region.shape[0] / factor))
    small = cv2.resize(region, (columns, rows), interpolation=cv2.INTER_AREA)
    step_x, step_y = region.shape[1] / columns, region.shape[0] / rows
    back = np.array(  # small pixels -> frame pixels; resize aligns the outer edges, not the pixel centres
        [[step_x, 0, left + step_x / 2 - 0.5], [0, step_y, top + step_y / 2 - 0.5]], dtype=np.float32
    )
    return np.ascontiguousarray(small), compose_affine(matrix, back)


def _whole_blocks(low: int, high: int, most: int, factor: int) -> int:
    """Leave out a part of the margin, so that whole blocks are averaged, which takes half the time."""
    return high if high == most else high - (high - low) % factor


def cut_crop(
    frame: UInt8[np.ndarray, "h w 3"],
    points: Float32[np.ndarray, "5 2"],
    size: int = 256,
    template: str = "ffhq",
    landmarks: Float32[np.ndarray, "478 3"] | None = None,
) -> Crop:
    """Cut one aligned face from a frame.

    Args:
        frame: RGB.
        points: the five points in frame pixels.
        size: side of the crop in pixels.
        template: key of ``TEMPLATES``.
        landmarks: mesh points in frame pixels, carried into the crop when given.
    """
    matrix = align_matrix(points, size, template)
    moved = None if landmarks is None else transform_points(landmarks, matrix)
    return Crop(image=warp_frame(frame, matrix, size), matrix=matrix, landmarks=moved, points=points)


def cut_thumbnail(
    frame: UInt8[np.ndarray, "h w 3"], box: Float32[np.ndarray, "4"], size: int = 192
) -> UInt8[np.ndarray, "s s 3"]:
    """A square cut around a face with some room, to be shown.

    Args:
        frame: RGB.
        box: left, top, right, bottom of the face.
        size: side of the result in pixels.
    """
    left, top, right, bottom = box
    scale = size / max(1.5 * max(right - left, bottom - top), 1)
    shift = size / 2 - scale * np.array([left + right, top + bottom]) / 2
    return warp_frame(frame, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], dtype=np.float32), size)


def recut(crop: Crop, template: str, size: int) -> UInt8[np.ndarray, "s s 3"]:
    """The picture of a crop in another template and size, at the fixed place that it has in the crop's.

    Args:
        crop: in the ``ffhq`` template.
        template: key of ``TEMPLATES``.
        size: side of the result, px.
    """
    if template == "ffhq" and crop.size == size:
        return crop.image
    return warp_frame(crop.image, template_to_template("ffhq", crop.size, template, size), size)
