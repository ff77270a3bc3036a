"""The moving average of a network in training, which is what ships."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def ramped_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]:
    """Exponential moving average that forgets the start: early on it spans a tenth of the steps so far.

    Args:
        decay: share of the old value that each step keeps in the end.
    """

    @torch.no_grad()
    def update(averages: Sequence[Tensor], values: Sequence[Tensor], count: Any) -> None:
        steps = float(count)
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - min(decay, (1 + steps) / (10 + steps)))
            else:
                average.copy_(value)

    return update
