"""Identity networks trained with the ArcFace loss: what they see is who somebody is.

All of them take 112 px faces in the ArcFace template and return the same pair, ``IdentityFeatures``.
"""

from dataclasses import dataclass
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.layers import PReLU


class IdentityFeatures(NamedTuple):
    """What an identity network says about a face.

    Attributes:
        embedding: the identity vector as the network gives it, not normalised.
        feature_map: the last spatial map, the input of the layer that turns it into the embedding.
    """

    embedding: Float[Tensor, "b d"]
    feature_map: Float[Tensor, "b c 7 7"]


@dataclass(frozen=True)
class MobileFaceNetConfig:
    """Sizes of ``MobileFaceNet``."""

    stem: int = 64  # channels of the first two layers
    widths: tuple[int, ...] = (64, 128, 128)  # channels of each stage
    expansions: tuple[int, ...] = (128, 256, 512)  # inner channels of each stage's first, strided block
    inner: tuple[int, ...] = (128, 256, 256)  # inner channels of each stage's residual blocks
    residuals: tuple[int, ...] = (4, 6, 2)  # residual blocks of each stage
    features: int = 512  # channels of the last map
    embedding: int = 512  # length of the identity vector

    def __post_init__(self) -> None:
        """Bring lists back from JSON and refuse stages that disagree."""
        for name in ("widths", "expansions", "inner", "residuals"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len({len(self.widths), len(self.expansions), len(self.inner), len(self.residuals)}) != 1:
            raise ValueError("widths, expansions, inner and residuals need one entry per stage")

    @classmethod
    def paper(cls) -> "MobileFaceNetConfig":
        """Return the published widths."""
        return cls()

    @classmethod
    def lite(cls) -> "MobileFaceNetConfig":
        """Return the published widths: the network is small already."""
        return cls()


class _Bottleneck(nn.Module):
    """Expand, filter each channel, project; with a shortcut where the shape stays."""

    def __init__(self, channels: int, inner: int, out: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, inner, 1),
            PReLU(inner),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner),
            PReLU(inner),
            nn.Conv2d(inner, out, 1),
        )


class _Residual(_Bottleneck):
    def __init__(self, channels: int, inner: int) -> None:
        super().__init__(channels, inner, channels, stride=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class _Downsample(_Bottleneck):
    def __init__(self, channels: int, inner: int, out: int) -> None:
        super().__init__(channels, inner, out, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class MobileFaceNet(nn.Module):
    """Identity network for phones, BatchNorm folded into its convolutions.

    Layers in order: stem convolution and depthwise convolution; per stage one strided block and its residual blocks;
    1x1 convolution to the feature map; 7x7 depthwise convolution and 1x1 convolution to the embedding.

    Source: MobileFaceNets (CCBR 2018), table 1, with the residual counts and the linear 512-d end of the ArcFace
    variants.
    """

    Config = MobileFaceNetConfig

    def __init__(self, config: MobileFaceNetConfig) -> None:
        super().__init__()
        self.config = config
        stem = config.stem
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1),
            PReLU(stem),
            nn.Conv2d(stem, stem, 3, 1, 1, groups=stem),
            PReLU(stem),
        )
        blocks: list[nn.Module] = []
        channels = stem
        for width, expansion, inner, residuals in zip(
            config.widths, config.expansions, config.inner, config.residuals, strict=True
        ):
            blocks.append(_Downsample(channels, expansion, width))
            blocks += [_Residual(width, inner) for _ in range(residuals)]
            channels = width
        self.blocks = nn.Sequential(*blocks)
        self.features = nn.Sequential(nn.Conv2d(channels, config.features, 1), PReLU(config.features))
        self.embedding = nn.Sequential(
            nn.Conv2d(config.features, config.features, 7, groups=config.features),
            nn.Conv2d(config.features, config.embedding, 1),
            nn.Flatten(),
        )

    def forward(self, faces: Float[Tensor, "b 3 112 112"]) -> IdentityFeatures:
        """Measure who the faces are.

        Args:
            faces: RGB in [0, 1], ArcFace template.
        """
        x = (faces * 255 - 127.5) / 128
        feature_map = self.features(self.blocks(self.stem(x)))
        return IdentityFeatures(self.embedding(feature_map), feature_map)
