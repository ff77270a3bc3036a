"""Telling skin from hair, cloth and other things over a face, by its colour."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.regions import hull_mask, region_mask

# Corners of the area between the eyes and the mouth: skin on nearly every face, rarely bearded or covered.
_CHEEKS_AND_NOSE = (116, 123, 147, 213, 345, 352, 376, 433, 168, 6, 2, 206, 426)
_FEATURES = ("eyes", "mouth", "brows", "lips")
# Spread of one person's skin in CIE L*a*b*: shading makes lightness vary most.
_LEAST_SPREAD = np.array([18.0, 7.0, 8.0], dtype=np.float32)

Statistics = tuple[Float32[np.ndarray, "3"], Float32[np.ndarray, "3"]]


def to_lab(image: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """RGB to CIE L*a*b*, L in 0..100."""
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def feature_mask(landmarks: Float32[np.ndarray, "478 d"], size: int) -> Float32[np.ndarray, "s s"]:
    """Soft mask of all that is not skin by nature: eyes, brows, lips and mouth, with a small margin."""
    features = np.maximum.reduce([region_mask(landmarks, name, size) for name in _FEATURES])
    return np.clip(cv2.GaussianBlur(cv2.dilate(features, np.ones((3, 3), np.uint8)), (0, 0), 1), 0, 1)


def cheek_mask(landmarks: Float32[np.ndarray, "478 d"], size: int) -> Float32[np.ndarray, "s s"]:
    """Soft mask of cheeks and nose without lids and lips, where the colour of a person's skin is sampled.

    Args:
        landmarks: mesh points in crop pixels.
        size: side of the crop in pixels.
    """
    return hull_mask(landmarks, [_CHEEKS_AND_NOSE], size) * (1 - feature_mask(landmarks, size))


def color_statistics(lab: Float32[np.ndarray, "h w 3"], weight: Float32[np.ndarray, "h w"]) -> Statistics | None:
    """Mean and standard deviation per channel where the weight is above one half, without the outer tenth.

    Args:
        lab: CIE L*a*b* (L in 0..100).
        weight: in [0, 1].

    Returns:
        None where fewer than 20 pixels remain.
    """
    pixels = lab[weight > 0.5]
    if len(pixels) < 20:
        return None
    ordered = np.sort(pixels, axis=0)
    kept = ordered[len(ordered) // 20 : -(len(ordered) // 20) or None]
    mean = kept.mean(0)
    return mean, np.sqrt(np.square(kept - mean).mean(0))


def skin_likeness(lab: Float32[np.ndarray, "h w 3"], skin: Statistics, radius: float) -> Float32[np.ndarray, "h w"]:
    """How close each pixel's colour is to a person's skin: 1 like it, 0 far from it.

    Args:
        lab: CIE L*a*b* (L in 0..100).
        skin: ``color_statistics`` of the cheeks.
        radius: of the blur that calms single pixels, px.
    """
    mean, deviation = skin
    distance = (lab - mean) / np.maximum(4 * deviation, _LEAST_SPREAD)
    return cv2.GaussianBlur(np.exp(-((distance**2).sum(2) ** 2) / 8), (0, 0), max(radius, 0.5))
