"""Layers that StyleGAN2's generator and discriminator share: equalised weights, activation, FIR resampling."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.layers import depthwise_conv2d


class ScaledLeakyReLU(nn.Module):
    """Leaky ReLU with slope 0.2, times the square root of 2 so that the variance stays.

    Source: StyleGAN2 (CVPR 2020), appendix B, as in the official code.
    """

    def forward(self, x: Float[Tensor, "b *shape"]) -> Float[Tensor, "b *shape"]:
        """Apply the activation."""
        return F.leaky_relu(x, 0.2) * math.sqrt(2)


class EqualLinear(nn.Module):
    """Fully connected layer whose weights have unit variance and are scaled when used.

    Args:
        channels: in.
        out: channels out.
        bias: start value of the bias.
        rate: the layer learns this much slower or faster than the others.

    Source: Progressive GAN (ICLR 2018), section 4.1 (equalised learning rate).
    """

    def __init__(self, channels: int, out: int, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, channels) / rate)
        self.bias = nn.Parameter(torch.full((out,), bias))
        self.scale = rate / math.sqrt(channels)
        self.rate = rate

    def forward(self, x: Float[Tensor, "*b c"]) -> Float[Tensor, "*b d"]:
        """Apply the layer to the last axis."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class EqualConv2d(nn.Module):
    """Convolution whose weights have unit variance and are scaled when used.

    Args:
        channels: in.
        out: channels out.
        kernel: side of the filter.
        stride: step between outputs.
        padding: zeros around the map.
        bias: whether there is one.

    Source: Progressive GAN (ICLR 2018), section 4.1 (equalised learning rate).
    """

    def __init__(
        self, channels: int, out: int, kernel: int, stride: int = 1, padding: int = 0, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out)) if bias else None
        self.scale = 1 / math.sqrt(channels * kernel**2)
        self.stride, self.padding = stride, padding

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """Convolve."""
        return F.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


def _binomial(gain: float) -> Tensor:
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return (gain * row[:, None] * row[None, :])[None, None]


class Blur(nn.Module):
    """Filter every channel with the binomial kernel [1, 3, 3, 1]; zeros outside the map.

    Args:
        padding: zeros on each side; the map grows by twice this less 3.
        gain: factor on the result, 4 after a stride-2 transposed convolution.

    Source: StyleGAN (CVPR 2019), section 2 (bilinear sampling), as in StyleGAN2's upfirdn.
    """

    kernel: Tensor

    def __init__(self, padding: int, gain: float = 1.0) -> None:
        super().__init__()
        self.padding = padding
        self.register_buffer("kernel", _binomial(gain), persistent=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c i j"]:
        """Filter a map."""
        channels = x.shape[1]
        return F.conv2d(x, self.kernel.expand(channels, 1, 4, 4), padding=self.padding, groups=channels)


class FIRUpsample(nn.Module):
    """Double the side of a map with the binomial kernel; zeros outside.

    Each new pixel is three parts the nearest old one and one part the next: the same values as a transposed
    convolution with stride 2, which takes a CPU several times as long.

    Source: StyleGAN2 (CVPR 2020), appendix B; NCSN++ (ICLR 2021), appendix H.
    """

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c i j"]:
        """Enlarge a map."""
        for axis, border in ((3, (1, 1)), (2, (0, 0, 1, 1))):
            padded, side = F.pad(x, border), x.shape[axis]
            nearest = padded.narrow(axis, 1, side) * 0.75
            pair = [torch.add(nearest, padded.narrow(axis, start, side), alpha=0.25) for start in (0, 2)]
            x = torch.stack(pair, axis + 1).flatten(axis, axis + 1)
        return x


class FIRDownsample(nn.Module):
    """Halve the side of a map with the binomial kernel; zeros outside.

    Source: StyleGAN2 (CVPR 2020), appendix B; NCSN++ (ICLR 2021), appendix H.
    """

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", _binomial(1.0), persistent=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c i j"]:
        """Shrink a map."""
        return depthwise_conv2d(x, self.kernel.expand(x.shape[1], 1, 4, 4), None, 2, 1)
