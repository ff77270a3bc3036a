"""Reading official checkpoints of all formats into plain dictionaries of tensors."""

import pickle
import re
import tarfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from swapper.convert.paddle import read_paddle
from swapper.convert.pickled import BROKEN, read_pickled_network, reason_of
from swapper.runtime.there import is_file
from swapper.types import UserError

# Where checkpoints keep the weights when they hold more than those; the average over training first.
_NESTS = ("params_ema", "params", "state_dict", "model")
_BESIDE = "latent_avg"  # StyleGAN2's average style, which is not in the state dict
_PREFIXES = ("module.",)  # left by data-parallel training
_HEAD = 64  # bytes that tell what a file is
_SEVERAL = "it is an archive of several files. Unpack it, and give the checkpoint inside."
_OTHERS = {  # how what people download by mistake begins
    b"version https://git-lfs": "it is a Git LFS pointer, not the file itself. Run 'git lfs pull'.",
    b"<!doctype": "it is a web page. Download the checkpoint itself.",
    b"<html": "it is a web page. Download the checkpoint itself.",
}
_OLD_TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)  # what torch files begin with that are no zip archives


def read_checkpoint(path: Path, nests: tuple[str, ...] = (), frozen: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """Read the weights of one network; code inside the file never runs.

    Args:
        path: ``.pdparams``, ``.safetensors``, or anything ``torch.save`` makes (``.pth``, ``.pt``, ``.tar``); what the
            file holds counts, not its name.
        nests: names of this network's entry in files that hold several, the preferred first.
        frozen: patterns of the names of tensors that were not trained, so that a list of averages leaves them out.

    Raises:
        UserError: the file is missing, unreadable, or holds more than tensors and plain values.
    """
    if not is_file(path):
        raise UserError(f"{path}: file not found. Check the path.")
    kind = _kind(path)
    if kind == "paddle":
        return read_paddle(path)
    if kind == "safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise UserError(f"{path}: not a readable safetensors file ({error}). Download it again.") from error
    content = _read_torch(path)
    weights = _unprefixed(_weights(path, content, (*nests, *_NESTS)))
    return weights | _averages(path, content, [name for name in weights if not _matches(name, frozen)], weights)


def _kind(path: Path) -> str:
    """``torch``, ``paddle`` or ``safetensors``, by how the file begins; by its name where that tells nothing."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if zipfile.is_zipfile(path):
        _check_archive(path)
        return "torch"
    if head.startswith(_OLD_TORCH):
        return "torch"
    for start, what in _OTHERS.items():
        if head.lstrip().lower().startswith(start):
            raise UserError(f"{path}: {what}")
    if path.suffix.lower() in (".pdparams", ".safetensors"):
        return "paddle" if path.suffix.lower() == ".pdparams" else "safetensors"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size:
        return "safetensors"
    if tarfile.is_tarfile(path):
        raise UserError(f"{path}: {_SEVERAL}")
    return "paddle" if head[:1] == b"\x80" and not _OLD_TORCH.startswith(head) else "torch"


def _check_archive(path: Path) -> None:
    """Refuse an archive that torch did not make of weights."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, *BROKEN) as error:
        raise UserError(f"{path}: not a readable torch file ({reason_of(error)}). Download it again.") from error
    if "constants.pkl" in names:
        raise UserError(f"{path}: it is a TorchScript program. Give the checkpoint that it was made from.")
    if "data.pkl" not in names:
        raise UserError(f"{path}: {_SEVERAL}")


def _read_torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings(), path.open("rb") as stream:  # of which torch would judge the name
            warnings.simplefilter("ignore")  # about protocols of pickles, of which nobody has to know
            return torch.load(stream, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        found = read_pickled_network(path)
        if not found:
            raise UserError(
                f"{path}: it holds neither a state dict nor one network. Give a checkpoint that is a plain state dict."
            ) from None
        return found
    except BROKEN as error:
        raise UserError(f"{path}: not a readable torch file ({reason_of(error)}). Download it again.") from error


def _weights(path: Path, content: Any, nests: tuple[str, ...]) -> dict[str, Tensor]:
    """Find the dictionary of tensors in a checkpoint."""
    if isinstance(content, Mapping):
        for nest in nests:
            if isinstance(content.get(nest), Mapping):
                return _average_style(content) | _weights(path, content[nest], nests)
        if not content:
            raise UserError(f"{path}: it holds no weights at all. Give the network's checkpoint.")
        others = [
            str(key) for key, value in content.items() if not (isinstance(key, str) and isinstance(value, Tensor))
        ]
        if not others:
            return dict(content)
        raise UserError(f"{path}: its entries {', '.join(others[:10])} are not weights. Give a plain state dict.")
    raise UserError(f"{path}: contains a {type(content).__name__}, not a state dict. Give the network's checkpoint.")


def _average_style(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """StyleGAN2's average style from beside the weights; pSp keeps one copy for each layer."""
    average = content.get(_BESIDE)
    if not isinstance(average, Tensor):
        return {}
    return {_BESIDE: average[0] if average.dim() == 2 and bool((average == average[:1]).all()) else average}


def _averages(path: Path, content: Any, names: list[str], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The averages over training that score_sde keeps beside the weights, as a list in their order."""
    kept = content.get("ema") if isinstance(content, Mapping) else None
    averages = kept.get("shadow_params") if isinstance(kept, Mapping) else None
    if averages is None:
        return {}
    if [value.shape for value in averages] != [weights[name].shape for name in names]:
        raise UserError(
            f"{path}: its {len(averages)} averages over training are not those of its {len(names)} weights. Download "
            "it again."
        )
    return dict(zip(names, averages, strict=True))


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(re.search(pattern, name) for pattern in patterns)


def _unprefixed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state
