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

    def forward(self, x: Float[Tensor, "b c *space"]) -> Float[Tensor, "b c *space"]:
        """Apply the activation to maps or vectors."""
        if self.weight.requires_grad:
            return F.prelu(x, self.weight)
        slope = self.weight.view(-1, *[1] * (x.dim() - 2))
        return F.relu(x) * (1 - slope) + slope * x


class SqueezeExcitation(nn.Module):
    """Scale every channel by a gate computed from the means of all channels.

    Args:
        channels: of the map.
        reduction: how much narrower the gate's hidden layer is.

    Source: Squeeze-and-Excitation Networks (CVPR 2018), section 3, with PReLU as in ArcFace's SE-ResNet.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        inner = channels // reduction
        self.fc = nn.Sequential(nn.Linear(channels, inner), PReLU(), nn.Linear(inner, channels), nn.Sigmoid())

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Scale the channels."""
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]
