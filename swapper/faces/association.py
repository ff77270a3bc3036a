"""Whether faces of neighbouring frames are the same one, from their places, sizes and appearance."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces import mesh
from swapper.faces.align import align_matrix
from swapper.faces.pose import head_pose

_JUMP = 0.6  # eye distances; no face moves so far from where it was expected between two frames
_GROWTH = 1.35  # or grows or shrinks by more
_SQUARE = 0.94  # half the side of the square that stands for a face, times the spread of its five points
_PICTURE = 16  # px, side of the picture of a face that is compared
_READABLE_YAW, _READABLE_EYES = 50.0, 14.0  # degrees and pixels within which embeddings tell people apart
_INSIDE = 0.9  # share of the mesh that must lie in the frame for that

Points = Float32[np.ndarray, "5 2"]
Frame = UInt8[np.ndarray, "h w 3"]


def distance(first: Points, second: Points) -> float:
    """How far apart two faces are, in eye distances of the first."""
    eyes = max(float(np.linalg.norm(first[1] - first[0])), 1.0)
    return float(np.linalg.norm(first.mean(0) - second.mean(0))) / eyes


def plausible(expected: Points, found: Points) -> bool:
    """Whether a face can have moved from one place to the other between two frames."""
    growth = _size(found) / _size(expected)
    return distance(expected, found) < _JUMP and 1 / _GROWTH < growth < _GROWTH


def overlap(first: Points, second: Points) -> float:
    """Intersection over union of the squares around two faces."""
    centres = first.mean(0), second.mean(0)
    reach = [_SQUARE * _size(points) for points in (first, second)]
    low = np.maximum(centres[0] - reach[0], centres[1] - reach[1])
    high = np.minimum(centres[0] + reach[0], centres[1] + reach[1])
    shared = float((high - low).clip(0).prod())
    return shared / (4 * (reach[0] ** 2 + reach[1] ** 2) - shared)


def _size(points: Points) -> float:
    """Spread of the five points: unlike the eye distance, it hardly changes when a head turns."""
    return max(float(np.linalg.norm(points - points.mean(0))), 1.0)


def is_readable(landmarks: Float32[np.ndarray, "478 3"], frame: tuple[int, ...]) -> bool:
    """Whether a face is seen well enough to tell who it is: large, not turned away, and not cut by the frame.

    Args:
        landmarks: mesh points, frame pixels.
        frame: height and width of the frame.
    """
    if mesh.eye_distance(landmarks) < _READABLE_EYES or abs(head_pose(landmarks).yaw) > _READABLE_YAW:
        return False
    points = landmarks[: mesh.MESH_POINTS, :2]
    inside = ((points >= 0) & (points < [frame[1], frame[0]])).all(1)
    return float(inside.mean()) >= _INSIDE


def small_picture(frame: Frame, points: Points) -> UInt8[np.ndarray, "s s"]:
    """A face in grey and very small, to be compared by ``appearance_change``."""
    side = 3 * _PICTURE  # a coarse grid of single pixels, then means of it: whole blocks would take longer
    matrix = align_matrix(points, side, "tight")
    grid = cv2.warpAffine(frame, matrix, (side, side), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(cv2.cvtColor(grid, cv2.COLOR_RGB2GRAY), (_PICTURE, _PICTURE), interpolation=cv2.INTER_AREA)


def appearance_change(first: UInt8[np.ndarray, "s s"], second: UInt8[np.ndarray, "s s"]) -> float:
    """Mean difference of two small pictures in grey levels, brightness set aside."""
    change = first.astype(np.float32) - second
    return float(np.abs(change - change.mean()).mean())
