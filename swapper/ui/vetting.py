"""Whether photos of a source person will do, said when they are chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from swapper.faces.align import cut_thumbnail
from swapper.faces.pose import head_pose
from swapper.images import read_image, write_image
from swapper.pipeline import FaceSwapper
from swapper.types import UserError
from swapper.ui.files import new_folder, write_thumbnails
from swapper.ui.languages import said

SMALL = 64.0  # px, longer side of a face below which little of a person can be seen
TURNED = 45.0  # degrees of yaw, as of targets
TILTED = 35.0  # degrees of pitch
NO_FACE = "Person {letter}, photo {number}: no face was found. Choose a photo in which the face is larger."
TOO_SMALL = (
    "Person {letter}, photo {number}: the face is only {size} pixels high, so its likeness will be poor. "
    "Choose a photo in which it is larger."
)
TURNED_FAR = (
    "Person {letter}, photo {number}: the face is turned {degrees} degrees away. "
    "Choose a photo in which it looks into the camera."
)
SEVERAL = "Person {letter}, photo {number}: it shows {count} faces. Click the one to use; otherwise it is the largest."
_ROOM = (2.2, 1.7, 1.3)  # sides of the crop around a chosen face, in sides of the face


@dataclass(frozen=True, eq=False)
class Crowd:
    """A photo of a source person that shows several faces.

    Attributes:
        path: of the photo.
        boxes: of the faces, largest first.
        thumbnails: a small picture's path by face.
    """

    path: str
    boxes: Sequence[np.ndarray]
    thumbnails: list[str]


def vet(finder: FaceSwapper, letter: str, paths: Sequence[str]) -> tuple[list[str], Crowd | None]:
    """What a visitor should know about a person's photos, and the first that shows several faces.

    Args:
        finder: finds faces.
        letter: of the person.
        paths: of the photos.

    Returns:
        Sentences, none where every photo will do.
    """
    sentences, crowd = [], None
    for number, path in enumerate(paths, 1):
        try:
            image = read_image(path)
            faces = finder.find_faces(image)
        except UserError as error:
            sentences.append(str(error))
            continue
        words = {"letter": letter, "number": number}
        if not faces:
            sentences.append(NO_FACE.format(**words))
            continue
        left, top, right, bottom = faces[0].box
        size, pose = max(right - left, bottom - top), head_pose(faces[0].mesh)
        if size < SMALL:
            sentences.append(TOO_SMALL.format(**words, size=round(float(size))))
        if abs(pose.yaw) > TURNED or abs(pose.pitch) > TILTED:
            sentences.append(TURNED_FAR.format(**words, degrees=round(max(abs(pose.yaw), abs(pose.pitch)))))
        if len(faces) > 1:
            sentences.append(SEVERAL.format(**words, count=len(faces)))
            if crowd is None:
                boxes = [face.box for face in faces]
                crowd = Crowd(path, boxes, write_thumbnails((cut_thumbnail(image, box) for box in boxes), "somebody"))
    return [said(sentence) for sentence in sentences], crowd


def cut_out(finder: FaceSwapper, crowd: Crowd, chosen: int) -> str:
    """Write a picture of one face of a photo alone; returns its path.

    Args:
        finder: finds faces.
        crowd: the photo.
        chosen: number of the face.

    Raises:
        UserError: the photo cannot be read any more.
    """
    image, box = read_image(crowd.path), crowd.boxes[chosen]
    cut = image
    for room in _ROOM:
        cut, offset = _around(image, box, room)
        faces = finder.find_faces(cut)
        if faces and _inside((faces[0].box[:2] + faces[0].box[2:]) / 2 + offset, box):
            break
    return str(write_image(cut, new_folder() / "chosen-face.png"))


def _around(
    image: UInt8[np.ndarray, "h w 3"], box: np.ndarray, room: float
) -> tuple[UInt8[np.ndarray, "a b 3"], np.ndarray]:
    left, top, right, bottom = (float(value) for value in box)
    half = room * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    x0, y0 = max(round(x - half), 0), max(round(y - half), 0)
    cut = image[y0 : max(round(y + half), y0 + 1), x0 : max(round(x + half), x0 + 1)]
    return np.ascontiguousarray(cut), np.array([x0, y0])


def _inside(point: np.ndarray, box: np.ndarray) -> bool:
    return bool(box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3])
