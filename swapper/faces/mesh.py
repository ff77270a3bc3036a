"""Topology of the 478-point face mesh: named groups of points, triangles, mirror pairs, and a mean frontal face.

The numbering is MediaPipe's. Left and right are those of the image: the left eye is the one a viewer sees on the
left, the person's right.
"""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int32

POINTS = 478
MESH_POINTS = 468  # the irises follow

Loop = tuple[int, ...]

# Closed outlines, clockwise on screen unless noted.
FACE_OVAL: Loop = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
LIPS_OUTER: Loop = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER: Loop = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
LEFT_EYE: Loop = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
RIGHT_EYE: Loop = (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382)
LEFT_BROW: Loop = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
RIGHT_BROW: Loop = (336, 296, 334, 293, 300, 276, 283, 282, 295, 285)
NOSE: Loop = (
    *(168, 417, 465, 412, 437, 355, 429, 358, 327, 326),
    *(2, 97, 98, 129, 209, 126, 217, 188, 245, 193),
)
LEFT_IRIS: Loop = (469, 470, 471, 472)
RIGHT_IRIS: Loop = (474, 475, 476, 477)

# Rings of the lips between their outer and inner outline, in the outlines' order.
LIPS_RINGS: tuple[Loop, Loop] = (
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306, 307, 320, 404, 315, 16, 85, 180, 90, 77),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292, 325, 319, 403, 316, 15, 86, 179, 89, 96),
)
# Single points and open chains.
LEFT_IRIS_CENTRE, RIGHT_IRIS_CENTRE = 468, 473
LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS = (33, 133), (362, 263)
_EYE_CORNERS = np.array([*LEFT_EYE_CORNERS, *RIGHT_EYE_CORNERS])
MOUTH_CORNERS = (61, 291)
NOSE_TIP, CHIN, FOREHEAD, GLABELLA = 1, 152, 10, 9
JAW: Loop = FACE_OVAL[8:29]  # from the right ear past the chin to the left ear
# Contour points at the height of the eyes, the ear lobes and the corners of the jaw.
LEFT_SIDE, RIGHT_SIDE = (127, 132, 172), (356, 361, 397)


@cache
def _stored() -> dict[str, list[list[float]]]:
    return json.loads(Path(__file__).with_name("canonical_face.json").read_text())


@cache
def canonical_face() -> Float32[np.ndarray, "478 3"]:
    """The mean frontal face: x to the image's right, y down, z away from the camera, read-only.

    Exactly symmetric; the origin lies midway between the eyes, whose centres (means of their corners) are 1 apart.
    Made by ``trainers/data/canonical_face.py``.
    """
    return _frozen(np.asarray(_stored()["points"], dtype=np.float32))


@cache
def triangles() -> Int32[np.ndarray, "n 3"]:
    """Triangles over the 468 mesh points, eyes and mouth filled; clockwise on screen where they face the camera.

    Delaunay triangles of the mean face unrolled from a cylinder, with strips between the rings of the lips. Read-only.
    """
    return _frozen(np.asarray(_stored()["triangles"], dtype=np.int32))


@cache
def mirror_index() -> Int32[np.ndarray, "478"]:
    """For every point the one that takes its place in a mirrored picture. Read-only."""
    face = canonical_face()
    mirrored = face * np.array([-1, 1, 1], dtype=np.float32)
    distance = np.linalg.norm(mirrored[:, None] - face[None], axis=-1)
    return _frozen(distance.argmin(1).astype(np.int32))


@cache
def canonical_normals() -> Float32[np.ndarray, "468 3"]:
    """Outward unit normals of the mean face's mesh points. Read-only."""
    face = canonical_face()[:MESH_POINTS]
    corner = face[triangles()]
    normal = np.cross(corner[:, 2] - corner[:, 0], corner[:, 1] - corner[:, 0])
    total = np.zeros_like(face)
    for k in range(3):
        np.add.at(total, triangles()[:, k], normal)
    return _frozen(total / np.linalg.norm(total, axis=1, keepdims=True))


def eye_distance(landmarks: Float32[np.ndarray, "478 d"]) -> float:
    """Distance of the eyes' centres in the landmarks' unit, corrected for a turned head where depth is given."""
    corners = landmarks[_EYE_CORNERS].tolist()  # plain numbers: functions of arrays would take ten times as long
    left, right = ([(a + b) / 2 for a, b in zip(*pair, strict=True)] for pair in (corners[:2], corners[2:]))
    return math.dist(left, right)


def rotation_from_canonical(landmarks: Float32[np.ndarray, "478 3"]) -> Float32[np.ndarray, "3 3"]:
    """Rotation that turns the mean face into the pose of a measured one (column vectors, image axes).

    Source: Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
    """
    u, _, v = np.linalg.svd(_centred_face().T @ landmarks[:MESH_POINTS])  # centred, so their mean does not count
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    return (u @ flip @ v).T.astype(np.float32)


@cache
def _centred_face() -> Float64[np.ndarray, "468 3"]:
    face = canonical_face()[:MESH_POINTS].astype(np.float64)
    return _frozen(face - face.mean(0))


def facing(landmarks: Float32[np.ndarray, "478 3"]) -> Float32[np.ndarray, "468"]:
    """How far every mesh point is turned to the camera: 1 straight at it, 0 edge-on, negative away.

    The mean face's normals are turned into the measured pose, which noise in the measured depth hardly moves.
    """
    return -(canonical_normals() @ rotation_from_canonical(landmarks)[2])


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
