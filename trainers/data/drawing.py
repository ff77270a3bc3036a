"""A canvas for things drawn over a face, and where on it the face is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy.random import Generator

from swapper.faces import mesh

SIDE = 256  # px, of the canvas
_METALS = np.array([(190, 150, 75), (150, 95, 60), (185, 185, 190), (80, 80, 86)], np.float32)
_CHEEKS = (205, 425)

Points = Float32[np.ndarray, "n 2"]
Color = Float32[np.ndarray, "3"]


@dataclass
class Layer:
    """Something drawn over a crop.

    Attributes:
        color: RGB.
        alpha: how much of it is seen, 0 to 255.
        occlusion: how much of the face it counts as hiding, 0 to 255: a clear lens is seen and hides nothing.
    """

    color: UInt8[np.ndarray, "s s 3"]
    alpha: UInt8[np.ndarray, "s s"]
    occlusion: UInt8[np.ndarray, "s s"]

    @classmethod
    def empty(cls) -> "Layer":
        """Nothing yet."""
        return cls(*(np.zeros((SIDE, SIDE, *rest), np.uint8) for rest in ((3,), (), ())))

    def fill(self, polygon: Points, color: Color, alpha: float = 1.0, hides: bool = True) -> None:
        """Draw an area."""
        corners = [fixed(polygon)]
        cv2.fillPoly(self.color, corners, color.tolist(), shift=4)
        cv2.polylines(self.color, corners, True, color.tolist(), 3, shift=4)  # so that soft edges have its colour
        part = self.alpha if alpha >= 1 else np.zeros_like(self.alpha)
        cv2.fillPoly(part, corners, round(255 * min(alpha, 1.0)), cv2.LINE_AA, 4)
        self.alpha = np.maximum(self.alpha, part)
        if hides:
            cv2.fillPoly(self.occlusion, corners, 255, cv2.LINE_AA, 4)

    def line(self, points: Points, color: Color, width: float, closed: bool = False) -> None:
        """Draw a line that hides what is behind it; widths in px."""
        corners, thick = [fixed(points)], max(round(width), 1)
        cv2.polylines(self.color, corners, closed, color.tolist(), thick + 2, shift=4)
        for part in (self.alpha, self.occlusion):
            cv2.polylines(part, corners, closed, 255, thick, cv2.LINE_AA, 4)

    def resized(self, size: int) -> tuple[Float32[np.ndarray, "t t 3"], *tuple[Float32[np.ndarray, "t t"], ...]]:
        """``color`` in [0, 255], ``alpha`` and ``occlusion`` in [0, 1], at another side in px."""
        color, alpha, hides = (
            cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
            for part in (self.color, self.alpha, self.occlusion)
        )
        return color, alpha / 255, hides / 255

    def paint(self, texture: UInt8[np.ndarray, "s s 3"], share: float) -> None:
        """Mix a picture into its colours."""
        self.color = cv2.addWeighted(self.color, 1 - share, texture, share, 0)


@dataclass(frozen=True)
class FaceToOcclude:
    """A face to be occluded.

    Attributes:
        rng: random numbers.
        points: mesh points on the canvas, px.
        face: RGB, the crop at any side.
        pictures: gives a random piece of some photo, of the canvas's side.
    """

    rng: Generator
    points: Float32[np.ndarray, "478 3"]
    face: UInt8[np.ndarray, "t t 3"]
    pictures: Callable[[], UInt8[np.ndarray, "s s 3"]]

    def place(self, points: Float32[np.ndarray, "n 3"]) -> Points:
        """Places in the mean face's frame (origin between the eyes, 1 apart), on the canvas."""
        return (self.origin + points @ self._axes).astype(np.float32)

    @cached_property
    def _axes(self) -> Float32[np.ndarray, "3 2"]:
        """Where the mean face's axes point on the canvas, px."""
        return np.float32(self.eyes) * mesh.rotation_from_canonical(self.points)[:2].T

    @cached_property
    def eyes(self) -> float:
        """Distance of the eyes, px."""
        return mesh.eye_distance(self.points)

    @cached_property
    def origin(self) -> Float32[np.ndarray, "2"]:
        """Place between the eyes."""
        return self.points[[*mesh.LEFT_EYE_CORNERS, *mesh.RIGHT_EYE_CORNERS], :2].mean(0)

    def uniform(self, low: float, high: float) -> float:
        """A random number."""
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return bool(self.rng.random() < probability)

    def skin(self) -> Color:
        """A colour of skin: this face's, or another's."""
        if self.chance(0.6):
            x, y = self.points[_CHEEKS[int(self.chance(0.5))], :2] * (len(self.face) / SIDE)
            row, column = (int(np.clip(v, 2, len(self.face) - 3)) for v in (y, x))
            own = self.face[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3).mean(0)
            return (own * self.uniform(0.75, 1.25)).clip(0, 255).astype(np.float32)
        light = self.uniform(60, 235)
        return np.array([light, light * self.uniform(0.66, 0.85), light * self.uniform(0.5, 0.75)], np.float32)

    def color(self, dark: float = 0.5) -> Color:
        """Any colour; with a probability a dark or grey one."""
        if self.chance(dark):
            grey = self.uniform(5, 110)
            return (grey * self.rng.uniform(0.75, 1.15, 3)).clip(0, 255).astype(np.float32)
        return self.rng.uniform(0, 255, 3).astype(np.float32)

    def metal(self) -> Color:
        """Gold, copper, silver or steel, in any light."""
        color = _METALS[int(self.rng.integers(len(_METALS)))]
        return np.clip(color * np.float32(self.uniform(0.5, 1.25)), 0, 255).astype(np.float32)

    def hair(self) -> Color:
        """A colour of hair, from black over brown and blond to grey."""
        share = self.rng.random() ** 1.5
        dark, light = np.array([18, 13, 10]), np.array([225, 190, 140])
        if self.chance(0.1):
            light = np.array([215, 212, 208])
        return (dark + share * (light - dark)).astype(np.float32) * np.float32(self.uniform(0.8, 1.1))


def fixed(points: np.ndarray) -> np.ndarray:
    """Corners as OpenCV takes them with four bits of fraction."""
    return np.round(np.clip(points, -4096, 4096) * 16).astype(np.int32)
