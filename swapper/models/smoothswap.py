"""Smooth-Swap: a smooth identity embedder, and an NCSN++ generator conditioned on its embedding."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.arcface import MobileFaceNetConfig
from swapper.models.ncsnpp import (
    OFFICIAL_PARTS,
    DownLevel,
    NCSNppAttention,
    NCSNppConfig,
    NCSNppResBlock,
    UpLevel,
    modules_in_order,
    start_weights,
)
from swapper.models.pretrained import Pretrained
from swapper.models.stylegan2_layers import FIRDownsample, FIRUpsample
from swapper.models.trunks import MobileTrunk, ResNetTrunk, ResNetTrunkConfig


@dataclass(frozen=True)
class SmoothIdentityEmbedderConfig:
    """Sizes of ``SmoothIdentityEmbedder``."""

    trunk: str = "resnet"  # resnet (ResNet-50) or mobile (MobileFaceNet)
    size: int = 224  # side in pixels that faces are resized to
    hidden: int = 1024  # width between the two layers of the head
    embedding: int = 512  # length of the identity vector

    def __post_init__(self) -> None:
        if self.trunk not in ("resnet", "mobile"):
            raise ValueError(f"trunk is resnet or mobile, not {self.trunk}")

    @classmethod
    def paper(cls) -> "SmoothIdentityEmbedderConfig":
        """Return ResNet-50 with a two-layer head."""
        return cls()

    @classmethod
    def lite(cls) -> "SmoothIdentityEmbedderConfig":
        """Return MobileFaceNet's trunk; at 144 px the face is as large as it is in ArcFace's crop of 112 px."""
        return cls(trunk="mobile", size=144, hidden=512)


class SmoothIdentityEmbedder(nn.Module, Pretrained):
    """Identity encoder f_emb trained with the supervised contrastive loss, so that its embedding changes smoothly.

    ``trunk`` takes torchvision's ResNet-50 or the mobile ArcFace network's weights to start training from.

    Source: Smooth-Swap (CVPR 2022), section 3.1. The paper names ResNet-50; the head's widths follow two independent
    re-implementations.
    """

    Config = SmoothIdentityEmbedderConfig

    def __init__(self, config: SmoothIdentityEmbedderConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = (
            ResNetTrunk(ResNetTrunkConfig()) if config.trunk == "resnet" else MobileTrunk(MobileFaceNetConfig.lite())
        )
        self.head = nn.Sequential(
            nn.Linear(self.trunk.channels[-1], config.hidden),
            nn.BatchNorm1d(config.hidden),
            nn.LeakyReLU(0.2),
            nn.Linear(config.hidden, config.embedding),
            nn.BatchNorm1d(config.embedding),
        )

    def forward(self, faces: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b d"]:
        """Embed faces.

        Args:
            faces: RGB in [0, 1], ``ffhq`` template, any size.

        Returns:
            Vectors of unit length.
        """
        if faces.shape[-1] != self.config.size:
            faces = F.interpolate(faces, (self.config.size, self.config.size), mode="bilinear", align_corners=False)
        return F.normalize(self.head(self.trunk(faces)[-1].mean((2, 3))))


class NCSNppGenerator(nn.Module, Pretrained):
    """NCSN++ with the identity in place of the time: x_swap = x_tgt + G(x_tgt, z_src).

    Untrained it returns the target.

    Source: Smooth-Swap (CVPR 2022), section 3.2; NCSN++ (ICLR 2021), appendix H, as in score_sde's official code. The
    widths that Smooth-Swap used are not published; its sizes here are NCSN++'s. The target is added to the output as
    in the unofficial re-implementation and the paper's figure.
    """

    Config = NCSNppConfig
    colour_range = "-1..1"

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = tuple(  # score_sde's FFHQ-256 network
        (rf"^all_modules\.{index}\.{official}$", f"{name}.{ours}")
        for index, (kind, name) in enumerate(modules_in_order(NCSNppConfig.paper()), start=3)
        for official, ours in OFFICIAL_PARTS[kind]
    )
    OFFICIAL_IGNORED: tuple[str, ...] = (r"^sigmas$", r"^all_modules\.[012]\.")  # noise levels, time embedding

    def __init__(self, config: NCSNppConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * m for m in config.multipliers]
        self.stem = start_weights(nn.Conv2d(3, config.width, 3, padding=1))
        self.down = nn.ModuleList(
            DownLevel(below, config, level) for level, below in enumerate([config.width, *widths[:-1]])
        )
        self.middle = nn.ModuleList(NCSNppResBlock(widths[-1], widths[-1], config) for _ in range(2))
        self.middle_attention = NCSNppAttention(widths[-1])
        skips = [config.width]
        for level, width in enumerate(widths):
            skips += [width] * (config.blocks + (level + 1 < len(widths)))
        above = [*widths[1:], widths[-1]]
        self.up = nn.ModuleList(UpLevel(above[level], skips, config, level) for level in reversed(range(len(widths))))
        self.downsample, self.upsample = FIRDownsample(), FIRUpsample()

    def forward(self, targets: Float[Tensor, "b 3 s s"], identity: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Give targets another identity.

        Args:
            targets: RGB in [0, 1], ``ffhq`` template; the side is a multiple of 2 to the number of levels less 1.
            identity: the smooth embedding of the source, unit length.

        Returns:
            RGB, about [0, 1], not clamped.
        """
        identity = F.silu(identity * self.config.embedding_scale)
        picture = targets * 2 - 1
        maps = [self.stem(picture)]
        for level in self.down:
            assert isinstance(level, DownLevel)
            for block, attention in zip(level.blocks, level.attention, strict=True):
                maps.append(attention(block(maps[-1], identity)))
            if level.down is not None and level.combine is not None:
                picture = self.downsample(picture)
                maps.append(level.down(maps[-1], identity) + level.combine(picture))
        first, second = self.middle
        x = second(self.middle_attention(first(maps[-1], identity)), identity)
        rgb: Tensor | None = None
        for level in self.up:
            assert isinstance(level, UpLevel)
            for block in level.blocks:
                x = block(torch.cat([x, maps.pop()], dim=1), identity)
            x = level.attention(x)
            change = level.to_rgb(F.silu(level.norm(x)))
            rgb = change if rgb is None else self.upsample(rgb) + change
            if level.up is not None:
                x = level.up(x, identity)
        assert rgb is not None
        return targets + 0.5 * rgb
