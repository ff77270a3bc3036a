"""The synthesis network of StyleGAN2, put together from the layers its variants hand in."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.stylegan2_layers import Blur


class SpatialCondition(NamedTuple):
    """What an encoder tells the generator at one size; it changes the second half of the channels.

    Attributes:
        scale: factor.
        shift: summand.

    Source: GFPGAN (CVPR 2021), section 3.3 (channel-split spatial feature transform).
    """

    scale: Float[Tensor, "b half s s"]
    shift: Float[Tensor, "b half s s"]


class Synthesis(NamedTuple):
    """What the synthesis network makes.

    Attributes:
        image: RGB, about [-1, 1].
        features: the maps after every styled convolution: one of 4 px, then two of each size.
    """

    image: Float[Tensor, "b 3 s s"]
    features: list[Tensor]


class PlainConvolution(nn.Module):
    """3x3 convolution with given weights at the map's own size."""

    def forward(self, x: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c 3 3"]) -> Float[Tensor, "b d h w"]:
        """Convolve."""
        return F.conv2d(x, weight, padding=1)


class UpsampledConvolution(nn.Module):
    """3x3 convolution with given weights that doubles the map's side: transposed convolution, then blur.

    Source: StyleGAN2 (CVPR 2020), appendix B.
    """

    def __init__(self) -> None:
        super().__init__()
        self.blur = Blur(padding=1, gain=4.0)

    def forward(self, x: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c 3 3"]) -> Float[Tensor, "b d i j"]:
        """Convolve and enlarge."""
        return self.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))


class StyledConv(nn.Module):
    """Modulated, demodulated 3x3 convolution, noise, bias, activation.

    The style scales the input and the demodulation the output instead of the weights: the same numbers with one
    convolution for the whole batch.

    Args:
        weight: start values.
        modulation: style vector -> one factor per input channel.
        convolution: what to do with a map and the weights.
        activation: after the bias.
        bias: start values, any shape with one entry per output channel.
        size: side of the result in pixels.
        scale: factor on the weights (equalised learning rate).
        gain: factor on the demodulated result.

    Source: StyleGAN2 (CVPR 2020), section 2.2, eq. 1 and 3.
    """

    noise: Tensor

    def __init__(
        self,
        *,
        weight: Float[Tensor, "d c 3 3"],
        modulation: nn.Module,
        convolution: nn.Module,
        activation: nn.Module,
        bias: Float[Tensor, "..."],
        size: int,
        scale: float = 1.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.noise_strength = nn.Parameter(torch.zeros(1))
        self.modulation, self.convolution, self.activation = modulation, convolution, activation
        self.scale, self.gain = scale, gain
        self.register_buffer("noise", torch.randn(1, 1, size, size))

    def forward(self, x: Float[Tensor, "b c h w"], style: Float[Tensor, "b d"]) -> Float[Tensor, "b e i j"]:
        """Apply the layer; noise is fresh in training, fixed otherwise."""
        factors = self.modulation(style)  # b c
        energy = self.weight.square().sum((2, 3)) * self.scale**2  # d c
        demodulation = torch.rsqrt(F.linear(factors.square(), energy) + 1e-8) * self.gain
        x = self.convolution(x * (factors * self.scale).to(x.dtype)[:, :, None, None], self.weight)
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        # One dtype: a factor of float32 would make all that follows float32, twice as slow in mixed precision.
        bias, factor = self.bias.view(1, -1, 1, 1).to(x.dtype), demodulation.to(x.dtype)[:, :, None, None]
        return self.activation(x * factor + bias + (self.noise_strength * noise).to(x.dtype))


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to RGB, added to the enlarged picture of the size below.

    Args:
        weight: start values.
        modulation: style vector -> one factor per input channel.
        upsample: enlarges the picture of the size below.
        scale: factor on the weights (equalised learning rate).

    Source: StyleGAN2 (CVPR 2020), section 4.1 (output skips).
    """

    def __init__(
        self, *, weight: Float[Tensor, "3 c 1 1"], modulation: nn.Module, upsample: nn.Module, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.modulation, self.upsample, self.scale = modulation, upsample, scale

    def forward(
        self, x: Float[Tensor, "b c s s"], style: Float[Tensor, "b d"], below: Float[Tensor, "b 3 r r"] | None = None
    ) -> Float[Tensor, "b 3 s s"]:
        """Turn a map into RGB and add the picture of the size below."""
        factors = (self.modulation(style) * self.scale)[:, :, None, None]
        rgb = F.conv2d(x * factors, self.weight) + self.bias
        return rgb if below is None else rgb + self.upsample(below)


class SynthesisBlock(nn.Module):
    """Two styled convolutions and an RGB layer at one size; the first convolution doubles the side.

    Args:
        up: the convolution that enlarges.
        conv: the second convolution.
        to_rgb: the RGB layer.
    """

    def __init__(self, up: nn.Module, conv: nn.Module, to_rgb: nn.Module) -> None:
        super().__init__()
        self.up, self.conv, self.to_rgb = up, conv, to_rgb


class SynthesisNetwork(nn.Module):
    """Synthesis network g: a learned 4 px constant that grows, one style vector a layer.

    Args:
        channels: of the constant.
        conv: styled convolution at 4 px.
        to_rgb: RGB layer at 4 px.
        blocks: one per further size.

    Source: StyleGAN2 (CVPR 2020), section 2 and 4.1.
    """

    def __init__(self, channels: int, conv: nn.Module, to_rgb: nn.Module, blocks: Sequence[SynthesisBlock]) -> None:
        super().__init__()
        self.constant = nn.Parameter(torch.randn(1, channels, 4, 4))
        self.conv, self.to_rgb = conv, to_rgb
        self.blocks = nn.ModuleList(blocks)

    def forward(self, latents: Float[Tensor, "b l d"], conditions: Sequence[SpatialCondition | None] = ()) -> Synthesis:
        """Make pictures.

        Args:
            latents: W+, one style vector a layer.
            conditions: for the sizes 8, 16, 32, ... px; None or missing leaves a size alone.
        """
        x = self.conv(self.constant.repeat(latents.shape[0], 1, 1, 1), latents[:, 0])
        rgb, features = self.to_rgb(x, latents[:, 1]), [x]
        for level, block in enumerate(self.blocks):
            assert isinstance(block, SynthesisBlock)
            enlarged = block.up(x, latents[:, 2 * level + 1])
            condition = conditions[level] if level < len(conditions) else None
            x = enlarged if condition is None else condition_half(enlarged, condition)
            x = block.conv(x, latents[:, 2 * level + 2])
            rgb = block.to_rgb(x, latents[:, 2 * level + 3], rgb)
            features += [enlarged, x]
        return Synthesis(rgb, features)


def condition_half(x: Float[Tensor, "b c s s"], condition: SpatialCondition) -> Float[Tensor, "b c s s"]:
    """Scale and shift the second half of the channels; the first half keeps what the generator knows."""
    kept, changed = x.chunk(2, dim=1)
    return torch.cat([kept, changed * condition.scale + condition.shift], dim=1)
