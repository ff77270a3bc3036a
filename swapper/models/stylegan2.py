"""StyleGAN2's generator: mapping network and synthesis network."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.pretrained import Pretrained
from swapper.models.stylegan2_layers import EqualLinear, FIRUpsample, ScaledLeakyReLU
from swapper.models.synthesis import (
    PlainConvolution,
    StyledConv,
    SynthesisBlock,
    SynthesisNetwork,
    ToRGB,
    UpsampledConvolution,
)


@dataclass(frozen=True)
class StyleGAN2Config:
    """Sizes of ``StyleGAN2Generator``."""

    channels: tuple[int, ...] = (512, 512, 512, 512, 512, 256, 128, 64, 32)  # of the maps of 4, 8, 16, ... px
    style: int = 512  # length of z, w and of each row of W+
    mapping: int = 8  # layers of the mapping network
    mapping_rate: float = 0.01  # learning rate of the mapping network as a share of the synthesis network's

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))

    @property
    def size(self) -> int:
        """Side of the pictures in pixels."""
        return 4 * 2 ** (len(self.channels) - 1)

    @property
    def latents(self) -> int:
        """Rows of W+: one for each convolution, one for the last RGB layer."""
        return 2 * len(self.channels)

    @classmethod
    def paper(cls) -> "StyleGAN2Config":
        """Return config F at 1024 px, channel multiplier 2 (FFHQ)."""
        return cls()

    @classmethod
    def lite(cls) -> "StyleGAN2Config":
        """Return a narrow network for 256 px; leave out the last width for 128 px."""
        return cls(channels=(256, 256, 256, 256, 192, 96, 48), style=256, mapping=4)


class MappingNetwork(nn.Module):
    """Fully connected network f from a normal random vector z to the style vector w.

    Source: StyleGAN (CVPR 2019), section 2.
    """

    def __init__(self, style: int, depth: int, rate: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EqualLinear(style, style, rate=rate) for _ in range(depth))
        self.activation = ScaledLeakyReLU()

    def forward(self, z: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Map random vectors to styles."""
        x = normalise_latent(z)
        for layer in self.layers:
            x = self.activation(layer(x))
        return x


def normalise_latent(z: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
    """Scale vectors to unit mean square.

    Source: Progressive GAN (ICLR 2018), section 4.2, as StyleGAN2 uses it on z.
    """
    return z * torch.rsqrt(z.square().mean(-1, keepdim=True) + 1e-8)


class StyleGAN2Generator(nn.Module, Pretrained):
    """StyleGAN2: random vectors to pictures.

    Source: StyleGAN2 (CVPR 2020), config F.
    """

    Config = StyleGAN2Config
    latent_average: Tensor

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        *((rf"^style\.{i + 1}\.(weight|bias)$", rf"mapping.layers.{i}.\1") for i in range(8)),
        (r"^latent_avg$", r"latent_average"),
        (r"^input\.input$", r"synthesis.constant"),
        (r"^conv1\.conv\.(.+)$", r"synthesis.conv.\1"),
        (r"^conv1\.noise\.weight$", r"synthesis.conv.noise_strength"),
        (r"^conv1\.activate\.bias$", r"synthesis.conv.bias"),
        (r"^noises\.noise_0$", r"synthesis.conv.noise"),
        (r"^to_rgb1\.conv\.(.+)$", r"synthesis.to_rgb.\1"),
        (r"^to_rgb1\.bias$", r"synthesis.to_rgb.bias"),
        *(
            (official.format(2 * i + j, 2 * i + j + 1), ours.format(f"synthesis.blocks.{i}.{name}"))
            for i in range(8)
            for j, name in enumerate(("up", "conv"))
            for official, ours in (
                (r"^convs\.{0}\.conv\.(weight|modulation\..+)$", r"{0}.\1"),
                (r"^convs\.{0}\.noise\.weight$", r"{0}.noise_strength"),
                (r"^convs\.{0}\.activate\.bias$", r"{0}.bias"),
                (r"^noises\.noise_{1}$", r"{0}.noise"),
            )
        ),
        (r"^to_rgbs\.(\d+)\.conv\.(.+)$", r"synthesis.blocks.\1.to_rgb.\2"),
        (r"^to_rgbs\.(\d+)\.bias$", r"synthesis.blocks.\1.to_rgb.bias"),
    )
    OFFICIAL_IGNORED: tuple[str, ...] = (r"\.kernel$",)  # blur kernels, constants here

    def __init__(self, config: StyleGAN2Config) -> None:
        super().__init__()
        self.config = config
        self.mapping = MappingNetwork(config.style, config.mapping, config.mapping_rate)
        self.synthesis = SynthesisNetwork(
            config.channels[0],
            _styled(config.channels[0], config.channels[0], config.style, 4, PlainConvolution()),
            _to_rgb(config.channels[0], config.style),
            [_block(config, level) for level in range(1, len(config.channels))],
        )
        self.register_buffer("latent_average", torch.zeros(config.style))

    def forward(
        self, z: Float[Tensor, "b *rows d"], truncation: float = 1.0, offset: Float[Tensor, "b l d"] | None = None
    ) -> Float[Tensor, "b 3 s s"]:
        """Make pictures from random vectors.

        Args:
            z: normal random vectors, one for each picture, or one for each row of its W+ (style mixing).
            truncation: 1 leaves the styles, less pulls them to their average (better looking, less varied).
            offset: added to W+.

        Returns:
            RGB, about [0, 1], not clamped.
        """
        styles = self.mapping(z)
        if self.training:
            self.latent_average.lerp_(styles.detach().flatten(0, -2).mean(0).to(self.latent_average.dtype), 0.002)
        styles = torch.lerp(self.latent_average.to(styles.dtype).expand_as(styles), styles, truncation)
        latents = styles if styles.dim() == 3 else styles[:, None].expand(-1, self.config.latents, -1)
        if offset is not None:
            latents = latents + offset
        return self.synthesis(latents).image * 0.5 + 0.5


def _styled(channels: int, out: int, style: int, size: int, convolution: nn.Module) -> StyledConv:
    return StyledConv(
        weight=torch.randn(out, channels, 3, 3),
        modulation=EqualLinear(style, channels, bias=1.0),
        convolution=convolution,
        activation=ScaledLeakyReLU(),
        bias=torch.zeros(out),
        size=size,
        scale=1 / math.sqrt(channels * 9),
    )


def _to_rgb(channels: int, style: int) -> ToRGB:
    return ToRGB(
        weight=torch.randn(3, channels, 1, 1),
        modulation=EqualLinear(style, channels, bias=1.0),
        upsample=FIRUpsample(),
        scale=1 / math.sqrt(channels),
    )


def _block(config: StyleGAN2Config, level: int) -> SynthesisBlock:
    below, out, size = config.channels[level - 1], config.channels[level], 4 * 2**level
    return SynthesisBlock(
        up=_styled(below, out, config.style, size, UpsampledConvolution()),
        conv=_styled(out, out, config.style, size, PlainConvolution()),
        to_rgb=_to_rgb(out, config.style),
    )
