"""Small layers shared by several networks."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class PReLU(nn.Module):
    """Leaky ReLU with a learned slope per channel (or one for all).

    A slope that needs no gradient takes a cheaper form with the same value: the backward of ``F.prelu`` computes the
    slope's gradient even when nobody asked for it, a third of the time of a frozen identity network on a CPU.
    """

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 0.25))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Apply the activation to a map."""
        if self.weight.requires_grad:
            return F.prelu(x, self.weight)
        slope = self.weight.view(1, -1, 1, 1)
        return F.relu(x) * (1 - slope) + slope * x
