"""The swapping network of MobileFaceSwap: its weights are one person's identity.

Source: MobileFaceSwap (AAAI 2022), section 3.2; layers as in the official code, whose mask branch gets a detached input
and so does not train the encoder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.pretrained import Pretrained

Layer = Callable[[Tensor], Tensor]

_SLOPE = 0.1


@dataclass(frozen=True)
class IdentityAwareDynamicNetworkConfig:
    """Sizes of ``IdentityAwareDynamicNetwork``."""

    encoder: tuple[int, ...] = (32, 64, 128, 256, 512)  # channels after each encoder layer
    decoder: tuple[int, ...] = (256, 128, 64, 32)  # channels after each decoder layer, before the skip joins
    final: int = 8  # channels of the image head
    mask: tuple[int, ...] = (128, 64, 32, 8, 2)  # channels after each layer of the mask branch
    size: int = 224  # side of the training crops in pixels; any multiple of 32 runs

    def __post_init__(self) -> None:
        if not len(self.mask) == len(self.encoder) == len(self.decoder) + 1:
            raise ValueError("mask and encoder need as many layers, the decoder one less: the image head adds one")

    @classmethod
    def paper(cls) -> "IdentityAwareDynamicNetworkConfig":
        """Return the published widths."""
        return cls()

    lite = paper  # it is what runs on phones

    @property
    def encoder_inputs(self) -> tuple[int, ...]:
        """Channels entering each encoder layer."""
        return (3, *self.encoder[:-1])

    @property
    def decoder_inputs(self) -> tuple[int, ...]:
        """Channels entering each decoder layer: the layer above and its skip."""
        skips = self.encoder[-2:0:-1]
        return (self.encoder[-1], *(out + skip for out, skip in zip(self.decoder, skips, strict=False)))


class SwappedFaces(NamedTuple):
    """What the dynamic network draws.

    Attributes:
        face: the swapped face already blended into the target by the mask, RGB in [0, 1].
        mask: share of the new face in ``face``, in [0, 1].
        drawn: the whole crop as drawn, before blending, RGB in [0, 1].
    """

    face: Float[Tensor, "b 3 s s"]
    mask: Float[Tensor, "b 1 s s"]
    drawn: Float[Tensor, "b 3 s s"]


class LayerWeights(NamedTuple):
    """The weights of one depthwise-separable layer, one set per source person.

    Attributes:
        depthwise: a kernel per input channel.
        pointwise: the 1x1 convolution.
    """

    depthwise: Float[Tensor, "b i k k"]
    pointwise: Float[Tensor, "b o i"]


class IdentityWeights(NamedTuple):
    """All weights a source person gives to the dynamic network, first layer first."""

    encoder: list[LayerWeights]
    decoder: list[LayerWeights]


class SemanticFusionModule(nn.Sequential):
    """Draw the mask that says where the swapped face replaces the target (M); the same for every identity."""

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        layers: list[nn.Module] = []
        for width in widths:
            layers.append(
                nn.Sequential(
                    _upsample(),
                    nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
                    nn.Conv2d(channels, width, 1),
                    nn.BatchNorm2d(width),
                    nn.LeakyReLU(_SLOPE),
                )
            )
            channels = width
        super().__init__(*layers, nn.Conv2d(channels, 1, 3, padding=1), nn.Sigmoid())


class ImageHead(nn.Sequential):
    """Turn the decoder's last map into RGB in [-1, 1]; the same for every identity."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            _upsample(),
            nn.Conv2d(channels, width, 1),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(width, 3, 3, padding=1),
            nn.BatchNorm2d(3),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(3, 3, 3, padding=1),
            nn.Tanh(),
        )


class SeparableConv(nn.Module):
    """One layer of the dynamic network: a filter per channel, then a 1x1 convolution, then LeakyReLU."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, kernel, stride, 1, groups=channels)
        self.pointwise = nn.Conv2d(channels, out, 1)

    def forward(self, x: Float[Tensor, "b i h w"]) -> Float[Tensor, "b o _ _"]:
        """Filter and mix."""
        return F.leaky_relu(self.pointwise(self.depthwise(x)), _SLOPE)

    @torch.no_grad()
    def inject(self, weights: LayerWeights) -> None:
        """Copy one person's weights in; biases become zero, an identity has none.

        Args:
            weights: of a single person (batch 1).
        """
        injected = (weights.depthwise.transpose(0, 1), weights.pointwise[0, :, :, None, None])
        for conv, weight in zip((self.depthwise, self.pointwise), injected, strict=True):
            conv.weight.copy_(weight)
            assert conv.bias is not None
            conv.bias.zero_()


class IdentityAwareDynamicNetwork(nn.Module, Pretrained):
    """The swapping network of one person (IDN): half a million ordinary weights.

    Its encoder and decoder weights come from an ``IdentityInjectionNetwork``. 494,979 of its 499,825 parameters are
    convolution weights, the number the paper gives. Encoder and decoder have biases, as in the official code, that no
    identity sets: they are zero.

    Source: MobileFaceSwap, section 3.2, figure 3; layers as in the official code.
    """

    Config = IdentityAwareDynamicNetworkConfig

    def __init__(self, config: IdentityAwareDynamicNetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = nn.ModuleList(
            SeparableConv(i, o, 4, 2) for i, o in zip(config.encoder_inputs, config.encoder, strict=True)
        )
        self.decoder = nn.ModuleList(
            SeparableConv(i, o, 3, 1) for i, o in zip(config.decoder_inputs, config.decoder, strict=True)
        )
        self.final = ImageHead(config.decoder[-1], config.final)
        self.mask = SemanticFusionModule(config.encoder[-1], config.mask)

    def inject(self, weights: IdentityWeights) -> None:
        """Make this the network of one person.

        Args:
            weights: of that person (batch 1).
        """
        for layer, injected in zip(self._layers(), [*weights.encoder, *weights.decoder], strict=True):
            layer.inject(injected)

    def _layers(self) -> list[SeparableConv]:
        return [layer for layer in (*self.encoder, *self.decoder) if isinstance(layer, SeparableConv)]

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> SwappedFaces:
        """Swap this network's person onto target faces.

        Args:
            faces: targets, RGB in [0, 1], side a multiple of 32.
        """
        return draw_swap(faces, list(self.encoder), list(self.decoder), self.final, self.mask)


def draw_swap(
    faces: Float[Tensor, "b 3 s s"], encoder: Sequence[Layer], decoder: Sequence[Layer], image: Layer, mask: Layer
) -> SwappedFaces:
    """Run the dynamic network's data flow through whatever computes its layers.

    Args:
        faces: targets, RGB in [0, 1].
        encoder: each halves the side.
        decoder: each gets its input at twice the side, joined with the encoder's map of that side but for the last.
        image: turns the decoder's last map into RGB in [-1, 1] at twice the side.
        mask: turns the encoder's last map into the mask.
    """
    x = faces * 2 - 1
    maps: list[Tensor] = []
    for layer in encoder:
        x = layer(x)
        maps.append(x)
    blend = mask(x.detach())
    for layer, skip in zip(decoder, [*maps[-2:0:-1], None], strict=True):
        x = layer(upsample(x))
        x = x if skip is None else torch.cat([x, skip], dim=1)
    drawn = (image(x) + 1) / 2
    return SwappedFaces(blend * drawn + (1 - blend) * faces, blend, drawn)


def separable_conv(x: Float[Tensor, "b i h w"], weights: LayerWeights, stride: int) -> Float[Tensor, "b o _ _"]:
    """``SeparableConv`` with its own weights for every sample of the batch.

    The batch is folded into the channels for the depthwise convolution, channels last: on a CPU this takes
    about a third of the time of the same grouped convolution on contiguous maps.

    Args:
        x: any map.
        weights: one set per sample.
        stride: 1 for 3x3 kernels, 2 for 4x4.
    """
    batch, channels, height, width = x.shape
    # Stacked, because the backward of a permuted copy hands on a strided gradient that upsampling must copy slowly.
    folded = torch.stack(x.permute(0, 2, 3, 1).unbind(0), 2).view(1, height, width, batch * channels)
    y = (_depthwise if stride == 1 else _strided_depthwise)(folded, weights.depthwise.flatten(0, 1))
    height, width = y.shape[1:3]
    # Contiguous, because bmm's backward on a strided operand is three times slower.
    pixels = y.reshape(height * width, batch, channels).transpose(0, 1).contiguous()
    mixed = torch.bmm(pixels, weights.pointwise.transpose(1, 2))
    return F.leaky_relu(mixed.view(batch, height, width, -1).permute(0, 3, 1, 2), _SLOPE)


def _depthwise(x: Float[Tensor, "1 h w c"], kernels: Float[Tensor, "c k k"]) -> Float[Tensor, "1 _ _ c"]:
    padding = 1 if kernels.shape[-1] == 3 else 0
    y = F.conv2d(x.permute(0, 3, 1, 2), kernels[:, None], padding=padding, groups=len(kernels))
    return y.permute(0, 2, 3, 1)


def _strided_depthwise(x: Float[Tensor, "1 h w c"], kernels: Float[Tensor, "c 4 4"]) -> Float[Tensor, "1 _ _ c"]:
    """4x4 kernels, stride 2, padding 1, as 2x2 kernels on the four phases of the pixels.

    oneDNN has no fast backward for 4x4 depthwise kernels; this one takes a tenth of the time or less.
    """
    _, height, width, channels = x.shape
    rows, columns = height // 2 + 1, width // 2 + 1
    padded = F.pad(x, (0, 0, 1, 1, 1, 1)).view(rows, 2, columns, 2, channels)
    phases = padded.transpose(1, 2).reshape(1, rows, columns, 4 * channels)
    taps = kernels.view(channels, 2, 2, 2, 2).permute(2, 4, 0, 1, 3).reshape(4 * channels, 2, 2)
    return _depthwise(phases, taps).reshape(1, rows - 1, columns - 1, 4, channels).sum(3)


def upsample(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 2*h 2*w"]:
    """Double the side, bilinear, corner pixels kept in place as in the official code."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def _upsample() -> nn.Module:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
