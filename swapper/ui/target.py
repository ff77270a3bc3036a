"""The target photo of one session: its faces, their thumbnails, and who each of them becomes."""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import UInt8

from swapper.faces.align import warp_frame
from swapper.images import read_image, write_image
from swapper.pipeline import FaceSwapper
from swapper.timing import StepTimer
from swapper.types import Face, UserError
from swapper.ui.files import new_folder

PEOPLE = ("A", "B", "C")
UNCHANGED = -1  # stands for nobody in ``Target.people``
LEFT_ALONE = "Leave unchanged"
NO_FACE = "Target photo: no face was found. Choose a photo that shows a face larger."
THUMBNAIL_SIDE = 192  # px


@dataclass(frozen=True)
class Target:
    """A target photo with its faces, kept in a session's state.

    Attributes:
        path: of the upload.
        faces: largest first.
        thumbnails: a small picture's path by face.
        people: index into ``PEOPLE`` by face, or ``UNCHANGED``.
        selected: index of the face whose person is being chosen.
        timings: milliseconds of finding the faces, by step.
    """

    path: str
    faces: list[Face]
    thumbnails: list[str]
    people: list[int]
    selected: int = 0
    timings: dict[str, float] = field(default_factory=dict)

    def assign(self, person: int) -> "Target":
        """The target with another person for the selected face.

        Args:
            person: index into ``PEOPLE``, or ``UNCHANGED``.
        """
        people = list(self.people)
        people[self.selected] = person
        return replace(self, people=people)

    def gallery(self) -> list[tuple[str, str]]:
        """Thumbnails with captions that say who each face becomes."""
        becomes = ["unchanged" if person == UNCHANGED else f"becomes {PEOPLE[person]}" for person in self.people]
        return list(zip(self.thumbnails, becomes, strict=True))

    def wanted(self) -> dict[int, int]:
        """Index into ``PEOPLE`` by face, for the faces that change."""
        return {face: person for face, person in enumerate(self.people) if person != UNCHANGED}


def choices(people: int) -> list[tuple[str, int]]:
    """What a target face can become: labels, and indices into ``PEOPLE`` or ``UNCHANGED``.

    Args:
        people: how many source persons there are.
    """
    return [*((f"Person {letter}", index) for index, letter in enumerate(PEOPLE[:people])), (LEFT_ALONE, UNCHANGED)]


def thumbnail(image: UInt8[np.ndarray, "h w 3"], face: Face) -> UInt8[np.ndarray, "s s 3"]:
    """A square cut around a face with some room, mirrored where it leaves the picture.

    Args:
        image: RGB.
        face: where.
    """
    left, top, right, bottom = face.box
    scale = THUMBNAIL_SIDE / max(1.5 * max(right - left, bottom - top), 1)
    shift = THUMBNAIL_SIDE / 2 - scale * np.array([left + right, top + bottom]) / 2
    return warp_frame(image, np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], dtype=np.float32), THUMBNAIL_SIDE)


def find_target(swapper: FaceSwapper, path: str) -> Target:
    """Read a target photo and find its faces; all of them become the first person.

    Args:
        swapper: finds the faces.
        path: of the photo.

    Raises:
        UserError: the photo cannot be read or shows no face.
    """
    timer = StepTimer()
    with timer.step("decode"):
        image = read_image(path)
    faces = swapper.find_faces(image, timer)
    if not faces:
        raise UserError(NO_FACE)
    folder = new_folder()
    thumbnails = [
        str(write_image(thumbnail(image, face), folder / f"face-{index + 1}.jpg", quality=88))
        for index, face in enumerate(faces)
    ]
    return Target(path, faces, thumbnails, [0] * len(faces), timings=timer.milliseconds)
