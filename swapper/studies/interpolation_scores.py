"""How smooth an interpolation is: first what identity networks say of the two photos, then what was drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from swapper.interpolation import STEPS
from swapper.studies.embedding_paths import GALLERY, EmbeddingPath, PairScores, score_pairs, score_path
from swapper.studies.evaluators import Evaluators
from swapper.studies.gallery import Gallery
from swapper.studies.interpolation_study import PathChoice
from swapper.types import Crop

LABELS = {"smooth": "the smooth embedder", "arcface": "ArcFace", "own": "its own space"}
PUBLISHED_DISTINCT = {"smooth": "5.13 ± 1.18", "arcface": "4.25 ± 1.33"}
"""Smooth-Swap (CVPR 2022), interpolation experiment: of nine steps, in 63,000 photographs of FFHQ, means over pairs."""
PUBLISHED = (
    f"In the paper (Smooth-Swap, CVPR 2022; nearest among 63,000 photos): {PUBLISHED_DISTINCT['smooth']} distinct "
    f"identities with the smooth embedder, {PUBLISHED_DISTINCT['arcface']} with ArcFace."
)

SMOOTHER = "{name} is smoother: d_smooth {low} against {high} of {other}, {percent} % lower"
NO_DIFFERENCE = "No clear difference: d_smooth {low} of {name} against {high} of {other}"
ONE_ONLY = "One embedder only, so nothing to compare: d_smooth {low} of {name}"
NO_GALLERY = "No gallery, so no smoothness"
PAIRS_OF_PHOTOS = "Means over {count} pairs of your people; 95 % interval of the difference: {low} to {high}."
PAIRS_OF_GALLERY = (
    "Means over {count} pairs of the gallery's people; 95 % interval of the difference: {low} to {high}. On A and B "
    "alone: {first} against {second}."
)
FEW_PAIRS = "On A and B alone; more people give an interval."
DISTINCT = "Distinct identities on the way from A to B: {first} with {name}, {second} with {other}, of 9 possible."


@dataclass(frozen=True)
class DrawnPath:
    """What was drawn along a path.

    Attributes:
        choice: the path, and who drew it.
        crops: the faces, in order, from one place.
        fidelity: how well its identities could be translated for the generator, a cosine; None where they need not be.
    """

    choice: PathChoice
    crops: Sequence[Crop]
    fidelity: float | None = None


@dataclass(frozen=True)
class DrawnScores:
    """The figures of what was drawn along a path.

    Attributes:
        method: that drew it.
        embedder: whose path it is.
        fidelity: see ``DrawnPath``.
        from_a: cosine distances of its faces from A's photo, by identity network.
        to_b: to B's photo.
        steps: perceptual distances between neighbouring faces.
    """

    method: str
    embedder: str
    fidelity: float | None
    from_a: dict[str, list[float]]
    to_b: dict[str, list[float]]
    steps: list[float]

    @property
    def largest_step(self) -> float:
        """Share of the whole visible change that the largest step makes; NaN where nothing changes."""
        return max(self.steps) / sum(self.steps) if sum(self.steps) > 0 else math.nan

    @property
    def judge(self) -> str:
        """The identity network that its chart shows: that of its path, the first one where it has its own."""
        return self.embedder if self.embedder in self.from_a else next(iter(self.from_a))


@dataclass(frozen=True)
class InterpolationScores:
    """The figures of one interpolation.

    Attributes:
        shares: of the way, one for each picture.
        photos: in the gallery, without those of the given people.
        people: on them.
        embedders: what it shows of each identity network's path from A to B.
        pairs: two networks on several pairs; None where that cannot be told.
        paths: what was drawn.
    """

    shares: list[float]
    photos: int
    people: int
    embedders: dict[str, EmbeddingPath]
    pairs: PairScores | None
    paths: list[DrawnScores]

    def data(self) -> dict[str, Any]:
        """Plain values for JSON; what is not a number becomes null."""
        said = {
            "headline": headline(self),
            "explanation": " ".join(explain(self)),
            "published": PUBLISHED,
            "steps": list(STEPS),
        }
        drawn = [{**asdict(path), "largest_step": path.largest_step} for path in self.paths]
        return _plain({**said, **asdict(self), "paths": drawn})


def score_interpolation(
    paths: Sequence[DrawnPath],
    shares: Sequence[float] | Float64[np.ndarray, "n"],
    photos: Mapping[str, Float32[np.ndarray, "k d"]],
    evaluators: Evaluators,
    gallery: Gallery | None = None,
) -> InterpolationScores:
    """Measure an interpolation.

    Args:
        paths: what was drawn.
        shares: of the way, one for each crop.
        photos: embeddings of A, of B and of further people, by identity network.
        evaluators: measure the drawn faces.
        gallery: of others.
    """
    steps = [round(float(share), 6) for share in shares]
    ends = {name: rows[:2] for name, rows in photos.items()}
    others = gallery.without(ends) if gallery is not None else None
    order = dict.fromkeys([*(path.choice.embedder for path in paths), *ends])
    looked = {name: score_path(name, ends[name], others, steps) for name in order if name in ends}
    return InterpolationScores(
        shares=steps,
        photos=len(others) if others is not None else 0,
        people=others.persons if others is not None else 0,
        embedders=looked,
        pairs=score_pairs(photos, gallery) if gallery is not None else None,
        paths=[_drawn(path, ends, evaluators) for path in paths],
    )


def _drawn(path: DrawnPath, ends: Mapping[str, Float32[np.ndarray, "2 d"]], evaluators: Evaluators) -> DrawnScores:
    steps, _ = evaluators.perceptual.path([crop.image for crop in path.crops])
    away = {name: 1 - evaluators.embedders[name].embed(path.crops) @ rows.T for name, rows in ends.items()}
    return DrawnScores(
        path.choice.method,
        path.choice.embedder,
        path.fidelity,
        {name: rows[:, 0].tolist() for name, rows in away.items()},
        {name: rows[:, 1].tolist() for name, rows in away.items()},
        steps.tolist(),
    )


def headline(scores: InterpolationScores) -> str:
    """Which identity network is smoother, and by how much, in one sentence without its stop.

    Args:
        scores: of the interpolation.
    """
    known = _means(scores)
    if not known:
        return NO_GALLERY
    ranked = sorted(known, key=lambda name: known[name])
    low, name = f"{known[ranked[0]]:.2f}", LABELS[ranked[0]]
    if len(ranked) < 2:
        return ONE_ONLY.format(low=low, name=name)
    words = {"name": name, "other": LABELS[ranked[1]], "low": low, "high": f"{known[ranked[1]]:.2f}"}
    unclear = scores.pairs is not None and scores.pairs.less is not None and scores.pairs.less[0] <= 0
    if unclear or words["low"] == words["high"]:
        return NO_DIFFERENCE.format(**words)
    words["name"] = name[0].upper() + name[1:]
    return SMOOTHER.format(**words, percent=round(100 * (1 - known[ranked[0]] / known[ranked[1]])))


def explain(scores: InterpolationScores) -> list[str]:
    """What the headline rests on, in sentences.

    Args:
        scores: of the interpolation.
    """
    ranked = sorted(_means(scores), key=lambda name: _means(scores)[name])
    if len(ranked) < 2:
        return []
    here, pairs, said = [scores.embedders[name] for name in ranked], scores.pairs, FEW_PAIRS
    if pairs is not None and pairs.less is not None:
        low, high = (f"{end:.2f}" for end in pairs.less)
        first, second = (f"{one.d_smooth:.2f}" for one in here)
        kind = PAIRS_OF_GALLERY if pairs.of == GALLERY else PAIRS_OF_PHOTOS
        said = kind.format(count=pairs.count, low=low, high=high, first=first, second=second)
    names = {"name": LABELS[ranked[0]], "other": LABELS[ranked[1]]}
    return [said, DISTINCT.format(first=here[0].distinct, second=here[1].distinct, **names)]


def _means(scores: InterpolationScores) -> dict[str, float]:
    """The headline's d_smooth by identity network: over pairs where there are several, else of A and B."""
    if scores.pairs is not None and scores.pairs.less is not None:
        return scores.pairs.d_smooth
    return {name: path.d_smooth for name, path in scores.embedders.items() if math.isfinite(path.d_smooth)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
