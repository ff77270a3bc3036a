"""Feature trunks: networks that turn a face into maps of falling size, for encoders built on top of them."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.arcface import MobileFaceNet, MobileFaceNetConfig
from swapper.models.layers import PReLU


class MobileTrunk(nn.Module):
    """The convolutions of ``MobileFaceNet`` without its embedding, at any size; same parameter names.

    Maps: 1/4, 1/8 and 1/16 of the side, the last one 1x1-convolved to ``config.features`` channels.
    """

    def __init__(self, config: MobileFaceNetConfig) -> None:
        super().__init__()
        network = MobileFaceNet(config)
        self.stem, self.blocks, self.features = network.stem, network.blocks, network.features
        ends = accumulate(1 + count for count in config.residuals)
        self.stages = tuple(pairwise((0, *ends)))  # first and past-the-last block of each stage
        self.channels = (*config.widths[:-1], config.features)

    def forward(self, faces: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Measure faces.

        Args:
            faces: RGB in [0, 1].
        """
        x = self.stem((faces * 255 - 127.5) / 128)
        maps = []
        for start, end in self.stages:
            x = self.blocks[start:end](x)
            maps.append(x)
        return [*maps[:-1], self.features(x)]


@dataclass(frozen=True)
class IRSETrunkConfig:
    """Sizes of ``IRSETrunk``."""

    blocks: tuple[int, ...] = (3, 4, 14, 3)  # residual blocks of each stage; each stage halves the side
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage
    reduction: int = 16  # how much narrower squeeze-and-excitation is inside

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        object.__setattr__(self, "widths", tuple(self.widths))


class _Gate(nn.Module):
    """Squeeze-and-excitation made of convolutions without bias, as in pSp."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.relu(self.fc1(x.mean((2, 3), keepdim=True)))
        return x * torch.sigmoid(self.fc2(gate))


class _IRSEBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int, reduction: int) -> None:
        super().__init__()
        self.shortcut = (
            nn.MaxPool2d(1, stride)
            if channels == out
            else nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )
        self.residual = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, out, 3, padding=1, bias=False),
            PReLU(out),
            nn.Conv2d(out, out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out),
            _Gate(out, reduction),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x) + self.shortcut(x)


class IRSETrunk(nn.Module):
    """The body of pSp's IR-SE50 encoder.

    Maps: 1/4, 1/8 and 1/16 of the side, after the last block of the second, third and fourth stage.

    Source: pSp (CVPR 2021), section 3.1; RAFSwap, section 3.1 (hierarchical encoder).
    """

    def __init__(self, config: IRSETrunkConfig) -> None:
        super().__init__()
        first = config.widths[0]
        self.stem = nn.Sequential(nn.Conv2d(3, first, 3, padding=1, bias=False), nn.BatchNorm2d(first), PReLU(first))
        blocks: list[nn.Module] = []
        channels = first
        for count, width in zip(config.blocks, config.widths, strict=True):
            blocks.append(_IRSEBlock(channels, width, 2, config.reduction))
            blocks += [_IRSEBlock(width, width, 1, config.reduction) for _ in range(count - 1)]
            channels = width
        self.blocks = nn.ModuleList(blocks)
        self.taps = [end - 1 for end in accumulate(config.blocks)][1:]  # last block of the later stages
        self.channels = config.widths[1:]

    def forward(self, faces: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Measure faces.

        Args:
            faces: RGB in [0, 1].
        """
        x = self.stem(faces * 2 - 1)
        maps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                maps.append(x)
        return maps


class _ResNetBlock(nn.Module):
    def __init__(self, channels: int, inner: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = (
            nn.Identity()
            if channels == out and stride == 1
            else nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + self.downsample(x))


@dataclass(frozen=True)
class ResNetTrunkConfig:
    """Sizes of ``ResNetTrunk``."""

    blocks: tuple[int, ...] = (3, 4, 6, 3)  # residual blocks of each stage
    widths: tuple[int, ...] = (64, 128, 256, 512)  # inner channels of each stage; four times as many come out

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        object.__setattr__(self, "widths", tuple(self.widths))


class ResNetTrunk(nn.Module):
    """ResNet-50 without its classifier; the parameter names are torchvision's.

    Maps: 1/4, 1/8, 1/16 and 1/32 of the side.

    Source: ResNet (CVPR 2016), table 1, with the stride in the 3x3 convolution as in torchvision.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: ResNetTrunkConfig) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1), persistent=False)
        self.conv1 = nn.Conv2d(3, config.widths[0], 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.widths[0])
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        stages: list[nn.Module] = []
        channels = config.widths[0]
        for index, (count, width) in enumerate(zip(config.blocks, config.widths, strict=True)):
            first = _ResNetBlock(channels, width, 4 * width, 1 if index == 0 else 2)
            stages.append(
                nn.Sequential(first, *(_ResNetBlock(4 * width, width, 4 * width, 1) for _ in range(count - 1)))
            )
            channels = 4 * width
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.channels = tuple(4 * width for width in config.widths)

    def forward(self, faces: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Measure faces.

        Args:
            faces: RGB in [0, 1].
        """
        x = self.maxpool(torch.relu(self.bn1(self.conv1((faces - self.mean) / self.std))))
        maps = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            maps.append(x)
        return maps
