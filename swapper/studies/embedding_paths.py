"""How smooth identity networks are between people: what a gallery shows near their paths, on one pair and on many."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float32, Float64

from swapper.interpolation import distinct_neighbours, nearest_neighbours, slerp, smoothness
from swapper.metrics.intervals import bootstrap_interval
from swapper.studies.gallery import LEAST_PEOPLE, Gallery

MOST_PAIRS = 100  # of a gallery's own people
LEAST_PAIRS = 3  # below which an interval means nothing
PHOTOS, GALLERY = "photos", "gallery"

Ends = Mapping[str, Float32[np.ndarray, "k d"]]  # embeddings of some photos, by identity network


@dataclass(frozen=True)
class EmbeddingPath:
    """What a gallery shows of one identity network's path from A to B.

    Attributes:
        d_smooth: see ``interpolation.smoothness``; NaN without a gallery.
        distinct: how many different people are nearest to nine points of it; 0 without a gallery.
        nearest: row of the gallery that is nearest at each share of the way; empty without a gallery.
        distances: cosine distances from the path to these.
        apart: cosine distance of the photos of A and B.
    """

    d_smooth: float
    distinct: int
    nearest: list[int]
    distances: list[float]
    apart: float


@dataclass(frozen=True)
class PairScores:
    """Two identity networks on the same pairs of people.

    Attributes:
        of: ``PHOTOS`` where the pairs are those of the given photos, ``GALLERY`` where they are the gallery's people.
        count: how many pairs.
        d_smooth: mean, by identity network.
        distinct: mean count of distinct identities, by identity network.
        less: 95 % interval of how much less d_smooth is on the smoother network; None of too few pairs.
        more: 95 % interval of how many more distinct identities it meets; None of too few pairs.
    """

    of: str
    count: int
    d_smooth: dict[str, float]
    distinct: dict[str, float]
    less: tuple[float, float] | None
    more: tuple[float, float] | None


def score_path(
    name: str, ends: Float32[np.ndarray, "2 d"], others: Gallery | None, shares: Sequence[float]
) -> EmbeddingPath:
    """Look along one identity network's path.

    Args:
        name: of the network.
        ends: embeddings of A and of B, unit length.
        others: a gallery without these two people.
        shares: of the way, at which the nearest faces are named.
    """
    first, second = ends[:1].astype(np.float64), ends[1:].astype(np.float64)
    apart = float(1 - (first * second).sum())
    if others is None or others.persons < LEAST_PEOPLE:
        return EmbeddingPath(math.nan, 0, [], [], apart)
    rows, people = others.embeddings[name], others.people
    nearest = nearest_neighbours(first, second, rows, shares)[0]
    points = np.stack([slerp(first, second, share)[0] for share in shares])
    return EmbeddingPath(
        d_smooth=float(smoothness(first, second, rows)[0]),
        distinct=int(distinct_neighbours(first, second, rows, people)[0]),
        nearest=nearest.tolist(),
        distances=(1 - (points * rows[nearest]).sum(1)).tolist(),
        apart=apart,
    )


def score_pairs(photos: Ends, gallery: Gallery) -> PairScores | None:
    """Compare two identity networks on several pairs: those of the given people, or of the gallery's own.

    Args:
        photos: of A, of B and of further people; two of them are one pair, and the gallery's people serve instead.
        gallery: others.

    Returns:
        None where there are not two networks, or too few people.
    """
    names = [name for name in photos if name in gallery.embeddings]
    if len(names) != 2 or gallery.persons < LEAST_PEOPLE + 2:
        return None
    count = len(photos[names[0]])
    if count > 2:
        others = gallery.without(photos)
        if others.persons < LEAST_PEOPLE:
            return None
        ends = {name: _ends(rows, list(combinations(range(count), 2))) for name, rows in photos.items()}
        found = {name: _looked(*ends[name], [others] * len(ends[name][0]), name) for name in names}
        return _scores(PHOTOS, found)
    pairs = _own_pairs(gallery)
    rest = [gallery.only(~np.isin(gallery.people, gallery.people[list(pair)])) for pair in pairs]
    return _scores(GALLERY, {name: _looked(*_ends(gallery.embeddings[name], pairs), rest, name) for name in names})


def _own_pairs(gallery: Gallery) -> list[tuple[int, int]]:
    """Photos of different people of a gallery, nobody in two pairs."""
    _, first = np.unique(gallery.people, return_index=True)
    mixed = np.random.default_rng(0).permutation(first)
    return [(int(a), int(b)) for a, b in zip(mixed[0::2], mixed[1::2], strict=False)][:MOST_PAIRS]


def _ends(
    rows: Float32[np.ndarray, "k d"], pairs: Sequence[tuple[int, int]]
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, "n d"]]:
    first, second = np.array(pairs).T
    return rows[first].astype(np.float64), rows[second].astype(np.float64)


def _looked(
    first: Float64[np.ndarray, "n d"], second: Float64[np.ndarray, "n d"], others: Sequence[Gallery], name: str
) -> Float64[np.ndarray, "2 n"]:
    """Scores of d_smooth and distinct identities of each pair, among others of its own."""
    found = []
    for i, rest in enumerate(others):
        ends, rows = (first[i : i + 1], second[i : i + 1]), rest.embeddings[name]
        found.append((smoothness(*ends, rows)[0], distinct_neighbours(*ends, rows, rest.people)[0]))
    return np.array(found, np.float64).T


def _scores(of: str, found: Mapping[str, Float64[np.ndarray, "2 n"]]) -> PairScores:
    smoother, other = sorted(found, key=lambda name: found[name][0].mean())
    count, generator = found[smoother].shape[1], np.random.default_rng(0)
    enough = count >= LEAST_PAIRS
    gains = (found[other][0] - found[smoother][0], found[smoother][1] - found[other][1])
    less, more = (bootstrap_interval(gain, generator) if enough else None for gain in gains)
    near, met = ({name: float(rows[i].mean()) for name, rows in found.items()} for i in range(2))
    return PairScores(of, count, near, met, less, more)
