"""Example inputs of networks at their native resolution, from a configuration and a batch size."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from swapper.models.arcface import IdentityFeatures
from swapper.models.mobilefaceswap import IdentityInjectionNetworkConfig
from swapper.models.ncsnpp import NCSNppConfig
from swapper.models.rafswap import RAFSwapConfig
from swapper.models.stylegan2 import StyleGAN2Config


def faces_112(config: Any, batch: int) -> tuple[Tensor]:
    """Faces of 112 px."""
    return (torch.rand(batch, 3, 112, 112),)


def faces_224(config: Any, batch: int) -> tuple[Tensor]:
    """Faces of 224 px."""
    return (torch.rand(batch, 3, 224, 224),)


def faces_256(config: Any, batch: int) -> tuple[Tensor]:
    """Faces of 256 px."""
    return (torch.rand(batch, 3, 256, 256),)


def own_size(config: Any, batch: int) -> tuple[Tensor]:
    """Faces of the side that the configuration names."""
    return (torch.rand(batch, 3, config.size, config.size),)


def own_size_and_identity(config: Any, batch: int) -> tuple[Tensor, Tensor]:
    """Faces of the side that the configuration names, and an identity for each."""
    return (*own_size(config, batch), F.normalize(torch.randn(batch, config.identity)))


def faces_and_embedding(config: NCSNppConfig, batch: int) -> tuple[Tensor, Tensor]:
    """Faces of 256 px, and an identity for each."""
    return torch.rand(batch, 3, 256, 256), F.normalize(torch.randn(batch, config.embedding))


def faces_and_regions(config: RAFSwapConfig, batch: int) -> tuple[Tensor, ...]:
    """Targets and sources, each with its region masks, and the sources' embeddings where the network wants them."""
    face, regions = (batch, 3, config.size, config.size), (batch, len(config.regions), 64, 64)
    people = [part for _ in range(2) for part in (torch.rand(face), (torch.rand(regions) > 0.9).float())]
    known = [F.normalize(torch.randn(batch, config.embedding))] if config.embedding else []
    return *people, *known


def person(config: IdentityInjectionNetworkConfig, batch: int) -> tuple[IdentityFeatures]:
    """What an identity network sees of source people."""
    return (IdentityFeatures(torch.randn(batch, config.embedding), torch.randn(batch, config.feature_map, 7, 7)),)


def person_and_faces(config: IdentityInjectionNetworkConfig, batch: int) -> tuple[IdentityFeatures, Tensor]:
    """What an identity network sees of source people, and a target for each."""
    return (*person(config, batch), torch.rand(batch, 3, config.idn.size, config.idn.size))


def style(config: StyleGAN2Config, batch: int) -> tuple[Tensor]:
    """Random style vectors."""
    return (torch.randn(batch, config.style),)
