"""How well a result keeps the target's pose, expression and gaze, and whose face shape it has.

Every measure compares the 478 mesh points of two pictures, so its noise is that of the landmark network. The noise
floor, what a measure says about a target against its own ``reencode``, belongs beside every figure. The floors in
the docstrings are mean and 95th percentile over 30 photographs; a comparison measures its own, on its own photos.
"""

import io

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8
from PIL import Image

from swapper.faces import mesh
from swapper.faces.pose import expression, eye_openness, frontal_landmarks, gaze, head_pose

Landmarks = Float32[np.ndarray, "478 3"]


def pose_error(result: Landmarks, target: Landmarks) -> float:
    """Length of the difference of (yaw, pitch, roll), degrees, 0 and up; noise floor 0.31, 95th percentile 0.82.

    Args:
        result: mesh points.
        target: mesh points, in the same axes.

    Source: FaceShifter, section 4.1 (pose), with our own estimate of the angles.
    """
    found, wanted = head_pose(result), head_pose(target)
    angles = np.array([found.yaw - wanted.yaw, found.pitch - wanted.pitch, found.roll - wanted.roll])
    return float(np.linalg.norm((angles + 180) % 360 - 180))


def expression_error(result: Landmarks, target: Landmarks) -> float:
    """Mean distance of lid, brow and lip points after pose, size and place of the parts are removed.

    A share of the eye distance, 0 and up. The shape of a person's lips and brows cannot be told from an expression
    in one picture, so a swap that changes them is charged for it. Noise floor 0.0008, 95th percentile 0.0022.

    Args:
        result: mesh points.
        target: mesh points.
    """
    return float(np.linalg.norm(expression(result) - expression(target), axis=1).mean())


def gaze_error(result: Landmarks, target: Landmarks) -> float:
    """Mean angle between the directions of the eyes, each relative to its head, degrees, 0..180.

    Noise floor 0.15, 95th percentile 0.44.

    Args:
        result: mesh points.
        target: mesh points.
    """
    found, wanted = gaze(result), gaze(target)
    pairs = ((found.left, wanted.left), (found.right, wanted.right))
    cosines = [float(_direction(a) @ _direction(b)) for a, b in pairs]
    return float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())


def eye_opening_error(result: Landmarks, target: Landmarks) -> float:
    """Mean difference of the lids' gaps, as a share of the eye's width, 0 and up.

    Noise floor 0.0005, 95th percentile 0.0016.

    Args:
        result: mesh points.
        target: mesh points.
    """
    return float(np.abs(np.subtract(eye_openness(result), eye_openness(target))).mean())


def shape_error(result: Landmarks, other: Landmarks) -> float:
    """Mean distance of the jaw's outline from ear to ear, pose and size removed, as a share of the eye distance.

    Measured against the source it says how far the face's shape was taken over, against the target how far it was
    kept. An open mouth lowers the jaw and counts too; the far side of a turned head is guessed by the landmarks.
    Noise floor 0.0032, 95th percentile 0.0091.

    Args:
        result: mesh points.
        other: mesh points of the source or of the target.
    """
    jaw = list(mesh.JAW)
    difference = frontal_landmarks(result)[jaw, :2] - frontal_landmarks(other)[jaw, :2]
    return float(np.linalg.norm(difference, axis=1).mean())


def reencode(image: UInt8[np.ndarray, "h w 3"], quality: int = 75, scale: float = 0.75) -> UInt8[np.ndarray, "h w 3"]:
    """The picture as it comes back from a site that shrinks and compresses it; shows the same, measures differently.

    Args:
        image: RGB.
        quality: of the JPEG, 1..100.
        scale: of the smaller copy that is enlarged again.
    """
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    back = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    encoded = io.BytesIO()
    Image.fromarray(back).save(encoded, "JPEG", quality=quality)
    return np.asarray(Image.open(encoded).convert("RGB"))


def _direction(angles: tuple[float, float]) -> Float64[np.ndarray, "3"]:
    yaw, pitch = np.radians(angles)
    return np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch), -np.cos(yaw) * np.cos(pitch)])
