"""EfficientNet-Lite without its classifier: the frozen feature network of projected discriminators."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

_EPSILON = 1e-3  # of TensorFlow's batch normalisation, which the published weights were trained with


@dataclass(frozen=True)
class EfficientNetLiteTrunkConfig:
    """Sizes of ``EfficientNetLiteTrunk``."""

    stem: int = 32  # channels of the first convolution
    widths: tuple[int, ...] = (16, 24, 40, 80, 112, 192, 320)  # channels after each stage
    depths: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)  # blocks of each stage
    kernels: tuple[int, ...] = (3, 3, 5, 3, 5, 5, 3)  # of each stage's depthwise convolutions
    strides: tuple[int, ...] = (1, 2, 2, 2, 1, 2, 1)  # of each stage's first block
    expansion: int = 6  # how much wider a block is inside, from the second stage on

    @classmethod
    def lite0(cls) -> "EfficientNetLiteTrunkConfig":
        """Return EfficientNet-Lite0."""
        return cls()


class EfficientNetLiteTrunk(nn.Module):
    """Inverted residual blocks without squeeze-and-excitation; the parameter names are timm's.

    Maps: 1/4, 1/8, 1/16 and 1/32 of the side, each after its last stage.

    Source: EfficientNet (ICML 2019), table 1, in the published "lite" form; layers as in timm's tf_efficientnet_lite0.
    """

    Config = EfficientNetLiteTrunkConfig

    OFFICIAL_IGNORED: tuple[str, ...] = (r"^conv_head\.", r"^bn2\.", r"^classifier\.")

    def __init__(self, config: EfficientNetLiteTrunkConfig) -> None:
        super().__init__()
        self.config = config
        self.conv_stem = SameConv2d(3, config.stem, 3, 2)
        self.bn1 = nn.BatchNorm2d(config.stem, _EPSILON)
        stages: list[nn.Module] = []
        channels = config.stem
        rows = zip(config.widths, config.depths, config.kernels, config.strides, strict=True)
        for index, (width, depth, kernel, stride) in enumerate(rows):
            stage: list[nn.Module] = []
            for block in range(depth):
                step = stride if block == 0 else 1
                stage.append(
                    _InvertedResidual(channels, width, kernel, step, config.expansion)
                    if index
                    else _Separable(channels, width, kernel, step)
                )
                channels = width
            stages.append(nn.Sequential(*stage))
        self.blocks = nn.ModuleList(stages)
        halved = [index for index, stride in enumerate(config.strides) if stride == 2]
        self.taps = (*(index - 1 for index in halved[1:]), len(stages) - 1)  # a stage before a halving ends a map
        self.channels = tuple(config.widths[tap] for tap in self.taps)

    def forward(self, faces: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Measure pictures.

        Args:
            faces: RGB in the normalised colours that the weights were trained with.
        """
        x = F.relu6(self.bn1(self.conv_stem(faces)))
        maps = []
        for index, stage in enumerate(self.blocks):
            x = stage(x)
            if index in self.taps:
                maps.append(x)
        return maps


class SameConv2d(nn.Conv2d):
    """Convolution without bias, padded as TensorFlow's "SAME": the odd pixel goes to the right and the bottom."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, kernel, stride, groups=groups, bias=False)

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """Pad and convolve."""
        down, right = (_missing(side, self.kernel_size[0], self.stride[0]) for side in input.shape[-2:])
        padded = F.pad(input, (right // 2, right - right // 2, down // 2, down - down // 2))
        return super().forward(padded)


def _missing(side: int, kernel: int, stride: int) -> int:
    return max((-(-side // stride) - 1) * stride + kernel - side, 0)


class _Separable(nn.Module):
    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = SameConv2d(channels, channels, kernel, stride, groups=channels)
        self.bn1 = nn.BatchNorm2d(channels, _EPSILON)
        self.conv_pw = SameConv2d(channels, out, 1)
        self.bn2 = nn.BatchNorm2d(out, _EPSILON)
        self.shortcut = channels == out and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))
        return x + y if self.shortcut else y


class _InvertedResidual(nn.Module):
    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.conv_pw = SameConv2d(channels, inner, 1)
        self.bn1 = nn.BatchNorm2d(inner, _EPSILON)
        self.conv_dw = SameConv2d(inner, inner, kernel, stride, groups=inner)
        self.bn2 = nn.BatchNorm2d(inner, _EPSILON)
        self.conv_pwl = SameConv2d(inner, out, 1)
        self.bn3 = nn.BatchNorm2d(out, _EPSILON)
        self.shortcut = channels == out and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.bn1(self.conv_pw(x)))
        y = self.bn3(self.conv_pwl(F.relu6(self.bn2(self.conv_dw(y)))))
        return x + y if self.shortcut else y
