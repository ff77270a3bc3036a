"""Paths between two identities on the unit sphere of an embedding, and how smooth the embedding is along them.

It is judged by the faces of a gallery that lie near the path: how near (``smoothness``), and how many different ones
are met (``distinct_neighbours``).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64, Int64

STEPS = tuple(round(0.1 * i, 1) for i in range(1, 10))
"""Shares of the way at which the paper looks: 0.1, 0.2, ... 0.9."""
_OPPOSITE = 1e-3  # rad: ends that lie closer to opposite leave the way between them to rounding


def slerp(
    first: Float[np.ndarray, "*n d"], second: Float[np.ndarray, "*n d"], share: float
) -> Float64[np.ndarray, "*n d"]:
    """Go from one unit vector towards another along the sphere.

    Args:
        first: where the path begins, unit length.
        second: where it ends, unit length; of two opposite ends the path is one of the many that are equally short.
        share: of the way, 0 to 1; beyond that the path goes on.

    Source: Smooth-Swap (CVPR 2022), section 4.2 (Slerp).
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    angle = np.arccos(np.clip((first * second).sum(-1, keepdims=True), -1, 1))
    part, opposite = np.asarray(share), np.pi - angle < _OPPOSITE
    if opposite.any():  # no way is shorter than another: by the axis that the first end is farthest from
        second = np.where(opposite, _across(first), second)
        angle = np.where(opposite, np.pi / 2, angle)
        part = np.where(opposite, 2 * part, part)
    angle = np.maximum(angle, 1e-6)  # equal vectors: the weights become 1 - share and share
    return (np.sin((1 - part) * angle) * first + np.sin(part * angle) * second) / np.sin(angle)


def _across(vectors: Float64[np.ndarray, "*n d"]) -> Float64[np.ndarray, "*n d"]:
    """A unit vector at right angles to each."""
    axis = np.eye(vectors.shape[-1])[np.abs(vectors).argmin(-1)]
    away = axis - (axis * vectors).sum(-1, keepdims=True) * vectors
    return away / np.linalg.norm(away, axis=-1, keepdims=True)


def smoothness(
    first: Float[np.ndarray, "n d"], second: Float[np.ndarray, "n d"], gallery: Float[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n"]:
    """Smoothness score d_smooth of each pair: how far the middle of the path is from the nearest real face.

    In units of the distance of the pair, 0 and up; lower is smoother. The paper says that the score is a ratio with
    this numerator; the denominator is our reading of it.

    Args:
        first: embeddings of unit length.
        second: of the other ends.
        gallery: of real faces, many and others than the pairs'.

    Source: Smooth-Swap (CVPR 2022), section 4.2.
    """
    middle = slerp(first, second, 0.5)
    nearest = gallery[(middle @ gallery.T).argmax(1)]
    return np.linalg.norm(middle - nearest, axis=1) / np.linalg.norm(first - second, axis=1).clip(1e-9)


def nearest_neighbours(
    first: Float[np.ndarray, "n d"],
    second: Float[np.ndarray, "n d"],
    gallery: Float[np.ndarray, "m d"],
    shares: Sequence[float] | Float64[np.ndarray, "s"] = STEPS,
) -> Int64[np.ndarray, "n s"]:
    """Row of the gallery's face that is nearest to each path at each share of the way.

    Args:
        first: embeddings of unit length.
        second: of the other ends.
        gallery: of other faces.
        shares: of the way, 0 to 1.

    Source: Smooth-Swap (CVPR 2022), section 4.2.
    """
    return np.stack([(slerp(first, second, float(share)) @ gallery.T).argmax(1) for share in shares], 1)


def distinct_neighbours(
    first: Float[np.ndarray, "n d"],
    second: Float[np.ndarray, "n d"],
    gallery: Float[np.ndarray, "m d"],
    labels: Int64[np.ndarray, "m"],
) -> Int64[np.ndarray, "n"]:
    """How many different neighbours each path meets at the nine shares of ``STEPS``; more is smoother, at most 9.

    Args:
        first: embeddings of unit length.
        second: of the other ends.
        gallery: of other faces.
        labels: of the gallery's rows: their own numbers to count photos as the paper does, people to count people.

    Source: Smooth-Swap (CVPR 2022), section 4.2.
    """
    met = labels[nearest_neighbours(first, second, gallery)]
    return np.array([len(np.unique(row)) for row in met])


def path_shares(steps: int) -> Float64[np.ndarray, "n"]:
    """Shares of the way of a path with both its ends; nine steps between them are those of the paper.

    Args:
        steps: between the ends, 0 and up.
    """
    return np.linspace(0, 1, steps + 2)
