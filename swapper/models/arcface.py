"""Identity networks trained with the ArcFace loss: what they see is who somebody is.

All of them take 112 px faces in the ArcFace template and return the same pair, ``IdentityFeatures``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.layers import DepthwiseConv2d, PReLU, SqueezeExcitation
from swapper.models.pretrained import Pretrained


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
        for name in ("widths", "expansions", "inner", "residuals"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @classmethod
    def paper(cls) -> "MobileFaceNetConfig":
        """Return the published widths."""
        return cls()

    lite = paper  # the network is small already


class _Bottleneck(nn.Sequential):
    """Expand, filter each channel, project."""

    def __init__(self, channels: int, inner: int, out: int, stride: int) -> None:
        super().__init__(
            nn.Conv2d(channels, inner, 1),
            PReLU(inner),
            DepthwiseConv2d(inner, 3, stride),
            PReLU(inner),
            nn.Conv2d(inner, out, 1),
        )


class _Residual(_Bottleneck):
    def forward(self, input: Tensor) -> Tensor:
        return input + super().forward(input)


class MobileFaceNet(nn.Module, Pretrained):
    """Identity network for phones, BatchNorm folded into its convolutions.

    Layers in order: stem convolution and depthwise convolution; per stage one strided block and its residual blocks;
    1x1 convolution to the feature map; 7x7 depthwise convolution and 1x1 convolution to the embedding.

    Source: MobileFaceNets (CCBR 2018), table 1, with the residual counts and the linear 512-d end of the ArcFace
    variants.
    """

    Config = MobileFaceNetConfig
    colour_range = "-1..1"

    def __init__(self, config: MobileFaceNetConfig) -> None:
        super().__init__()
        self.config = config
        stem = config.stem
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1),
            PReLU(stem),
            DepthwiseConv2d(stem, 3),
            PReLU(stem),
        )
        blocks: list[nn.Module] = []
        channels = stem
        for width, expansion, inner, residuals in zip(
            config.widths, config.expansions, config.inner, config.residuals, strict=True
        ):
            blocks.append(_Bottleneck(channels, expansion, width, stride=2))
            blocks += [_Residual(width, inner, width, stride=1) for _ in range(residuals)]
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
        feature_map = self.features(self.blocks(self.stem(_scaled(faces))))
        return IdentityFeatures(self.embedding(feature_map), feature_map)

    def early(self, faces: Float[Tensor, "b 3 h w"]) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of the stem and of the first two stages, which see how a picture looks rather than whom it shows.

        Args:
            faces: RGB in [0, 1], any size.
        """
        first, second = self._stages
        stem = self.stem(_scaled(faces))
        stage1 = self.blocks[:first](stem)
        return stem, stage1, self.blocks[first:second](stage1)

    def embed_with_early(
        self, faces: Float[Tensor, "b 3 112 112"]
    ) -> tuple[IdentityFeatures, tuple[Tensor, Tensor, Tensor]]:
        """What ``forward`` and ``early`` say, at once.

        Args:
            faces: RGB in [0, 1], ArcFace template.
        """
        early = self.early(faces)
        feature_map = self.features(self.blocks[self._stages[1] :](early[-1]))
        return IdentityFeatures(self.embedding(feature_map), feature_map), early

    @property
    def _stages(self) -> tuple[int, int]:
        """Blocks up to the end of the first and of the second stage."""
        first, second = (count + 1 for count in self.config.residuals[:2])
        return first, first + second


def _scaled(faces: Tensor) -> Tensor:
    return (faces * 255 - 127.5) / 128


@dataclass(frozen=True)
class IResNetConfig:
    """Sizes of ``IResNet``."""

    blocks: tuple[int, ...] = (3, 13, 30, 3)  # residual blocks of each of four stages
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage
    embedding: int = 512  # length of the identity vector

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        object.__setattr__(self, "widths", tuple(self.widths))

    @classmethod
    def paper(cls) -> "IResNetConfig":
        """Return the 100-layer network, GHOST's and FaceShifter's identity encoder."""
        return cls()

    @classmethod
    def iresnet50(cls) -> "IResNetConfig":
        """Return the 50-layer network."""
        return cls(blocks=(3, 4, 14, 3))

    @classmethod
    def iresnet18(cls) -> "IResNetConfig":
        """Return the 18-layer network."""
        return cls(blocks=(2, 2, 2, 2))

    @classmethod
    def lite(cls) -> "IResNetConfig":
        """Return a narrow 18-layer network."""
        return cls(blocks=(2, 2, 2, 2), widths=(16, 32, 64, 128))


class _IResNetBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.prelu = PReLU(out)
        self.conv2 = nn.Conv2d(out, out, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = _shortcut(channels, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(y)) + self.downsample(x)


class IResNet(nn.Module, Pretrained):
    """ArcFace's residual network; parameter names are those of the published checkpoints.

    The last BatchNorm's scale stays 1, as published.

    Source: ArcFace (CVPR 2019), section 3.2.1, and the layout of arcface_torch; GHOST, section 3.1 (identity encoder).
    """

    Config = IResNetConfig
    colour_range = "-1..1"

    def __init__(self, config: IResNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.prelu = PReLU(widths[0])
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages(_IResNetBlock, config, 2)
        self.bn2 = nn.BatchNorm2d(widths[3])
        self.fc = nn.Linear(widths[3] * 7 * 7, config.embedding)
        self.features = nn.BatchNorm1d(config.embedding)
        self.features.weight.requires_grad_(False)

    def forward(self, faces: Float[Tensor, "b 3 112 112"]) -> IdentityFeatures:
        """Measure who the faces are.

        Args:
            faces: RGB in [0, 1], ArcFace template.
        """
        x = self.prelu(self.bn1(self.conv1(faces * 2 - 1)))
        feature_map = self.bn2(self.layer4(self.layer3(self.layer2(self.layer1(x)))))
        return IdentityFeatures(self.features(self.fc(feature_map.flatten(1))), feature_map)


@dataclass(frozen=True)
class IRSEConfig:
    """Sizes of ``IRSE``."""

    blocks: tuple[int, ...] = (3, 4, 23, 3)  # residual blocks of each of four stages
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage
    reduction: int = 16  # how much narrower squeeze-and-excitation is inside
    embedding: int = 512  # length of the identity vector

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        object.__setattr__(self, "widths", tuple(self.widths))

    @classmethod
    def paper(cls) -> "IRSEConfig":
        """Return the sizes of SimSwap's and MobileFaceSwap's identity network."""
        return cls()

    @classmethod
    def lite(cls) -> "IRSEConfig":
        """Return a narrow and shallow network."""
        return cls(blocks=(1, 1, 2, 1), widths=(16, 32, 64, 128), reduction=8)


class _IRSEBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int, reduction: int) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.prelu = PReLU()  # used twice, as in the published network
        self.conv2 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.se = SqueezeExcitation(out, reduction)
        self.downsample = _shortcut(channels, out, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.prelu(self.bn1(self.conv1(self.bn0(x))))
        y = self.se(self.bn2(self.conv2(y)))
        return self.prelu(y + self.downsample(x))


class IRSE(nn.Module, Pretrained):
    """ArcFace's residual network with squeeze-and-excitation, the identity network of SimSwap and MobileFaceSwap.

    Parameter names are those of the published checkpoints (PReLU and BatchNorm statistics in torch's words).

    Source: MobileFaceSwap, section 3.1 (ID network); layers as in the official code.
    """

    Config = IRSEConfig
    colour_range = "imagenet"
    mean: Tensor
    std: Tensor

    def __init__(self, config: IRSEConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1), persistent=False)
        self.conv1 = nn.Conv2d(3, widths[0], 3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.prelu = PReLU()
        self.maxpool = nn.MaxPool2d(2, 2)
        self.layer1, self.layer2, self.layer3, self.layer4 = _stages(_IRSEBlock, config, 1, config.reduction)
        self.bn2 = nn.BatchNorm2d(widths[3])
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(widths[3] * 7 * 7, config.embedding)
        self.bn3 = nn.BatchNorm1d(config.embedding)

    def forward(self, faces: Float[Tensor, "b 3 112 112"]) -> IdentityFeatures:
        """Measure who the faces are.

        Args:
            faces: RGB in [0, 1], ArcFace template.
        """
        x = self.maxpool(self.prelu(self.bn1(self.conv1((faces - self.mean) / self.std))))
        feature_map = self.dropout(self.bn2(self.layer4(self.layer3(self.layer2(self.layer1(x))))))
        return IdentityFeatures(self.bn3(self.fc(feature_map.flatten(1))), feature_map)


def _shortcut(channels: int, out: int, stride: int) -> nn.Module:
    if stride == 1 and channels == out:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))


def _stages(
    block: Callable[..., nn.Module], config: "IResNetConfig | IRSEConfig", first_stride: int, *extra: int
) -> list[nn.Module]:
    """Build the four stages of residual blocks; the first block of each takes the stride."""
    stages: list[nn.Module] = []
    channels, stride = config.widths[0], first_stride
    for count, out in zip(config.blocks, config.widths, strict=True):
        rest = [block(out, out, 1, *extra) for _ in range(count - 1)]
        stages.append(nn.Sequential(block(channels, out, stride, *extra), *rest))
        channels, stride = out, 2
    return stages
