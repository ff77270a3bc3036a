"""What the Image swap tab hands to the Compare tab."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Carried:
    """A result of the Image swap tab that is to be measured; files of the app's own.

    Attributes:
        source: path of the first photo of the person who was given.
        target: path of the photo that was swapped into.
        result: path of the finished picture.
        method: name of the method.
        label: what made it, for readers.
    """

    source: str
    target: str
    result: str
    method: str
    label: str

    @property
    def path(self) -> str:
        """What tells it apart from others."""
        return self.result
