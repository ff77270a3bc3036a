"""Small layers shared by several networks."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class PReLU(nn.Module):
    """Leaky ReLU with a learned slope per channel (or one for all).

    A slope that needs no gradient takes a cheaper form with the same value: the backward of ``F.prelu`` computes the
    slope's gradient even when nobody asked for it, a third of the time of a frozen identity network on a CPU.
    """

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 0.25))

    def forward(self, x: Float[Tensor, "b c *space"]) -> Float[Tensor, "b c *space"]:
        """Apply the activation to maps or vectors."""
        if self.weight.requires_grad:
            return F.prelu(x, self.weight)
        slope = self.weight.to(x.dtype).view(-1, *[1] * (x.dim() - 2))  # one dtype: bfloat16 maps stay bfloat16
        return torch.addcmul(slope * x, F.relu(x), 1 - slope)


class DepthwiseConv2d(nn.Conv2d):
    """A filter per channel.

    Args:
        channels: of the map.
        kernel: side of the filters in pixels, odd.
        stride: in pixels.
        bias: add one per channel.
    """

    def __init__(self, channels: int, kernel: int, stride: int = 1, bias: bool = True) -> None:
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=bias)

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c _ _"]:
        """Filter each channel."""
        return depthwise_conv2d(input, self.weight, self.bias, self.stride[0], self.kernel_size[0] // 2)


def depthwise_conv2d(
    x: Float[Tensor, "b c h w"], weight: Float[Tensor, "c 1 k k"], bias: Tensor | None, stride: int, padding: int
) -> Float[Tensor, "b c _ _"]:
    """Filter each channel.

    Where a gradient is wanted on a CPU, a stride is taken as stride 1 of which some pixels stay: oneDNN's backward of
    strided depthwise convolutions takes ten times as long as that of plain ones.

    Args:
        x: maps.
        weight: a filter per channel.
        bias: added per channel.
        stride: in pixels.
        padding: zeros on each side.
    """
    if stride == 1 or x.device.type != "cpu" or not (x.requires_grad and torch.is_grad_enabled()):
        return F.conv2d(x, weight, bias, stride, padding, groups=len(weight))
    whole = F.conv2d(x, weight, bias, 1, padding, groups=len(weight))
    last = whole.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return whole[:, :, ::stride, ::stride].contiguous(memory_format=layout)


class SqueezeExcitation(nn.Module):
    """Scale every channel by a gate computed from the means of all channels.

    Args:
        channels: of the map.
        reduction: how much narrower the gate's hidden layer is.

    Source: Squeeze-and-Excitation Networks (CVPR 2018), section 3, with PReLU as in ArcFace's SE-ResNet.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        inner = channels // reduction
        self.fc = nn.Sequential(nn.Linear(channels, inner), PReLU(), nn.Linear(inner, channels), nn.Sigmoid())

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Scale the channels."""
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]
