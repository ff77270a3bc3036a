"""Reading the sizes of a network off the tensors of an official checkpoint."""

from collections.abc import Mapping

from torch import Tensor

State = Mapping[str, Tensor]  # tensors by official name


def lengths(state: State, pattern: str, first: int = 0, step: int = 1, axis: int = 0) -> tuple[int, ...]:
    """Lengths of one axis, the output channels as a rule, of numbered tensors.

    Args:
        state: the checkpoint.
        pattern: names of the tensors, ``{}`` for their numbers.
        first: number to begin with.
        step: from one number to the next.
        axis: of the tensors.
    """
    found = []
    number = first
    while pattern.format(number) in state:
        found.append(state[pattern.format(number)].shape[axis])
        number += step
    return tuple(found)
