"""Who becomes whom: the faces or people found in a target, and the source person chosen for each."""

from dataclasses import dataclass, replace
from typing import TypeVar

PEOPLE = ("A", "B", "C", "D", "E", "F", "G", "H")
UNCHANGED = -1  # stands for nobody in ``Assignment.people``
LEFT_ALONE = "Leave unchanged"

A = TypeVar("A", bound="Assignment")


@dataclass(frozen=True, kw_only=True, eq=False)  # Gradio asks for a hash to see whether it is another one
class Assignment:
    """Faces or people of a target and what each becomes, kept in a session's state.

    Attributes:
        thumbnails: a small picture's path by face.
        people: index into ``PEOPLE`` by face, or ``UNCHANGED``.
        selected: index of the face whose person is being chosen.
    """

    thumbnails: list[str]
    people: list[int]
    selected: int = 0

    def assign(self: A, person: int) -> A:
        """The same with another person for the selected face.

        Args:
            person: index into ``PEOPLE``, or ``UNCHANGED``.
        """
        people = list(self.people)
        people[self.selected] = person
        return replace(self, people=people)

    def without(self: A, person: int) -> A:
        """The same without a person: faces that became it stay as they are.

        Args:
            person: index into ``PEOPLE``.
        """
        people = [UNCHANGED if one == person else one - (one > person) for one in self.people]
        return replace(self, people=people)

    def gallery(self) -> list[tuple[str, str]]:
        """Thumbnails with captions that say who each face becomes."""
        becomes = ["unchanged" if person == UNCHANGED else f"becomes {PEOPLE[person]}" for person in self.people]
        return list(zip(self.thumbnails, becomes, strict=True))

    def overview(self) -> str:
        """HTML of the whole picture with a number at every face; empty where there is no one picture."""
        return ""

    def wanted(self) -> dict[int, int]:
        """Index into ``PEOPLE`` by face, for the faces that change."""
        return {face: person for face, person in enumerate(self.people) if person != UNCHANGED}


def choices(people: int) -> list[tuple[str, int]]:
    """What a target face can become: labels, and indices into ``PEOPLE`` or ``UNCHANGED``.

    Args:
        people: how many source persons there are.
    """
    return [*((f"Person {letter}", index) for index, letter in enumerate(PEOPLE[:people])), (LEFT_ALONE, UNCHANGED)]
