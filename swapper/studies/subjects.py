"""The people of a comparison, measured, and the pairs that are swapped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from swapper.images import read_image
from swapper.metrics.measure import MeasuredFace
from swapper.pipeline import FaceSwapper
from swapper.runtime.there import is_folder
from swapper.studies.evaluators import Evaluators
from swapper.studies.previews import shrink
from swapper.types import UserError

SIDE = 1280  # px, longest side of the photos that are compared on
SAME_PHOTO = 0.9  # cosine above which two photos are one


@dataclass(frozen=True)
class Subject:
    """Somebody whose photos are used.

    Attributes:
        name: of the file or folder.
        photos: measured; the first is the one that results are compared with.
    """

    name: str
    photos: list[MeasuredFace]


def people_in(folder: Path) -> list[tuple[str, list[Path]]]:
    """Names and files of the people in a folder: each picture is somebody, and so is each folder of pictures.

    Args:
        folder: other files in it are ignored only where they cannot be read as pictures; see ``measure_people``.

    Raises:
        UserError: the folder is missing or empty.
    """
    if not is_folder(folder):
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
    return subjects_of(people, lambda file: measure_photo(file, finder, evaluators), skipped)


def subjects_of(
    people: Sequence[tuple[str, Sequence[Path]]],
    measure: Callable[[Path], MeasuredFace],
    skipped: Callable[[str], None] | None,
) -> list[Subject]:
    """Everybody of whom a photo can be used.

    Args:
        people: names and files.
        measure: finds and measures the largest face of a photo.
        skipped: as of ``measure_people``.

    Raises:
        UserError: as of ``measure_people``.
    """
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


def measure_photo(file: Path, finder: FaceSwapper, evaluators: Evaluators) -> MeasuredFace:
    """The largest face of a photo.

    Args:
        file: photo.
        finder: finds faces.
        evaluators: measure it.

    Raises:
        UserError: it cannot be read, or shows no face.
    """
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
        if likeness(source.photos[0], target.photos[0]) < SAME_PHOTO
    ]
    if not pairs:
        raise UserError("Sources and targets are the same photo. Add a photo of somebody else.")
    if len(pairs) <= limit:
        return pairs
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:limit]
    return [pairs[i] for i in sorted(chosen)]


def likeness(first: MeasuredFace, second: MeasuredFace) -> float:
    """Identity cosine of two photos, by ArcFace.

    Args:
        first: a face.
        second: another.
    """
    return float(first.embedding @ second.embedding)
