"""One person's two irises have one colour; networks draw patches of several."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.compose.color import to_rgb
from swapper.faces import mesh
from swapper.faces.skin import to_lab

_LEAST_RADIUS = 2.0  # px, of an iris whose colour can be told
_LEAST_OPEN = 0.5  # of an iris's radius: half the height of an eye that is open
_EDGE = 0.35  # of an iris's radius, over which it fades into the white
_BRIGHT = 75.0  # L* of lights that are mirrored in an eye
_SHADE = 20.0  # L* from black or white within which a tint fades
_MOST_APART = 12.0  # a* and b* by which the target's own irises may differ under its light

_EYES = (
    (mesh.LEFT_IRIS_CENTRE, mesh.LEFT_IRIS, mesh.LEFT_EYE),
    (mesh.RIGHT_IRIS_CENTRE, mesh.RIGHT_IRIS, mesh.RIGHT_EYE),
)

Face = UInt8[np.ndarray, "s s 3"]


@dataclass(frozen=True)
class _Iris:
    """What is seen of an iris.

    Attributes:
        place: the part of the crop around it.
        share: of each pixel there that is iris, in [0, 1].
    """

    place: tuple[slice, slice]
    share: Float32[np.ndarray, "h w"]

    def tint(self, image: Face) -> Float32[np.ndarray, "2"]:
        """Mean a* and b*, without the lights that are mirrored in it."""
        lab = to_lab(np.ascontiguousarray(image[self.place]))
        weight = self.share * (lab[..., 0] < _BRIGHT) + np.float32(1e-6)
        return (lab[..., 1:] * weight[..., None]).sum((0, 1)) / weight.sum()

    def paint(self, image: Face, tint: Float32[np.ndarray, "2"]) -> None:
        """Give all of it one a* and b*, in place; black and white have none."""
        lab = to_lab(np.ascontiguousarray(image[self.place]))
        shade = np.clip(np.minimum(lab[..., :1], 100 - lab[..., :1]) / _SHADE, 0, 1)
        lab[..., 1:] += self.share[..., None] * (shade * tint - lab[..., 1:])
        seen = self.share > 0
        image[self.place][seen] = np.rint(to_rgb(lab))[seen].astype(np.uint8)


def match_irises(face: Face, target: Face, landmarks: Float32[np.ndarray, "478 d"]) -> Face:
    """Give both irises of a swapped face one tint all over, but for what the target's light makes different.

    It is the mean of both; lightness stays. Faces with an eye that is closed, hidden or too small stay as they are.

    Args:
        face: RGB, swapped.
        target: RGB, the crop it was swapped into.
        landmarks: mesh points of the target, crop pixels.

    Source: ours.
    """
    first, second = (_find(landmarks, *eye, len(face)) for eye in _EYES)
    if first is None or second is None:
        return face
    light = np.clip(second.tint(target) - first.tint(target), -_MOST_APART, _MOST_APART)
    middle = (first.tint(face) + second.tint(face)) / 2
    changed = face.copy()
    first.paint(changed, middle - light / 2)
    second.paint(changed, middle + light / 2)
    return changed


def _find(
    landmarks: Float32[np.ndarray, "478 d"], centre: int, rim: tuple[int, ...], lids: tuple[int, ...], size: int
) -> _Iris | None:
    """An iris between its lids; None where too little of it is seen."""
    middle, eye = landmarks[centre, :2], landmarks[list(lids), :2].astype(np.float32)
    radius = float(np.linalg.norm(landmarks[list(rim), :2] - middle, axis=1).mean())
    opening = min(cv2.minAreaRect(eye)[1])
    low, high = np.floor(middle - 1.5 * radius).astype(int), np.ceil(middle + 1.5 * radius).astype(int) + 1
    if radius < _LEAST_RADIUS or opening < 2 * _LEAST_OPEN * radius or low.min() < 0 or high.max() > size:
        return None
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    disc = np.clip((radius - np.hypot(x - middle[0], y - middle[1])) / (_EDGE * radius) + 0.5, 0, 1)
    between = np.zeros(disc.shape, np.float32)
    cv2.fillPoly(between, [np.rint((eye - low) * 16).astype(np.int32)], 1.0, shift=4)
    share = disc * cv2.GaussianBlur(between, (0, 0), max(0.2 * radius, 0.5))
    return _Iris(np.s_[low[1] : high[1], low[0] : high[0]], share.astype(np.float32))
