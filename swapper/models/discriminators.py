"""Networks that tell real pictures from generated ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.pretrained import Pretrained
from swapper.models.stylegan2_layers import Blur, EqualConv2d, EqualLinear, FIRDownsample, ScaledLeakyReLU


@dataclass(frozen=True)
class StyleGAN2DiscriminatorConfig:
    """Sizes of ``StyleGAN2Discriminator``."""

    channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128)  # of the maps of 4, 8, 16, ... px
    group: int = 4  # most images whose deviation is pooled by the minibatch statistic

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return 4 * 2 ** (len(self.channels) - 1)

    @classmethod
    def paper(cls) -> "StyleGAN2DiscriminatorConfig":
        """Return the 256 px network, channel multiplier 2, Smooth-Swap's discriminator."""
        return cls()

    @classmethod
    def paper_1024(cls) -> "StyleGAN2DiscriminatorConfig":
        """Return the 1024 px network of config F."""
        return cls(channels=(512, 512, 512, 512, 512, 256, 128, 64, 32))

    @classmethod
    def lite(cls) -> "StyleGAN2DiscriminatorConfig":
        """Return a narrow network for 256 px; leave out the last width for 128 px."""
        return cls(channels=(256, 256, 256, 256, 192, 96, 48))


class StyleGAN2Discriminator(nn.Module, Pretrained):
    """Residual discriminator with a minibatch statistic.

    Scores of a batch depend on one another through that statistic, by design.

    Source: StyleGAN2 (CVPR 2020), section 4.1 and appendix B; Smooth-Swap, section 3.3.
    """

    Config = StyleGAN2DiscriminatorConfig

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        (r"^convs\.0\.0\.weight$", r"from_rgb.weight"),
        (r"^convs\.0\.1\.bias$", r"from_rgb.bias"),
        *(
            pair
            for i in range(8)
            for pair in (
                (rf"^convs\.{i + 1}\.conv1\.(?:0\.(weight)|1\.(bias))$", rf"blocks.{i}.conv1.\1\2"),
                (rf"^convs\.{i + 1}\.conv2\.(?:1\.(weight)|2\.(bias))$", rf"blocks.{i}.conv2.\1\2"),
                (rf"^convs\.{i + 1}\.skip\.1\.weight$", rf"blocks.{i}.skip.weight"),
            )
        ),
        (r"^final_conv\.(?:0\.(weight)|1\.(bias))$", r"final_conv.\1\2"),
        (r"^final_linear\.0\.(weight|bias)$", r"hidden.\1"),
        (r"^final_linear\.1\.(weight|bias)$", r"score.\1"),
    )
    OFFICIAL_IGNORED: tuple[str, ...] = (r"\.kernel$",)  # blur kernels, constants here

    def __init__(self, config: StyleGAN2DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.channels[::-1]
        self.from_rgb = EqualConv2d(3, widths[0], 1)
        self.blocks = nn.Sequential(*(_Residual(i, o) for i, o in pairwise(widths)))
        self.final_conv = EqualConv2d(widths[-1] + 1, widths[-1], 3, padding=1)
        self.hidden = EqualLinear(widths[-1] * 16, widths[-1])
        self.score = EqualLinear(widths[-1], 1)
        self.activation = ScaledLeakyReLU()

    def forward(self, images: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b 1"]:
        """Score pictures; higher is more real.

        Args:
            images: RGB in [0, 1].
        """
        x = self.blocks(self.activation(self.from_rgb(images * 2 - 1)))
        x = torch.cat([x, minibatch_deviation(x, self.config.group)], dim=1)
        x = self.activation(self.final_conv(x))
        return self.score(self.activation(self.hidden(x.flatten(1))))


class _Residual(nn.Module):
    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv1 = EqualConv2d(channels, channels, 3, padding=1)
        self.blur = Blur(padding=2)
        self.conv2 = EqualConv2d(channels, out, 3, stride=2)
        self.downsample = FIRDownsample()
        self.skip = EqualConv2d(channels, out, 1, bias=False)
        self.activation = ScaledLeakyReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.conv1(x))
        y = self.activation(self.conv2(self.blur(y)))
        return (y + self.skip(self.downsample(x))) / math.sqrt(2)


def minibatch_deviation(x: Float[Tensor, "b c s s"], group: int) -> Float[Tensor, "b 1 s s"]:
    """Mean standard deviation of all features over groups of a batch, as one constant map.

    Args:
        x: feature maps.
        group: most images in a group; the largest number up to it that divides the batch is taken.

    Source: Progressive GAN (ICLR 2018), section 3; groups as in StyleGAN2's official code.
    """
    batch, _, height, width = x.shape
    size = next(g for g in range(min(group, batch), 0, -1) if batch % g == 0)
    variance = x.float().unflatten(0, (size, -1)).var(0, unbiased=False)  # float: 1e-8 vanishes in half precision
    deviation = (variance + 1e-8).sqrt().mean((1, 2, 3)).to(x.dtype)
    return deviation.repeat(size)[:, None, None, None].expand(-1, 1, height, width)


class DiscriminatorOutput(NamedTuple):
    """What a discriminator of patches says about pictures.

    Attributes:
        features: maps after each layer's activation, shallow to deep, for feature matching.
        score: one value for each patch; higher is more real.
    """

    features: list[Tensor]
    score: Float[Tensor, "b 1 h w"]


@dataclass(frozen=True)
class PatchDiscriminatorConfig:
    """Sizes of ``PatchDiscriminator``."""

    widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of the layers
    strides: tuple[int, ...] = (2, 2, 2, 1)  # of the layers

    @classmethod
    def paper(cls) -> "PatchDiscriminatorConfig":
        """Return pix2pix's network of 70 px patches, less its normalisation."""
        return cls()

    @classmethod
    def lite(cls) -> "PatchDiscriminatorConfig":
        """Return a light network for 128 to 224 px, patches of 94 px."""
        return cls(widths=(32, 64, 128, 256), strides=(2, 2, 2, 2))


class PatchDiscriminator(nn.Module, Pretrained):
    """Plain convolutions that score overlapping patches.

    It normalises nothing, so the gradient penalty alone has to keep it smooth.

    Source: pix2pix (CVPR 2017), section 3.2.2 and appendix 6.1.2.
    """

    Config = PatchDiscriminatorConfig

    def __init__(self, config: PatchDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.patches = PatchStack(config.widths, config.strides, padding=1, norm=nn.Identity)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=_SLOPE)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> DiscriminatorOutput:
        """Score pictures.

        Args:
            images: RGB in [0, 1].
        """
        return self.patches(images * 2 - 1)


@dataclass(frozen=True)
class MultiscaleDiscriminatorConfig:
    """Sizes of ``MultiscaleDiscriminator``."""

    widths: tuple[int, ...] = (64, 128, 256, 512, 512, 512)  # channels of the layers; all but the last halve the side
    scales: int = 3  # sides at which the picture is judged, each half of the one before

    @classmethod
    def paper(cls) -> "MultiscaleDiscriminatorConfig":
        """Return GHOST's network for 256 px."""
        return cls()

    @classmethod
    def lite(cls) -> "MultiscaleDiscriminatorConfig":
        """Return a narrow network for 128 to 256 px."""
        return cls(widths=(32, 64, 128, 192, 192), scales=2)


class MultiscaleDiscriminator(nn.Module, Pretrained):
    """The same discriminator of patches once for each of several sizes of the picture, weights of their own.

    Source: GHOST, section 3.1, and its code; FaceShifter, section 3.1; pix2pixHD (CVPR 2018), section 3.2.
    """

    Config = MultiscaleDiscriminatorConfig

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = tuple(
        (rf"^layer{scale}\.{official}\.(weight|bias)$", rf"scales.{scale}.{ours}.\1")
        for scale in range(3)
        for ours, official in (
            *((f"layers.{i}.0", index) for i, index in enumerate((0, 2, 5, 8, 11, 14))),
            ("score", 17),
        )
    )

    def __init__(self, config: MultiscaleDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        strides = (*[2] * (len(config.widths) - 1), 1)
        self.scales = nn.ModuleList(
            PatchStack(config.widths, strides, padding=2, norm=nn.InstanceNorm2d) for _ in range(config.scales)
        )

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[DiscriminatorOutput]:
        """Score pictures at every size, the full one first; the last copy judges that one, as in the official code.

        Args:
            images: RGB in [0, 1].
        """
        x = images * 2 - 1
        outputs = []
        for patches in reversed(self.scales):
            outputs.append(patches(x))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return outputs


_SLOPE = 0.2


class PatchStack(nn.Module):
    """4x4 convolutions that several discriminators are made of."""

    def __init__(
        self, widths: tuple[int, ...], strides: tuple[int, ...], padding: int, norm: Callable[[int], nn.Module]
    ) -> None:
        """Build the layers.

        Args:
            widths: channels of the layers.
            strides: of the layers.
            padding: of all convolutions.
            norm: makes the normalisation of so many channels; the first layer goes without.
        """
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(i, o, 4, stride, padding), norm(o) if depth else nn.Identity(), nn.LeakyReLU(_SLOPE)
            )
            for depth, ((i, o), stride) in enumerate(zip(pairwise((3, *widths)), strides, strict=True))
        )
        self.score = nn.Conv2d(widths[-1], 1, 4, 1, padding)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> DiscriminatorOutput:
        """Score pictures in the colours that the discriminator wants."""
        features = []
        for layer in self.layers:
            x = layer(x)
            features.append(x)
        return DiscriminatorOutput(features, self.score(x))
