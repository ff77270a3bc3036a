"""Finding out who appears in a video, from a few of its frames."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.face_swap.networks import SwapNetworks
from swapper.faces import mesh
from swapper.faces.align import cut_crop, cut_thumbnail
from swapper.faces.association import is_readable
from swapper.faces.embed import FaceEmbedder
from swapper.faces.enrolled import EnrolledPeople, EnrolledPerson
from swapper.faces.pose import head_pose
from swapper.faces.scene import SceneCuts
from swapper.faces.select import SAME_PERSON
from swapper.types import Face
from swapper.video.io import VideoReader

EVERY = 0.5  # seconds from one frame that is looked at to the next
MOST_FRAMES = 48  # looked at
_THOROUGH_EVERY = 4  # frames of a scene, of which one is searched for small faces, too
_TURNED = 60.0  # degrees of yaw at which a face makes half as good a picture


@dataclass(frozen=True)
class SeenPerson:
    """Somebody who appears in a video.

    Attributes:
        embedding: mean of the sightings, unit length.
        sightings: frames in which the face was seen well enough to be told from others.
        picture: the best look, RGB.
    """

    embedding: Float32[np.ndarray, "512"]
    sightings: int
    picture: UInt8[np.ndarray, "s s 3"]


class _Search:
    """Looks quickly at most frames of a scene, and thoroughly where somebody may be missed.

    A thorough look at a frame of 720 lines costs five quick ones, which miss eyes less than about 1.3 % of the width
    apart. Somebody who is so small is found where a scene begins, where the number of faces changes, and in every
    fourth frame.
    """

    def __init__(self, networks: SwapNetworks):
        self._networks, self._quick, self._cuts = networks, networks.detector.quick(), SceneCuts()
        self._since = _THOROUGH_EVERY
        self._before: int | None = None  # faces that the quick look at the frame before found

    def faces(self, image: UInt8[np.ndarray, "h w 3"]) -> list[Face]:
        """All faces of the next frame with their landmarks, largest first."""
        begins = self._cuts.is_cut(image)
        self._since += 1
        if begins or self._since >= _THOROUGH_EVERY:
            return self._thoroughly(image, None)
        found, before = self._quick.detect(image), self._before
        if before is not None and len(found) != before:
            return self._thoroughly(image, len(found))
        self._before = len(found)
        return self._networks.landmarks.refine(image, found)

    def _thoroughly(self, image: UInt8[np.ndarray, "h w 3"], quickly: int | None) -> list[Face]:
        self._since, self._before = 0, quickly
        return self._networks.find_faces(image)


@dataclass
class _Shown:
    """Where somebody was seen: in which frames, and the best picture of it."""

    frames: set[int] = field(default_factory=set)
    quality: float = 0.0
    picture: UInt8[np.ndarray, "s s 3"] = field(default_factory=lambda: np.zeros((1, 1, 3), np.uint8))

    def better(self, other: "_Shown") -> "_Shown":
        best = self if self.quality >= other.quality else other
        return _Shown(self.frames | other.frames, best.quality, best.picture)


def find_people(
    networks: SwapNetworks,
    reader: VideoReader,
    start: float,
    end: float,
    progress: Callable[[float], object] | None = None,
) -> list[SeenPerson]:
    """Look at frames of a part of a video and tell the people in them apart, who is seen most first.

    Args:
        networks: find the faces, such as a ``FaceSwapper``.
        reader: of the video.
        start: seconds from the video's begin.
        end: seconds from the video's begin.
        progress: called with the share done in [0, 1].

    Raises:
        UserError: the file is cut off.
    """
    count = min(max(ceil((end - start) / EVERY), 1), MOST_FRAMES)
    times = [start + (end - start) * (index + 0.5) / count for index in range(count)]
    search = _Search(networks)
    embedder, enrolled, shown = FaceEmbedder(networks.device), EnrolledPeople(), defaultdict[int, _Shown](_Shown)
    with closing(reader.samples(times)) as frames:
        for index, frame in enumerate(frames):
            for face, person in _recognised(search, embedder, frame.image, enrolled):
                quality = mesh.eye_distance(face.mesh) / (1 + abs(head_pose(face.mesh).yaw) / _TURNED)
                look = _Shown({index}, float(quality), cut_thumbnail(frame.image, face.box))
                shown[person.number] = look.better(shown[person.number])
            if progress is not None:
                progress((index + 1) / count)
    return sorted(_merged(enrolled.people, shown), key=lambda person: -person.sightings)


def _recognised(
    search: _Search, embedder: FaceEmbedder, image: UInt8[np.ndarray, "h w 3"], enrolled: EnrolledPeople
) -> list[tuple[Face, EnrolledPerson]]:
    """The faces of a frame and who they show; nobody is in it twice."""
    faces = [face for face in search.faces(image) if is_readable(face.mesh, image.shape[:2])]
    people: list[EnrolledPerson] = []
    for embedding in embedder.embed([cut_crop(image, face.points) for face in faces]):
        people.append(enrolled.find(embedding, [one.number for one in people]) or enrolled.stranger())
        people[-1].learn(embedding)
    return list(zip(faces, people, strict=True))


def _merged(people: Sequence[EnrolledPerson], shown: Mapping[int, _Shown]) -> list[SeenPerson]:
    """One entry for people who turned out alike once their means had settled, unless they met in a frame."""
    kept: list[tuple[EnrolledPerson, _Shown]] = []
    for person in sorted(people, key=lambda one: -one.sightings):
        assert person.embedding is not None, "everybody enrolled was looked at"
        look, embedding = shown[person.number], person.embedding
        apart = [entry for entry in kept if not entry[1].frames & look.frames]
        alike = max(apart, key=lambda entry: entry[0].likeness(embedding), default=None)
        if alike is None or alike[0].likeness(embedding) < SAME_PERSON:
            kept.append((person, look))
            continue
        first, before = alike
        first.learn(embedding)
        kept = [(one, before.better(look) if one is first else its) for one, its in kept]
    return [SeenPerson(p.embedding, len(look.frames), look.picture) for p, look in kept if p.embedding is not None]
