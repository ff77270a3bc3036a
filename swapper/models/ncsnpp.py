"""The parts of NCSN++, the network of score-based generation that Smooth-Swap's generator is made of."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.stylegan2_layers import FIRDownsample, FIRUpsample

L = TypeVar("L", nn.Conv2d, nn.Linear)


@dataclass(frozen=True)
class NCSNppConfig:
    """Sizes of ``NCSNppGenerator``; a level has half the side of the one before."""

    width: int = 128  # channels of the first level per multiplier
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 2, 2, 2)  # channels of each level as multiples of the width
    blocks: int = 2  # residual blocks of each level on the way down; one more on the way up
    attention: tuple[int, ...] = (4,)  # levels with self-attention besides the middle
    embedding: int = 512  # length of the identity vector
    embedding_scale: float = 1.0  # factor on it; the square root of its length gives entries of unit variance
    adaptive: bool = False  # the identity scales and shifts the normalised maps instead of being added before
    dropout: float = 0.0  # share of values dropped before a block's last convolution

    def __post_init__(self) -> None:
        object.__setattr__(self, "multipliers", tuple(self.multipliers))
        object.__setattr__(self, "attention", tuple(self.attention))

    @classmethod
    def paper(cls) -> "NCSNppConfig":
        """Return NCSN++ for 256 px (FFHQ), attention at 16 px."""
        return cls()

    @classmethod
    def small(cls) -> "NCSNppConfig":
        """Return the widths of the unofficial port (10.3 M parameters there), attention at 32 px in the middle."""
        return cls(width=64, multipliers=(1, 2, 2, 2), attention=(), dropout=0.1)

    @classmethod
    def lite(cls) -> "NCSNppConfig":
        """Return narrow widths for 96 to 256 px, which learn who it is sooner by adaptive normalisation."""
        widths = (1, 2, 4, 8, 12)
        return cls(width=16, multipliers=widths, blocks=1, embedding_scale=math.sqrt(512), adaptive=True)


class NCSNppResBlock(nn.Module):
    """BigGAN-type residual block; the identity is added to its maps after the first convolution, or steers the norm.

    Args:
        channels: in.
        out: channels out.
        config: embedding and dropout.
        resample: halves or doubles the side on both branches.

    Source: Smooth-Swap (CVPR 2022), section 3.2; NCSN++ (ICLR 2021), appendix H, as in score_sde's official code;
    adaptive normalisation from ADM (NeurIPS 2021), section 3.
    """

    def __init__(self, channels: int, out: int, config: NCSNppConfig, resample: nn.Module | None = None) -> None:
        super().__init__()
        self.norm1 = group_norm(channels)
        self.resample = resample if resample is not None else nn.Identity()
        self.conv1 = start_weights(nn.Conv2d(channels, out, 3, padding=1))
        self.adaptive = config.adaptive
        self.inject = start_weights(nn.Linear(config.embedding, 2 * out if config.adaptive else out))
        self.norm2 = group_norm(out)
        self.dropout = nn.Dropout(config.dropout)
        self.conv2 = start_weights(nn.Conv2d(out, out, 3, padding=1), 1e-5)
        same = channels == out and resample is None
        self.shortcut = nn.Identity() if same else start_weights(nn.Conv2d(channels, out, 1))

    def forward(self, x: Float[Tensor, "b c h w"], identity: Float[Tensor, "b d"]) -> Float[Tensor, "b o i j"]:
        """Apply the block.

        Args:
            x: maps.
            identity: the embedding after swish.
        """
        y = self.conv1(self.resample(F.silu(self.norm1(x))))
        told = self.inject(identity)[:, :, None, None]
        if self.adaptive:
            scale, shift = told.chunk(2, dim=1)
            y = torch.addcmul(shift, self.norm2(y), 1 + scale)
        else:
            y = self.norm2(y + told)
        y = self.conv2(self.dropout(F.silu(y)))
        return (self.shortcut(self.resample(x)) + y) / math.sqrt(2)


class NetworkInNetwork(nn.Module):
    """Linear map of the channels at every pixel; the weight's first axis is the input, as published."""

    def __init__(self, channels: int, gain: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(channels, channels), gain))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """Map the last axis."""
        return x @ self.weight + self.bias


class NCSNppAttention(nn.Module):
    """Single-head self-attention over all pixels.

    Source: NCSN++ (ICLR 2021), appendix H, as in score_sde's official code.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.query, self.key, self.value = (NetworkInNetwork(channels, math.sqrt(0.1)) for _ in range(3))
        self.out = NetworkInNetwork(channels, 1e-5)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Mix what different places know."""
        y = self.norm(x).flatten(2).transpose(1, 2)[:, None]  # b 1 n c: one head
        y = F.scaled_dot_product_attention(self.query(y), self.key(y), self.value(y))
        return (x + self.out(y[:, 0]).transpose(1, 2).reshape(x.shape)) / math.sqrt(2)


class DownLevel(nn.Module):
    """One level on the way down; ``down`` leads to the next and is missing at the last."""

    def __init__(self, channels: int, config: NCSNppConfig, level: int) -> None:
        super().__init__()
        width, last = config.width * config.multipliers[level], level + 1 == len(config.multipliers)
        attended = level in config.attention
        self.blocks = nn.ModuleList(
            NCSNppResBlock(width if i else channels, width, config) for i in range(config.blocks)
        )
        self.attention = nn.ModuleList(
            NCSNppAttention(width) if attended else nn.Identity() for _ in range(config.blocks)
        )
        self.down = None if last else NCSNppResBlock(width, width, config, FIRDownsample())
        self.combine = None if last else start_weights(nn.Conv2d(3, width, 1))


class UpLevel(nn.Module):
    """One level on the way up; ``up`` leads to the next and is missing at the first level of the network."""

    def __init__(self, channels: int, skips: list[int], config: NCSNppConfig, level: int) -> None:
        super().__init__()
        width = config.width * config.multipliers[level]
        self.blocks = nn.ModuleList(
            NCSNppResBlock((width if i else channels) + skips.pop(), width, config) for i in range(config.blocks + 1)
        )
        self.attention = NCSNppAttention(width) if level in config.attention else nn.Identity()
        self.norm = group_norm(width)
        self.to_rgb = start_weights(nn.Conv2d(width, 3, 3, padding=1), 1e-5)
        self.up = NCSNppResBlock(width, width, config, FIRUpsample()) if level else None


def modules_in_order(config: NCSNppConfig) -> Iterator[tuple[str, str]]:
    """List what score_sde keeps in ``all_modules`` after the time embedding: kind and name here, in its order."""
    last = len(config.multipliers) - 1
    yield "layer", "stem"
    for level in range(last + 1):
        for block in range(config.blocks):
            yield "block", f"down.{level}.blocks.{block}"
            if level in config.attention:
                yield "attention", f"down.{level}.attention.{block}"
        if level < last:
            yield "block", f"down.{level}.down"
            yield "combine", f"down.{level}.combine"
    yield from (("block", "middle.0"), ("attention", "middle_attention"), ("block", "middle.1"))
    for index, level in enumerate(range(last, -1, -1)):
        yield from (("block", f"up.{index}.blocks.{block}") for block in range(config.blocks + 1))
        if level in config.attention:
            yield "attention", f"up.{index}.attention"
        yield from (("layer", f"up.{index}.norm"), ("layer", f"up.{index}.to_rgb"))
        if level:
            yield "block", f"up.{index}.up"


OFFICIAL_PARTS: dict[str, tuple[tuple[str, str], ...]] = {  # kind -> official and own pattern below a module
    "layer": ((r"(weight|bias)", r"\1"),),
    "combine": ((r"Conv_0\.(.+)", r"\1"),),
    "block": (
        (r"GroupNorm_0\.(.+)", r"norm1.\1"),
        (r"Conv_0\.(.+)", r"conv1.\1"),
        (r"Dense_0\.(.+)", r"inject.\1"),
        (r"GroupNorm_1\.(.+)", r"norm2.\1"),
        (r"Conv_1\.(.+)", r"conv2.\1"),
        (r"Conv_2\.(.+)", r"shortcut.\1"),
    ),
    "attention": (
        (r"GroupNorm_0\.(.+)", r"norm.\1"),
        *(
            (rf"NIN_{i}\.{official}", f"{name}.{ours}")
            for i, name in enumerate(("query", "key", "value", "out"))
            for official, ours in (("W", "weight"), ("b", "bias"))
        ),
    ),
}


def group_norm(channels: int) -> nn.GroupNorm:
    """Normalise groups of at least four channels."""
    return nn.GroupNorm(min(channels // 4, 32), channels, eps=1e-6)


def start_weights(layer: L, gain: float = 1.0) -> L:
    """Start weights as score_sde does: variance by the mean of fan-in and fan-out, biases zero."""
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
