"""Our networks as the Hub's own client loads them: ``from_pretrained``, ``save_pretrained``, ``push_to_hub``."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from swapper.hub.files import read_config
from swapper.models.arcface import MobileFaceNet
from swapper.models.ghost import AEINet
from swapper.models.landmarks import LandmarkNetwork
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.models.occlusion import OcclusionNetwork
from swapper.models.quality import QualityNetwork
from swapper.models.rafswap import RAFSwap
from swapper.models.renovation import RenovationGenerator
from swapper.models.simswap import SimSwapGenerator
from swapper.models.smoothswap import NCSNppGenerator, SmoothIdentityEmbedder
from swapper.models.stylegan2 import StyleGAN2Generator
from swapper.types import UserError

_NETWORKS: tuple[type[nn.Module], ...] = (
    MobileFaceSwap,
    AEINet,
    SimSwapGenerator,
    NCSNppGenerator,
    SmoothIdentityEmbedder,
    RAFSwap,
    StyleGAN2Generator,
    RenovationGenerator,
    MobileFaceNet,
    LandmarkNetwork,
    OcclusionNetwork,
    QualityNetwork,
)


def _with_hub(network: type[nn.Module]) -> type[PyTorchModelHubMixin]:
    """The same network with the mixin, which keeps what a network is built from in ``config.json``."""

    class Pretrained(network, PyTorchModelHubMixin, library_name="swapper", tags=["face-swapping"]):
        def __init__(self, network: str, sizes: dict[str, Any], crops: dict[str, str] | None = None) -> None:
            if network != type(self).__name__:
                raise UserError(
                    f"This folder holds a '{network}', not {type(self).__name__}. Use PRETRAINED['{network}']."
                )
            super().__init__(read_config(cast(Any, self).Config, sizes))
            self.crops = crops or {}

    Pretrained.__name__ = Pretrained.__qualname__ = network.__name__
    Pretrained.__doc__ = network.__doc__
    return Pretrained


PRETRAINED: dict[str, type[PyTorchModelHubMixin]] = {network.__name__: _with_hub(network) for network in _NETWORKS}
"""By the network's class name; ``PRETRAINED["AEINet"].from_pretrained(folder)``, or a repository's name."""


def with_hub(network: nn.Module, crops: Mapping[str, str] | None = None) -> PyTorchModelHubMixin:
    """A network of ours as one that can be saved for the Hub.

    Args:
        network: of one of the classes in ``PRETRAINED``; its weights are shared.
        crops: ``template`` and ``size`` of the faces it was trained on; kept as the attribute ``crops``.
    """
    name = type(network).__name__
    sizes = asdict(cast(Any, network).config)
    copy: Any = cast(Any, PRETRAINED[name])(network=name, sizes=sizes, crops=dict(crops or {}))
    copy.load_state_dict(network.state_dict(), assign=True)
    return copy.eval().requires_grad_(False)
