"""GFPGAN: a U-Net that restores a face with the help of a StyleGAN2 generator."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.pretrained import Pretrained
from swapper.models.stylegan2 import normalise_latent
from swapper.models.synthesis import (
    PlainConvolution,
    SpatialCondition,
    StyledConv,
    SynthesisBlock,
    SynthesisNetwork,
    ToRGB,
)


@dataclass(frozen=True)
class GFPGANv1CleanConfig:
    """Sizes of ``GFPGANv1Clean``; the U-Net is half as wide as the generator."""

    channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64)  # of the generator's maps of 4, 8, ... px
    style: int = 512  # length of a style vector
    mapping: int = 8  # layers of the generator's mapping network, which restoring does not use

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        if any(c % 2 for c in self.channels):
            raise ValueError(f"channels must be even, the condition changes half of them: {self.channels}")

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return 4 * 2 ** (len(self.channels) - 1)

    @classmethod
    def paper(cls) -> "GFPGANv1CleanConfig":
        """Return the 512 px network of versions 1.2 to 1.4 (channel multiplier 2)."""
        return cls()

    @classmethod
    def paper_narrow(cls) -> "GFPGANv1CleanConfig":
        """Return the 512 px network with channel multiplier 1."""
        return cls(channels=(512, 512, 512, 512, 256, 128, 64, 32))

    @classmethod
    def lite(cls) -> "GFPGANv1CleanConfig":
        """Return a narrow network for 256 px."""
        return cls(channels=(192, 192, 192, 192, 128, 64, 32), style=192, mapping=2)


class Restoration(NamedTuple):
    """What GFPGAN makes of a face.

    Attributes:
        image: the restored face, RGB about [0, 1], not clamped.
        pyramid: the U-Net's own restorations of 8, 16, ... px, for the pyramid loss.
    """

    image: Float[Tensor, "b 3 s s"]
    pyramid: list[Tensor]


class BilinearConvolution(nn.Module):
    """3x3 convolution with given weights on a map that is bilinearly doubled first.

    Source: GFPGAN's official code, the "clean" StyleGAN2.
    """

    def forward(self, x: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c 3 3"]) -> Float[Tensor, "b d i j"]:
        """Enlarge and convolve."""
        return F.conv2d(_resize(x, 2.0), weight, padding=1)


class GFPGANv1Clean(nn.Module, Pretrained):
    """U-Net whose features steer a StyleGAN2 generator: degradation removal and generative facial prior.

    Source: GFPGAN (CVPR 2021), section 3, in the form of the official code's GFPGANv1Clean (different_w, sft_half,
    input_is_latent): no custom filters, equalised weights folded in.
    """

    Config = GFPGANv1CleanConfig

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        (r"^conv_body_first\.(.+)$", r"stem.\1"),
        (r"^conv_body_down\.(.+)$", r"down.\1"),
        (r"^final_conv\.(.+)$", r"bottom.\1"),
        (r"^final_linear\.(.+)$", r"to_latents.\1"),
        (r"^conv_body_up\.(.+)$", r"up.\1"),
        (r"^toRGB\.(.+)$", r"pyramid.\1"),
        (r"^condition_scale\.(.+)$", r"scale.\1"),
        (r"^condition_shift\.(.+)$", r"shift.\1"),
        *((rf"^stylegan_decoder\.style_mlp\.{2 * i + 1}\.(.+)$", rf"mapping.layers.{i}.\1") for i in range(8)),
        (r"^stylegan_decoder\.constant_input\.weight$", r"synthesis.constant"),
        *(
            (official.format(name, noise), ours.format(target))
            for name, noise, target in (
                ("style_conv1", 0, "synthesis.conv"),
                *(
                    (rf"style_convs\.{2 * i + j}", 2 * i + j + 1, f"synthesis.blocks.{i}.{layer}")
                    for i in range(7)
                    for j, layer in enumerate(("up", "conv"))
                ),
            )
            for official, ours in (
                (r"^stylegan_decoder\.{0}\.modulated_conv\.(.+)$", r"{0}.\1"),
                (r"^stylegan_decoder\.{0}\.weight$", r"{0}.noise_strength"),
                (r"^stylegan_decoder\.{0}\.bias$", r"{0}.bias"),
                (r"^stylegan_decoder\.noises\.noise{1}$", r"{0}.noise"),
            )
        ),
        (r"^stylegan_decoder\.to_rgb1\.(?:modulated_conv\.)?(.+)$", r"synthesis.to_rgb.\1"),
        (r"^stylegan_decoder\.to_rgbs\.(\d+)\.(?:modulated_conv\.)?(.+)$", r"synthesis.blocks.\1.to_rgb.\2"),
    )
    OFFICIAL_IGNORED: tuple[str, ...] = ()

    def __init__(self, config: GFPGANv1CleanConfig) -> None:
        super().__init__()
        self.config = config
        widths = [c // 2 for c in config.channels]
        falling = widths[::-1]
        self.stem = nn.Conv2d(3, falling[0], 1)
        self.down = nn.ModuleList(_ResBlock(i, o, 0.5) for i, o in pairwise(falling))
        self.bottom = nn.Conv2d(widths[0], widths[0], 3, padding=1)
        self.to_latents = nn.Linear(widths[0] * 16, 2 * len(widths) * config.style)
        self.up = nn.ModuleList(_ResBlock(i, o, 2.0) for i, o in pairwise(widths))
        self.pyramid = nn.ModuleList(nn.Conv2d(c, 3, 1) for c in widths[1:])
        self.scale = nn.ModuleList(_condition(c) for c in widths[1:])
        self.shift = nn.ModuleList(_condition(c) for c in widths[1:])
        self.mapping = CleanMappingNetwork(config.style, config.mapping)
        self.synthesis = SynthesisNetwork(
            config.channels[0],
            _styled(config.channels[0], config.channels[0], config.style, 4, PlainConvolution()),
            _to_rgb(config.channels[0], config.style),
            [_block(config, level) for level in range(1, len(config.channels))],
        )

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> Restoration:
        """Restore faces.

        Args:
            faces: RGB in [0, 1], ``ffhq`` template, ``config.size`` pixels.
        """
        x = F.leaky_relu(self.stem(faces * 2 - 1), 0.2)
        skips: list[Tensor] = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = F.leaky_relu(self.bottom(x), 0.2)
        latents = self.to_latents(x.flatten(1)).unflatten(1, (-1, self.config.style))
        conditions, pyramid = [], []
        for block, scale, shift, to_rgb in zip(self.up, self.scale, self.shift, self.pyramid, strict=True):
            x = block(x + skips.pop())
            conditions.append(SpatialCondition(scale(x), shift(x)))
            pyramid.append(to_rgb(x) * 0.5 + 0.5)
        return Restoration(self.synthesis(latents, conditions).image * 0.5 + 0.5, pyramid)


class CleanMappingNetwork(nn.Module):
    """Mapping network without equalised weights: the generator's own, before it became a part of GFPGAN.

    Restoring does not need it; it makes the official files complete and the generator usable on its own.
    """

    def __init__(self, style: int, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(style, style) for _ in range(depth))

    def forward(self, z: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
        """Map normal random vectors to styles."""
        x = normalise_latent(z)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return x


class _ResBlock(nn.Module):
    """Residual block that changes the size between its convolutions."""

    def __init__(self, channels: int, out: int, factor: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, out, 3, padding=1)
        self.skip = nn.Conv2d(channels, out, 1, bias=False)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        y = _resize(F.leaky_relu(self.conv1(x), 0.2), self.factor)
        return F.leaky_relu(self.conv2(y), 0.2) + self.skip(_resize(x, self.factor))


def _resize(x: Tensor, factor: float) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _condition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(channels, channels, 3, padding=1)
    )


def _modulation(style: int, channels: int) -> nn.Linear:
    layer = nn.Linear(style, channels)
    nn.init.normal_(layer.weight, std=1 / math.sqrt(style))
    nn.init.ones_(layer.bias)
    return layer


def _styled(channels: int, out: int, style: int, size: int, convolution: nn.Module) -> StyledConv:
    return StyledConv(
        weight=torch.randn(out, channels, 3, 3) / math.sqrt(channels * 9),
        modulation=_modulation(style, channels),
        convolution=convolution,
        activation=nn.LeakyReLU(0.2),
        bias=torch.zeros(1, out, 1, 1),
        size=size,
        gain=math.sqrt(2),
    )


def _to_rgb(channels: int, style: int) -> ToRGB:
    return ToRGB(
        weight=torch.randn(3, channels, 1, 1) / math.sqrt(channels),
        modulation=_modulation(style, channels),
        upsample=nn.Upsample(scale_factor=2.0, mode="bilinear", align_corners=False),
    )


def _block(config: GFPGANv1CleanConfig, level: int) -> SynthesisBlock:
    below, out, size = config.channels[level - 1], config.channels[level], 4 * 2**level
    return SynthesisBlock(
        up=_styled(below, out, config.style, size, BilinearConvolution()),
        conv=_styled(out, out, config.style, size, PlainConvolution()),
        to_rgb=_to_rgb(out, config.style),
    )
