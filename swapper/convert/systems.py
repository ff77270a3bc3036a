"""The kinds of official checkpoints that can be converted; each is described in the file of its system."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from swapper import registry
from swapper.convert.matching import Rules
from swapper.convert.sizes import State
from swapper.registry import Listing, named
from swapper.registry.pipelines import SwapPipeline


@dataclass(frozen=True)
class OfficialCheckpoint:
    """One kind of checkpoint.

    Attributes:
        build: makes the network of the sizes that the tensors have; a missing tensor raises KeyError.
        keys: official name to ours, see ``matching.rename``; empty where the names are the same.
        ignored: patterns of official names that have no use here.
        nests: entries that hold these weights in files with several networks, the preferred first.
        optional: our names of tensors that official code keeps outside the state dict; zero where a file lacks them.
        read_onnx: reads the network from an ONNX file; None where nobody publishes such files.
        frozen: patterns of official names of tensors that were not trained.
        pipeline: what a swap with the network needs; None where it does not swap.
        licence: of the official weights, where ``pipeline`` does not say it.
        origin: whose weights they are, where ``pipeline`` does not say it.
    """

    build: Callable[[State], nn.Module]
    keys: Rules = ()
    ignored: tuple[str, ...] = ()
    nests: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    read_onnx: Callable[[Path], nn.Module] | None = None
    frozen: tuple[str, ...] = ()
    pipeline: Callable[[Any], SwapPipeline] | None = None
    licence: str = "not stated by the publisher"
    origin: str = ""

    def metadata(self, network: nn.Module) -> dict[str, str]:
        """What a weights file says beside sizes and tensors.

        Args:
            network: that was built.
        """
        if self.pipeline is not None:
            needs = self.pipeline(network)
            return {**needs.metadata(), "licence": needs.licence, "origin": needs.origin}
        return {"licence": self.licence, "origin": self.origin}


CHECKPOINTS: Mapping[str, OfficialCheckpoint] = Listing(
    registry.SYSTEMS, lambda system: [(kind, named(where)) for kind, where in system.converters.items()]
)
"""By the name that ``weights convert`` takes."""
