"""Every network in every size it comes in, with the figures its authors published.

To add a network: one row in ``NETWORKS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from swapper.models.arcface import IRSE, IdentityFeatures, IResNet, IResNetConfig, MobileFaceNet, MobileFaceNetConfig
from swapper.models.awl import FaceAlignmentNetwork
from swapper.models.discriminators import MultiscaleDiscriminator, PatchDiscriminator, StyleGAN2Discriminator
from swapper.models.gfpgan import GFPGANv1Clean
from swapper.models.ghost import AEINet, AEINetConfig
from swapper.models.idn import IdentityAwareDynamicNetwork
from swapper.models.mobilefaceswap import IdentityInjectionNetwork, IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.projected_discriminator import ProjectedDiscriminator
from swapper.models.quality import QualityNetwork
from swapper.models.rafswap import RAFSwap, RAFSwapConfig
from swapper.models.renovation import RenovationGenerator
from swapper.models.simswap import SimSwapDiscriminator, SimSwapGenerator, SimSwapGeneratorConfig
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder
from swapper.models.stylegan2 import StyleGAN2Generator


@dataclass(frozen=True)
class NetworkPresets:
    """One network.

    Attributes:
        network: the class; built as ``network(config)``.
        inputs: makes example inputs at the native resolution from a configuration and a batch size.
        configs: configurations by preset name, ``paper`` and ``lite``; both of the class's ``Config`` when None.
        params: parameters of the official code at paper size; None where nobody published the network.
        macs: multiply-accumulates of its convolutions and matrix products at batch 1, paper size.
        source: what was published, and where.
    """

    network: type[nn.Module]
    inputs: Callable[[Any, int], tuple[Any, ...]]
    configs: dict[str, Any] | None = None
    params: int | None = None
    macs: float | None = None
    source: str = ""

    def presets(self) -> dict[str, Any]:
        """Return the configurations by preset name."""
        config: Any = getattr(self.network, "Config", None)
        return self.configs or {"paper": config.paper(), "lite": config.lite()}


def faces(size: int) -> Callable[[Any, int], tuple[torch.Tensor]]:
    """Make example inputs of a network that takes one batch of faces of a fixed size.

    Args:
        size: side in pixels.
    """
    return lambda config, batch: (torch.rand(batch, 3, size, size),)


def _source(config: IdentityInjectionNetworkConfig, batch: int) -> tuple[IdentityFeatures]:
    return (IdentityFeatures(torch.randn(batch, config.embedding), torch.randn(batch, config.feature_map, 7, 7)),)


def _source_and_faces(config: IdentityInjectionNetworkConfig, batch: int) -> tuple[IdentityFeatures, torch.Tensor]:
    return (*_source(config, batch), torch.rand(batch, 3, config.idn.size, config.idn.size))


def _own_size(config: Any, batch: int) -> tuple[torch.Tensor]:
    return (torch.rand(batch, 3, config.size, config.size),)


def _target_and_identity(config: NCSNppConfig, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(batch, 3, 256, 256), torch.nn.functional.normalize(torch.randn(batch, config.embedding))


def _own_size_and_identity(config: Any, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    return (*_own_size(config, batch), torch.nn.functional.normalize(torch.randn(batch, config.identity)))


def _faces_and_regions(config: RAFSwapConfig, batch: int) -> tuple[torch.Tensor, ...]:
    face, regions = (batch, 3, config.size, config.size), (batch, len(config.regions), 64, 64)
    return torch.rand(face), (torch.rand(regions) > 0.9).float(), torch.rand(face), (torch.rand(regions) > 0.9).float()


NETWORKS: dict[str, NetworkPresets] = {
    "arcface-mobile": NetworkPresets(
        MobileFaceNet,
        faces(112),
        {"lite": MobileFaceNetConfig.lite()},
        source="a variant with 512-d embedding and more residual blocks than the paper's; no figure of its own",
    ),
    "arcface-iresnet18": NetworkPresets(
        IResNet, faces(112), {"paper": IResNetConfig.iresnet18()}, 24_025_600, 2.610e9, "arcface_torch"
    ),
    "arcface-iresnet50": NetworkPresets(
        IResNet, faces(112), {"paper": IResNetConfig.iresnet50()}, 43_590_848, 6.309e9, "arcface_torch"
    ),
    "arcface-iresnet100": NetworkPresets(IResNet, faces(112), None, 65_156_160, 12.090e9, "GHOST's code"),
    "arcface-irse": NetworkPresets(IRSE, faces(112), None, 52_193_215, 7.481e9, "52.2 M / 7.52 G (MobileFaceSwap)"),
    "mobilefaceswap-idn": NetworkPresets(
        IdentityAwareDynamicNetwork,
        lambda config, batch: (torch.rand(batch, 3, config.size, config.size),),
        None,
        499_825,
        0.3057e9,
        "0.495 M (convolution weights alone) / 0.333 G (with element-wise operations) (MobileFaceSwap)",
    ),
    "mobilefaceswap-iin": NetworkPresets(
        IdentityInjectionNetwork,
        _source,
        None,
        20_614_912,
        0.220e9,
        "20.6 M / 0.22 G (MobileFaceSwap, image less video less identity network)",
    ),
    "mobilefaceswap": NetworkPresets(
        MobileFaceSwap, _source_and_faces, None, 20_699_710, 0.5257e9, "the official checkpoint and code"
    ),
    "mobilefaceswap-quality": NetworkPresets(
        QualityNetwork, faces(224), None, 11_177_025, 1.814e9, "ResNet-18 with one output"
    ),
    "ghost": NetworkPresets(
        AEINet, _own_size_and_identity, None, 184_343_381, 31.018e9, "official code, U-Net encoder, two AAD layers"
    ),
    "ghost-linknet": NetworkPresets(
        AEINet,
        _own_size_and_identity,
        {"paper": AEINetConfig.paper_linknet()},
        164_776_789,
        27.730e9,
        "official code, LinkNet encoder, two AAD layers",
    ),
    "ghost-resnet": NetworkPresets(
        AEINet,
        _own_size_and_identity,
        {"paper": AEINetConfig.paper_resnet()},
        136_060_821,
        33.608e9,
        "official code, ResNet encoder, two AAD layers",
    ),
    "ghost-discriminator": NetworkPresets(
        MultiscaleDiscriminator, faces(256), None, 33_463_107, 3.517e9, "official code, three scales"
    ),
    "ghost-eyes": NetworkPresets(
        FaceAlignmentNetwork, _own_size, None, 24_153_036, 26.710e9, "Adaptive Wing Loss's code, four hourglasses"
    ),
    "patch-discriminator": NetworkPresets(
        PatchDiscriminator,
        faces(256),
        None,
        2_764_737,
        source="CycleGAN's code, 70 px patches (without its InstanceNorm)",
    ),
    "stylegan2": NetworkPresets(
        StyleGAN2Generator,
        lambda config, batch: (torch.randn(batch, config.style),),
        None,
        30_370_060,
        74.26e9,
        "config F at 1024 px, channel multiplier 2 (rosinality's code)",
    ),
    "stylegan2-discriminator": NetworkPresets(
        StyleGAN2Discriminator, _own_size, None, 28_864_129, 46.5e9, "256 px, channel multiplier 2 (rosinality's code)"
    ),
    "smoothswap-embedder": NetworkPresets(
        SmoothIdentityEmbedder, _own_size, None, 26_134_080, 4.09e9, "ResNet-50 and a two-layer head; no official code"
    ),
    "smoothswap": NetworkPresets(
        NCSNppGenerator,
        _target_and_identity,
        {"paper": NCSNppConfig.paper(), "small": NCSNppConfig.small(), "lite": NCSNppConfig.lite()},
        65_180_181,
        265.9e9,
        "NCSN++ FFHQ-256 (score_sde's code), 65,574,549 less its time embedding; Smooth-Swap's widths are unpublished",
    ),
    "simswap": NetworkPresets(
        SimSwapGenerator, _own_size_and_identity, None, 55_051_779, 48.121e9, "the official checkpoint and code"
    ),
    "simswap-512": NetworkPresets(
        SimSwapGenerator,
        _own_size_and_identity,
        {"paper": SimSwapGeneratorConfig.paper_512()},
        55_079_427,
        70.12e9,
        "official code, the released 512 px network",
    ),
    "simswap-deep": NetworkPresets(
        SimSwapGenerator,
        _own_size_and_identity,
        {"paper": SimSwapGeneratorConfig.paper_deep()},
        59_773_443,
        132.99e9,
        "official code, the newer training script's 512 px network",
    ),
    "simswap-discriminator": NetworkPresets(
        SimSwapDiscriminator, faces(224), None, 13_924_738, source="two of 6,962,369 (official code)"
    ),
    "projected-discriminator": NetworkPresets(
        ProjectedDiscriminator,
        faces(224),
        source="official code, whose figures nobody published; 2,958,848 of the parameters are EfficientNet-Lite0's",
    ),
    "rafswap": NetworkPresets(
        RAFSwap, _faces_and_regions, None, 305_325_133, 217.09e9, "official code, transformer depth 1"
    ),
    "renovation": NetworkPresets(
        RenovationGenerator,
        _own_size,
        None,
        72_223_660,
        91.593e9,
        "GHOST's code; 39,657 of the parameters have no effect there and are left out here",
    ),
    "gfpgan": NetworkPresets(
        GFPGANv1Clean, _own_size, None, 86_444_252, 197.8e9, "official code, GFPGANv1Clean, channel multiplier 2"
    ),
}
