"""Give the skin of a swapped face the light and shade that lie on the target's."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.compose.color import add_detail, nearby_mean, to_rgb
from swapper.faces import mesh
from swapper.faces.skin import Statistics, cheek_mask, color_statistics, feature_mask, skin_likeness, to_lab

RADIUS = 0.4  # eye distances: light varies over this length, features over less
SIDE = 128  # skin and light are measured at this side at most
_CALM = 0.03  # eye distances, of the blur that calms single pixels
_LIMIT = np.array([22, 8, 10], dtype=np.float32)  # largest local change of L*, a*, b*


class SharedSkin(NamedTuple):
    """What two faces on top of each other show of plain skin.

    Attributes:
        own: colours of the upper face's cheeks.
        goal: of the lower face's.
        likeness: how far each pixel looks like skin in both, 0 to 1.
        plain: that, without eyes, brows, lips and what lies outside.
    """

    own: Statistics
    goal: Statistics
    likeness: Float32[np.ndarray, "t t"]
    plain: Float32[np.ndarray, "t t"]


def shared_skin(
    lab: Float32[np.ndarray, "t t 3"],
    wanted: Float32[np.ndarray, "t t 3"],
    landmarks: Float32[np.ndarray, "478 d"],
    inside: Float32[np.ndarray, "t t"],
) -> SharedSkin | None:
    """Compare a swapped face with its target.

    Args:
        lab: CIE L*a*b*, swapped.
        wanted: the target's.
        landmarks: mesh points of the target, px.
        inside: share of the swapped face, in [0, 1].

    Returns:
        None where the cheeks of one of them are not seen.
    """
    side, calm = len(lab), _CALM * mesh.eye_distance(landmarks)
    cheeks = cheek_mask(landmarks, side) * inside
    own, goal = color_statistics(lab, cheeks), color_statistics(wanted, cheeks)
    if own is None or goal is None:
        return None
    likeness = skin_likeness(lab, own, calm) * skin_likeness(wanted, goal, calm)
    return SharedSkin(own, goal, likeness, inside * likeness * (1 - feature_mask(landmarks, side)))


def match_light(
    face: UInt8[np.ndarray, "s s 3"],
    target: UInt8[np.ndarray, "s s 3"],
    landmarks: Float32[np.ndarray, "478 d"],
    mask: Float32[np.ndarray, "s s"],
    share: float = 1.0,
) -> UInt8[np.ndarray, "s s 3"]:
    """Change the large-scale light of a face where it and the target show plain skin.

    Args:
        face: RGB, swapped.
        target: RGB, the crop it was swapped into.
        landmarks: mesh points of the target, px.
        mask: share of the swapped face, in [0, 1].
        share: of the way, 0 to 1.
    """
    side = min(SIDE, len(face))
    small, goal, inside = (
        cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in (face, target, mask)
    )
    points, lab, wanted = landmarks * np.float32(side / len(face)), to_lab(small), to_lab(goal)
    skin = shared_skin(lab, wanted, points, inside)
    if skin is None:
        return face
    change = light_difference(lab, wanted, skin.plain, RADIUS * mesh.eye_distance(points))
    return add_detail(face, small, to_rgb(lab + np.float32(share) * change))


def light_difference(
    face: Float32[np.ndarray, "s s 3"],
    target: Float32[np.ndarray, "s s 3"],
    weight: Float32[np.ndarray, "s s"],
    radius: float,
) -> Float32[np.ndarray, "s s 3"]:
    """What to add to a face so that its large-scale light is the target's.

    Both are blurred widely where the weight allows, and so widely filled in from there that light from one side
    carries over while features do not.

    Args:
        face: CIE L*a*b*, swapped, of the target's mean colour already.
        target: CIE L*a*b*.
        weight: how far each pixel shows plain skin in both, in [0, 1].
        radius: standard deviation of the blur, px.
    """
    wide, _ = nearby_mean(target - face, weight, 2 * radius)
    close, known = nearby_mean(target - face, weight, radius)
    trust = np.clip(4 * known, 0, 1)
    return np.clip(wide + (close - wide) * trust, -_LIMIT, _LIMIT)
