"""Faces whose landmarks are known, and judges that need no weights."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from swapper.faces import mesh
from swapper.faces.landmarks import five_points
from swapper.metrics.measure import FaceMeasurer
from swapper.types import Crop, Face

LANDMARKS = (mesh.canonical_face() * 63 + [127.5, 120, 0]).astype(np.float32)  # as in a 256 px crop


class KnownLandmarks:
    """Says the same landmarks about every picture."""

    def __init__(self, landmarks: np.ndarray):
        self.landmarks = landmarks

    def refine(self, frame: np.ndarray, faces: Sequence[Face]) -> list[Face]:
        return [replace(face, landmarks=self.landmarks, points=five_points(self.landmarks)) for face in faces]


class MeanColor:
    """Takes a face's mean colour for who it is."""

    def embed(self, crops: Sequence[Crop]) -> np.ndarray:
        vectors = np.zeros((len(crops), 512), np.float32)
        vectors[:, :3] = [crop.image.reshape(-1, 3).mean(0) - 127.5 for crop in crops]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def measurer() -> FaceMeasurer:
    """Every picture shows the mean face; who it is follows from its colour."""
    return FaceMeasurer(KnownLandmarks(LANDMARKS), MeanColor())


@pytest.fixture
def points() -> np.ndarray:
    """Where the mean face has its five points."""
    return five_points(LANDMARKS)


@pytest.fixture
def texture():
    """Makes a 256 px picture with detail of every size around a colour."""

    def make(color: tuple[int, int, int], seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, 12, (256, 256, 1))
        return np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)

    return make
