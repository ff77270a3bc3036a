"""RAFSwap's hierarchical encoder: from a target, and what is known of the source, to the generator's W+."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.rafswap_regions import FacialRegionAwareBranch, SourceFeatureAdaptiveBranch
from swapper.models.stylegan2_layers import EqualLinear
from swapper.models.trunks import IRSETrunk, MobileTrunk


class SourceCode(NamedTuple):
    """A source person as the encoder sees them.

    Attributes:
        tokens: local identity, the output of the region-aware transformer.
        features: global identity F^g, the output of SFA.
    """

    tokens: Float[Tensor, "b n width"]
    features: Float[Tensor, "b width"]


class StyleHead(nn.Module):
    """Mapping network from a feature map to rows of W+ (pSp's map2style).

    Args:
        width: channels of the map.
        size: side of the map; it is halved until one pixel is left.
        style: length of a row.
        rows: how many.

    Source: pSp (CVPR 2021), section 3.1; RAFSwap (CVPR 2022), section 3.1.
    """

    def __init__(self, width: int, size: int, style: int, rows: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(int(math.log2(size))):
            layers += [nn.Conv2d(width, width, 3, 2, padding=1), nn.LeakyReLU(0.01)]
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(width, style * rows)
        self.rows = rows

    def forward(self, x: Float[Tensor, "b c s s"]) -> Float[Tensor, "b rows d"]:
        """Read styles off a map."""
        return self.linear(self.convs(x).flatten(1)).unflatten(1, (self.rows, -1))


class RAFSwapEncoder(nn.Module):
    """Hierarchical encoder, identity branches and mapping networks: faces to W+.

    Args:
        trunk: faces to maps of three scales, the largest first.
        laterals: bring each scale to the width of the branches.
        fra: local identity.
        sfa: global identity.
        heads: mapping networks in the order of W+'s rows.
        scales: index of the map that each head reads.

    Source: RAFSwap (CVPR 2022), section 3.1 to 3.3. As in the official code, a source's tokens come from the trunk's
    own maps, and the maps of different scales are not added to one another.
    """

    def __init__(
        self,
        *,
        trunk: IRSETrunk | MobileTrunk,
        laterals: list[nn.Module],
        fra: FacialRegionAwareBranch,
        sfa: SourceFeatureAdaptiveBranch,
        heads: list[StyleHead],
        scales: list[int],
    ) -> None:
        super().__init__()
        self.trunk, self.laterals, self.fra, self.sfa = trunk, nn.ModuleList(laterals), fra, sfa
        self.heads, self.scales = nn.ModuleList(heads), scales

    def encode(
        self, maps: list[Tensor], masks: Float[Tensor, "b l s s"], embedding: Float[Tensor, "b d"] | None = None
    ) -> SourceCode:
        """Summarise the identity in a source's maps, and in the embedding of a face recogniser if there is one."""
        return SourceCode(self.fra.tokenise(maps, masks), self.sfa(maps[-1], embedding))

    def forward(
        self, maps: list[Tensor], masks: Float[Tensor, "b l s s"], source: SourceCode
    ) -> tuple[Float[Tensor, "b rows d"], list[Tensor]]:
        """Put a source's identity into a target's maps.

        Returns:
            W+ less its average, and the maps with the identity in them.
        """
        lateral = [layer(x) for layer, x in zip(self.laterals, maps, strict=True)]
        swapped = [x + source.features[:, :, None, None] for x in self.fra(lateral, masks, source.tokens)]
        styles = [head(swapped[scale]) for head, scale in zip(self.heads, self.scales, strict=True)]
        return torch.cat(styles, dim=1), swapped
