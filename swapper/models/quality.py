"""The quality network of MobileFaceSwap: how far a teacher's training had come when it drew a face."""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.pretrained import Pretrained


@dataclass(frozen=True)
class QualityNetworkConfig:
    """Sizes of ``QualityNetwork``."""

    stem: int = 64  # channels of the first layer
    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each of four stages
    blocks: tuple[int, ...] = (2, 2, 2, 2)  # residual blocks of each stage

    @classmethod
    def paper(cls) -> "QualityNetworkConfig":
        """Return ResNet-18."""
        return cls()

    @classmethod
    def lite(cls) -> "QualityNetworkConfig":
        """Return a quarter of its widths and half its blocks."""
        return cls(stem=16, widths=(16, 32, 64, 128), blocks=(1, 1, 1, 1))


class _BasicBlock(nn.Module):
    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class QualityNetwork(nn.Module, Pretrained):
    """Score a teacher's picture (Q): trained to tell the share of the teacher's training completed when it was drawn.

    ResNet-18 with one output; parameter names are torchvision's.

    Source: MobileFaceSwap, section 3.3, loss reweighting.
    """

    Config = QualityNetworkConfig

    def __init__(self, config: QualityNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv2d(3, config.stem, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.stem)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        stages: list[nn.Module] = []
        channels = config.stem
        for stage, (out, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            rest = [_BasicBlock(out, out, 1) for _ in range(count - 1)]
            stages.append(nn.Sequential(_BasicBlock(channels, out, 1 if stage == 0 else 2), *rest))
            channels = out
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(channels, 1)

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, " b"]:
        """Score faces.

        Args:
            faces: RGB in [0, 1].

        Returns:
            About 0 for the teacher's first drawings, about 1 for those of its end; not clamped.
        """
        x = self.maxpool(F.relu(self.bn1(self.conv1(faces * 2 - 1))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))[:, 0]
