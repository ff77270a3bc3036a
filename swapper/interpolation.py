"""Paths between two identities on the unit sphere of an embedding, and how smooth they are.

Two things can be smooth: the embedding, judged by the real faces near its path (``smoothness``,
``distinct_neighbours``), and the pictures that a method draws along the path, judged by the steps between them
(``evenness``, ``detour``, ``progress``, ``linearity``, ``forwardness``).
"""

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


def path_shares(steps: int) -> Float64[np.ndarray, "n"]:
    """Shares of the way of a path with both its ends; nine steps between them are those of the paper.

    Args:
        steps: between the ends, 0 and up.
    """
    return np.linspace(0, 1, steps + 2)


def angles(first: Float[np.ndarray, "n d"], second: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n"]:
    """Angle between unit vectors in corresponding rows, degrees, 0..180.

    Computed from the chord: the arc cosine loses small angles to rounding.

    Args:
        first: unit length.
        second: unit length.
    """
    chord = np.linalg.norm(np.asarray(first, np.float64) - second, axis=-1)
    return np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1)))


def evenness(lengths: Float[np.ndarray, "n"]) -> float:
    """How evenly a change is spread over its steps: 1 where all are equal, 1/n where one step makes all of it.

    The number of equal steps with the same entropy, as a share of the steps; NaN where nothing changes.

    Args:
        lengths: of the steps, 0 and up.

    Source: Hill, "Diversity and evenness", 1973 (the number of order 1), applied to step lengths.
    """
    total = float(lengths.sum())
    if total <= 0:
        return float("nan")
    part = lengths[lengths > 0] / total
    return float(np.exp(-(part * np.log(part)).sum()) / len(lengths))


def detour(lengths: Float[np.ndarray, "n"], direct: float) -> float:
    """Length of the path over the distance of its ends: 1 where it is straight, more where it wanders.

    A finite relative of StyleGAN's perceptual path length, which takes one step of 1e-4 of the way; NaN where the ends
    are alike.

    Args:
        lengths: of the steps, in a metric.
        direct: distance of the ends in the same metric.

    Source: Karras et al., "A style-based generator architecture", CVPR 2019, section 4.1.
    """
    return float(lengths.sum()) / direct if direct > 0 else float("nan")


def progress(vectors: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n"]:
    """How far each picture of a path has got from the identity of its first picture to that of its last, 0..1.

    The angle to the first over the sum of the angles to both: 0 and 1 at the ends, NaN throughout where the ends are
    the same.

    Args:
        vectors: identity embeddings of the pictures in order, unit length, two or more.
    """
    done, left = (angles(vectors, np.broadcast_to(end, vectors.shape)) for end in (vectors[0], vectors[-1]))
    if done[-1] < 1e-3:
        return np.full(len(vectors), np.nan)
    return done / (done + left)


def linearity(found: Float[np.ndarray, "n"], shares: Float[np.ndarray, "n"]) -> float:
    """How closely the identity's progress follows the share of the way: 1 in step with it, 0 for a jump at one end.

    One minus twice the mean distance of the two curves, not below 0.

    Args:
        found: from ``progress``.
        shares: of the way at which the pictures were made.
    """
    gap = np.abs(np.asarray(found, np.float64) - shares)
    mean = float(np.trapezoid(gap, shares) / (shares[-1] - shares[0]))
    return mean if np.isnan(mean) else max(0.0, 1 - 2 * mean)


def forwardness(found: Float[np.ndarray, "n"]) -> float:
    """Share of the identity's movement that leads from the first end to the other: 1 where it never turns back.

    Args:
        found: from ``progress``.
    """
    moves = np.diff(found)
    total = float(np.abs(moves).sum())
    return float(moves[moves > 0].sum()) / total if total > 0 else float("nan")
