"""RAFSwap: a hierarchical encoder with two identity branches drives StyleGAN2, whose own maps predict the mask."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.arcface import MobileFaceNetConfig
from swapper.models.pretrained import Pretrained
from swapper.models.rafswap_encoder import RAFSwapEncoder, SourceCode, StyleHead
from swapper.models.rafswap_regions import (
    FacialRegionAwareBranch,
    RegionAwareProjector,
    RegionAwareTokenizer,
    RegionAwareTransformer,
    SourceFeatureAdaptiveBranch,
)
from swapper.models.stylegan2 import StyleGAN2Config, StyleGAN2Generator
from swapper.models.stylegan2_layers import EqualConv2d, ScaledLeakyReLU
from swapper.models.synthesis import SpatialCondition
from swapper.models.trunks import IRSETrunk, IRSETrunkConfig, MobileTrunk


@dataclass(frozen=True)
class RAFSwapConfig:
    """Sizes of ``RAFSwap``; scales are counted from the largest map (1/4 of the side) to the smallest (1/16)."""

    size: int = 256  # side of the faces in pixels
    regions: tuple[str, ...] = ("lips", "nose", "brows", "eyes")  # what the masks show, in order
    trunk: str = "irse"  # irse (pSp's) or mobile (MobileFaceNet's)
    trunk_blocks: tuple[int, ...] = (3, 4, 14, 3)  # residual blocks of each stage of irse
    trunk_widths: tuple[int, ...] = (64, 128, 256, 512)  # channels of each stage of irse
    reduction: int = 16  # of irse's squeeze-and-excitation
    width: int = 512  # channels of the maps that meet the identity, length of a token
    depth: int = 1  # layers of the transformer (the official code's default; the paper does not say)
    heads: int = 8  # of its attention
    global_layers: int = 0  # layers of SFA's MLP: 0 in the official code, 2 in the paper
    embedding: int = 0  # length of a face recogniser's embedding that SFA is also told; none in the paper
    styles: tuple[tuple[int, int], ...] = ((2, 1),) * 3 + ((1, 1),) * 4 + ((0, 1),) * 11  # scale, rows of W+ it gives
    injected: tuple[int, ...] = ()  # scales whose maps also enter the generator; none in the paper
    mask_sizes: tuple[int, ...] = (8, 16, 32, 64, 128, 256)  # px of the generator's maps that predict the mask
    mask_widths: tuple[int, int] = (32, 128)  # channels per map, and of the layer that joins them
    generator: StyleGAN2Config = field(default_factory=StyleGAN2Config.paper)

    def __post_init__(self) -> None:
        for name in ("regions", "trunk_blocks", "trunk_widths", "injected", "mask_sizes", "mask_widths"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "styles", tuple((scale, rows) for scale, rows in self.styles))
        if self.embedding and not self.global_layers:
            raise ValueError("an embedding needs an MLP: global_layers of at least 1")
        if self.trunk not in ("irse", "mobile"):
            raise ValueError(f"trunk is irse or mobile, not {self.trunk}")
        if sum(rows for _, rows in self.styles) != self.generator.latents:
            raise ValueError(f"styles must give {self.generator.latents} rows of W+")
        if max(self.mask_sizes) > self.generator.size:
            raise ValueError(f"the generator has no maps of {max(self.mask_sizes)} px")

    @property
    def map_sizes(self) -> tuple[int, int, int]:
        """Side of the encoder's maps, the largest first."""
        return self.size // 4, self.size // 8, self.size // 16

    @classmethod
    def paper(cls) -> "RAFSwapConfig":
        """Return the official code's network, which differs from the paper in SFA's MLP and in the mask predictor."""
        return cls()

    @classmethod
    def lite(cls) -> "RAFSwapConfig":
        """Return a narrow network for 256 px whose maps also enter the generator, since a small prior inverts badly."""
        return cls(
            trunk="mobile",
            width=128,
            depth=2,
            heads=4,
            global_layers=2,
            embedding=512,
            styles=((2, 3), (1, 4), (0, 7)),
            injected=(0, 1, 2),
            mask_sizes=(16, 32, 64, 128),
            mask_widths=(16, 32),
            generator=StyleGAN2Config.lite(),
        )


class RAFSwapped(NamedTuple):
    """A swap before it is blended with the target.

    Attributes:
        face: raw swapped faces, RGB about [0, 1], at the targets' size.
        mask: share of the swapped face M, in [0, 1].
        latents: W+.
        full: raw swapped faces at the generator's size.
    """

    face: Float[Tensor, "b 3 s s"]
    mask: Float[Tensor, "b 1 s s"]
    latents: Float[Tensor, "b l d"]
    full: Float[Tensor, "b 3 big big"]


class FaceMaskPredictor(nn.Module):
    """FMP: a soft face mask from the generator's feature maps, learned without masks.

    Args:
        channels: of each map.
        size: side of the mask; maps are enlarged to it.
        widths: channels each map is reduced to, and of the layer that joins them.

    Source: RAFSwap (CVPR 2022), section 3.4, as in the official code: both maps of every size from 8 px and two 3x3
    layers, where the paper has maps from 16 px and one 1x1 layer.
    """

    def __init__(self, channels: list[int], size: int, widths: tuple[int, int]) -> None:
        super().__init__()
        self.bottlenecks = nn.ModuleList(EqualConv2d(c, widths[0], 3, padding=1) for c in channels)
        self.join = EqualConv2d(widths[0] * len(channels), widths[1], 3, padding=1)
        self.predict = EqualConv2d(widths[1], 1, 3, padding=1)
        self.activation, self.size = ScaledLeakyReLU(), size

    def forward(self, features: list[Tensor]) -> Float[Tensor, "b 1 s s"]:
        """Predict the mask."""
        reduced = [self.activation(conv(x)) for conv, x in zip(self.bottlenecks, features, strict=True)]
        enlarged = [F.interpolate(x, size=(self.size, self.size), mode="nearest") for x in reduced]
        return torch.sigmoid(self.predict(self.activation(self.join(torch.cat(enlarged, dim=1)))))


class FeatureInjection(nn.Module):
    """Lets an encoder map change half of the generator's channels; untrained it changes nothing.

    Args:
        width: channels of the encoder's map.
        channels: of the generator's map.

    Source: not in RAFSwap; GFPGAN (CVPR 2021), section 3.3.
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.scale, self.shift = nn.Conv2d(width, channels // 2, 1), nn.Conv2d(width, channels // 2, 1)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Float[Tensor, "b c s s"]) -> SpatialCondition:
        """Turn a map into a condition."""
        return SpatialCondition(1 + self.scale(x), self.shift(x))


class RAFSwap(nn.Module, Pretrained):
    """Region-aware face swapping.

    Source: RAFSwap (CVPR 2022), section 3; official code, transformer depth 1.
    """

    Config = RAFSwapConfig
    colour_range = "-1..1"

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        (r"^encoder\.input_layer\.(.+)$", r"encoder.trunk.stem.\1"),
        (r"^encoder\.body\.(\d+)\.res_layer\.(.+)$", r"encoder.trunk.blocks.\1.residual.\2"),
        (r"^encoder\.body\.(\d+)\.shortcut_layer\.(.+)$", r"encoder.trunk.blocks.\1.shortcut.\2"),
        (r"^encoder\.styles\.(.+)$", r"encoder.heads.\1"),
        (r"^encoder\.latlayer1\.(.+)$", r"encoder.laterals.1.\1"),
        (r"^encoder\.latlayer2\.(.+)$", r"encoder.laterals.0.\1"),
        (r"^encoder\.token\.(\d+)\.fc\.0\.(.+)$", r"encoder.fra.tokenizers.\1.linear.\2"),
        *(
            (rf"^encoder\.proj\.(\d+)\.linear{i + 1}\.(.+)$", rf"encoder.fra.projectors.\1.{name}.\2")
            for i, name in enumerate(("query", "key", "value"))
        ),
        (r"^encoder\.trans\.(\d+\.norm\d)\.(.+)$", r"encoder.fra.transformer.layers.\1.\2"),
        *(
            (rf"^encoder\.trans\.(\d+)\.{official}\.(.+)$", rf"encoder.fra.transformer.layers.\1.{name}.\2")
            for official, name in (
                (r"attn\.qkv", "qkv"),
                (r"attn\.proj", "project"),
                (r"mlp\.fc1", "expand"),
                (r"mlp\.fc2", "reduce"),
            )
        ),
        *(
            (rf"^mask\.convs\.{2 * i}\.(?:0\.(weight)|1\.(bias))$", rf"mask_predictor.bottlenecks.{i}.\1\2")
            for i in range(12)
        ),
        (r"^mask\.to_mask\.0\.(?:0\.(weight)|1\.(bias))$", r"mask_predictor.join.\1\2"),
        (r"^mask\.to_mask\.1\.0\.(weight|bias)$", r"mask_predictor.predict.\1"),
        *((rf"^decoder\.{key[1:]}", f"generator.{name}") for key, name in StyleGAN2Generator.OFFICIAL_KEYS),
    )
    OFFICIAL_IGNORED: tuple[str, ...] = StyleGAN2Generator.OFFICIAL_IGNORED

    def __init__(self, config: RAFSwapConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _encoder(config)
        self.generator = StyleGAN2Generator(config.generator)
        levels = [int(math.log2(size)) - 2 for size in config.mask_sizes]
        self.mask_features = [2 * level - 1 + i for level in levels for i in range(2)]
        self.mask_predictor = FaceMaskPredictor(
            [config.generator.channels[level] for level in levels for _ in range(2)],
            max(config.mask_sizes),
            config.mask_widths,
        )
        self.injection_levels = {int(math.log2(config.map_sizes[scale])) - 2: scale for scale in config.injected}
        self.injections = nn.ModuleDict(
            {
                str(scale): FeatureInjection(config.width, config.generator.channels[level])
                for level, scale in self.injection_levels.items()
            }
        )

    def forward(
        self,
        targets: Float[Tensor, "b 3 s s"],
        target_masks: Float[Tensor, "b l m m"],
        sources: Float[Tensor, "b 3 s s"],
        source_masks: Float[Tensor, "b l m m"],
        embeddings: Float[Tensor, "b d"] | None = None,
    ) -> RAFSwapped:
        """Swap in one go, as in training.

        Args:
            targets: RGB in [0, 1], ``ffhq`` template, ``config.size`` pixels.
            target_masks: ``config.regions`` of the targets, 0 or 1, 64 px or any size.
            sources: as targets.
            source_masks: as target_masks.
            embeddings: of the sources by a face recogniser; read where ``config.embedding`` wants them.
        """
        maps = [x.chunk(2) for x in self.encoder.trunk(torch.cat([targets, sources]))]
        source = self._encode([s for _, s in maps], source_masks, embeddings)
        return self._generate(targets, [t for t, _ in maps], target_masks, source)

    def encode_sources(
        self,
        sources: Float[Tensor, "b 3 s s"],
        masks: Float[Tensor, "b l m m"],
        embeddings: Float[Tensor, "b d"] | None = None,
    ) -> SourceCode:
        """Summarise source faces, once per person; arguments as for ``forward``."""
        return self._encode(self.encoder.trunk(sources), masks, embeddings)

    def _encode(self, maps: list[Tensor], masks: Tensor, embeddings: Tensor | None) -> SourceCode:
        return self.encoder.encode(maps, masks, embeddings if self.config.embedding else None)

    def swap(
        self, targets: Float[Tensor, "b 3 s s"], masks: Float[Tensor, "b l m m"], source: SourceCode
    ) -> RAFSwapped:
        """Swap an encoded source onto targets; equal to ``forward`` outside training."""
        return self._generate(targets, self.encoder.trunk(targets), masks, source)

    def _generate(self, targets: Tensor, maps: list[Tensor], masks: Tensor, source: SourceCode) -> RAFSwapped:
        offsets, swapped = self.encoder(maps, masks, source)
        latents = offsets + self.generator.latent_average
        synthesis = self.generator.synthesis(latents, self._conditions(swapped))
        full = synthesis.image * 0.5 + 0.5
        size = targets.shape[-1]
        mask = self.mask_predictor([synthesis.features[i] for i in self.mask_features])
        if mask.shape[-1] != size:
            mask = F.interpolate(mask, size=(size, size), mode="bilinear", align_corners=False)
        return RAFSwapped(F.adaptive_avg_pool2d(full, (size, size)), mask, latents, full)

    def _conditions(self, maps: list[Tensor]) -> list[SpatialCondition | None]:
        """Conditions for the generator's sizes 8, 16, ... px."""
        chosen = (self.injection_levels.get(level) for level in range(1, len(self.config.generator.channels)))
        return [None if scale is None else self.injections[str(scale)](maps[scale]) for scale in chosen]


def _encoder(config: RAFSwapConfig) -> RAFSwapEncoder:
    irse = IRSETrunkConfig(config.trunk_blocks, config.trunk_widths, config.reduction)
    trunk = IRSETrunk(irse) if config.trunk == "irse" else MobileTrunk(MobileFaceNetConfig.lite())
    channels, width = trunk.channels, config.width
    return RAFSwapEncoder(
        trunk=trunk,
        laterals=[nn.Identity() if c == width else nn.Conv2d(c, width, 1) for c in channels],
        fra=FacialRegionAwareBranch(
            tokenizers=[RegionAwareTokenizer(c, width) for c in channels],
            transformer=RegionAwareTransformer(width, config.heads, config.depth),
            projectors=[RegionAwareProjector(width) for _ in channels],
        ),
        sfa=SourceFeatureAdaptiveBranch([channels[-1] + config.embedding, *[width] * config.global_layers]),
        heads=[StyleHead(width, config.map_sizes[i], config.generator.style, rows) for i, rows in config.styles],
        scales=[i for i, _ in config.styles],
    )
