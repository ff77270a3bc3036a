"""The target photo of one session: its faces, their thumbnails, and who each of them becomes."""

from dataclasses import dataclass, field

import numpy as np

from swapper.faces.align import cut_thumbnail
from swapper.images import read_image
from swapper.pipeline import FaceSwapper
from swapper.runtime.timing import StepTimer
from swapper.studies.previews import data_uri, shrink
from swapper.types import Face, UserError
from swapper.ui.assignment import UNCHANGED, Assignment
from swapper.ui.files import write_thumbnails

OVERVIEW = "The target photo with its faces numbered, {count} in all"
OVERVIEW_SIDE = 640  # px, longer side
NO_FACE = "Target photo: no face was found. Choose a photo in which a face is larger."


@dataclass(frozen=True, kw_only=True, eq=False)
class Target(Assignment):
    """A target photo with its faces.

    Attributes:
        path: of the upload.
        faces: largest first.
        timings: milliseconds of finding the faces, by step.
        size: width and height of the photo, pixels.
        small: address of the photo, reduced; empty where there is none.
    """

    path: str
    faces: list[Face]
    timings: dict[str, float] = field(default_factory=dict)
    size: tuple[int, int] = (1, 1)
    small: str = ""

    def overview(self) -> str:
        """HTML of the photo with a numbered box around each of several faces; clicks go to their thumbnails."""
        if not self.small or len(self.faces) < 2:
            return ""
        boxes = "".join(self._box(index, face) for index, face in enumerate(self.faces))
        words = OVERVIEW.format(count=len(self.faces))
        return f'<div class="overview"><div><img src="{self.small}" alt="{words}" decoding="sync">{boxes}</div></div>'

    def _box(self, index: int, face: Face) -> str:
        edges = np.clip(face.box.reshape(2, 2) / np.array(self.size), 0, 1) * 100  # per cent of the photo
        (left, top), (width, height) = edges[0], edges[1] - edges[0]
        kind = "selected" if index == self.selected else "" if self.people[index] != UNCHANGED else "alone"
        place = f"left:{left:.1f}%;top:{top:.1f}%;width:{width:.1f}%;height:{height:.1f}%"
        return f'<span class="{kind}" data-face="{index}" style="{place}" aria-hidden="true"><b>{index + 1}</b></span>'


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
    return Target(
        path=path,
        faces=faces,
        thumbnails=thumbnails,
        people=[0] * len(faces),
        timings=timer.milliseconds,
        size=(image.shape[1], image.shape[0]),
        small=data_uri(shrink(image, OVERVIEW_SIDE), 80),
    )
