"""Paths between two identities on the unit sphere of an embedding, and how smooth they are."""

import numpy as np
from jaxtyping import Float, Float64, Int64

STEPS = tuple(round(0.1 * i, 1) for i in range(1, 10))
"""Shares of the way at which the paper looks: 0.1, 0.2, ... 0.9."""


def slerp(
    first: Float[np.ndarray, "*n d"], second: Float[np.ndarray, "*n d"], share: float
) -> Float64[np.ndarray, "*n d"]:
    """Go from one unit vector towards another along the sphere.

    Args:
        first: where the path begins, unit length.
        second: where it ends, unit length.
        share: of the way, 0 to 1.

    Source: Smooth-Swap (CVPR 2022), section 4.2 (Slerp).
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    angle = np.arccos(np.clip((first * second).sum(-1, keepdims=True), -1, 1))
    angle = np.maximum(angle, 1e-6)  # equal vectors: the weights become 1 - share and share
    return (np.sin((1 - share) * angle) * first + np.sin(share * angle) * second) / np.sin(angle)


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
        gallery: of real faces.
        labels: of the gallery's rows: their own numbers to count photos as the paper does, people to count people.

    Source: Smooth-Swap (CVPR 2022), section 4.2.
    """
    met = np.stack([labels[(slerp(first, second, share) @ gallery.T).argmax(1)] for share in STEPS], 1)
    return np.array([len(np.unique(row)) for row in met])
