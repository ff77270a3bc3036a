"""The target photo of one session: its faces, their thumbnails, and who each of them becomes."""

from dataclasses import dataclass, field

from swapper.faces.align import cut_thumbnail
from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.runtime.timing import StepTimer
from swapper.types import Face, UserError
from swapper.ui.assignment import Assignment
from swapper.ui.files import write_thumbnails

NO_FACE = "Target photo: no face was found. Choose a photo in which a face is larger."


@dataclass(frozen=True, kw_only=True, eq=False)
class Target(Assignment):
    """A target photo with its faces.

    Attributes:
        path: of the upload.
        faces: largest first.
        timings: milliseconds of finding the faces, by step.
    """

    path: str
    faces: list[Face]
    timings: dict[str, float] = field(default_factory=dict)


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
    thumbnails = write_thumbnails((cut_thumbnail(image, face.box) for face in faces), "face")
    return Target(path=path, faces=faces, thumbnails=thumbnails, people=[0] * len(faces), timings=timer.milliseconds)
