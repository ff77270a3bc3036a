"""Official checkpoints turned into weights files of this project: same numbers, our names, nothing but tensors."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from swapper import hub
from swapper.convert.checkpoints import read_checkpoint
from swapper.convert.matching import fit, rename
from swapper.convert.systems import SYSTEMS, OfficialCheckpoint
from swapper.hub.manifest import file_sha256
from swapper.hub.networks import check_finite
from swapper.registry import CONVERTERS, named
from swapper.registry.lookup import look_up
from swapper.types import UserError


def convert(system: str, path: Path, output: Path) -> nn.Module:
    """Convert one official checkpoint; every tensor must find its place.

    Args:
        system: a name from ``SYSTEMS``.
        path: the official file.
        output: safetensors file to write, float32; its metadata says what a swap with it needs.

    Returns:
        The network that was written.

    Raises:
        UserError: an unknown system, an unreadable file, or tensors that are not that network's or no numbers.
    """
    network = read_official(system, path)
    check_finite(network.state_dict(), str(path))
    said = {"source": path.name, "source_sha256": file_sha256(path), "converted_as": system}
    official: OfficialCheckpoint = named(CONVERTERS[system])
    hub.save(network, output, {**said, **official.metadata(network)}, dtype=torch.float32)
    return network


def read_official(system: str, path: Path) -> nn.Module:
    """Build a network from an official checkpoint, evaluating and without gradients; arguments as for ``convert``."""
    official: OfficialCheckpoint = named(look_up(CONVERTERS, system, "system"))
    if path.suffix.lower() == ".onnx":
        if official.read_onnx is None:
            able = [f"'{kind}'" for kind, other in SYSTEMS.items() if other.read_onnx is not None]
            raise UserError(f"{path}: only {', '.join(able)} is read from ONNX. Give the official checkpoint.")
        if not path.is_file():
            raise UserError(f"{path}: file not found. Check the path.")
        return official.read_onnx(path).eval().requires_grad_(False)
    state = read_checkpoint(path, official.nests, official.frozen)
    try:
        network = place(state, official, str(path))
    except KeyError as error:
        raise UserError(
            f"{path}: has no {error}, so it is not a checkpoint of '{system}'. Check that FILE belongs to SYSTEM."
        ) from error
    except (LookupError, ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        raise UserError(
            f"{path}: its tensors have shapes that no network of '{system}' has. Check that FILE belongs to SYSTEM."
        ) from error
    return network.eval().requires_grad_(False)


def place(state: Mapping[str, Tensor], official: OfficialCheckpoint, origin: str) -> nn.Module:
    """Build the network that official tensors belong to, and put every one of them in its place.

    Args:
        state: by official name.
        official: the kind of checkpoint.
        origin: names the checkpoint in messages.

    Raises:
        KeyError: a tensor is missing that tells a size.
        UserError: tensors are missing, left over or of another shape.
    """
    network = official.build(state)
    tensors, unknown = rename(state, official.keys, official.ignored)
    places = network.state_dict()
    fit(network, {name: torch.zeros_like(places[name]) for name in official.optional} | tensors, unknown, origin)
    return network
