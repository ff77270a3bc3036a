"""Who the followed faces of a video show: named when they appear, checked now and then, set right when mistaken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import cut_crop
from swapper.faces.association import is_readable
from swapper.faces.embed import IdentityEmbedder
from swapper.faces.gallery import EnrolledPerson, Gallery
from swapper.faces.landmarks import five_points
from swapper.faces.rows import fields_from_row, fields_to_row
from swapper.faces.select import SAME_PERSON

NOBODY = EnrolledPerson(-1)  # of a track that nobody has looked at yet; never learns
_FIRST_DETECTIONS, _EVERY = 4, 4  # a new face is embedded at so many detections, later at every fourth
_STRANGER = 0.15  # cosine below which a face is hardly the person it was
_DOUBTS = 2  # such embeddings in a row before it is believed

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
        detections: since it began, or since it looked suddenly different.
        doubts: embeddings in a row that hardly resembled its person.
    """

    number: int
    mesh: Float32[np.ndarray, "478 3"]
    presence: float
    picture: UInt8[np.ndarray, "s s"]
    shift: Float32[np.ndarray, "2"]
    person: EnrolledPerson = field(default_factory=lambda: NOBODY)
    age: int = 0
    missed: int = 0
    detections: int = 0
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
        """It looks suddenly different: one embedding will do to believe that it is somebody else."""
        self.detections, self.doubts = 0, _DOUBTS - 1


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
        """Identify the faces that are due for a check.

        Args:
            frame: RGB.
            tracks: everybody in the frame; changed.
        """
        due = [track for track in tracks if track.detections < _FIRST_DETECTIONS or track.detections % _EVERY == 0]
        for track in tracks:
            track.detections += 1
        claims = [
            (track, embedding)
            for track, embedding in zip(due, self._embed(frame, due), strict=True)
            if embedding is not None
        ]
        for track, embedding in sorted(claims, key=lambda claim: -claim[0].person.likeness(claim[1])):
            self._name(frame, track, embedding, tracks)
        for track in tracks:
            if track.person is NOBODY:
                track.person = self.gallery.stranger()

    def likeness(self, frame: Frame, tracks: Sequence[Track]) -> list[float]:
        """Cosine of each face to the person it is assigned to; -1 where it cannot be measured.

        Args:
            frame: RGB.
            tracks: the faces.
        """
        embeddings = self._embed(frame, tracks)
        return [-1.0 if k is None else track.person.likeness(k) for track, k in zip(tracks, embeddings, strict=True)]

    def _name(self, frame: Frame, track: Track, embedding: Float32[np.ndarray, "512"], tracks: Sequence[Track]) -> None:
        """Assign a person to a track, from a new embedding."""
        if track.person.likeness(embedding) < SAME_PERSON:
            track.doubts += track.person.likeness(embedding) < _STRANGER
            known = self.gallery.find(embedding, {other.person.number for other in tracks if other is not track})
            if known is not None:
                self._become(track, known)
            elif track.person is NOBODY:
                track.person = self.gallery.stranger()
            elif track.person.sightings:
                if track.doubts >= _DOUBTS:
                    self._change_places(frame, track, embedding, tracks)
                return  # a doubtful look teaches nothing
        track.doubts = 0
        track.person.learn(embedding)

    def _change_places(
        self, frame: Frame, track: Track, embedding: Float32[np.ndarray, "512"], tracks: Sequence[Track]
    ) -> None:
        """A track shows somebody else, perhaps the person of another track: check that one too."""
        known = self.gallery.find(embedding)
        holder = next((other for other in tracks if other.person is known), None)
        self._become(track, known or self.gallery.stranger())
        track.person.learn(embedding)
        if holder is not None:
            self._become(holder, NOBODY)
            again = self._embed(frame, [holder])[0]
            if again is not None:
                self._name(frame, holder, again, tracks)

    def _become(self, track: Track, person: EnrolledPerson) -> None:
        track.person, track.doubts = person, 0
        if track.age:
            track.number, track.age = next(self._numbers), 0

    def _embed(self, frame: Frame, tracks: Sequence[Track]) -> list[Float32[np.ndarray, "512"] | None]:
        """Embeddings of faces; None for those that are turned or too small to be told apart."""
        readable = [is_readable(track.mesh, frame.shape[:2]) for track in tracks]
        if not any(readable):
            return [None] * len(tracks)
        crops = [cut_crop(frame, track.points) for track, clear in zip(tracks, readable, strict=True) if clear]
        embeddings = iter(self._embedder.embed(crops))
        return [next(embeddings) if clear else None for clear in readable]
