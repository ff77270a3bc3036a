"""What is known of one face of a video while it is followed, and what becomes clear about it later."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.enrolled import EnrolledPeople, EnrolledPerson
from swapper.faces.landmarks import five_points
from swapper.faces.rows import fields_from_row, fields_to_row

NOBODY = EnrolledPerson(-1)  # of a track that nobody has looked at yet; never learns

Mesh = Float32[np.ndarray, "478 3"]


class Numbers:
    """Counts from 0, like ``itertools.count``, which cannot be asked what comes next."""

    def __init__(self) -> None:
        """Begin with 0."""
        self.next = 0

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.next += 1
        return self.next - 1


@dataclass
class Track:
    """One face while it is followed.

    Attributes:
        number: of its uninterrupted presence; a new one where it turns out to be somebody else.
        mesh: the 478 points in the frame seen last.
        presence: probability that a face is there.
        picture: its ``small_picture``.
        shift: how far it moved between the last two frames, pixels.
        begun: number of the frame it was found in.
        person: who it shows.
        fresh: whether it was found in this very frame.
        usual: how much its picture changes from frame to frame, grey levels.
        missed: detections in a row that did not find it.
        looked: number of the frame it was embedded in last.
        sure: number of the frame in which it was last recognised as its person.
        unsure: number of the first frame in which it may show somebody else; None while nothing speaks for that.
        doubts: looks in a row that did not recognise its person.
        strange: numbers of the frames since ``unsure`` in which it did not resemble its person.
        likeness: usual cosine of its looks with its person.
    """

    number: int
    mesh: Mesh
    presence: float
    picture: UInt8[np.ndarray, "s s"]
    shift: Float32[np.ndarray, "2"]
    begun: int
    person: EnrolledPerson = field(default_factory=lambda: NOBODY)
    fresh: bool = True
    usual: float = 0.0
    missed: int = 0
    looked: int = -1
    sure: int = -1
    unsure: int | None = None
    doubts: int = 0
    strange: list[int] = field(default_factory=list)
    likeness: float = 0.0

    @property
    def points(self) -> Float32[np.ndarray, "5 2"]:
        """The five points."""
        return five_points(self.mesh)

    @property
    def is_known(self) -> bool:
        """Whether its person has been seen well, here or elsewhere."""
        return self.person.embedding is not None

    @property
    def unproven(self) -> int:
        """Number of the first frame since it was last recognised, in which it may have begun to show somebody else."""
        return max(self.sure + 1, self.begun)

    @property
    def in_question(self) -> bool:
        """Whether it must be looked at again in the next frame."""
        return self.unsure is not None or self.doubts > 0

    def to_row(self) -> dict[str, Any]:
        """As plain values."""
        apart = {"person": self.person.number, "strange": self.strange}
        return fields_to_row(self, without=list(apart)) | apart

    @classmethod
    def from_row(cls, row: dict[str, Any], enrolled: EnrolledPeople) -> "Track":
        """The track that ``to_row`` made plain.

        Args:
            row: from there.
            enrolled: the people known then.
        """
        person, strange = row["person"], [*row["strange"]]
        own = fields_from_row({name: value for name, value in row.items() if name not in ("person", "strange")})
        return cls(**own, person=NOBODY if person == NOBODY.number else enrolled.people[person], strange=strange)


@dataclass(frozen=True)
class Correction:
    """What has only now become clear about earlier frames.

    Attributes:
        track: number that the face had in them.
        since: number of the first frame that may be wrong.
        exact: whether it is the first one; else it is found by looking, between it and this frame.
        number: of the track from then on; None where the face is not there at all.
        before: who was believed to be seen.
        after: who is seen.
        but: numbers of frames that stay as they are.
    """

    track: int
    since: int
    exact: bool
    number: int | None
    before: EnrolledPerson
    after: EnrolledPerson
    but: Collection[int] = ()
