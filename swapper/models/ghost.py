"""GHOST's swapping network: FaceShifter's AEI-Net with a choice of encoders and of block depths.

Source: GHOST (IEEE Access 2022), section 3.1; FaceShifter (CVPR 2020), section 3.1. Where paper and official code
differ, this follows the code: modulation multiplies by gamma, not by 1 + gamma, and z_id is not normalised.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from swapper.models.attributes import (
    LinkNetAttributesEncoder,
    MultilevelAttributesEncoder,
    ResNetAttributesEncoder,
    UNetAttributesEncoder,
    double_side,
    xavier_weights,
)
from swapper.models.pretrained import Pretrained


@dataclass(frozen=True)
class AEINetConfig:
    """Sizes of ``AEINet``.

    Every entry of ``attributes`` halves the side once more, down to 2 px, so their number sets the native size of the
    crops: seven for 256 px, six for 128 px. Larger multiples of half that size will do: the start is stretched.
    """

    encoder: str = "unet"  # attributes encoder: unet, linknet or resnet
    attributes: tuple[int, ...] = (32, 64, 128, 256, 512, 1024, 1024)  # encoder channels, from half the side to 2 px
    widths: tuple[int, ...] = (1024, 1024, 1024, 1024, 512, 256, 128, 64)  # generator channels, from 2 px up
    blocks: int = 2  # AAD layers on the main path of each AAD ResBlk
    identity: int = 512  # numbers in z_id
    identity_length: float | None = None  # z_id is scaled to it; None takes it as it comes, like the official code

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.attributes) + 1:
            raise ValueError("the generator needs one width more than the encoder: it also works at the full side")
        if self.encoder not in _ENCODERS:
            raise ValueError(f"encoder must be one of {', '.join(_ENCODERS)}, not {self.encoder}")

    @property
    def size(self) -> int:
        """Native side of the crops in pixels."""
        return 2 ** len(self.widths)

    @classmethod
    def paper(cls) -> "AEINetConfig":
        """Return the main network: U-Net encoder, two AAD layers a block."""
        return cls()

    @classmethod
    def paper_linknet(cls) -> "AEINetConfig":
        """Return the variant whose encoder adds its skips."""
        return cls(encoder="linknet")

    @classmethod
    def paper_resnet(cls) -> "AEINetConfig":
        """Return the variant with a plain residual encoder."""
        return cls(encoder="resnet", attributes=(64, 128, 256, 512, 1024, 2048, 1024))

    @classmethod
    def lite(cls) -> "AEINetConfig":
        """Return a narrow network with one AAD layer a block, for 64 px and, finetuned there, 128 px and more."""
        return cls(
            attributes=(32, 64, 128, 160, 192),
            widths=(256, 256, 256, 128, 64, 32),
            blocks=1,
            identity_length=math.sqrt(512),
        )


class AEIResult(NamedTuple):
    """What AEI-Net makes of a target.

    Attributes:
        face: the swapped face (Y), RGB in [0, 1].
        attributes: the target's attribute maps (z_att), from 2 px up to the full side.
    """

    face: Float[Tensor, "b 3 s s"]
    attributes: list[Tensor]


_ENCODERS: dict[str, Callable[[tuple[int, ...]], MultilevelAttributesEncoder | ResNetAttributesEncoder]] = {
    "unet": UNetAttributesEncoder,
    "linknet": LinkNetAttributesEncoder,
    "resnet": ResNetAttributesEncoder,
}


class AADLayer(nn.Module):
    """Adaptive attentional denormalisation: per pixel, attributes (A) or identity (I) decide, weighed by a mask (M).

    Source: FaceShifter, section 3.1, equations 2 to 5.
    """

    def __init__(self, channels: int, attributes: int, identity: int) -> None:
        super().__init__()
        self.gamma_att = nn.Conv2d(attributes, channels, 1)
        self.beta_att = nn.Conv2d(attributes, channels, 1)
        self.gamma_id = nn.Linear(identity, channels)
        self.beta_id = nn.Linear(identity, channels)
        self.mask = nn.Conv2d(channels, 1, 1)

    def forward(
        self, h: Float[Tensor, "b c s s"], z_att: Float[Tensor, "b a s s"], z_id: Float[Tensor, "b d"]
    ) -> Float[Tensor, "b c s s"]:
        """Denormalise a map.

        Args:
            h: the map.
            z_att: the target's attributes of that size.
            z_id: the source's identity.
        """
        h = F.instance_norm(h)
        attribute = self.gamma_att(z_att) * h + self.beta_att(z_att)
        identity = self.gamma_id(z_id)[:, :, None, None] * h + self.beta_id(z_id)[:, :, None, None]
        mask = torch.sigmoid(self.mask(h))
        return attribute + mask * (identity - attribute)


class _AADConvolution(nn.Module):
    """AAD layer, ReLU, 3x3 convolution."""

    def __init__(self, channels: int, out: int, attributes: int, identity: int) -> None:
        super().__init__()
        self.aad = AADLayer(channels, attributes, identity)
        self.conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)

    def forward(self, h: Tensor, z_att: Tensor, z_id: Tensor) -> Tensor:
        return self.conv(torch.relu(self.aad(h, z_att, z_id)))


class AADResBlock(nn.Module):
    """AAD ResBlk: AAD layers in a row with a shortcut, which gets its own where the width changes.

    Source: FaceShifter, figure 3(c); GHOST, section 3.1 (one to three AAD layers).
    """

    def __init__(self, channels: int, out: int, attributes: int, identity: int, blocks: int) -> None:
        super().__init__()
        outs = [channels] * (blocks - 1) + [out]
        self.main = nn.ModuleList(_AADConvolution(channels, o, attributes, identity) for o in outs)
        self.shortcut = None if channels == out else _AADConvolution(channels, out, attributes, identity)

    def forward(
        self, h: Float[Tensor, "b c s s"], z_att: Float[Tensor, "b a s s"], z_id: Float[Tensor, "b d"]
    ) -> Float[Tensor, "b o s s"]:
        """Pass a map on; arguments as for ``AADLayer``."""
        x = h
        for layer in self.main:
            x = layer(x, z_att, z_id)
        return x + (h if self.shortcut is None else self.shortcut(h, z_att, z_id))


class AADGenerator(nn.Module):
    """Draw a face from its identity and the target's attributes, from 2 px up.

    Source: FaceShifter, figure 3(b).
    """

    def __init__(self, config: AEINetConfig, attributes: tuple[int, ...]) -> None:
        super().__init__()
        self.start = nn.ConvTranspose2d(config.identity, config.widths[0], 2)
        self.blocks = nn.ModuleList(
            AADResBlock(i, o, a, config.identity, config.blocks)
            for (i, o), a in zip(pairwise((*config.widths, 3)), attributes, strict=True)
        )
        self.apply(xavier_weights)

    def forward(self, attributes: list[Tensor], z_id: Float[Tensor, "b d"]) -> Float[Tensor, "b 3 s s"]:
        """Draw faces, RGB in [-1, 1].

        Args:
            attributes: z_att, from 2 px up.
            z_id: the sources' identities.
        """
        h = F.interpolate(
            self.start(z_id[:, :, None, None]), attributes[0].shape[2:], mode="bilinear", align_corners=True
        )
        h = self.blocks[0](h, attributes[0], z_id)
        for block, z_att in zip(self.blocks[1:], attributes[1:], strict=True):
            h = block(double_side(h), z_att, z_id)
        return torch.tanh(h)


class AEINet(nn.Module, Pretrained):
    """Adaptive embedding integration network: the target's attributes with the source's identity.

    Source: GHOST, section 3.1; FaceShifter, section 3.1.
    """

    Config = AEINetConfig
    colour_range = "-1..1"

    OFFICIAL_KEYS: tuple[tuple[str, str], ...] = (
        *((rf"^encoder\.conv{i + 1}\.([01]\..+)$", rf"encoder.down.{i}.\1") for i in range(7)),
        *(
            (rf"^encoder\.deconv{i + 1}\.{official}\.(.+)$", rf"encoder.up.{i}.{ours}.\1")
            for i in range(6)
            for ours, official in enumerate(("deconv", "bn"))
        ),
        *(
            (rf"^encoder\.{official}{i}\.([^.]+)$", rf"encoder.stem.{i}.{ours}.\1")  # the resnet variant
            for i in range(2)
            for ours, official in enumerate(("conv", "bn"))
        ),
        *((rf"^encoder\.layer{i + 1}\.(.+)$", rf"encoder.layers.{i}.\1") for i in range(6)),
        (r"^generator\.up1\.(.+)$", r"generator.start.\1"),
        *(
            (
                rf"^generator\.AADBlk{i + 1}\.{branch}\.{3 * j}\.{official}\.(.+)$",
                rf"generator.blocks.{i}.{path}.aad.{ours}.\1",
            )
            for i in range(8)
            for branch, path, j in (
                *(("add_blocks", f"main.{j}", j) for j in range(3)),
                ("last_add_block", "shortcut", 0),
            )
            for official, ours in (
                ("conv1", "gamma_att"),
                ("conv2", "beta_att"),
                ("fc1", "gamma_id"),
                ("fc2", "beta_id"),
                ("conv_h", "mask"),
            )
        ),
        *(
            (
                rf"^generator\.AADBlk{i + 1}\.{branch}\.{3 * j + 2}\.weight$",
                rf"generator.blocks.{i}.{path}.conv.weight",
            )
            for i in range(8)
            for branch, path, j in (
                *(("add_blocks", f"main.{j}", j) for j in range(3)),
                ("last_add_block", "shortcut", 0),
            )
        ),
    )

    def __init__(self, config: AEINetConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = _ENCODERS[config.encoder](config.attributes)
        self.generator = AADGenerator(config, self.encoder.channels)

    def forward(self, targets: Float[Tensor, "b 3 s s"], identity: Float[Tensor, "b d"]) -> AEIResult:
        """Give targets another identity.

        Args:
            targets: RGB in [0, 1]; side ``config.size``, or a larger multiple of its half.
            identity: the sources' embeddings (z_id) as the identity network gives them, not normalised; of any length
                where ``config.identity_length`` is set.
        """
        length = self.config.identity_length
        identity = identity if length is None else F.normalize(identity) * length
        attributes = self.measure_attributes(targets)
        return AEIResult((self.generator(attributes, identity) + 1) / 2, attributes)

    def measure_attributes(self, faces: Float[Tensor, "b 3 s s"], enlarged: bool = True) -> list[Tensor]:
        """Attribute maps (z_att), from 2 px up to the full side; of results too, for the attributes loss.

        Args:
            faces: RGB in [0, 1]; side as for ``forward``.
            enlarged: also give the map of the full side where it is an enlargement of the one before it.
        """
        return self.encoder(faces * 2 - 1) if enlarged else self.encoder.levels(faces * 2 - 1)
