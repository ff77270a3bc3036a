"""SimSwap: an encoder, blocks that write the source's identity into its features, and a decoder without skips."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.discriminators import DiscriminatorOutput, PatchStack
from swapper.models.pretrained import Pretrained


@dataclass(frozen=True)
class SimSwapGeneratorConfig:
    """Sizes of ``SimSwapGenerator``."""

    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels at the full side, 1/2, 1/4, ...
    outer: int = 0  # channels of one more level outside, as the 512 px network has it; 0 for none
    blocks: int = 9  # ID blocks at the smallest side
    identity: int = 512  # length of the identity embedding
    size: int = 224  # side of the training crops in pixels; any multiple of the smallest map's share runs
    normalised: bool = False  # works in ImageNet's normalised colours without a tanh, as the newer training code does

    @property
    def levels(self) -> dict[str, tuple[int, int]]:
        """Channels outside and inside of each halving, by its number in the official code; the outer level has 0."""
        widths = (self.outer, *self.widths) if self.outer else self.widths
        first = 0 if self.outer else 1
        return {str(number): pair for number, pair in enumerate(pairwise(widths), start=first)}

    @classmethod
    def paper(cls) -> "SimSwapGeneratorConfig":
        """Return the 224 px network."""
        return cls()

    @classmethod
    def paper_512(cls) -> "SimSwapGeneratorConfig":
        """Return the network of the released 512 px weights."""
        return cls(outer=32, size=512)

    @classmethod
    def paper_deep(cls) -> "SimSwapGeneratorConfig":
        """Return the newer training code's network for 512 px."""
        return cls(widths=(64, 128, 256, 512, 512), size=512, normalised=True)

    @classmethod
    def lite(cls) -> "SimSwapGeneratorConfig":
        """Return a narrow network for 256 px."""
        return cls(widths=(32, 64, 128, 192), outer=16, blocks=6, size=256, normalised=True)

    @classmethod
    def lite_128(cls) -> "SimSwapGeneratorConfig":
        """Return the narrow network without its outer level."""
        return cls(widths=(32, 64, 128, 192), blocks=6, size=128, normalised=True)


class SimSwapGenerator(nn.Module, Pretrained):
    """ID injection generator.

    Source: SimSwap (ACM MM 2020), section 3.1 and figure 2; sizes as in the official code.
    """

    Config = SimSwapGeneratorConfig

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        (r"^first_layer\.1\.(.+)$", r"stem.0.\1"),
        (r"^first_layer\.2\.(.+)$", r"stem.1.\1"),
        (r"^down(\d)\.([01])\.(.+)$", r"down.\1.\2.\3"),
        (r"^BottleNeck\.(\d+)\.conv(\d)\.1\.(.+)$", r"blocks.\1.conv\2.\3"),
        (r"^BottleNeck\.(\d+)\.style(\d)\.linear\.(.+)$", r"blocks.\1.adain\2.\3"),
        (r"^up(\d)\.([12])\.(.+)$", r"up.\1.\2.\3"),
        (r"^last_layer\.1\.(.+)$", r"to_rgb.\1"),
    )
    OFFICIAL_IGNORED: tuple[str, ...] = ()

    mean: Tensor
    std: Tensor

    def __init__(self, config: SimSwapGeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.colour_range = "imagenet" if config.normalised else "0..1"
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1), persistent=False)
        outermost, innermost = config.outer or config.widths[0], config.widths[-1]
        self.stem = nn.Sequential(_reflect(3, outermost, 7), nn.BatchNorm2d(outermost), nn.ReLU(inplace=True))
        self.down = nn.ModuleDict(
            {
                number: nn.Sequential(
                    nn.Conv2d(outside, inside, 3, 2, 1), nn.BatchNorm2d(inside), nn.ReLU(inplace=True)
                )
                for number, (outside, inside) in config.levels.items()
            }
        )
        self.blocks = nn.ModuleList(IDBlock(innermost, config.identity) for _ in range(config.blocks))
        self.up = nn.ModuleDict(
            {
                number: nn.Sequential(
                    nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                    nn.Conv2d(inside, outside, 3, 1, 1),
                    nn.BatchNorm2d(outside),
                    nn.ReLU(inplace=True),
                )
                for number, (outside, inside) in reversed(config.levels.items())
            }
        )
        self.to_rgb = _reflect(outermost, 3, 7)

    def forward(self, targets: Float[Tensor, "b 3 s s"], identity: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Give targets another identity.

        Args:
            targets: RGB in [0, 1].
            identity: the sources' ArcFace embeddings, unit length.

        Returns:
            RGB, in [0, 1] after the tanh, about [0, 1] in normalised colours.
        """
        x = self.stem((targets - self.mean) / self.std if self.config.normalised else targets)
        for layer in self.down.values():
            x = layer(x)
        for block in self.blocks:
            x = block(x, identity)
        for layer in self.up.values():
            x = layer(x)
        x = self.to_rgb(x)
        return x * self.std + self.mean if self.config.normalised else (torch.tanh(x) + 1) / 2


class IDBlock(nn.Module):
    """Residual block whose normalised features take their scale and shift from the identity.

    Source: SimSwap, section 3.1, equation 1 (AdaIN) and figure 3.
    """

    def __init__(self, channels: int, identity: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = _reflect(channels, channels, 3), _reflect(channels, channels, 3)
        self.adain1, self.adain2 = nn.Linear(identity, 2 * channels), nn.Linear(identity, 2 * channels)

    def forward(self, x: Float[Tensor, "b c h w"], identity: Float[Tensor, "b d"]) -> Float[Tensor, "b c h w"]:
        """Write the identity into a map."""
        y = torch.relu(adain(self.conv1(x), self.adain1(identity)))
        return x + adain(self.conv2(y), self.adain2(identity))


def adain(x: Float[Tensor, "b c h w"], style: Float[Tensor, "b e"]) -> Float[Tensor, "b c h w"]:
    """Adaptive instance normalisation.

    Args:
        x: a map.
        style: scales less one, then shifts, of its channels.
    """
    scale, shift = style[:, :, None, None].chunk(2, dim=1)
    return F.instance_norm(x, eps=1e-8) * (scale + 1) + shift


def _reflect(channels: int, out: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel, padding=kernel // 2, padding_mode="reflect")


@dataclass(frozen=True)
class SimSwapDiscriminatorConfig:
    """Sizes of ``SimSwapDiscriminator``."""

    widths: tuple[int, ...] = (64, 128, 256, 512, 512)  # channels of the layers; all but the last halve the side
    scales: int = 2  # sides at which the picture is judged, each half of the one before

    @classmethod
    def paper(cls) -> "SimSwapDiscriminatorConfig":
        """Return the published pair for 224 px."""
        return cls()

    @classmethod
    def lite(cls) -> "SimSwapDiscriminatorConfig":
        """Return a narrow pair for 128 to 256 px."""
        return cls(widths=(32, 64, 128, 192, 192))


class SimSwapDiscriminator(nn.Module, Pretrained):
    """Two discriminators of patches, of the picture and of the picture at half its side.

    The weak feature matching loss compares the deep ones among ``DiscriminatorOutput.features`` of result and target:
    the texture may change, the attributes may not.

    Source: SimSwap (ACM MM 2020), sections 3.2 and 3.3 (equations 7 to 9).
    """

    Config = SimSwapDiscriminatorConfig

    def __init__(self, config: SimSwapDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        strides = (*[2] * (len(config.widths) - 1), 1)
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d
        self.scales = nn.ModuleList(
            PatchStack(config.widths, strides, padding=1, norm=norm) for _ in range(config.scales)
        )

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[DiscriminatorOutput]:
        """Score pictures at every side, the full one first.

        Args:
            images: RGB in [0, 1]; judged as they are, as in the official code.
        """
        outputs = []
        for patches in self.scales:
            outputs.append(patches(images))
            images = F.avg_pool2d(images, 3, stride=2, padding=1, count_include_pad=False)
        return outputs
