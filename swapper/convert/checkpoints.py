"""Reading official checkpoints of all formats into plain dictionaries of tensors."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from swapper.convert.paddle import read_paddle
from swapper.types import UserError

# Where checkpoints keep the weights when they hold more than those; the average over training first.
_NESTS = ("params_ema", "params", "state_dict", "model")
_BESIDE = "latent_avg"  # StyleGAN2's average style, which is not in the state dict
_PREFIXES = ("module.",)  # left by data-parallel training


def read_checkpoint(path: Path, nests: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """Read the weights of one network; code inside the file never runs.

    Args:
        path: ``.pdparams``, ``.safetensors``, or anything ``torch.save`` makes (``.pth``, ``.pt``, ``.tar``).
        nests: names of this network's entry in files that hold several, the preferred first.

    Raises:
        UserError: the file is missing, unreadable, or holds more than tensors and plain values.
    """
    if not path.is_file():
        raise UserError(f"{path}: file not found. Check the path.")
    if path.suffix == ".pdparams":
        return read_paddle(path)
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise UserError(f"{path}: not a readable safetensors file ({error}). Download it again.") from error
    return _unprefixed(_weights(path, _read_torch(path), (*nests, *_NESTS)))


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{path}: contains more than tensors; loading all of it would run code from the file. "
            "Give a checkpoint that is a plain state dict."
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UserError(f"{path}: not a readable torch file ({error}). Download it again.") from error


def _weights(path: Path, content: Any, nests: tuple[str, ...]) -> dict[str, Tensor]:
    """Find the dictionary of tensors in a checkpoint."""
    if isinstance(content, Mapping):
        for nest in nests:
            if isinstance(content.get(nest), Mapping):
                return _average_style(content) | _weights(path, content[nest], nests)
        if content and all(isinstance(value, Tensor) for value in content.values()):
            return dict(content)
        others = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
        raise UserError(f"{path}: its entries {', '.join(others[:10])} are not weights. Give a plain state dict.")
    raise UserError(f"{path}: contains a {type(content).__name__}, not a state dict. Give the network's checkpoint.")


def _average_style(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """StyleGAN2's average style from beside the weights; pSp keeps one copy for each layer."""
    average = content.get(_BESIDE)
    if not isinstance(average, Tensor):
        return {}
    return {_BESIDE: average[0] if average.dim() == 2 and bool((average == average[:1]).all()) else average}


def _unprefixed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state
