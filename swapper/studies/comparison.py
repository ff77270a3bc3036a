"""Comparing methods on the same pairs of photos, one method in memory at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.faces.align import warp_frame
from swapper.images import read_image
from swapper.methods.reference import BASELINE, PASTED, REFERENCES, UNCHANGED, SourcePasted
from swapper.metrics.geometry import reencode
from swapper.metrics.measure import MeasuredFace, RetrievalGallery, SwapScores
from swapper.metrics.report import ScoreRow
from swapper.metrics.size import drawing_size
from swapper.pipeline import FaceSwapper
from swapper.studies.evaluators import Evaluators
from swapper.studies.previews import shrink
from swapper.types import Identity, UserError

SIDE = 1280  # px, longest side of the photos that are compared on
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
    found, last = [], ""
    for name, files in people:
        photos = []
        for file in files:
            try:
                photos.append(_measured(file, finder, evaluators))
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


def _measured(file: Path, finder: FaceSwapper, evaluators: Evaluators) -> MeasuredFace:
    image = shrink(read_image(file), SIDE)
    faces = finder.find_faces(image)
    if not faces:
        raise UserError(f"Photo '{file}': no face was found. Choose a photo in which a face is larger.")
    return evaluators.measurer.measure(image, faces[0].points)


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
) -> Iterator[Comparison]:
    """Score methods, and the reference rows, on the same pairs.

    The unchanged target is re-encoded, so that its row is the noise floor of every measure; the pasted source and
    the warp always take part.

    Args:
        sources: people.
        targets: people.
        pairs: from ``choose_pairs``.
        methods: names; the warp is added.
        build: makes the swapper of a method.
        evaluators: measure the results.
        progress: told after every swap.

    Yields:
        The rows so far, after each method.
    """
    names = [UNCHANGED, PASTED, BASELINE, *(name for name in dict.fromkeys(methods) if name != BASELINE)]
    state = Comparison(sources, targets, pairs, [], {})
    gallery = gallery_of(sources, targets)
    reals = evaluators.realism.measure([person.photos[0].crop for person in targets]) if len(targets) > 1 else None
    for number, name in enumerate(names):
        scores = SwapScores(name, evaluators.realism, reference=name in REFERENCES)
        pictures: list[np.ndarray] = []
        swapper = _swapper(name, build)
        identities: dict[int, Identity] = {}
        swap = _way(swapper, sources, identities)
        for done, (s, t) in enumerate(pairs):
            if progress is not None:
                progress(number * len(pairs) + done, len(names) * len(pairs), name)
            source, target = sources[s], targets[t].photos[0]
            image, milliseconds = swap(s, target)
            found = evaluators.measurer.measure(image, target.face.points)
            scores.add(source.photos[0], target, found, s, milliseconds)
            if done < PICTURED:
                pictures.append(warp_frame(image, target.crop.matrix, target.crop.size))
        row = _known(
            scores.row(gallery, reals if len(pairs) >= LEAST_REALISM else None, np.random.default_rng(0)), len(pairs)
        )
        row = replace(row, values={**row.values, **_size(swapper, identities)})
        shown = {} if name == UNCHANGED else {name: pictures}
        state = replace(state, rows=[*state.rows, row], pictures={**state.pictures, **shown})
        yield state


Way = Callable[[int, MeasuredFace], tuple[np.ndarray, float | None]]


def _swapper(name: str, build: Callable[[str], FaceSwapper]) -> FaceSwapper | None:
    """What makes a row's results; None where they are the targets."""
    if name == UNCHANGED:
        return None
    swapper = build(BASELINE if name == PASTED else name)
    if name != PASTED:
        return swapper
    return FaceSwapper(
        SourcePasted(), str(swapper.device), restore="none", blend=swapper.blend, detector=swapper.detector
    )


def _size(swapper: FaceSwapper | None, identities: dict[int, Identity]) -> dict[str, float]:
    """Parameters and multiply-accumulates of a row's networks, where it has any."""
    if swapper is None:
        return {}
    found = drawing_size(swapper.method, next(iter(identities.values())))
    return {} if found is None else {"params": found.params, "macs": found.macs}


def _way(swapper: FaceSwapper | None, sources: list[Subject], identities: dict[int, Identity]) -> Way:
    """How a row's results are made; a person's identity is made once."""
    if swapper is None:
        return lambda _source, target: (reencode(target.image), None)

    def swap(source: int, target: MeasuredFace) -> tuple[np.ndarray, float]:
        if source not in identities:
            identities[source] = swapper.method.identify([photo.crop for photo in sources[source].photos])
        result = swapper.swap_faces(target.image, [target.face], {0: identities[source]})
        return result.image, sum(result.timings.values())

    return swap


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
