"""Who becomes whom: which of a video's people get which identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from swapper.faces.enrolled import EnrolledPeople
from swapper.faces.select import selection
from swapper.faces.track import UNSURE, TrackedFace
from swapper.types import Identity

_REFERENCE = 0.4  # least cosine of a person's mean embedding with a reference photo
_STILL_THE_SAME = 0.2  # cosine down to which a person keeps the reference once matched
_LOOK_ALIKE = 0.15  # least lead in cosine with which one person keeps another from a role


@dataclass(frozen=True)
class Role:
    """An identity, and the person who gets it.

    Attributes:
        identity: what the person becomes; None for somebody who is left alone whoever else is swapped.
        reference: embedding of the person in the video, unit length.
    """

    identity: Identity | None
    reference: Float32[np.ndarray, "512"]


def count_sources(identity: Identity | None, roles: Sequence[Role]) -> int:
    """Number of source people.

    Args:
        identity: of faces that have no role; None where they are left alone.
        roles: people who get an identity of their own.
    """
    return len({id(one) for one in [identity, *(role.identity for role in roles)] if one is not None})


class Casting:
    """Assigns an identity to every face of a video, and keeps the assignment."""

    def __init__(self, identity: Identity | None, select: str | int = "all", roles: Sequence[Role] = ()):
        """Say who becomes whom.

        Args:
            identity: for the selected faces that have no role; None leaves them alone.
            select: ``all``, ``largest`` (the one that is largest when it appears, as long as it stays), or a number:
                counted from the largest, 0 first, in the first frame with so many faces, and followed from there.
            roles: people who get an identity of their own.

        Raises:
            UserError: the selection is invalid.
        """
        self._identity, self._select, self._roles = identity, selection(select), list(roles)
        self._chosen: int | None = None  # person
        self._matched: dict[int, int] = {}  # role by person
        self._most = 0  # faces in a frame

    def cast(self, faces: Sequence[TrackedFace], enrolled: EnrolledPeople) -> dict[int, Identity]:
        """The identity of each face that gets one, by its index.

        Args:
            faces: of one frame, largest first; frames come in order.
            enrolled: the people they show.
        """
        self._most = max(self._most, len(faces))
        chosen = {index: self._roles[role].identity for index, role in self._match(faces, enrolled).items()}
        if self._identity is not None:
            for index in self._selected(faces):
                chosen.setdefault(index, self._identity)
        return {index: identity for index, identity in chosen.items() if identity is not None}

    def _match(self, faces: Sequence[TrackedFace], enrolled: EnrolledPeople) -> dict[int, int]:
        """Index of the role by index of the face."""
        known = [person for person in enrolled.people if person.embedding is not None]
        if not self._roles or not known:
            return {}
        references = np.stack([role.reference for role in self._roles])
        likeness = np.stack([person.embedding for person in known if person.embedding is not None]) @ references.T
        # Somebody seen in the video may resemble a reference far more than another, who then is not the one meant.
        least = np.maximum(likeness.max(0) - _LOOK_ALIKE, _REFERENCE)
        for person, row in zip(known, likeness, strict=True):
            role = self._matched.pop(person.number, None)
            if role is not None and row[role] >= max(_STILL_THE_SAME, likeness[:, role].max() - _LOOK_ALIKE):
                self._matched[person.number] = role
                continue
            best = int(np.argmax(row - least))
            if row[best] >= least[best]:
                self._matched[person.number] = best
        return {i: self._matched[t.person] for i, t in enumerate(faces) if t.person in self._matched}

    def _selected(self, faces: Sequence[TrackedFace]) -> list[int]:
        if self._select == "all":
            return list(range(len(faces)))
        present = [tracked.person for tracked in faces]  # somebody in question is not chosen, but holds a place
        rank = 0 if self._select == "largest" else int(self._select)
        gone = self._chosen not in present and self._select == "largest"
        if (self._chosen is None or gone) and len(faces) > rank and present[rank] != UNSURE:
            self._chosen = present[rank]
        return [present.index(self._chosen)] if self._chosen in present else []

    def complaint(self) -> str | None:
        """A sentence if the selection or a role matched nobody in the whole video."""
        wanted = {index for index, role in enumerate(self._roles) if role.identity is not None}
        missing = wanted - set(self._matched.values())
        if missing:
            return f"{len(missing)} of {len(wanted)} reference photos match nobody in the video."
        if self._identity is not None and self._select.isdigit() and self._chosen is None and self._most:
            return f"Selected face {self._select} never appears: no frame has more than {self._most} faces."
        return None

    def to_rows(self) -> dict[str, Any]:
        """What was chosen so far, as plain values that fit into JSON."""
        return {"chosen": self._chosen, "matched": [list(pair) for pair in self._matched.items()], "most": self._most}

    def restore(self, rows: Mapping[str, Any]) -> None:
        """Go on with choices of an earlier run."""
        self._chosen, self._most = rows["chosen"], rows["most"]
        self._matched = dict(rows["matched"])
