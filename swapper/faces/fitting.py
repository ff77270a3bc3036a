"""Cutting a face as a network wants it: the five points fitted to the network's own template."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import (
    TEMPLATES,
    Placement,
    align_matrix,
    compose_affine,
    invert_affine,
    similarity_transform,
    transform_points,
    warp_frame,
)
from swapper.registry.pipelines import Alignment
from swapper.types import Crop, Face, Surroundings

_ROOM = 0.35  # of the side of the ffhq crop, that a face's surroundings reach beyond it

# insightface's templates for heads that are turned to the left, in profile and half, and to the right, half and in
# profile, in pixels of a crop of 112; the frontal one is ``arcface_112_v1``.
_LEFT = (
    ((51.642, 50.115), (57.617, 49.990), (35.740, 69.007), (51.157, 89.050), (57.025, 89.702)),
    ((45.031, 50.118), (65.568, 50.872), (39.677, 68.111), (45.177, 86.190), (64.246, 86.758)),
)
_RIGHT = (
    ((46.845, 50.872), (67.382, 50.118), (72.737, 68.111), (48.167, 86.758), (67.236, 86.190)),
    ((54.796, 49.990), (60.771, 50.115), (76.673, 69.007), (55.388, 89.702), (61.257, 89.050)),
)


def poses(template: str) -> list[Float32[np.ndarray, "5 2"]]:
    """A template for each of five directions a head may be turned to, as shares of the crop.

    Args:
        template: the frontal one, key of ``faces.align.TEMPLATES``.

    Source: insightface 0.2.1 (``estimate_norm``), as GHOST and SimSwap use it.
    """
    turned = [np.asarray(points, np.float32) / 112 for points in (*_LEFT, *_RIGHT)]
    return [*turned[:2], TEMPLATES[template], *turned[2:]]


def fit_matrix(points: Float32[np.ndarray, "5 2"], alignment: Alignment) -> Float32[np.ndarray, "2 3"]:
    """Map from frame pixels to a crop.

    Args:
        points: image-left eye, image-right eye, nose tip, mouth corners, frame pixels.
        alignment: of the crop.
    """
    size, template = alignment.size, TEMPLATES[alignment.template]
    if alignment.fit == "similarity":
        return similarity_transform(points, template * size)
    if alignment.fit == "affine":
        return affine_transform(points, template * size)
    if alignment.fit == "poses":
        found = [(similarity_transform(points, pose * size), pose * size) for pose in poses(alignment.template)]
        return min(found, key=lambda pair: float(_distance(transform_points(points, pair[0]), pair[1])))[0]
    return align_matrix(points, size, alignment.template)


def affine_transform(
    source: Float32[np.ndarray, "n 2"], target: Float32[np.ndarray, "n 2"]
) -> Float32[np.ndarray, "2 3"]:
    """Least-squares affine map, six parameters, that carries one point set onto another.

    Args:
        source: points in any unit; a similarity is fitted where they lie on one line.
        target: where they should go.
    """
    rows = np.hstack([source.astype(np.float64), np.ones((len(source), 1))])
    centred = source - source.mean(0)
    spread = np.linalg.svd(centred.astype(np.float64), compute_uv=False)
    if spread[1] < 1e-3 * max(spread[0], 1e-12):
        return similarity_transform(source, target)
    return np.linalg.lstsq(rows, target.astype(np.float64), rcond=None)[0].T.astype(np.float32)


def cut_aligned(
    frame: UInt8[np.ndarray, "h w 3"],
    points: Float32[np.ndarray, "5 2"],
    alignment: Alignment,
    landmarks: Float32[np.ndarray, "478 3"] | None = None,
) -> Crop:
    """Cut one face from a frame.

    Args:
        frame: RGB.
        points: the five points in frame pixels.
        alignment: of the crop.
        landmarks: mesh points in frame pixels, carried into the crop when given.
    """
    matrix = fit_matrix(points, alignment)
    moved = None if landmarks is None else transform_points(landmarks, matrix)
    return Crop(warp_frame(frame, matrix, alignment.size), matrix, moved, points)


def cut_source(frame: UInt8[np.ndarray, "h w 3"], face: Face, size: int = 256) -> Crop:
    """Cut a source person as methods take it: ``ffhq`` template, with the surroundings for crops of their own.

    Args:
        frame: RGB.
        face: with its landmarks.
        size: side of the crop, px.
    """
    crop = cut_aligned(frame, face.points, Alignment("ffhq", size), face.landmarks)
    low, high = -_ROOM * size, (1 + _ROOM) * size
    corners = np.array([[low, low], [high, low], [low, high], [high, high]], np.float32)
    seen = transform_points(corners, invert_affine(crop.matrix))
    height, width = frame.shape[:2]
    left, top = (int(v) for v in np.clip(np.floor(seen.min(0)), 0, [width - 1, height - 1]))
    right, bottom = (int(v) for v in np.clip(np.ceil(seen.max(0)), [left + 1, top + 1], [width, height]))
    part = np.ascontiguousarray(frame[top:bottom, left:right])
    return replace(crop, surroundings=Surroundings(part, left, top))


def cut_again(crop: Crop, alignment: Alignment) -> Crop:
    """The same face in another alignment, cut from its surroundings where the crop has them.

    Args:
        crop: in the ``ffhq`` template.
        alignment: wanted.
    """
    if (alignment.template, alignment.size) == ("ffhq", crop.size) and alignment.fit in ("fixed", "similarity"):
        return crop
    matrix = fit_matrix(_points(crop), alignment)  # frame pixels to the wanted crop
    to_new = compose_affine(matrix, invert_affine(crop.matrix))
    if crop.surroundings is None:
        image = warp_frame(crop.image, to_new, alignment.size)
    else:
        around = crop.surroundings
        shift = np.array([[1, 0, around.left], [0, 1, around.top]], np.float32)
        image = warp_frame(around.image, compose_affine(matrix, shift), alignment.size)
    moved = None if crop.landmarks is None else transform_points(crop.landmarks, to_new)
    return Crop(image, matrix, moved, crop.points)


def placement(crop: Crop, alignment: Alignment) -> Placement:
    """Where the face lies in a crop, for what looks at crops in another template.

    Args:
        crop: with its five points.
        alignment: that it was cut by.
    """
    if alignment.fit == "fixed" or crop.points is None:
        return alignment.template
    grow = np.array([[crop.size, 0, 0], [0, crop.size, 0]], np.float32)
    to_frame = compose_affine(invert_affine(crop.matrix), grow)
    return compose_affine(align_matrix(crop.points, 1), to_frame)


def _points(crop: Crop) -> Float32[np.ndarray, "5 2"]:
    """The five points in frame pixels; of a crop that does not know them, those of its template."""
    if crop.points is not None:
        return crop.points
    return transform_points(TEMPLATES["ffhq"] * crop.size, invert_affine(crop.matrix))


def _distance(points: Float32[np.ndarray, "5 2"], template: Float32[np.ndarray, "5 2"]) -> np.floating:
    return np.linalg.norm(points - template, axis=1).sum()
