"""Attributes encoders of AEI-Net: everything about a face that is not identity, as maps of every size (z_att).

Source: FaceShifter (CVPR 2020), section 3.1; GHOST (IEEE Access 2022), section 3.1, which compares the three forms.
"""

import math
from abc import abstractmethod
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

_SLOPE = 0.1


class MultilevelAttributesEncoder(nn.Module):
    """Down to 2 px and up again, every level joined with the one it came from; subclasses say how.

    Attributes:
        channels: of each map, from 2 px up.
    """

    def __init__(self, attributes: tuple[int, ...], joined: tuple[int, ...]) -> None:
        """Build the layers.

        Args:
            attributes: channels from half the side down to 2 px.
            joined: channels of each level after the join, from 4 px up.
        """
        super().__init__()
        self.channels = (attributes[-1], *joined, joined[-1])
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(_SLOPE, inplace=True))
            for i, o in pairwise((3, *attributes))
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(_SLOPE, inplace=True)
            )
            for i, o in zip(self.channels, attributes[-2::-1], strict=False)
        )
        self.apply(xavier_weights)

    @abstractmethod
    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join a level on the way up with the same level on the way down."""

    def forward(self, x: Float[Tensor, "b 3 s s"]) -> list[Tensor]:
        """Measure faces; the last map is the one before it at twice the side.

        Args:
            x: RGB in [-1, 1].
        """
        maps = self.levels(x)
        return [*maps, double_side(maps[-1])]

    def levels(self, x: Float[Tensor, "b 3 s s"]) -> list[Tensor]:
        """The maps that say something of their own: all but the last.

        Args:
            x: RGB in [-1, 1].
        """
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        maps = [x]
        for layer, skip in zip(self.up, skips[-2::-1], strict=True):
            x = self.join(layer(x), skip)
            maps.append(x)
        return maps


class UNetAttributesEncoder(MultilevelAttributesEncoder):
    """Skips are further channels; the paper's main variant."""

    def __init__(self, attributes: tuple[int, ...]) -> None:
        super().__init__(attributes, tuple(2 * width for width in attributes[-2::-1]))

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        """Concatenate."""
        return torch.cat([x, skip], dim=1)


class LinkNetAttributesEncoder(MultilevelAttributesEncoder):
    """Skips are added."""

    def __init__(self, attributes: tuple[int, ...]) -> None:
        super().__init__(attributes, attributes[-2::-1])

    def join(self, x: Tensor, skip: Tensor) -> Tensor:
        """Add."""
        return x + skip


class _Bottleneck(nn.Module):
    """Residual block whose first 1x1 convolution takes the stride."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        inner = out // 4
        self.conv1 = nn.Conv2d(channels, inner, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNetAttributesEncoder(nn.Module):
    """No way back up: the maps of a residual network.

    Attributes:
        channels: of each map, from 2 px up.
    """

    def __init__(self, attributes: tuple[int, ...]) -> None:
        super().__init__()
        first = attributes[0]
        self.channels = (*attributes[::-1], first)
        self.stem = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, first, 7, stride, 3, bias=False), nn.BatchNorm2d(first), nn.ReLU(inplace=True))
            for i, stride in ((3, 1), (first, 2))
        )
        self.layers = nn.ModuleList(
            nn.Sequential(_Bottleneck(i, o, 2), _Bottleneck(o, o, 1)) for i, o in pairwise(attributes)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=math.sqrt(2 / (module.out_channels * module.kernel_size[0] ** 2)))

    def forward(self, x: Float[Tensor, "b 3 s s"]) -> list[Tensor]:
        """Measure faces.

        Args:
            x: RGB in [-1, 1].
        """
        return self.levels(x)

    def levels(self, x: Float[Tensor, "b 3 s s"]) -> list[Tensor]:
        """The maps that say something of their own: all.

        Args:
            x: RGB in [-1, 1].
        """
        maps = []
        for layer in (*self.stem, *self.layers):
            x = layer(x)
            maps.append(x)
        return maps[::-1]


def double_side(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 2*h 2*w"]:
    """Twice the side, bilinear, corner pixels kept in place."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def xavier_weights(module: nn.Module) -> None:
    """Start convolutions with Xavier's normal weights and linear layers near zero, as in the official code."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=1e-3)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_normal_(module.weight)
