"""The network that tells what lies in front of a face from the face; trained by ``trainers/occlusion.py``."""

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.landmarks import InvertedResidual
from swapper.models.pretrained import Pretrained


@dataclass(frozen=True)
class OcclusionNetworkConfig:
    """Sizes of the occlusion network."""

    size: int = 128  # px, side of the input crop
    widths: tuple[int, ...] = (8, 16, 32, 64, 96)  # channels at the full side, 1/2, 1/4, 1/8, 1/16
    expansion: int = 2  # width of the depthwise convolutions over the blocks' width

    @classmethod
    def lite(cls) -> "OcclusionNetworkConfig":
        """The shipped network: under 0.1 GMAC at 128 px."""
        return cls()


class OcclusionNetwork(nn.Module, Pretrained):
    """A small U-Net of inverted residuals.

    Source: U-Net (MICCAI 2015), figure 1, for the shape; MobileNetV2 (CVPR 2018), section 3.3, for the blocks.
    """

    Config = OcclusionNetworkConfig

    def __init__(self, config: OcclusionNetworkConfig):
        super().__init__()
        self.config = config
        wide = config.expansion
        first, *_, last = config.widths
        self.stem = nn.Sequential(*_convolution(3, first, 3))
        self.down = nn.ModuleList(
            nn.Sequential(InvertedResidual(i, o, wide, 2), InvertedResidual(o, o, wide, 1))
            for i, o in pairwise(config.widths)
        )
        self.middle = nn.Sequential(*(InvertedResidual(last, last, wide, 1) for _ in range(2)))
        rising = config.widths[:0:-1]
        self.up = nn.ModuleList(
            nn.Sequential(*_convolution(i + o, o, 1), InvertedResidual(o, o, wide, 1)) for i, o in pairwise(rising)
        )
        self.narrow = nn.Sequential(*_convolution(config.widths[1], first, 1))
        self.head = nn.Sequential(*_convolution(2 * first, first, 3), nn.Conv2d(first, 1, 1))

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 1 s s"]:
        """Find what covers faces in crops of the ``tight`` template.

        Args:
            faces: RGB in [0, 1], side ``config.size``.

        Returns:
            Logits; outside the face they say nothing.
        """
        x = self.stem(faces * 2 - 1)
        seen = [x]
        for level in self.down:
            x = level(x)
            seen.append(x)
        x = self.middle(seen.pop())
        for level in self.up:
            x = level(torch.cat([_double(x), seen.pop()], dim=1))
        return self.head(torch.cat([_double(self.narrow(x)), seen.pop()], dim=1))


def _convolution(channels: int, out: int, kernel: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(inplace=True),
    ]


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")
