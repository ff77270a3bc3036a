"""Comparing methods on the same pairs of photos, one method in memory at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from swapper.batch.engine import Engine
from swapper.faces.align import warp_frame
from swapper.methods.reference import BASELINE, PASTED, REFERENCES, UNCHANGED
from swapper.metrics.measure import RetrievalGallery, SwapScores
from swapper.metrics.report import ScoreRow
from swapper.pipeline import FaceSwapper
from swapper.studies.comparison_swaps import SwapperChoice, made_here, made_in_workers
from swapper.studies.evaluators import Evaluators
from swapper.studies.subjects import SAME_PHOTO, Subject, likeness
from swapper.types import UserError

FINISHED = "finished result"  # name of the row of a picture that was made before
PICTURED = 12  # pairs whose pictures are kept
LEAST_REALISM = 24  # pairs, below which distances of distributions mean nothing
LEAST_INTERVAL = 3  # pairs, below which an interval means nothing

ComparisonProgress = Callable[[int, int, str], None]  # swaps done, swaps in all, what is being done


@dataclass(frozen=True)
class Comparison:
    """What is known so far.

    Attributes:
        sources: whose faces were given.
        targets: with one photo each.
        pairs: indices of source and target.
        rows: scores, one row for each method that is done; references first.
        pictures: by the rows' names, the faces of the first pairs' results, 256 px RGB; None where there is none.
        finished_by: method that drew the result that was made before, empty where there is none.
    """

    sources: list[Subject]
    targets: list[Subject]
    pairs: list[tuple[int, int]]
    rows: list[ScoreRow]
    pictures: Mapping[str, Sequence[UInt8[np.ndarray, "s s 3"] | None]]
    finished_by: str = ""

    def columns(self) -> list[str]:
        """Labels of the columns of ``grid``."""
        return ["source", "target", *self.pictures]

    def grid(self) -> list[list[UInt8[np.ndarray, "s s 3"] | None]]:
        """Pictures to be shown beside each other: a row for each of the first pairs."""
        shown = self.pairs[:PICTURED]
        faces = [(self.sources[s].photos[0].crop.image, self.targets[t].photos[0].crop.image) for s, t in shown]
        return [[*faces[i], *(images[i] for images in self.pictures.values())] for i in range(len(shown))]

    def compared(self) -> list[str]:
        """Names of the methods, without the references."""
        return [row.name for row in self.rows if not row.reference]

    def judges(self) -> list[str]:
        """Spaces of the identity networks that measured."""
        smooth = all(photo.smooth is not None for person in self.sources for photo in person.photos)
        return ["arcface", *(["smooth"] if smooth else [])]


@dataclass(frozen=True)
class FinishedSwap:
    """A result that was made before, to be measured beside the methods.

    Attributes:
        pair: index of its source and target in ``Comparison.pairs``.
        image: RGB, in the pixels of the target as it was measured.
        method: that drew it.
    """

    pair: int
    image: UInt8[np.ndarray, "h w 3"]
    method: str


def gallery_of(sources: Sequence[Subject], targets: Sequence[Subject]) -> RetrievalGallery:
    """All photos, the sources' people numbered as they come, each other target somebody new.

    Args:
        sources: people.
        targets: people; who is on the very photo of a source is that source.
    """
    photos = [photo for person in sources for photo in person.photos]
    people = [number for number, person in enumerate(sources) for _ in person.photos]
    for target in targets:
        if max(likeness(source.photos[0], target.photos[0]) for source in sources) < SAME_PHOTO:
            photos.append(target.photos[0])
            people.append(max(people) + 1)
    smooth = [photo.smooth for photo in photos if photo.smooth is not None]
    return RetrievalGallery(
        np.stack([photo.embedding for photo in photos]),
        np.array(people, np.int64),
        np.stack(smooth) if len(smooth) == len(photos) else None,
    )


def compare(
    sources: list[Subject],
    targets: list[Subject],
    pairs: list[tuple[int, int]],
    methods: Sequence[str],
    build: Callable[[str], FaceSwapper],
    evaluators: Evaluators,
    progress: ComparisonProgress | None = None,
    finished: FinishedSwap | None = None,
    engine: Engine | None = None,
) -> Iterator[Comparison]:
    """Score methods, and the reference rows, on the same pairs.

    The unchanged target is re-encoded, so that its row is the noise floor of every measure; the pasted source and
    the warp always take part.

    Args:
        sources: people.
        targets: people.
        pairs: from ``choose_pairs``.
        methods: names; the warp is added.
        build: makes the swapper of a method; with an engine a ``SwapperChoice``.
        evaluators: measure the results.
        progress: told after every swap.
        finished: a result of one pair that gets a row of its own, after the references.
        engine: where the swaps are made; in this process when None.

    Yields:
        The rows so far, after each method.
    """
    names = [UNCHANGED, PASTED, BASELINE, *(name for name in dict.fromkeys(methods) if name != BASELINE)]
    state = Comparison(sources, targets, pairs, [], {})
    gallery = gallery_of(sources, targets)
    many = len(targets) > 1 and len(pairs) >= LEAST_REALISM
    reals = evaluators.realism.measure([person.photos[0].crop for person in targets]) if many else None
    wanted = [(s, sources[s].photos, targets[t].photos[0], done < PICTURED) for done, (s, t) in enumerate(pairs)]
    told = progress or (lambda _done, _total, _what: None)
    if engine is None:
        made = made_here(names, wanted, build, evaluators, told)
    else:
        assert isinstance(build, SwapperChoice), "others cannot be sent to workers"
        made = made_in_workers(names, wanted, engine, build, told)
    for name, (swaps, size) in zip(names, made, strict=True):
        if name == BASELINE and finished is not None:
            state = _with_finished(state, finished, gallery, evaluators)
        scores = SwapScores(name, evaluators.realism, reference=name in REFERENCES)
        for swap in swaps:
            scores.take(swap.facts)
        row = _known(scores.row(gallery, reals, np.random.default_rng(0)), len(pairs))
        row = replace(row, values={**row.values, **size})
        shown = {} if name == UNCHANGED else {name: [swap.picture for swap in swaps if swap.picture is not None]}
        state = replace(state, rows=[*state.rows, row], pictures={**state.pictures, **shown})
        yield state


def _with_finished(
    state: Comparison, finished: FinishedSwap, gallery: RetrievalGallery, evaluators: Evaluators
) -> Comparison:
    """A comparison with a row for a result that was made before; it is never marked as the best."""
    s, t = state.pairs[finished.pair]
    source, target = state.sources[s].photos[0], state.targets[t].photos[0]
    if finished.image.shape != target.image.shape:
        raise UserError("Result: it has another size than the target. Give the picture as it was swapped.")
    scores = SwapScores(FINISHED, reference=True)
    scores.add(source, target, evaluators.measurer.measure(finished.image, target.face.points), s)
    row = _known(scores.row(gallery, None, np.random.default_rng(0)), 1)
    face = warp_frame(finished.image, target.crop.matrix, target.crop.size)
    shown = [face if i == finished.pair else None for i in range(min(PICTURED, len(state.pairs)))]
    pictures = {**state.pictures, FINISHED: shown}
    return replace(state, rows=[*state.rows, row], pictures=pictures, finished_by=finished.method)


def _known(row: ScoreRow, pairs: int) -> ScoreRow:
    """A row without what could not be measured, and without intervals of means of hardly any pairs."""
    values = {key: value for key, value in row.values.items() if np.isfinite(value)}
    enough = pairs >= LEAST_INTERVAL
    intervals = {
        key: ends for key, ends in row.intervals.items() if key in values and (enough or key.startswith("retrieval"))
    }
    return replace(row, values=values, intervals=intervals)


def attributes_kept(row: ScoreRow, pasted: ScoreRow) -> float:
    """How much of pose, expression and gaze a method keeps: 1 for all of it, 0 for no more than the pasted source.

    One minus the mean over the three of the method's error over that of the pasted source.

    Args:
        row: of the method.
        pasted: of the pasted source, which keeps nothing of them.
    """
    parts = [row.values[key] / max(pasted.values[key], 1e-9) for key in ("pose", "expression", "gaze")]
    return 1 - sum(parts) / len(parts)
