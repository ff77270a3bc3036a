"""Where a head and its eyes point, how far eyes and mouth are open, and the expression, from the 478 mesh points.

Image axes: x to the right, y down, z away from the camera. Angles are degrees; left and right are those of the image.
Any unit will do for the landmarks, as long as depth has the same one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from swapper.faces import mesh

EYE_RADIUS = 0.17  # iris centre to eyeball centre, share of the eye distance (about 10.5 mm of 61 mm)
_WIDEST = 0.9  # share of the eyeball's radius beyond which an iris is noise: 64 degrees

# Upper and lower lid, upper and lower inner lip.
_LEFT_LIDS = ((160, 144), (159, 145), (158, 153))
_RIGHT_LIDS = ((385, 380), (386, 374), (387, 373))
_LIPS = ((82, 87), (13, 14), (312, 317))

# Points that move with the expression, and the pair whose midpoint each part is measured from.
EXPRESSION_PARTS: tuple[tuple[tuple[int, ...], tuple[int, int]], ...] = (
    ((*mesh.LEFT_EYE, *mesh.LEFT_BROW), mesh.LEFT_EYE_CORNERS),
    ((*mesh.RIGHT_EYE, *mesh.RIGHT_BROW), mesh.RIGHT_EYE_CORNERS),
    ((*mesh.LIPS_OUTER, *mesh.LIPS_INNER), mesh.MOUTH_CORNERS),
)


@dataclass(frozen=True)
class HeadPose:
    """Rotation of a head against the mean frontal face, degrees; all 0 for a face that looks into the camera.

    The head is turned by pitch about its own left-right axis first, then by yaw, and by roll in the image plane last,
    so that turning the picture changes roll alone.

    Attributes:
        yaw: positive turned to the image's right.
        pitch: positive turned up.
        roll: positive tilted clockwise on screen.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class Gaze:
    """Direction of each eye relative to the head, degrees: (yaw, pitch), yaw to the image's right, pitch up.

    Attributes:
        left: the image-left eye.
        right: the image-right eye.
    """

    left: tuple[float, float]
    right: tuple[float, float]


def head_pose(landmarks: Float32[np.ndarray, "478 3"]) -> HeadPose:
    """Measure a head's pose by a rigid fit of the mean frontal face to all mesh points.

    Args:
        landmarks: mesh points.
    """
    r = mesh.rotation_from_canonical(landmarks).astype(np.float64)
    return HeadPose(
        yaw=float(np.degrees(np.arctan2(r[2, 0], np.hypot(r[0, 0], r[1, 0])))),
        pitch=float(-np.degrees(np.arctan2(r[2, 1], r[2, 2]))),
        roll=float(np.degrees(np.arctan2(r[1, 0], r[0, 0]))),
    )


def rotation_of(pose: HeadPose) -> Float64[np.ndarray, "3 3"]:
    """The rotation (column vectors, image axes) whose angles a pose holds."""
    yaw, pitch, roll = np.radians([-pose.yaw, -pose.pitch, pose.roll])
    c, s = np.cos, np.sin
    about_x = np.array([[1, 0, 0], [0, c(pitch), -s(pitch)], [0, s(pitch), c(pitch)]])
    about_y = np.array([[c(yaw), 0, s(yaw)], [0, 1, 0], [-s(yaw), 0, c(yaw)]])
    about_z = np.array([[c(roll), -s(roll), 0], [s(roll), c(roll), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def frontal_landmarks(landmarks: Float32[np.ndarray, "478 3"]) -> Float32[np.ndarray, "478 3"]:
    """The face turned to the camera, origin midway between the eyes, eyes 1 apart: pose, place and size removed.

    Args:
        landmarks: mesh points.
    """
    eyes = [landmarks[list(corners)].mean(0) for corners in (mesh.LEFT_EYE_CORNERS, mesh.RIGHT_EYE_CORNERS)]
    turned = (landmarks - (eyes[0] + eyes[1]) / 2) @ mesh.rotation_from_canonical(landmarks)
    return (turned / max(mesh.eye_distance(landmarks), 1e-6)).astype(np.float32)


def gaze(landmarks: Float32[np.ndarray, "478 3"]) -> Gaze:
    """Measure where the eyes look, relative to the head.

    An eyeball of average size sits behind each pair of eye corners where the mean face has it, so that the mean face
    looks straight ahead; the iris centre's place in the image says where it has turned to. The irises' own depth,
    which is hardly measurable, plays no part.

    Args:
        landmarks: mesh points.
    """
    rotation = mesh.rotation_from_canonical(landmarks).astype(np.float64)
    scale = max(mesh.eye_distance(landmarks), 1e-6)
    eyes = ((mesh.LEFT_IRIS_CENTRE, mesh.LEFT_EYE_CORNERS), (mesh.RIGHT_IRIS_CENTRE, mesh.RIGHT_EYE_CORNERS))
    left, right = (_direction(landmarks, rotation, scale, iris, list(corners)) for iris, corners in eyes)
    return Gaze(left, right)


def _direction(
    landmarks: Float32[np.ndarray, "478 3"],
    rotation: Float64[np.ndarray, "3 3"],
    scale: float,
    iris: int,
    corners: list[int],
) -> tuple[float, float]:
    """Yaw and pitch of one eye in the head's frame."""
    face = mesh.canonical_face().astype(np.float64)
    centre = face[iris] - face[corners].mean(0) + [0, 0, EYE_RADIUS]
    seen = landmarks[corners].mean(0)[:2] + scale * (rotation @ centre)[:2]
    sideways = (landmarks[iris, :2] - seen) / (scale * EYE_RADIUS)
    sideways *= min(1, _WIDEST / max(float(np.hypot(*sideways)), 1e-9))
    x, y, z = rotation.T @ [*sideways, -np.sqrt(1 - sideways @ sideways)]
    return float(np.degrees(np.arctan2(x, -z))), float(np.degrees(np.arcsin(np.clip(-y, -1, 1))))


def eye_openness(landmarks: Float32[np.ndarray, "478 3"]) -> tuple[float, float]:
    """Gap between the lids as a share of the eye's width, left and right eye: 0 shut, about 0.3 open.

    Args:
        landmarks: mesh points.
    """
    pairs = ((_LEFT_LIDS, mesh.LEFT_EYE_CORNERS), (_RIGHT_LIDS, mesh.RIGHT_EYE_CORNERS))
    left, right = (_gap(landmarks, lids) / max(_gap(landmarks, (corners,)), 1e-6) for lids, corners in pairs)
    return left, right


def mouth_openness(landmarks: Float32[np.ndarray, "478 3"]) -> float:
    """Gap between the inner lips as a share of the eye distance: 0 shut, 0.3 and more wide open.

    Args:
        landmarks: mesh points.
    """
    return _gap(landmarks, _LIPS) / max(mesh.eye_distance(landmarks), 1e-6)


def _gap(landmarks: Float32[np.ndarray, "478 3"], pairs: tuple[tuple[int, int], ...]) -> float:
    first, second = np.array(pairs).T
    return float(np.linalg.norm(landmarks[first] - landmarks[second], axis=1).mean())


def expression(landmarks: Float32[np.ndarray, "478 3"]) -> Float32[np.ndarray, "92 2"]:
    """Shape of lids, brows and lips, pose and size removed: x, y as shares of the eye distance, mean face subtracted.

    Lids and brows are measured from the middle of their eye's corners, lips from the middle of the mouth's corners,
    which removes where a person has eyes and mouth. What is left of the person is the shape of these parts.
    """
    return _part_shapes(frontal_landmarks(landmarks)) - _part_shapes(mesh.canonical_face())


def _part_shapes(face: Float32[np.ndarray, "478 3"]) -> Float32[np.ndarray, "92 2"]:
    parts = [face[list(points), :2] - face[list(anchor), :2].mean(0) for points, anchor in EXPRESSION_PARTS]
    return np.concatenate(parts)
