"""How smooth an interpolation between two people is, in its pictures and in identity embeddings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from swapper.interpolation import (
    angles,
    detour,
    distinct_neighbours,
    evenness,
    forwardness,
    linearity,
    progress,
    smoothness,
)
from swapper.studies.evaluators import Evaluators
from swapper.types import Crop

LEAST_GALLERY = 5  # photos, below which neighbours mean nothing
LEAST_REACH = 0.2  # of the way between the two photos, below which smoothness says nothing
SAME_PHOTO = 0.9  # cosine above which a gallery's photo is one of the two people's own
PUBLISHED_NEIGHBOURS = {"arcface": "4.25 ± 1.33", "smooth": "5.13 ± 1.18"}
"""Smooth-Swap (CVPR 2022), interpolation experiment: of nine steps, in 63,000 photographs of FFHQ, means over pairs."""


@dataclass(frozen=True)
class IdentityCurve:
    """What one identity network says about an interpolation.

    Attributes:
        to_first: cosine of each picture with the first person's photo.
        to_second: with the second person's.
        progress: see ``interpolation.progress``.
        steps: angles between neighbouring pictures, degrees.
        reach: angle between the first and the last picture over that between the two photos, 0 and up.
        linearity: see ``interpolation.linearity``.
        forwardness: see ``interpolation.forwardness``.
        smoothness: the paper's d_smooth of this network between the two photos; NaN without a gallery.
        neighbours: how many different photos of the gallery its path meets at nine places; None without a gallery.
        gallery: photos in the gallery without those of the two people.
    """

    to_first: list[float]
    to_second: list[float]
    progress: list[float]
    steps: list[float]
    reach: float
    linearity: float
    forwardness: float
    smoothness: float = math.nan
    neighbours: int | None = None
    gallery: int = 0


@dataclass(frozen=True)
class InterpolationScores:
    """The figures of one interpolation.

    Attributes:
        shares: of the way, one for each picture.
        steps: perceptual distances between neighbouring pictures.
        evenness: of these, see ``interpolation.evenness``.
        detour: of these, see ``interpolation.detour``.
        curves: by the name of the identity network.
    """

    shares: list[float]
    steps: list[float]
    evenness: float
    detour: float
    curves: dict[str, IdentityCurve] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """0 to 100: geometric mean of the pictures' evenness and of the identity's linearity.

        Standing still is smooth too, so there is no score, NaN, where the pictures hardly leave the first person.
        """
        return 100 * math.sqrt(self.evenness * self.judge.linearity) if self.judge.reach >= LEAST_REACH else math.nan

    @property
    def judge(self) -> IdentityCurve:
        """The curve that makes the score: that of the first identity network."""
        return next(iter(self.curves.values()))

    def data(self) -> dict[str, Any]:
        """Plain values for JSON; what is not a number becomes null."""
        return _plain({"score": self.score, **asdict(self)})


def score_interpolation(
    crops: Sequence[Crop],
    shares: Float64[np.ndarray, "n"],
    photos: tuple[Crop, Crop],
    evaluators: Evaluators,
    gallery: Mapping[str, Float32[np.ndarray, "m d"]] | None = None,
) -> InterpolationScores:
    """Measure an interpolation.

    Args:
        crops: the faces of its pictures in order, from one place.
        shares: of the way, one for each crop.
        photos: of the two people.
        evaluators: the first of their identity networks makes the score.
        gallery: embeddings of photos of other people, by embedder.
    """
    steps, direct = evaluators.perceptual.path([crop.image for crop in crops])
    curves = {
        name: _curve(embedder.embed(crops), embedder.embed(photos), shares, (gallery or {}).get(name))
        for name, embedder in evaluators.embedders.items()
    }
    return InterpolationScores(
        shares=[round(float(share), 6) for share in shares],
        steps=steps.tolist(),
        evenness=evenness(steps),
        detour=detour(steps, direct),
        curves=curves,
    )


def _curve(
    vectors: Float32[np.ndarray, "n d"],
    ends: Float32[np.ndarray, "2 d"],
    shares: Float64[np.ndarray, "n"],
    gallery: Float32[np.ndarray, "m d"] | None,
) -> IdentityCurve:
    found, way, distance = progress(vectors), angles(vectors[:1], vectors[-1:]), angles(ends[:1], ends[1:])
    likeness = vectors @ ends.T
    others = np.zeros((0, ends.shape[1])) if gallery is None else gallery[(gallery @ ends.T).max(1) < SAME_PHOTO]
    enough = len(others) >= LEAST_GALLERY
    first, second = ends[:1].astype(np.float64), ends[1:].astype(np.float64)
    return IdentityCurve(
        to_first=likeness[:, 0].tolist(),
        to_second=likeness[:, 1].tolist(),
        progress=found.tolist(),
        steps=angles(vectors[:-1], vectors[1:]).tolist(),
        reach=float(way[0] / max(distance[0], 1e-3)),
        linearity=linearity(found, shares),
        forwardness=forwardness(found),
        smoothness=float(smoothness(first, second, others)[0]) if enough else math.nan,
        neighbours=int(distinct_neighbours(first, second, others, np.arange(len(others)))[0]) if enough else None,
        gallery=len(others),
    )


def headline(scores: InterpolationScores) -> str:
    """The score in words.

    Args:
        scores: of the interpolation.
    """
    return "No score" if math.isnan(scores.score) else f"Smoothness {scores.score:.0f} of 100"


def explain(scores: InterpolationScores) -> str:
    """One sentence that says what the score rests on.

    Args:
        scores: of the interpolation.
    """
    if math.isnan(scores.score):
        return (
            f"Both ends look alike: the pictures cover {100 * scores.judge.reach:.0f} % of the distance between A and "
            "B, too little for their smoothness to mean anything."
        )
    parts = np.array(scores.steps) / sum(scores.steps)
    largest = int(parts.argmax())
    start, end = scores.shares[largest], scores.shares[largest + 1]
    even = 1 / len(parts)
    if parts[largest] < 1.5 * even:
        said = "The face changes evenly all the way"
    elif parts[largest] < 3 * even:
        said = "The face changes all the way, but not evenly"
    else:
        said = "Most of the change happens in one place"
    return (
        f"{said}: the largest step, from {100 * start:.0f} to {100 * end:.0f} % of the way, makes "
        f"{100 * parts[largest]:.0f} % of the change, where equal steps would make {100 * even:.0f} % each."
    )


def figures(scores: InterpolationScores, labels: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The single figures: what each is called, its value, and a sentence that says what it means.

    Args:
        scores: of the interpolation.
        labels: of the identity networks, for readers.
    """
    rows = [
        ("Even steps", _percent(scores.evenness), "100 % when every step changes the picture by the same amount."),
        ("Detour", _number(scores.detour), "Length of the visual path over the distance of its ends; 1 is straight."),
    ]
    for name, curve in scores.curves.items():
        who = labels.get(name, name)
        rows += [
            (f"Reach, {who}", _percent(curve.reach), "Distance of the ends, relative to that of A's and B's photos."),
            (
                f"In step, {who}",
                _percent(curve.linearity),
                "100 % when the identity moves exactly as far as the slider.",
            ),
            (f"Forwards, {who}", _percent(curve.forwardness), "100 % when the identity never turns back."),
        ]
        if curve.neighbours is not None:
            paper = PUBLISHED_NEIGHBOURS.get(name)
            beside = f" In the paper: {paper} in 63,000 photos." if paper else ""
            rows += [
                (
                    f"Gap, {who}",
                    _number(curve.smoothness),
                    "Distance from the middle of the embedding path to the nearest real face, relative to the "
                    "distance of the two people; lower is smoother.",
                ),
                (
                    f"People met, {who}",
                    f"{curve.neighbours}",
                    f"Different people nearest to nine points of the path, among {curve.gallery}.{beside}",
                ),
            ]
    return rows


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.0f} %"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
