"""Scoring ways to swap on pairs of a split's photos, here or in workers."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Tell
from swapper.faces.embed import FaceEmbedder, local_embedders
from swapper.faces.landmarks import LandmarkDetector
from swapper.methods.reference import REFERENCES, UNCHANGED
from swapper.metrics.measure import (
    FaceMeasurer,
    MeasuredFace,
    RetrievalGallery,
    SwapFacts,
    SwapScores,
    swap_facts,
)
from swapper.metrics.realism import RealismFeatures
from swapper.metrics.report import ScoreRow
from swapper.runtime.devices import choose_device
from swapper.runtime.threads import limit_threads
from swapper.types import UserError
from trainers.data.faces import Faces, load_faces
from trainers.publish.ways import Swap, Ways

SIDE = 256  # of the stored photos, px
PICTURED = 12  # pairs on the contact sheet
_TOGETHER = 8  # photos or pairs of one task of a worker


@dataclass(frozen=True)
class PhotoFacts:
    """What is kept of a photo of the split.

    Attributes:
        embedding: identity, unit length.
        smooth: by the smooth embedder; None where there is none.
        features: how real it looks; None for padded photos.
    """

    embedding: Float32[np.ndarray, "d"]
    smooth: Float32[np.ndarray, "k"] | None
    features: Float64[np.ndarray, "m"] | None


@dataclass(frozen=True)
class PairFacts:
    """What is kept of a pair.

    Attributes:
        swaps: by name of the way.
        pictures: source, target, and the result of each way that changes it; None where they are not shown.
    """

    swaps: dict[str, SwapFacts]
    pictures: list[np.ndarray] | None


class SplitEvaluator:
    """A split with its people, and everything that measures it.

    Attributes:
        faces: the photos.
        people: int64 [n], a label per photo; strangers without a label in the data have one of their own.
    """

    def __init__(self, faces: Faces, measurer: FaceMeasurer, realism: RealismFeatures):
        """Take photos and what measures them.

        Args:
            faces: the split.
            measurer: finds landmarks and identity.
            realism: says how real results look.
        """
        self.faces, self.measurer, self.realism = faces, measurer, realism
        self.people = people_labels(faces)

    def photo(self, row: int) -> MeasuredFace:
        """Measure one photo of the split."""
        image = self.faces.images[row].numpy().copy()
        return self.measurer.measure(image, self.faces.five_points[row].numpy() * self.faces.size)

    def photo_facts(self, row: int) -> PhotoFacts:
        """Measure what is kept of a photo.

        Args:
            row: of the split.
        """
        found = self.photo(row)
        features = None if self.faces.padded[row] else self.realism.measure([found.crop])[0]
        return PhotoFacts(found.embedding, found.smooth, features)

    def pair_facts(self, swaps: Mapping[str, Swap], pair: tuple[int, int], pictured: bool) -> PairFacts:
        """Swap a pair in all ways, and measure the results.

        Args:
            swaps: by name.
            pair: rows of source and target.
            pictured: keep the pictures.
        """
        source, target = self.photo(pair[0]), self.photo(pair[1])
        results = {name: swap(source, target) for name, swap in swaps.items()}
        facts = {}
        for name, (image, milliseconds) in results.items():
            found = self.measurer.measure(image, target.face.points)
            facts[name] = swap_facts(source, target, found, int(self.people[pair[0]]), milliseconds, self.realism)
        shown = [image for name, (image, _) in results.items() if name != UNCHANGED]
        return PairFacts(facts, [source.image, target.image, *shown] if pictured else None)

    def score(
        self, swaps: Mapping[str, Swap], pairs: Sequence[tuple[int, int]], seed: int
    ) -> tuple[list[ScoreRow], list[list[np.ndarray]]]:
        """Score ways to swap on the same pairs; one pair is in memory at a time.

        Args:
            swaps: by name.
            pairs: rows of source and target.
            seed: of the intervals.

        Returns:
            As of ``scored``.
        """
        photos = (self.photo_facts(row) for row in range(len(self.people)))
        made = (self.pair_facts(swaps, pair, number < PICTURED) for number, pair in enumerate(pairs))
        measured = list(_told(photos, "photos measured", len(self.people)))
        return scored(list(swaps), self.people, measured, _told(made, "pairs scored", len(pairs)), seed)


def scored(
    names: Sequence[str],
    people: Int64[np.ndarray, "n"],
    photos: Sequence[PhotoFacts],
    pairs: Iterable[PairFacts],
    seed: int,
) -> tuple[list[ScoreRow], list[list[np.ndarray]]]:
    """Scores from what was measured.

    Args:
        names: of the ways to swap.
        people: a label per photo.
        photos: of the split.
        pairs: in order.
        seed: of the intervals.

    Returns:
        One row per way, and for the first pairs the pictures source, target, result of each way that changes it.
    """
    smooth = [photo.smooth for photo in photos if photo.smooth is not None]
    vectors = np.stack([photo.embedding for photo in photos])
    gallery = RetrievalGallery(vectors, people, np.stack(smooth) if smooth else None)
    reals = np.stack([photo.features for photo in photos if photo.features is not None])
    scores = {name: SwapScores(name, reference=name in REFERENCES) for name in names}
    pictures: list[list[np.ndarray]] = []
    for pair in pairs:
        for name, facts in pair.swaps.items():
            scores[name].take(facts)
        if pair.pictures is not None:
            pictures.append(pair.pictures)
    generator = np.random.default_rng(seed)
    return [found.row(gallery, reals, generator) for found in scores.values()], pictures


@dataclass(frozen=True)
class Split:
    """Where the val split is.

    Attributes:
        data: folder of faces.
        cache: folder of decoded images.
    """

    data: Path
    cache: Path


class Scoring:
    """Measures photos and pairs of the val split; each worker has one.

    Every worker computes in one thread, so that figures do not depend on how many there are.
    """

    def __init__(self, ways: Ways, split: Split):
        """Load the photos and the networks.

        Args:
            ways: to swap.
            split: whose photos are used.
        """
        limit_threads(1)
        self._swaps = ways.swaps()
        self._evaluator = shipped_evaluator(load_faces(split.data, "val", SIDE, split.cache), ways.device)

    def __call__(self, task: range | list[tuple[int, int, bool]], tell: Tell) -> list[PhotoFacts] | list[PairFacts]:
        """Measure.

        Args:
            task: rows of photos; or source, target and whether they are shown, of pairs.
            tell: takes the share that is done.
        """
        if isinstance(task, range):
            return [self._evaluator.photo_facts(row) for row in task]
        return [self._evaluator.pair_facts(self._swaps, (source, target), shown) for source, target, shown in task]


def score_in_workers(
    ways: Ways, split: Split, faces: Faces, pairs: Sequence[tuple[int, int]], seed: int, engine: Engine
) -> tuple[list[ScoreRow], list[list[np.ndarray]]]:
    """As ``SplitEvaluator.score``, in workers.

    Args:
        ways: to swap.
        split: where the photos are, at the same paths for all workers.
        faces: the split.
        pairs: rows of source and target.
        seed: of the intervals.
        engine: where they are measured.

    Returns:
        As of ``scored``.

    Raises:
        UserError: a photo or pair cannot be measured.
    """
    photos = [range(at, min(at + _TOGETHER, len(faces))) for at in range(0, len(faces), _TOGETHER)]
    wanted = [(source, target, number < PICTURED) for number, (source, target) in enumerate(pairs)]
    tasks = [*photos, *(wanted[at : at + _TOGETHER] for at in range(0, len(wanted), _TOGETHER))]
    ended: dict[int, list] = {}
    for event in run_tasks(engine, partial(Scoring, ways, split), tasks):
        if isinstance(event, Ended):
            if event.error is not None:
                raise UserError(f"It cannot be scored: {event.error}")
            ended[event.index] = event.value
            _progress("photos and pairs measured", sum(map(len, ended.values())), len(faces) + len(pairs))
    facts = [one for number in range(len(tasks)) for one in ended[number]]
    return scored(ways.names(), people_labels(faces), facts[: len(faces)], facts[len(faces) :], seed)


def shipped_evaluator(faces: Faces, device: str) -> SplitEvaluator:
    """A split and the shipped networks.

    Args:
        faces: the split.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UserError: the weights are missing.
    """
    chosen = choose_device(device)
    embedders = local_embedders(chosen)
    arcface = embedders["arcface"]
    assert isinstance(arcface, FaceEmbedder), "local_embedders says so"
    measurer = FaceMeasurer(LandmarkDetector(chosen), arcface, smooth=embedders.get("smooth"))
    return SplitEvaluator(faces, measurer, RealismFeatures(arcface.network, chosen))


def people_labels(faces: Faces) -> Int64[np.ndarray, "n"]:
    """A label per photo; photos whose person is not known get one each."""
    people = faces.identity.numpy().astype(np.int64)
    unknown = np.flatnonzero(people < 0)
    people[unknown] = people.max(initial=-1) + 1 + np.arange(len(unknown))
    return people


def _progress(what: str, done: int, total: int) -> None:
    if done % 25 == 0 or done == total:
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


def _told(facts: Iterable, what: str, total: int) -> Iterator:
    """The same, and on stderr how many there were so far."""
    for done, one in enumerate(facts, 1):
        yield one
        _progress(what, done, total)
