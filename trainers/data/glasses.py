"""Glasses, drawn over a face in its own pose."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from trainers.data.drawing import FaceToOcclude, Layer, Points

_DEPTH = -0.16  # eye distances from the eyes' plane to the lenses'
_NOSE_DEPTH = -0.26
_EAR = (1.22, 1.0)  # sideways and back, eye distances

Solid = Float32[np.ndarray, "n 3"]


@dataclass(frozen=True)
class _Shape:
    """Lengths in eye distances, in the mean face's frame."""

    half: float  # width of a lens
    height: float  # half of it
    exponent: float  # of the superellipse: 2 is round, 4 nearly a box
    skew: float  # narrower above (positive) or below
    drop: float  # of the lenses' centres under the eyes
    apart: float  # of the lenses' centres beyond the eyes
    bulge: float  # of the whole around the face

    @classmethod
    def random(cls, scene: FaceToOcclude) -> "_Shape":
        u = scene.uniform
        return cls(u(0.3, 0.46), u(0.16, 0.4), u(1.8, 4.5), u(-0.15, 0.25), u(0.0, 0.16), u(-0.02, 0.05), u(0.1, 0.35))

    @property
    def hinge(self) -> float:
        """How far from the middle the arms begin."""
        return 0.5 + self.apart + self.half

    def depth(self, across: np.ndarray | float) -> np.ndarray | float:
        return self.bulge * across**2 + _DEPTH

    def rim(self, sign: int) -> Solid:
        """Of the left (-1) or right (1) lens, clockwise from its outer end; the second half is the upper one."""
        turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        x, y = (np.sign(f(turn)) * np.abs(f(turn)) ** (2 / self.exponent) for f in (np.cos, np.sin))
        across = sign * (0.5 + self.apart + self.half * x * (1 - self.skew * y))
        return np.stack([across, self.height * y + self.drop, self.depth(across)], 1).astype(np.float32)

    def bridge(self, high: float, arch: float) -> Solid:
        """Over the nose."""
        along = np.linspace(-1, 1, 9)
        inner = 0.5 + self.apart - 0.95 * self.half
        return np.stack([inner * along, high - arch * (1 - along**2), np.full(9, _NOSE_DEPTH)], 1).astype(np.float32)

    def arm(self, sign: int, high: float) -> Solid:
        """From the hinge to the ear."""
        start = (sign * self.hinge, high, self.depth(self.hinge))
        return np.array([start, (sign * _EAR[0], high + 0.05, _EAR[1])], np.float32)


def glasses(scene: FaceToOcclude) -> Layer:
    """Frames of any thickness, with clear, tinted or dark lenses."""
    layer, shape = Layer.empty(), _Shape.random(scene)
    rims = [scene.place(shape.rim(sign)) for sign in (-1, 1)]
    _draw_lenses(scene, layer, rims)
    _draw_frame(scene, layer, shape, rims)
    return layer


def _draw_lenses(scene: FaceToOcclude, layer: Layer, rims: list[Points]) -> None:
    """Dark lenses hide the eyes, clear and tinted ones do not."""
    u = scene.uniform
    if scene.chance(0.3):
        color, alpha = scene.color(0.75) * np.float32(0.5), u(0.6, 1.0)
        for outline in rims:
            layer.fill(outline, color, alpha)
        if scene.chance(0.5):
            layer.paint(cv2.GaussianBlur(scene.pictures(), (0, 0), u(1, 12)), u(0.1, 0.5))
        return
    if scene.chance(0.4):
        color, alpha = scene.color(0.4), u(0.05, 0.35)
        for outline in rims:
            layer.fill(outline, color, alpha, hides=False)
    if scene.chance(0.25):
        for outline in rims:  # glare
            low, high = outline.min(0), outline.max(0)
            streak = (low + scene.rng.random((4, 2)) * (high - low)).astype(np.float32)
            white = np.full(3, 245, np.float32)
            layer.fill(cv2.convexHull(streak)[:, 0], white, u(0.1, 0.6), hides=False)


def _draw_frame(scene: FaceToOcclude, layer: Layer, shape: _Shape, rims: list[Points]) -> None:
    """Rims, a bridge, and the arms that the head does not hide."""
    wire = scene.chance(0.6)
    u, color = scene.uniform, scene.metal() if wire and scene.chance(0.7) else scene.color(0.7)
    width = scene.eyes * (u(0.01, 0.03) if wire else u(0.03, 0.1))
    style = scene.rng.choice(["full", "half", "none"], p=[0.7, 0.18, 0.12])
    for outline in rims:
        if style != "none":
            layer.line(outline if style == "full" else outline[20:], color, width, closed=style == "full")
    high = shape.drop - u(0.0, 0.12)
    layer.line(scene.place(shape.bridge(high, u(0.0, 0.08))), color, width)
    for sign in (-1, 1):
        arm = scene.place(shape.arm(sign, high))
        if sign * (arm[1, 0] - arm[0, 0]) > 0:
            layer.line(arm, color, max(width, 1.0) * u(0.7, 1.5))
    if scene.chance(0.5):  # light on the rims
        shine = np.clip(color + np.float32(u(40, 140)), 0, 255)
        begin = int(scene.rng.integers(0, 30))
        for outline in rims:
            layer.line(outline[begin : begin + 8] - np.float32(0.25 * width), shine, 0.3 * width)
