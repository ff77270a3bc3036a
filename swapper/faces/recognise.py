"""Who the followed faces of a video show: named when they appear, checked now and then, set right when mistaken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import cut_crop
from swapper.faces.association import is_readable
from swapper.faces.embed import IdentityEmbedder
from swapper.faces.gallery import Gallery, Person
from swapper.faces.landmarks import five_points
from swapper.faces.rows import fields_from_row, fields_to_row
from swapper.faces.select import SAME_PERSON

NOBODY = Person(-1)  # of a track that nobody has looked at yet; never learns
_FIRST_LOOKS, _RARE_LOOKS = 4, 4  # looks at a new face at every detection; later at every so many
_STRANGER = 0.15  # cosine below which a face is hardly the person it was
_DOUBTS = 2  # such looks in a row before it is believed

Frame = UInt8[np.ndarray, "h w 3"]


@dataclass
class Track:
    """One face while it is followed.

    Attributes:
        number: of its uninterrupted presence; a new one where it turns out to be somebody else.
        mesh: the 478 points in the frame seen last.
        presence: probability that a face is there.
        picture: its ``small_picture``.
        shift: how far it moved between the last two frames, pixels.
        person: who it shows.
        age: frames it has been followed for.
        missed: detections in a row that did not find it.
        looks: detections since it began, or since it looked suddenly different.
        doubts: looks in a row that hardly resembled its person.
    """

    number: int
    mesh: Float32[np.ndarray, "478 3"]
    presence: float
    picture: UInt8[np.ndarray, "s s"]
    shift: Float32[np.ndarray, "2"]
    person: Person = field(default_factory=lambda: NOBODY)
    age: int = 0
    missed: int = 0
    looks: int = 0
    doubts: int = 0

    @property
    def points(self) -> Float32[np.ndarray, "5 2"]:
        """The five points."""
        return five_points(self.mesh)

    def to_row(self) -> dict[str, Any]:
        """As plain values."""
        return fields_to_row(self, without=("person",)) | {"person": self.person.number}

    @classmethod
    def from_row(cls, row: dict[str, Any], gallery: Gallery) -> "Track":
        """The track that ``to_row`` made plain.

        Args:
            row: from there.
            gallery: the people known then.
        """
        person = row["person"]
        own = fields_from_row({name: value for name, value in row.items() if name != "person"})
        return cls(**own, person=NOBODY if person == NOBODY.number else gallery.people[person])

    def suspect(self) -> None:
        """It looks suddenly different: one look will do to believe that it is somebody else."""
        self.looks, self.doubts = 0, _DOUBTS - 1


class Recogniser:
    """Names the people of one video.

    Attributes:
        gallery: everybody seen so far.
    """

    def __init__(self, embedder: IdentityEmbedder, gallery: Gallery, numbers: Iterator[int]):
        """Start with the people known already.

        Args:
            embedder: tells people apart.
            gallery: the people known; grows.
            numbers: for tracks that turn out to be somebody else.
        """
        self._embedder, self._numbers = embedder, numbers
        self.gallery = gallery

    def recognise(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Look at who the faces are, where that is due.

        Args:
            frame: RGB.
            tracks: everybody in the frame; changed.
        """
        due = [track for track in tracks if track.looks < _FIRST_LOOKS or track.looks % _RARE_LOOKS == 0]
        for track in tracks:
            track.looks += 1
        claims = [(track, look) for track, look in zip(due, self._look(frame, due), strict=True) if look is not None]
        for track, look in sorted(claims, key=lambda claim: -claim[0].person.likeness(claim[1])):
            self._name(frame, track, look, tracks)
        for track in tracks:
            if track.person is NOBODY:
                track.person = self.gallery.stranger()

    def likeness(self, frame: Frame, tracks: Sequence[Track]) -> list[float]:
        """How much faces resemble who they are said to show, as cosines; -1 where that cannot be seen.

        Args:
            frame: RGB.
            tracks: the faces.
        """
        looks = self._look(frame, tracks)
        return [-1.0 if k is None else track.person.likeness(k) for track, k in zip(tracks, looks, strict=True)]

    def _name(self, frame: Frame, track: Track, look: Float32[np.ndarray, "512"], tracks: Sequence[Track]) -> None:
        """Say who a track shows, from a new look at it."""
        if track.person.likeness(look) < SAME_PERSON:
            track.doubts += track.person.likeness(look) < _STRANGER
            known = self.gallery.find(look, {other.person.number for other in tracks if other is not track})
            if known is not None:
                self._become(track, known)
            elif track.person is NOBODY:
                track.person = self.gallery.stranger()
            elif track.person.looks:
                if track.doubts >= _DOUBTS:
                    self._change_places(frame, track, look, tracks)
                return  # a doubtful look teaches nothing
        track.doubts = 0
        track.person.learn(look)

    def _change_places(
        self, frame: Frame, track: Track, look: Float32[np.ndarray, "512"], tracks: Sequence[Track]
    ) -> None:
        """A track shows somebody else, perhaps one whom another track is said to show: look at that one, too."""
        known = self.gallery.find(look)
        holder = next((other for other in tracks if other.person is known), None)
        self._become(track, known or self.gallery.stranger())
        track.person.learn(look)
        if holder is not None:
            self._become(holder, NOBODY)
            again = self._look(frame, [holder])[0]
            if again is not None:
                self._name(frame, holder, again, tracks)

    def _become(self, track: Track, person: Person) -> None:
        track.person, track.doubts = person, 0
        if track.age:
            track.number, track.age = next(self._numbers), 0

    def _look(self, frame: Frame, tracks: Sequence[Track]) -> list[Float32[np.ndarray, "512"] | None]:
        """Embeddings of faces; None for those that are turned or too small to be told apart."""
        readable = [is_readable(track.mesh, frame.shape[:2]) for track in tracks]
        if not any(readable):
            return [None] * len(tracks)
        crops = [cut_crop(frame, track.points) for track, clear in zip(tracks, readable, strict=True) if clear]
        looks = iter(self._embedder.embed(crops))
        return [next(looks) if clear else None for clear in readable]
