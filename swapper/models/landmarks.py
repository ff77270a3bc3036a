"""The 478-point face mesh network: one small convolutional regressor, trained by ``trainers/geometry.py``."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.layers import DepthwiseConv2d
from swapper.models.pretrained import Pretrained

POINTS = 478


@dataclass(frozen=True)
class LandmarkNetworkConfig:
    """Sizes of the landmark network.

    Every stage halves the resolution with its first block; stages are (channels, blocks).
    """

    size: int = 128  # px, side of the input crop
    stem: int = 24  # channels after the first convolution, at half resolution
    stages: tuple[tuple[int, int], ...] = ((48, 3), (96, 5), (160, 4))  # at 1/4, 1/8 and 1/16 of the input
    expansion: int = 2  # width of the depthwise convolution over the block's width
    squeeze: int = 32  # channels kept per position before the map is flattened
    hidden: int = 384  # width of the shape layer

    @classmethod
    def lite(cls) -> "LandmarkNetworkConfig":
        """The shipped network: under 0.15 GMAC at 128 px."""
        return cls()


class FaceMesh(NamedTuple):
    """Output of the landmark network.

    Attributes:
        points: x, y, z as a share of the crop; may leave 0..1.
        presence: logit that the crop holds a face roughly where the template puts it.
    """

    points: Float[Tensor, "b 478 3"]
    presence: Float[Tensor, "b"]


class InvertedResidual(nn.Module):
    """Expand, filter depthwise, project; with a shortcut where shapes agree (MobileNetV2, section 3.3)."""

    def __init__(self, channels_in: int, channels_out: int, expansion: int, stride: int):
        super().__init__()
        width = max(channels_in, channels_out // 2) * expansion
        self.body = nn.Sequential(
            nn.Conv2d(channels_in, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            DepthwiseConv2d(width, 3, stride, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, channels_out, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """Filter a feature map."""
        return x + self.body(x) if self.shortcut else self.body(x)


class LandmarkNetwork(nn.Module, Pretrained):
    """Regress 478 mesh points and a face-presence logit from an aligned crop.

    The last feature map is flattened instead of pooled, so that every position keeps its own weights: pooling
    would blur away what a coordinate regressor needs.
    """

    Config = LandmarkNetworkConfig
    mean_shape: Tensor

    def __init__(self, config: LandmarkNetworkConfig):
        super().__init__()
        self.config = config
        layers: list[nn.Module] = [
            nn.Conv2d(3, config.stem, 3, 2, 1, bias=False),
            nn.BatchNorm2d(config.stem),
            nn.ReLU(inplace=True),
        ]
        width = config.stem
        for channels, blocks in config.stages:
            for index in range(blocks):
                layers.append(InvertedResidual(width, channels, config.expansion, stride=1 if index else 2))
                width = channels
        self.features = nn.Sequential(*layers)
        side = config.size // 2 ** (len(config.stages) + 1)
        self.shape = nn.Sequential(
            nn.Conv2d(width, config.squeeze, 1, bias=False),
            nn.BatchNorm2d(config.squeeze),
            nn.ReLU(inplace=True),
            nn.Flatten(),
            nn.Linear(config.squeeze * side * side, config.hidden),
            nn.ReLU(inplace=True),
        )
        self.points = nn.Linear(config.hidden, POINTS * 3)
        self.presence = nn.Linear(config.hidden, 1)
        self.register_buffer("mean_shape", torch.zeros(POINTS, 3))
        nn.init.normal_(self.points.weight, std=1e-3)
        nn.init.zeros_(self.points.bias)

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> FaceMesh:
        """Find the mesh in crops of the ``ffhq`` template.

        Args:
            faces: RGB in [0, 1], side ``config.size``.
        """
        shape = self.shape(self.features(faces * 2 - 1))
        offsets = self.points(shape).float().unflatten(1, (POINTS, 3))
        return FaceMesh(points=self.mean_shape + 0.1 * offsets, presence=self.presence(shape).float().squeeze(1))
