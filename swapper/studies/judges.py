"""Who says whose face a result shows, and which methods each judge is partial to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from swapper.registry import METHODS, split_method


@dataclass(frozen=True)
class Judge:
    """An identity network that judges results.

    Attributes:
        space: key of ``registry.identity_spaces``.
        label: for readers.
        weights: name of its file.
        taught: methods whose shipped weights were trained with it, by their losses or as what they are told.
    """

    space: str
    label: str
    weights: str
    taught: tuple[str, ...]


JUDGES = (
    Judge(
        "arcface", "ArcFace", "arcface-mobile", ("ghost", "mobilefaceswap", "smoothswap", "simswap", "rafswap")
    ),  # trainers.swap_task; Smooth-Swap's trainer has it as a second judge
    Judge("smooth", "the smooth embedder", "smooth-embedder-lite", ("smoothswap",)),  # trainers.smoothswap
)
WARNING = "A judge that a method was trained with flatters that method."
UNKNOWN = "What published swappers and weights of your own were trained with is not known here."


def judged_by(spaces: Sequence[str]) -> list[Judge]:
    """The judges among some identity networks, in their order.

    Args:
        spaces: of the networks that measured.
    """
    return [judge for judge in JUDGES if judge.space in spaces]


def verdicts(spaces: Sequence[str], methods: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """Sentences that name the judges and whom of the compared methods each flatters.

    Args:
        spaces: of the networks that measured.
        methods: names of those compared.
        labels: of methods, for readers.
    """
    said = []
    for judge, place in zip(judged_by(spaces), ("Identity is judged by", "Beside it judges"), strict=False):
        taught = [labels.get(name, name).split(" (")[0] for name in methods if name in judge.taught]
        whom = (
            f"it was in the training of {', '.join(taught)}" if taught else "none of these methods was trained with it"
        )
        said.append(f"{place} {judge.label} ({judge.weights}): {whom}.")
    foreign = [name for name in methods if split_method(name)[1] or name not in METHODS]
    return [*said, WARNING, *([UNKNOWN] if foreign else [])]
