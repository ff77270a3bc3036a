"""What stands in for parts of RAFSwap that an ablation leaves out."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.rafswap import RAFSwap
from swapper.types import UserError


class NoRegions(nn.Module):
    """In place of FRA: targets' maps stay as they are."""

    def tokenise(self, sources: list[Tensor], masks: Float[Tensor, "b l s s"]) -> Float[Tensor, "b n width"]:
        """No tokens."""
        return sources[0].new_zeros(len(sources[0]), 0, 1)

    def forward(
        self, targets: list[Tensor], masks: Float[Tensor, "b l s s"], tokens: Float[Tensor, "b n width"]
    ) -> list[Tensor]:
        """Nothing is added."""
        return targets


class NoGlobal(nn.Module):
    """In place of SFA: nothing of the whole face."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(
        self, source: Float[Tensor, "b c h w"], embedding: Float[Tensor, "b d"] | None = None
    ) -> Float[Tensor, "b width"]:
        """Zeros."""
        return source.new_zeros(len(source), self.width)


class WholeMask(nn.Module):
    """In place of FMP: the generator's picture is taken whole."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: list[Tensor]) -> Float[Tensor, "b 1 s s"]:
        """Ones."""
        return torch.ones(len(features[0]), 1, self.size, self.size, device=features[0].device)


def leave_out(network: RAFSwap, part: str) -> None:
    """Replace a part.

    Args:
        network: changed in place.
        part: fra, sfa, fmp, or nothing.

    Raises:
        UserError: the part is unknown.

    Source: RAFSwap (CVPR 2022), section 4.4 (ablation).
    """
    match part:
        case "":
            return
        case "fra":
            network.encoder.add_module("fra", NoRegions())
        case "sfa":
            network.encoder.add_module("sfa", NoGlobal(network.config.width))
        case "fmp":
            network.add_module("mask_predictor", WholeMask(network.config.size))
        case _:
            raise UserError(f"Unknown part '{part}' of RAFSwap. Leave out fra, sfa or fmp.")
