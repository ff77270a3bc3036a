"""Give a swapped face the target's expression and gaze where the drawing missed them by a little."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from swapper.faces import mesh
from swapper.faces.pose import EXPRESSION_PARTS

_REACH = 0.3  # of a point's pull, eye distances
_DOUBT = 0.1  # how little a single point is trusted against its neighbours
_FARTHEST = 0.06  # eye distances: a larger miss is one of the measurement, or another shape of the face
_ROUNDS = 3
_WIDER = 1.3  # times as far open as it was drawn, at most: behind lips pulled further apart nothing is drawn
_SIDE = 64  # px at which the smooth field is computed

Measure = Callable[[UInt8[np.ndarray, "s s 3"]], Float32[np.ndarray, "478 3"]]  # a face -> its mesh points, px

_IRISES = (
    ((mesh.LEFT_IRIS_CENTRE, *mesh.LEFT_IRIS), mesh.LEFT_EYE_CORNERS),
    ((mesh.RIGHT_IRIS_CENTRE, *mesh.RIGHT_IRIS), mesh.RIGHT_EYE_CORNERS),
)


def match_expression(
    face: UInt8[np.ndarray, "s s 3"],
    found: Float32[np.ndarray, "478 d"],
    wanted: Float32[np.ndarray, "478 d"],
    measure: Measure,
    share: float = 1.0,
) -> UInt8[np.ndarray, "s s 3"]:
    """Move lids, irises, brows and lips to where the target has them, each within its own eye or mouth.

    Where a person has eyes and mouth stays as drawn; a smooth field moves what lies between. What a round leaves is
    measured and moved in the next.

    Args:
        face: swapped face, RGB.
        found: mesh points of the swapped face, px.
        wanted: mesh points of the target in the same crop, px.
        measure: finds the mesh points of a face like this.
        share: of the way, 0 to 1.

    Source: ours; the field is Gaussian radial basis interpolation.
    """
    unit, wanted = mesh.eye_distance(wanted), _opened_no_further(found, wanted)
    y, x = np.mgrid[: len(face), : len(face)].astype(np.float32)
    field, moved = np.zeros((*face.shape[:2], 2), np.float32), face
    for round_ in range(_ROUNDS if share else 0):
        points, moves = _moves(measure(moved) if round_ else found, wanted)
        length = np.linalg.norm(moves, axis=1, keepdims=True)
        moves = moves * np.minimum(1, _FARTHEST * unit / np.maximum(length, 1e-6))
        field += share * _spread(points, moves, _REACH * unit, len(face))
        moved = cv2.remap(face, x - field[..., 0], y - field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved


def _opened_no_further(
    found: Float32[np.ndarray, "478 d"], wanted: Float32[np.ndarray, "478 d"]
) -> Float32[np.ndarray, "478 d"]:
    """The wanted mesh with a mouth that opens no further than ``_WIDER`` allows; lips keep their thickness."""
    outer, inner = np.array(mesh.LIPS_OUTER), np.array(mesh.LIPS_INNER)
    facing = -np.arange(len(inner))  # index of the point of the other lip; the corners face themselves
    has, should = (np.linalg.norm(points[inner] - points[inner[facing]], axis=1) for points in (found, wanted))
    share = np.minimum(1, _WIDER * has / np.maximum(should, 1e-6))[:, None]
    shift = (1 - share) * (wanted[inner[facing]] - wanted[inner]) / 2
    lips = wanted.copy()
    lips[inner] += shift
    lips[outer] += shift
    return lips


def _moves(
    found: Float32[np.ndarray, "478 d"], wanted: Float32[np.ndarray, "478 d"]
) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, "n 2"]]:
    points, moves = [], []
    for part, anchor in (*EXPRESSION_PARTS, *_IRISES):
        has, should = (mesh_points[list(part), :2].astype(np.float64) for mesh_points in (found, wanted))
        shift = found[list(anchor), :2].mean(0) - wanted[list(anchor), :2].mean(0)
        points.append(has)
        moves.append(should + shift - has)
    return np.concatenate(points), np.concatenate(moves)


def _spread(
    points: Float64[np.ndarray, "n 2"], moves: Float64[np.ndarray, "n 2"], reach: float, size: int
) -> Float32[np.ndarray, "s s 2"]:
    """A field that follows the moves at their points and fades with the distance from all of them, to nothing."""
    weights = np.linalg.solve(_pull(_squared(points, points), reach) + _DOUBT * np.eye(len(points)), moves)
    steps = (np.arange(_SIDE) + 0.5) * size / _SIDE - 0.5
    places = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    squared = _squared(places, points)

    def enlarged(values: Float64[np.ndarray, "n d"]) -> Float32[np.ndarray, "s s d"]:
        coarse = values.reshape(_SIDE, _SIDE, -1).astype(np.float32)
        return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR).reshape(size, size, -1)

    distance = enlarged(np.sqrt(squared.min(1, keepdims=True)))
    return enlarged(_pull(squared, reach) @ weights) * np.clip(2 - distance / np.float32(reach), 0, 1)


def _squared(places: Float64[np.ndarray, "m 2"], points: Float64[np.ndarray, "n 2"]) -> Float64[np.ndarray, "m n"]:
    return np.maximum((places**2).sum(1)[:, None] + (points**2).sum(1) - 2 * places @ points.T, 0)


def _pull(squared: Float64[np.ndarray, "m n"], reach: float) -> Float64[np.ndarray, "m n"]:
    return np.exp(-squared / (2 * reach**2))
