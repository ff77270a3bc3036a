"""Finding what lies over a face in one picture (dark glasses, hair) by comparing it with the person's own skin."""

import math
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces import mesh
from swapper.faces.raster import interpolate_over_mesh
from swapper.faces.regions import disc, hull_mask
from swapper.faces.skin import feature_mask, to_lab

_SIDE = 128  # things over a face are looked for at this side
_GLASSES_SIDE = 96

_EYES_APART = 16.0  # px in the picture that colours of points are taken from: finer detail moves too much

# Cheeks under glasses and the nose's tip: the skin that is least often covered.
_SAMPLED = np.array([50, 101, 36, 205, 280, 330, 266, 425, 4, 45, 1, 275, 5])
_UNDER_EYES = ((228, 229, 230, 231, 120, 119, 118, 117), (448, 449, 450, 451, 349, 348, 347, 346))
_OVER_EYES = ((30, 29, 27, 28, 52, 53, 46, 225), (260, 259, 257, 258, 282, 283, 276, 445))
_AROUND_EYES = [*mesh.LEFT_BROW, *mesh.RIGHT_BROW, *mesh.LEFT_EYE, *mesh.RIGHT_EYE]
_AROUND_EYES += [point for points in (*_UNDER_EYES, *_OVER_EYES) for point in points]
# Corners of what glasses cover, and of what large ones may.
_GLASSES = (*mesh.LEFT_BROW, *mesh.RIGHT_BROW, 34, 264, 117, 118, 119, 120, 346, 347, 348, 349)
_LARGE_GLASSES = (*_GLASSES, 127, 356, 123, 50, 36, 352, 280, 266)
_EYES = ((*mesh.LEFT_BROW, *mesh.LEFT_EYE), (*mesh.RIGHT_BROW, *mesh.RIGHT_EYE))
# Likeness to skin under the eyes, half of that over them, and that of all around them, added up: no dark glasses above
# the first, certainly some below the second.
_DARK = (0.82, 0.79)

# Lengths as shares of the eye distance.
_SPECK = 0.04  # thinner things are lashes, stubble and noise
_REACH = 0.15  # how far what covers the skin around an eye, brow or lip covers that too
_MARGIN = 0.06  # around what was found


PointColors = Float32[np.ndarray, "468 3"]


def point_colors(image: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 3"]) -> PointColors:
    """CIE L*a*b* of a face at its mesh points, L in 0..100, without fine detail.

    Args:
        image: RGB crop.
        landmarks: mesh points in crop pixels.
    """
    side = int(np.clip(len(image) * _EYES_APART / max(mesh.eye_distance(landmarks), 1.0), 16, len(image)))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    places = (landmarks[: mesh.MESH_POINTS, :2] + 0.5) * np.float32(side / len(image)) - 0.5
    x, y = (np.ascontiguousarray(axis[None]).astype(np.float32) for axis in places.T)
    found = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return to_lab(found)[0]


def likeness_to_own_skin(lab: Float32[np.ndarray, "*s 3"], colors: PointColors) -> Float32[np.ndarray, "*s"]:
    """Share of the skin's lightness times share of its colourfulness, 1 for skin and what is brighter.

    Shadows take from the first only, lenses and dark hair from both.

    Args:
        lab: CIE L*a*b*, L in 0..100.
        colors: ``point_colors`` of the face.
    """
    lightness, *color = np.sort(colors[_SAMPLED], axis=0)[len(_SAMPLED) // 2].tolist()  # the median
    bright = np.minimum((lab[..., 0] + 5) / (lightness + 5), 1)
    colorful = np.minimum((np.hypot(lab[..., 1], lab[..., 2]) + 2) / (math.hypot(*color) + 2), 1)
    return (bright * colorful).astype(np.float32)


def dark_glasses(colors: PointColors) -> float:
    """How surely a face wears dark glasses, 0 to 1.

    Args:
        colors: its ``point_colors``.
    """
    *around, whole = (_eye_shares() @ likeness_to_own_skin(colors, colors)).tolist()
    return _below(max(around[:2]) + 0.5 * min(around[2:]) + whole, _DARK)


def glasses_mask(
    image: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 3"]
) -> Float32[np.ndarray, "s s"]:
    """Soft mask of the dark glasses that a face wears, with the eyes and brows behind and above them.

    Args:
        image: RGB crop.
        landmarks: mesh points in crop pixels.
    """
    side = min(_GLASSES_SIDE, len(image))
    points = landmarks * np.float32(side / len(image))
    likeness = likeness_to_own_skin(_small_lab(image, side), point_colors(image, landmarks))
    found = _glasses(likeness, points)
    return cv2.resize(found, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def occluded_area(
    image: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 3"]
) -> Float32[np.ndarray, "t t"] | None:
    """Where a face is occluded: by dark glasses, or where it is unlike skin while the other side shows skin.

    Args:
        image: RGB crop.
        landmarks: mesh points in crop pixels.

    Returns:
        Soft mask of the whole crop, in [0, 1], at a smaller size; None where nothing was found.
    """
    side = min(_SIDE, len(image))
    points = landmarks * np.float32(side / len(image))
    colors = point_colors(image, landmarks)
    likeness, glasses = likeness_to_own_skin(_small_lab(image, side), colors), dark_glasses(colors)
    found = np.float32(glasses) * _glasses(likeness, points) if glasses else _one_sided(likeness, points)
    if found.max() < 0.05:
        return None
    return cv2.GaussianBlur(found, (0, 0), max(0.03 * mesh.eye_distance(points), 0.5))


def glasses_in(
    image: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 3"]
) -> Float32[np.ndarray, "s s"] | None:
    """``glasses_mask`` of a face that may wear none; None where it does not.

    Args:
        image: RGB crop.
        landmarks: mesh points in crop pixels.
    """
    share = dark_glasses(point_colors(image, landmarks))
    return np.float32(share) * glasses_mask(image, landmarks) if share else None


def _glasses(
    likeness: Float32[np.ndarray, "t t"], landmarks: Float32[np.ndarray, "478 d"]
) -> Float32[np.ndarray, "t t"]:
    eyes, size = mesh.eye_distance(landmarks), len(likeness)
    usual, large = (hull_mask(landmarks, [points], size) for points in (_GLASSES, _LARGE_GLASSES))
    calm = cv2.GaussianBlur(likeness, (0, 0), max(_SPECK * eyes, 0.5))
    occluded = np.maximum(usual, large * (calm < 0.7))
    return cv2.dilate(occluded, disc(_MARGIN * eyes))


def _one_sided(
    likeness: Float32[np.ndarray, "t t"], landmarks: Float32[np.ndarray, "478 3"]
) -> Float32[np.ndarray, "t t"]:
    """What is unlike skin where the mirrored place is like skin."""
    size, eyes = len(likeness), mesh.eye_distance(landmarks)
    mirror = mesh.mirror_index()[: mesh.MESH_POINTS]
    facing = mesh.facing(landmarks)
    values = np.concatenate([landmarks[mirror, :2], np.minimum(facing, facing[mirror])[:, None]], axis=1)
    places, face = interpolate_over_mesh(landmarks, values.astype(np.float32), size)
    skin = face * (1 - cv2.dilate(feature_mask(landmarks, size), disc(0.04 * eyes)))
    skin *= np.clip((places[..., 2] - 0.1) / 0.2, 0, 1)  # edge-on there is nothing to compare
    calm = cv2.GaussianBlur(likeness, (0, 0), max(_SPECK * eyes, 0.5))
    other = cv2.remap(calm, places[..., 0].copy(), places[..., 1].copy(), cv2.INTER_LINEAR)
    unlike = ((calm < 0.4) & (other > 0.75)).astype(np.float32) * skin
    unlike = cv2.morphologyEx(unlike, cv2.MORPH_OPEN, disc(_SPECK * eyes))
    edge = ((calm < 0.7) & (other > calm + 0.2)).astype(np.float32) * skin  # its shadow and thinner rim
    unlike = np.minimum(edge, cv2.dilate(unlike, disc(_REACH * eyes)))
    over_eyes = [_over_eye(unlike, skin, landmarks, loops) for loops in _EYES]
    if all(eye is None for eye in over_eyes):  # strands at the temples and shaded cheeks are the person's own look
        return np.zeros_like(unlike)
    around = cv2.GaussianBlur(unlike, (0, 0), _REACH * eyes)
    around /= cv2.GaussianBlur(skin, (0, 0), _REACH * eyes) + 0.02
    spread = np.maximum(unlike, np.clip((around - 0.4) / 0.2, 0, 1) * face)
    spread = np.maximum.reduce([spread, *(eye * face for eye in over_eyes if eye is not None)])
    return cv2.dilate(spread, disc(_MARGIN * eyes))


def _over_eye(
    unlike: Float32[np.ndarray, "t t"],
    skin: Float32[np.ndarray, "t t"],
    landmarks: Float32[np.ndarray, "478 3"],
    points: tuple[int, ...],
) -> Float32[np.ndarray, "t t"] | None:
    """The whole of an eye with its brow where something lies over it: half an eye is worse than a mirrored one."""
    eye = cv2.dilate(hull_mask(landmarks, [points], len(skin)), disc(0.12 * mesh.eye_distance(landmarks)))
    return eye if (eye * unlike).sum() > 0.3 * (eye * skin).sum() else None


@cache
def _eye_shares() -> Float32[np.ndarray, "5 468"]:
    """Averages over the points under each eye, over each eye, and around both."""
    shares = np.zeros((5, mesh.MESH_POINTS), np.float32)
    for row, points in zip(shares, (*_UNDER_EYES, *_OVER_EYES, _AROUND_EYES), strict=True):
        np.add.at(row, list(points), 1 / len(points))
    return shares


def _below(value: float, limits: tuple[float, float]) -> float:
    """0 from the first limit on, 1 under the second."""
    none, certain = limits
    return min(max((none - value) / (none - certain), 0.0), 1.0)


def _small_lab(image: UInt8[np.ndarray, "s s 3"], side: int) -> Float32[np.ndarray, "t t 3"]:
    return to_lab(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))
