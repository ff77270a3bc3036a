"""The people seen in a video, told apart by their embeddings, so that who comes back is known again."""

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from swapper.faces.rows import array_from_row, array_to_row

# Least cosine with the mean of somebody's embeddings: of CelebA's photos, 1 in 60 of the person and 1 in 5,000 of
# other people fall on the wrong side; at 0.35 it is 1 in 150 and 1 in 500.
KNOWN_AGAIN = 0.42
_MOST_SIGHTINGS = 40  # after which new embeddings of a person count like the average of so many


@dataclass
class EnrolledPerson:
    """Somebody seen in a video.

    Attributes:
        number: counted from 0 in the order of appearance.
        embedding: mean over all sightings, unit length; None until the face was seen well enough.
        sightings: how many embeddings are in it.
    """

    number: int
    embedding: Float32[np.ndarray, "512"] | None = None
    sightings: int = 0

    def learn(self, embedding: Float32[np.ndarray, "512"]) -> None:
        """Add the embedding of one sighting."""
        kept = min(self.sightings, _MOST_SIGHTINGS)
        total = embedding if self.embedding is None else self.embedding * kept + embedding
        self.embedding = (total / max(float(np.linalg.norm(total)), 1e-12)).astype(np.float32)
        self.sightings += 1

    def likeness(self, embedding: Float32[np.ndarray, "512"]) -> float:
        """Cosine with an embedding; -1 for somebody who was never seen well."""
        return -1.0 if self.embedding is None else float(self.embedding @ embedding)


class EnrolledPeople:
    """Everybody seen so far.

    Attributes:
        people: by number.
    """

    def __init__(self, people: Iterable[EnrolledPerson] = ()):
        self.people = list(people)
        self._copy: EnrolledPeople | None = None

    def stranger(self) -> EnrolledPerson:
        """Somebody new."""
        self.people.append(EnrolledPerson(len(self.people)))
        return self.people[-1]

    def find(self, embedding: Float32[np.ndarray, "512"], taken: Collection[int] = ()) -> EnrolledPerson | None:
        """The person a face shows; None for a stranger.

        Args:
            embedding: of the face, unit length.
            taken: numbers of people who are in the frame already.
        """
        free = [person for person in self.people if person.number not in taken]
        best = max(free, key=lambda person: person.likeness(embedding), default=None)
        return best if best is not None and best.likeness(embedding) >= KNOWN_AGAIN else None

    def snapshot(self) -> "EnrolledPeople":
        """Everybody as they are known now, whatever is learnt later; until something is learnt it is the same one."""
        sightings = [person.sightings for person in self.people]
        if self._copy is None or [person.sightings for person in self._copy.people] != sightings:
            self._copy = EnrolledPeople(map(copy, self.people))
        return self._copy

    def to_rows(self) -> list[dict[str, Any]]:
        """The people as plain values that fit into JSON."""
        return [
            {
                "sightings": person.sightings,
                "embedding": None if person.embedding is None else array_to_row(person.embedding),
            }
            for person in self.people
        ]

    @classmethod
    def from_rows(cls, rows: Iterable[dict[str, Any]]) -> "EnrolledPeople":
        """Undo ``to_rows``."""
        return cls(
            EnrolledPerson(
                number, None if row["embedding"] is None else array_from_row(row["embedding"]), row["sightings"]
            )
            for number, row in enumerate(rows)
        )
