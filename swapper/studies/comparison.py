"""Comparing methods on the same pairs of photos, one method in memory at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.batch.engine import Engine
from swapper.methods.reference import BASELINE, PASTED, REFERENCES, UNCHANGED
from swapper.metrics.measure import MeasuredFace, RetrievalGallery, SwapScores
from swapper.metrics.report import ScoreRow
from swapper.pipeline import FaceSwapper
from swapper.studies.comparison_swaps import (
    SwapperChoice,
    made_here,
    made_in_workers,
    measure_photo,
    measured_in_workers,
)
from swapper.studies.evaluators import Evaluators
from swapper.types import UserError

PICTURED = 12  # pairs whose pictures are kept
LEAST_REALISM = 24  # pairs, below which distances of distributions mean nothing
LEAST_INTERVAL = 3  # pairs, below which an interval means nothing
SAME_PHOTO = 0.9  # cosine above which two photos are one

ComparisonProgress = Callable[[int, int, str], None]  # swaps done, swaps in all, what is being done


@dataclass(frozen=True)
class Subject:
    """Somebody whose photos are used.

    Attributes:
        name: of the file or folder.
        photos: measured; the first is the one that results are compared with.
    """

    name: str
    photos: list[MeasuredFace]


@dataclass(frozen=True)
class Comparison:
    """What is known so far.

    Attributes:
        sources: whose faces were given.
        targets: with one photo each.
        pairs: indices of source and target.
        rows: scores, one row for each method that is done; references first.
        pictures: by the rows' names, the faces of the first pairs' results, 256 px RGB.
    """

    sources: list[Subject]
    targets: list[Subject]
    pairs: list[tuple[int, int]]
    rows: list[ScoreRow]
    pictures: dict[str, list[UInt8[np.ndarray, "s s 3"]]]

    def columns(self) -> list[str]:
        """Labels of the columns of ``grid``."""
        return ["source", "target", *self.pictures]

    def grid(self) -> list[list[UInt8[np.ndarray, "s s 3"]]]:
        """Pictures to be shown beside each other: a row for each of the first pairs."""
        shown = self.pairs[:PICTURED]
        faces = [(self.sources[s].photos[0].crop.image, self.targets[t].photos[0].crop.image) for s, t in shown]
        return [[*faces[i], *(images[i] for images in self.pictures.values())] for i in range(len(shown))]


def people_in(folder: Path) -> list[tuple[str, list[Path]]]:
    """Names and files of the people in a folder: each picture is somebody, and so is each folder of pictures.

    Args:
        folder: other files in it are ignored only where they cannot be read as pictures; see ``measure_people``.

    Raises:
        UserError: the folder is missing or empty.
    """
    if not folder.is_dir():
        raise UserError(f"Photos '{folder}': folder not found. Give a folder of photos.")
    found = []
    for path in sorted(folder.iterdir()):
        files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
        if files and not path.name.startswith("."):
            found.append((path.stem if path.is_file() else path.name, files))
    if not found:
        raise UserError(f"Photos '{folder}': the folder is empty. Put photos into it.")
    return found


def measure_people(
    people: Sequence[tuple[str, Sequence[Path]]],
    finder: FaceSwapper,
    evaluators: Evaluators,
    skipped: Callable[[str], None] | None = None,
) -> list[Subject]:
    """Read and measure photos; the largest face of each counts.

    Args:
        people: names and files.
        finder: finds the faces.
        evaluators: measure them.
        skipped: called with a sentence about each file that cannot be used; the first one is an error when None.

    Raises:
        UserError: a file cannot be used, or none of them can.
    """
    return _subjects(people, lambda file: measure_photo(file, finder, evaluators), skipped)


def measure_people_in_workers(
    people: Sequence[tuple[str, Sequence[Path]]],
    engine: Engine,
    build: SwapperChoice,
    skipped: Callable[[str], None] | None = None,
) -> list[Subject]:
    """As ``measure_people``, in workers.

    Args:
        people: names and files.
        engine: where they are measured.
        build: makes swappers there.
        skipped: as of ``measure_people``.

    Raises:
        UserError: as of ``measure_people``.
    """
    files = list(dict.fromkeys(file for _, some in people for file in some))
    found = dict(zip(files, measured_in_workers(files, engine, build), strict=True))

    def measured(file: Path) -> MeasuredFace:
        photo = found[file]
        if isinstance(photo, str):
            raise UserError(photo)
        return photo

    return _subjects(people, measured, skipped)


def _subjects(
    people: Sequence[tuple[str, Sequence[Path]]],
    measure: Callable[[Path], MeasuredFace],
    skipped: Callable[[str], None] | None,
) -> list[Subject]:
    found, last = [], ""
    for name, files in people:
        photos = []
        for file in files:
            try:
                photos.append(measure(file))
            except UserError as error:
                if skipped is None:
                    raise
                last = str(error)
                skipped(last)
        if photos:
            found.append(Subject(name, photos))
    if not found:
        raise UserError(last or "No photos were given. Give at least one.")
    return found


def choose_pairs(
    sources: Sequence[Subject], targets: Sequence[Subject], limit: int, seed: int = 0
) -> list[tuple[int, int]]:
    """All pairs of a source and a target that are not one photo; some of them, spread evenly, where there are too many.

    Args:
        sources: people.
        targets: people.
        limit: most pairs.
        seed: of the choice.

    Raises:
        UserError: no pair is left.
    """
    pairs = [
        (s, t)
        for t, target in enumerate(targets)
        for s, source in enumerate(sources)
        if _likeness(source.photos[0], target.photos[0]) < SAME_PHOTO
    ]
    if not pairs:
        raise UserError("Sources and targets are the same photo. Add a photo of somebody else.")
    if len(pairs) <= limit:
        return pairs
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:limit]
    return [pairs[i] for i in sorted(chosen)]


def gallery_of(sources: Sequence[Subject], targets: Sequence[Subject]) -> RetrievalGallery:
    """All photos, the sources' people numbered as they come, each other target somebody new.

    Args:
        sources: people.
        targets: people; who is on the very photo of a source is that source.
    """
    embeddings = [photo.embedding for person in sources for photo in person.photos]
    people = [number for number, person in enumerate(sources) for _ in person.photos]
    for target in targets:
        likeness = [_likeness(source.photos[0], target.photos[0]) for source in sources]
        same = int(np.argmax(likeness)) if max(likeness) >= SAME_PHOTO else max(people) + 1
        if max(likeness) < SAME_PHOTO:
            embeddings.append(target.photos[0].embedding)
            people.append(same)
    return RetrievalGallery(np.stack(embeddings), np.array(people, np.int64))


def compare(
    sources: list[Subject],
    targets: list[Subject],
    pairs: list[tuple[int, int]],
    methods: Sequence[str],
    build: Callable[[str], FaceSwapper],
    evaluators: Evaluators,
    progress: ComparisonProgress | None = None,
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
        engine: where the swaps are made; in this process when None.

    Yields:
        The rows so far, after each method.
    """
    names = [UNCHANGED, PASTED, BASELINE, *(name for name in dict.fromkeys(methods) if name != BASELINE)]
    state = Comparison(sources, targets, pairs, [], {})
    gallery = gallery_of(sources, targets)
    reals = evaluators.realism.measure([person.photos[0].crop for person in targets]) if len(targets) > 1 else None
    wanted = [(s, sources[s].photos, targets[t].photos[0], done < PICTURED) for done, (s, t) in enumerate(pairs)]
    told = progress or (lambda _done, _total, _what: None)
    if engine is None:
        made = made_here(names, wanted, build, evaluators, told)
    else:
        assert isinstance(build, SwapperChoice), "others cannot be sent to workers"
        made = made_in_workers(names, wanted, engine, build, told)
    for name, (swaps, size) in zip(names, made, strict=True):
        scores = SwapScores(name, evaluators.realism, reference=name in REFERENCES)
        for swap in swaps:
            scores.take(swap.facts)
        row = _known(
            scores.row(gallery, reals if len(pairs) >= LEAST_REALISM else None, np.random.default_rng(0)), len(pairs)
        )
        row = replace(row, values={**row.values, **size})
        shown = {} if name == UNCHANGED else {name: [swap.picture for swap in swaps if swap.picture is not None]}
        state = replace(state, rows=[*state.rows, row], pictures={**state.pictures, **shown})
        yield state


def _known(row: ScoreRow, pairs: int) -> ScoreRow:
    """A row without what could not be measured, and without intervals of hardly any pairs."""
    values = {key: value for key, value in row.values.items() if np.isfinite(value)}
    intervals = {key: ends for key, ends in row.intervals.items() if key in values and pairs >= LEAST_INTERVAL}
    return replace(row, values=values, intervals=intervals)


def _likeness(first: MeasuredFace, second: MeasuredFace) -> float:
    return float(first.embedding @ second.embedding)


def attributes_kept(row: ScoreRow, pasted: ScoreRow) -> float:
    """How much of pose, expression and gaze a method keeps: 1 for all of it, 0 for no more than the pasted source.

    One minus the mean over the three of the method's error over that of the pasted source.

    Args:
        row: of the method.
        pasted: of the pasted source, which keeps nothing of them.
    """
    parts = [row.values[key] / max(pasted.values[key], 1e-9) for key in ("pose", "expression", "gaze")]
    return 1 - sum(parts) / len(parts)
