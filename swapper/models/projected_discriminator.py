"""Projected discriminator: small heads on randomly mixed features of a frozen classifier."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from swapper.models.discriminators import DiscriminatorOutput
from swapper.models.efficientnet import EfficientNetLiteTrunk, EfficientNetLiteTrunkConfig
from swapper.models.pretrained import Pretrained


@dataclass(frozen=True)
class ProjectedDiscriminatorConfig:
    """Sizes of ``ProjectedDiscriminator``."""

    trunk: EfficientNetLiteTrunkConfig = field(default_factory=EfficientNetLiteTrunkConfig)  # the frozen network
    mixed: tuple[int, ...] = (64, 128, 256, 512)  # channels of its maps after mixing, largest map first
    heads: tuple[tuple[int, ...], ...] = (  # channels of each head's layers, all of which halve the side
        (64, 128, 256, 512),
        (128, 256, 512),
        (256, 512),
        (512,),
    )

    def __post_init__(self) -> None:
        if len(self.mixed) != len(self.heads):
            raise ValueError("the projected discriminator needs as many heads as mixed maps")

    @classmethod
    def paper(cls) -> "ProjectedDiscriminatorConfig":
        """Return the network of SimSwap's newer training code: EfficientNet-Lite0 and four heads."""
        return cls()

    @classmethod
    def lite(cls) -> "ProjectedDiscriminatorConfig":
        """Return narrow heads on the same feature network, whose published weights are what it is good for."""
        return cls(mixed=(16, 32, 64, 128), heads=((32, 64, 96, 128), (64, 96, 128), (96, 128), (128,)))


class ProjectedDiscriminator(nn.Module, Pretrained):
    """Four heads, each on one map of the projected features.

    ``projector`` stays as it is made: its random mixing is part of the saved state. It is worth little before its
    ``trunk`` has the weights of timm's ``tf_efficientnet_lite0``. The weak feature matching loss compares
    ``features`` of the last output, the deepest map of the frozen network.

    Source: Projected GANs Converge Faster (NeurIPS 2021), section 3; SimSwap's newer training code.
    """

    Config = ProjectedDiscriminatorConfig

    mean: Tensor
    std: Tensor

    def __init__(self, config: ProjectedDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1), persistent=False)
        self.projector = RandomProjector(config.trunk, config.mixed).requires_grad_(False).eval()
        self.heads = nn.ModuleList(
            _head(channels, widths) for channels, widths in zip(self.projector.channels, config.heads, strict=True)
        )

    def train(self, mode: bool = True) -> "ProjectedDiscriminator":
        """Switch the heads between training and evaluation; the projector always evaluates."""
        super().train(mode)
        self.projector.eval()
        return self

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[DiscriminatorOutput]:
        """Score pictures, by the largest map first.

        Args:
            images: RGB in [0, 1]; at 224 px each head gives 4x4 scores.

        Returns:
            Each with one map of the frozen network, before mixing, as its only feature.
        """
        maps = self.measure(images)
        mixed = self.projector.mix(maps)
        return [DiscriminatorOutput([seen], head(x)) for seen, x, head in zip(maps, mixed, self.heads, strict=True)]

    def measure(self, images: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """The frozen network's maps, largest first, without scores; for feature matching alone.

        Args:
            images: RGB in [0, 1].
        """
        return self.projector.trunk((images - self.mean) / self.std)


class RandomProjector(nn.Module):
    """A feature network whose maps are mixed, across channels and across scales, by random fixed 1x1 convolutions.

    Attributes:
        channels: of the mixed maps, largest map first; each has twice its map's side.

    Source: Projected GANs, section 3.2 (CCM and CSM), with kernels of 1x1 as in the official code.
    """

    def __init__(self, trunk: EfficientNetLiteTrunkConfig, mixed: Sequence[int]) -> None:
        super().__init__()
        self.trunk = EfficientNetLiteTrunk(trunk)
        self.channels = (mixed[0], *mixed[:-1])
        self.across_channels = nn.ModuleList(
            nn.Conv2d(i, o, 1) for i, o in zip(self.trunk.channels, mixed, strict=True)
        )
        self.across_scales = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in zip(mixed, self.channels, strict=True))

    def mix(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Mix the trunk's maps, largest first."""
        results: list[Tensor] = []
        for seen, channels, scales in zip(
            reversed(maps), reversed(self.across_channels), reversed(self.across_scales), strict=True
        ):
            x = channels(seen)
            if results:
                x = x + results[-1]
            results.append(scales(F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)))
        return results[::-1]


def _head(channels: int, widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, o in pairwise((channels, *widths)):
        layers += [
            spectral_norm(nn.Conv2d(i, o, 4, 2, 1)),
            nn.BatchNorm2d(o),
            nn.LeakyReLU(0.2),
        ]
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(widths[-1], 1, 4, bias=False)))
