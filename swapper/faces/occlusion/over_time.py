"""Things in front of a face, found by rule: dark glasses in any picture, and what passes by in a video's frames.

Hands, microphones and hair are found where a face does not look as it did in the frames before. What is there from the
beginning is for the network of ``network.py``, which needs no frames before.

Looks are colours at the mesh points, so that turning, speaking and moving change them little.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from swapper.faces import mesh
from swapper.faces.occlusion.glasses import PointColors, dark_glasses, glasses_mask, point_colors
from swapper.faces.rows import fields_from_row, fields_to_row

_LEAST_FRAMES = 5  # seen before anything is taken for an occluder
_MEMORY = 40  # frames over which a look is averaged
_EDGE_ON = 0.2  # points turned further away than this say nothing
_LIGHT, _TINT = 0.45, 6.0  # logarithm of lightness, and units of a*b*, by which shadows and motion change a point
_OCCLUDED = (1.0, 1.7)  # times those: the face from below the first, something else from above the second
_TOGETHER = 0.3  # least share of occluded points around one
_LOST, _PATIENCE = 0.55, 8  # share of occluded points, and frames of it, at which it is rather the look that changed
_FADING = 0.5  # share of the last frame's cover in this one's
_GLASSES_SHARE = 0.25  # of a new look at glasses that is believed
_LEAST_GLASSES = 0.02  # share that is drawn
_LEAST_POINTS, _APART = 12, 0.15  # points that tell the light, and eye distances between them
_GRID = 40  # side on which covers are drawn
_SPREAD = 1.6  # px of the grid, of the covers' soft edge

PerPoint = Float32[np.ndarray, "468"]


@dataclass(frozen=True)
class Appearance:
    """The appearance of a face in one frame.

    Attributes:
        colors: CIE L*a*b* at the mesh points.
        facing: whether each is turned to the camera.
        occlusion: share of something else in front of each, 0 to 1.
        glasses: how surely the eyes are behind dark glasses, 0 to 1.
    """

    colors: PointColors
    facing: Bool[np.ndarray, "468"]
    occlusion: PerPoint
    glasses: float


@dataclass(frozen=True)
class UsualAppearance:
    """The usual appearance of a face.

    Attributes:
        colors: CIE L*a*b* at the mesh points.
        counts: frames each was seen in.
        occlusion: of the last frame.
        glasses: of the last frame.
        lost: frames in a row in which it was hardly to be seen.
    """

    colors: PointColors
    counts: PerPoint
    occlusion: PerPoint
    glasses: float
    lost: int = 0

    def to_row(self) -> dict[str, Any]:
        """As plain values."""
        return fields_to_row(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "UsualAppearance":
        """Undo ``to_row``."""
        return cls(**fields_from_row(row))


def measure_appearance(
    image: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 3"], usual: UsualAppearance | None
) -> Appearance:
    """Measure how a face appears, and where it is occluded.

    Args:
        image: RGB crop.
        landmarks: mesh points in crop pixels.
        usual: the face's in the frames before; None where there are none, as of a photo.
    """
    colors, facing = point_colors(image, landmarks), mesh.facing(landmarks) > _EDGE_ON
    glasses = dark_glasses(colors)
    if usual is None:
        return Appearance(colors, facing, np.zeros(mesh.MESH_POINTS, np.float32), glasses)
    return Appearance(
        colors, facing, _occlusion(colors, facing, usual), usual.glasses + _GLASSES_SHARE * (glasses - usual.glasses)
    )


def update_appearance(usual: UsualAppearance | None, appearance: Appearance) -> UsualAppearance:
    """The usual appearance after one more frame.

    Args:
        usual: after the frames before; None where there are none.
        appearance: of the frame.
    """
    if usual is None or usual.lost >= _PATIENCE:
        return UsualAppearance(
            appearance.colors,
            appearance.facing.astype(np.float32),
            np.zeros_like(appearance.occlusion),
            appearance.glasses,
        )
    if appearance.occlusion[appearance.facing].mean() > _LOST:
        return replace(usual, occlusion=appearance.occlusion, glasses=appearance.glasses, lost=usual.lost + 1)
    new = appearance.facing * (appearance.occlusion < 0.1)
    counts = usual.counts + new
    share = (new / np.clip(counts, 1, _MEMORY))[:, None]
    return UsualAppearance(
        usual.colors + share * (appearance.colors - usual.colors), counts, appearance.occlusion, appearance.glasses
    )


def occlusion_mask(
    appearance: Appearance, image: UInt8[np.ndarray, "s s 3"], landmarks: Float32[np.ndarray, "478 3"]
) -> Float32[np.ndarray, "s s"] | None:
    """Occlusion of each pixel of a crop; None where nothing is in front of the face.

    Args:
        appearance: of the face.
        image: the same RGB crop.
        landmarks: mesh points in crop pixels.
    """
    found = _spread(appearance.occlusion, landmarks, len(image)) if appearance.occlusion.any() else None
    if appearance.glasses < _LEAST_GLASSES:
        return found
    glasses = np.float32(appearance.glasses) * glasses_mask(image, landmarks)
    return glasses if found is None else np.maximum(found, glasses)


def _spread(occlusion: PerPoint, landmarks: Float32[np.ndarray, "478 3"], size: int) -> Float32[np.ndarray, "s s"]:
    """What is known at mesh points, spread over a crop of a side in pixels."""
    places = landmarks[: mesh.MESH_POINTS, :2] * np.float32(_GRID / size)
    column, row = np.clip(np.rint(places), 0, _GRID - 1).astype(int).T
    cell = row * _GRID + column
    drawn = np.stack([np.bincount(cell, part, _GRID * _GRID) for part in (occlusion, np.ones_like(occlusion))], axis=1)
    drawn = cv2.GaussianBlur(drawn.reshape(_GRID, _GRID, 2).astype(np.float32), (0, 0), _SPREAD)
    mask = drawn[..., 0] / (drawn[..., 1] + 1e-3)
    return cv2.resize(np.clip(1.5 * mask, 0, 1), (size, size), interpolation=cv2.INTER_LINEAR)


def _occlusion(colors: PointColors, facing: Bool[np.ndarray, "468"], usual: UsualAppearance) -> PerPoint:
    known = facing & (usual.counts >= _LEAST_FRAMES)
    skin = known & _plain()
    if skin.sum() < mesh.MESH_POINTS // 6:
        return np.zeros(mesh.MESH_POINTS, np.float32)
    change, skin_color = _change(usual.colors, colors), _median(usual.colors[skin])
    bare = skin & (usual.occlusion < 0.5) & _sparse()
    common = _median(change[bare if bare.sum() >= _LEAST_POINTS else skin])  # light falls on all alike
    apart = np.linalg.norm(change - common, axis=1)
    # What lay over the face from the beginning may go: then there is more like skin than before.
    now, before = (
        np.linalg.norm(_change(skin_color, colors) - common, axis=1),
        np.linalg.norm(_change(skin_color, usual.colors), axis=1),
    )
    apart[_plain() & (now < before)] = 0
    apart *= known / _tolerance()
    low, high = _OCCLUDED
    share = np.clip((_nearby() @ apart.astype(np.float32) - low) / (high - low), 0, 1)
    share *= np.clip((_around() @ share - _TOGETHER) / 0.1, 0, 1)
    return np.maximum(share, _FADING * usual.occlusion).astype(np.float32)


def _median(colors: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "3"]:
    """Of each channel, the upper one of the two in the middle; NumPy's function takes three times as long."""
    return np.sort(colors, axis=0)[len(colors) // 2]


def _change(before: Float32[np.ndarray, "*n 3"], now: PointColors) -> PointColors:
    """Lightness and colour that changed, in units of what shadows and motion do; shade alone has no colour."""
    light = np.log((now[:, 0] + 16) / (before[..., 0] + 16))
    tint = now[:, 1:] - before[..., 1:] * np.exp(light)[:, None]
    return np.concatenate([light[:, None] / _LIGHT, tint / _TINT], axis=1)


@cache
def _tolerance() -> PerPoint:
    """Lips and lids move, and show teeth and eyes."""
    tolerance = np.ones(mesh.MESH_POINTS, np.float32)
    eyes = (*mesh.LEFT_EYE, *mesh.RIGHT_EYE)
    for points, value in ((eyes, 1.5), ((*mesh.LIPS_RINGS[0], *mesh.LIPS_RINGS[1]), 1.3), (mesh.LIPS_INNER, 2.0)):
        tolerance[list(points)] = value
    return tolerance


@cache
def _plain() -> Bool[np.ndarray, "468"]:
    """Points that are skin on most faces."""
    plain = np.ones(mesh.MESH_POINTS, bool)
    for loop in (mesh.LEFT_EYE, mesh.RIGHT_EYE, mesh.LEFT_BROW, mesh.RIGHT_BROW, mesh.LIPS_OUTER, mesh.LIPS_INNER):
        plain[list(loop)] = False
    plain[[*mesh.LIPS_RINGS[0], *mesh.LIPS_RINGS[1]]] = False
    return plain


@cache
def _sparse() -> Bool[np.ndarray, "468"]:
    """Points of which no two are close, so that each stands for as much of the face."""
    face, kept = mesh.canonical_face()[: mesh.MESH_POINTS], np.zeros(mesh.MESH_POINTS, bool)
    for point in np.flatnonzero(_plain()):
        kept[point] = not kept.any() or np.linalg.norm(face[kept] - face[point], axis=1).min() > _APART
    return kept


@cache
def _nearby() -> Float32[np.ndarray, "468 468"]:
    return _averaging(0.08)


@cache
def _around() -> Float32[np.ndarray, "468 468"]:
    return _averaging(0.2)


def _averaging(radius: float) -> Float32[np.ndarray, "468 468"]:
    """Matrix that averages over neighbouring mesh points, with a Gaussian of a radius in eye distances."""
    face = mesh.canonical_face()[: mesh.MESH_POINTS]
    # Points are crowded around eyes and mouth; each counts for the area it stands for.
    near = np.exp(-(np.linalg.norm(face[:, None] - face[None], axis=2) ** 2) / (2 * radius**2))
    density = np.exp(-(np.linalg.norm(face[:, None] - face[None], axis=2) ** 2) / (2 * 0.05**2)).sum(1)
    weight = near / density
    return (weight / weight.sum(1, keepdims=True)).astype(np.float32)
