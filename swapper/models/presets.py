"""Every network in every size it comes in, with the figures its authors published.

To add a network: one row in ``NETWORKS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from swapper.models.arcface import IRSE, IdentityFeatures, IResNet, IResNetConfig, MobileFaceNet, MobileFaceNetConfig
from swapper.models.idn import IdentityAwareDynamicNetwork
from swapper.models.mobilefaceswap import IdentityInjectionNetwork, IdentityInjectionNetworkConfig, MobileFaceSwap
from swapper.models.quality import QualityNetwork


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
}
