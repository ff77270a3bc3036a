"""All of an interpolation, from the photos to the figures; the app and the command line both run this."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt8

from swapper.images import Still
from swapper.pipeline import FaceSwapper
from swapper.studies.clips import shown
from swapper.studies.evaluators import Evaluators
from swapper.studies.gallery import Gallery
from swapper.studies.interpolation_page import ShownPath, strips
from swapper.studies.interpolation_scores import DrawnPath, InterpolationScores, score_interpolation
from swapper.studies.interpolation_study import PathChoice, Step, draw_paths
from swapper.types import Crop, Face

MOST_PEOPLE = 10  # further people, who make 66 pairs with A and B

Told = Callable[[int, int, Step], object]  # number of the path, number of the picture, and the picture


@dataclass(frozen=True)
class Wanted:
    """What is to be interpolated.

    Attributes:
        choices: from ``interpolation_study.choose_paths``.
        photos: of A and of B.
        others: of further people, who make more pairs.
        target: RGB, or a picture with what lies under its transparent parts.
        faces: of the target; the first one changes.
        shares: of the way, 0 to 1, one for each picture.
    """

    choices: Sequence[PathChoice]
    photos: tuple[Crop, Crop]
    others: Sequence[Crop]
    target: UInt8[np.ndarray, "h w 3"] | Still
    faces: list[Face]
    shares: Float64[np.ndarray, "n"]

    @property
    def pictures(self) -> int:
        """How many will be drawn."""
        return len(self.choices) * len(self.shares)


@dataclass(frozen=True)
class FinishedInterpolation:
    """What came of it.

    Attributes:
        wanted: what it was made from.
        strips: each path as it is shown.
        paths: what was drawn.
        scores: the figures.
    """

    wanted: Wanted
    strips: list[ShownPath]
    paths: list[DrawnPath]
    scores: InterpolationScores


def run_interpolation(
    wanted: Wanted,
    build: Callable[[str], FaceSwapper],
    evaluators: Evaluators,
    gallery: Gallery | None,
    told: Told,
    measuring: Callable[[], object] = lambda: None,
) -> FinishedInterpolation:
    """Draw and measure an interpolation.

    Args:
        wanted: what.
        build: makes or finds the swapper of a method.
        evaluators: measure it.
        gallery: people who may be met; None where there are none.
        told: called with every picture as soon as it is drawn.
        measuring: called when all of them are.

    Raises:
        UserError: a generator cannot be told its path.
    """
    everybody = [*wanted.photos, *wanted.others]
    photos = {name: embedder.embed(everybody) for name, embedder in evaluators.embedders.items()}
    ends = {name: rows[:2] for name, rows in photos.items()}
    others = gallery.without(ends) if gallery is not None else None
    images: list[list[np.ndarray]] = [[] for _ in wanted.choices]
    crops: list[list[Crop]] = [[] for _ in wanted.choices]
    fidelities: list[float | None] = [None] * len(wanted.choices)
    drawn = draw_paths(wanted.choices, build, wanted.photos, wanted.target, wanted.faces, wanted.shares, ends, others)
    for path, step, fidelity in drawn:
        told(path, len(images[path]), step)
        images[path].append(shown(step.image))
        crops[path].append(step.crop)
        fidelities[path] = fidelity
    measuring()
    paths = [DrawnPath(*one) for one in zip(wanted.choices, crops, fidelities, strict=True)]
    scores = score_interpolation(paths, wanted.shares, photos, evaluators, gallery)
    return FinishedInterpolation(wanted, strips(images, paths, scores, others), paths, scores)
