"""The swaps of one row of a comparison, made and measured one at a time, here or in workers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Tell
from swapper.errors import UserError
from swapper.faces.align import warp_frame
from swapper.methods.reference import BASELINE, PASTED, UNCHANGED, SourcePasted
from swapper.metrics.geometry import reencode
from swapper.metrics.measure import MeasuredFace, SwapFacts, swap_facts
from swapper.metrics.size import drawing_size
from swapper.pipeline import FaceSwapper
from swapper.registry import split_method
from swapper.runtime.threads import limit_threads
from swapper.studies.evaluators import Evaluators, load_evaluators
from swapper.studies.subjects import Subject, measure_photo, subjects_of
from swapper.types import Identity

_TOGETHER = 4  # pairs of one task of a worker

# Number of a person and its photos, the photo that is swapped into, and whether the result is shown.
WantedPair = tuple[int, Sequence[MeasuredFace], MeasuredFace, bool]


@dataclass(frozen=True)
class MeasuredSwap:
    """One swap of a row.

    Attributes:
        facts: what is known of it.
        picture: the face of the result, 256 px RGB; None where it is not shown.
    """

    facts: SwapFacts
    picture: UInt8[np.ndarray, "s s 3"] | None


@dataclass(frozen=True)
class SwapperChoice:
    """Makes the swapper of a name; can be sent to workers.

    Attributes:
        device: as of ``FaceSwapper``.
        weights: files of names that are not in the registry.
    """

    device: str
    weights: dict[str, Path]

    def __call__(self, name: str) -> FaceSwapper:
        """The swapper of a name, without restoration.

        Args:
            name: method, with or without weights, or one of ``weights``.
        """
        method = split_method(name)[0] if name in self.weights else name
        return FaceSwapper(method, self.device, restore="none", weights=self.weights.get(name))


class MethodSwaps:
    """Makes and measures the swaps of one row; a person's identity is made once."""

    def __init__(self, name: str, build: Callable[[str], FaceSwapper], evaluators: Evaluators):
        """Load what makes the results.

        Args:
            name: of the row.
            build: makes the swapper of a method.
            evaluators: measure the results.
        """
        self.name, self._evaluators = name, evaluators
        self._swapper = _swapper(name, build)
        self._identities: dict[int, Identity] = {}

    def make(
        self, person: int, photos: Sequence[MeasuredFace], target: MeasuredFace, pictured: bool = False
    ) -> MeasuredSwap:
        """One swap.

        Args:
            person: number of the source.
            photos: of the source, the first of which the result is compared with.
            target: photo that is swapped into.
            pictured: keep a picture of the result.
        """
        image, milliseconds = self._swap(person, photos, target)
        found = self._evaluators.measurer.measure(image, target.face.points)
        facts = swap_facts(photos[0], target, found, person, milliseconds, self._evaluators.realism)
        return MeasuredSwap(facts, warp_frame(image, target.crop.matrix, target.crop.size) if pictured else None)

    def _swap(
        self, person: int, photos: Sequence[MeasuredFace], target: MeasuredFace
    ) -> tuple[np.ndarray, float | None]:
        if self._swapper is None:
            return reencode(target.image), None
        if person not in self._identities:
            self._identities[person] = self._swapper.method.identify([photo.crop for photo in photos])
        result = self._swapper.swap_faces(target.image, [target.face], {0: self._identities[person]})
        return result.image, sum(result.timings.values())

    def size(self) -> dict[str, float]:
        """Parameters and multiply-accumulates of the row's networks, where it has any; after the first swap."""
        if self._swapper is None:
            return {}
        found = drawing_size(self._swapper.method, next(iter(self._identities.values())))
        return {} if found is None else {"params": found.params, "macs": found.macs}


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


def made_here(
    names: Sequence[str],
    pairs: Sequence[WantedPair],
    build: Callable[[str], FaceSwapper],
    evaluators: Evaluators,
    progress: Callable[[int, int, str], None],
) -> Iterator[tuple[list[MeasuredSwap], dict[str, float]]]:
    """The swaps of each row, and the size of its networks; one method is in memory at a time.

    Args:
        names: of the rows.
        pairs: that are wanted of each.
        build: makes the swapper of a method.
        evaluators: measure the results.
        progress: takes swaps done, swaps in all, and the name of a row.
    """
    for number, name in enumerate(names):
        swaps, made = MethodSwaps(name, build, evaluators), []
        for done, pair in enumerate(pairs):
            progress(number * len(pairs) + done, len(names) * len(pairs), name)
            made.append(swaps.make(*pair))
        yield made, swaps.size()


@dataclass(frozen=True)
class Part:
    """Some pairs of a row, with the photos that they need.

    Attributes:
        name: of the row.
        pairs: that are wanted.
    """

    name: str
    pairs: list[WantedPair]


class Comparing:
    """Measures photos, given as paths, and makes the swaps of parts of rows; each worker has one.

    Every worker computes in one thread, so that figures do not depend on how many there are.
    """

    def __init__(self, build: SwapperChoice):
        """Load what measures.

        Args:
            build: makes the swapper of a method.
        """
        limit_threads(1)
        self._build, self._finder = build, build(BASELINE)
        self._evaluators = load_evaluators(self._finder.device)
        self._swaps: MethodSwaps | None = None

    def __call__(self, task: Path | Part, tell: Tell) -> MeasuredFace | tuple[list[MeasuredSwap], dict[str, float]]:
        """Do a task.

        Args:
            task: a photo, or pairs of a row.
            tell: takes the share that is done.

        Returns:
            The largest face of the photo; or the swaps, and the size of the row's networks.
        """
        if isinstance(task, Path):
            return measure_photo(task, self._finder, self._evaluators)
        if self._swaps is None or self._swaps.name != task.name:
            self._swaps = None  # so that there is room for the next
            self._swaps = MethodSwaps(task.name, self._build, self._evaluators)
        made = []
        for done, pair in enumerate(task.pairs, 1):
            made.append(self._swaps.make(*pair))
            tell(done / len(task.pairs))
        return made, self._swaps.size()


def measured_in_workers(files: Sequence[Path], engine: Engine, build: SwapperChoice) -> Iterator[MeasuredFace | str]:
    """The largest face of each photo, or a sentence on why it cannot be used, in the photos' order.

    Args:
        files: photos; the same paths for all workers.
        engine: where they are measured.
        build: makes swappers there.
    """
    found: dict[int, MeasuredFace | str] = {}
    for event in run_tasks(engine, partial(Comparing, build), [file.absolute() for file in files]):
        if isinstance(event, Ended):
            found[event.index] = event.value if event.error is None else event.error
    return (found[number] for number in range(len(files)))


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

    return subjects_of(people, measured, skipped)


def made_in_workers(
    names: Sequence[str],
    pairs: Sequence[WantedPair],
    engine: Engine,
    build: SwapperChoice,
    progress: Callable[[int, int, str], None],
) -> Iterator[tuple[list[MeasuredSwap], dict[str, float]]]:
    """The swaps of each row, in the pairs' order, and the size of its networks.

    Args:
        names: of the rows.
        pairs: that are wanted of each.
        engine: where they are made.
        build: makes swappers there.
        progress: takes swaps done, swaps in all, and the name of a row.

    Raises:
        UserError: a swap cannot be made.
    """
    lean: list[WantedPair] = [
        (person, [_without_image(photo) for photo in photos], to, shown) for person, photos, to, shown in pairs
    ]
    parts = [Part(name, lean[at : at + _TOGETHER]) for name in names for at in range(0, len(lean), _TOGETHER)]
    each = len(parts) // len(names)
    done, ended, wanted = 0, dict[int, tuple[list[MeasuredSwap], dict[str, float]]](), 0
    for event in run_tasks(engine, partial(Comparing, build), parts):
        if not isinstance(event, Ended):
            continue
        if event.error is not None:
            raise UserError(f"{parts[event.index].name}: {event.error}")
        ended[event.index] = event.value
        progress(done, len(names) * len(pairs), parts[event.index].name)
        done += len(parts[event.index].pairs)
        while all(number in ended for number in range(wanted, wanted + each)) and wanted < len(parts):
            row = [ended.pop(number) for number in range(wanted, wanted + each)]
            yield [swap for swaps, _ in row for swap in swaps], row[0][1]
            wanted += each


def _without_image(photo: MeasuredFace) -> MeasuredFace:
    """What is needed of a source: everything but the whole picture, which is large."""
    return replace(photo, image=np.zeros((0, 0, 3), np.uint8))
