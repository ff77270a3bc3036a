"""Networks in safetensors files: written with the name of their class and their sizes, and built from them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from swapper.errors import UserError
from swapper.hub.files import resolve
from swapper.registry.pipelines import KEY
from swapper.runtime.whole_file import whole_file

M = TypeVar("M", bound=nn.Module)
C = TypeVar("C")


def metadata(name: str) -> dict[str, str]:
    """The metadata of a safetensors file: ``network``, ``config`` (JSON) and other entries.

    Raises:
        UserError: as ``resolve``, or the file is not safetensors.
    """
    return read_metadata(resolve(name))


def read_metadata(path: Path) -> dict[str, str]:
    """As ``metadata``, of a file by path."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a readable safetensors file ({error}). Convert or download it again.") from error


def load(cls: type[M], name: str) -> M:
    """Build a network from its weights file: sizes from the file's metadata, every tensor matched by name.

    Args:
        cls: the network's class, with its configuration class as ``cls.Config``.
        name: as in ``resolve``.

    Returns:
        The network in float32 on the CPU, evaluating, without gradients.

    Raises:
        UserError: as ``resolve``, or the file holds another network.
    """
    return load_path(cls, resolve(name))


def load_path(cls: type[M], path: Path) -> M:
    """As ``load``, from a file by path."""
    said = read_metadata(path)
    if said.get("network") != cls.__name__:
        raise UserError(
            f"{path}: contains {said.get('network', 'no named network')}, not {cls.__name__}. Give the right file."
        )
    try:
        network = cls(read_config(cast(Any, cls).Config, json.loads(said["config"])))
        tensors = load_file(path)
        network.load_state_dict(tensors)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        found = " ".join(str(error).split())
        raise UserError(
            f"{path}: does not fit this version's {cls.__name__} ({found}). Use the file that belongs to this version."
        ) from error
    check_finite(tensors, str(path))
    if hasattr(network, "crops"):
        cast(Any, network).crops = {key: said[key] for key in ("template", "size", KEY) if key in said}
    return network.float().eval().requires_grad_(False)


def check_finite(tensors: Mapping[str, Tensor], origin: str) -> None:
    """Refuse weights of which nothing but black pictures would come.

    Args:
        tensors: by name.
        origin: names their file in the message.

    Raises:
        UserError: one of them holds a value that is no finite number.
    """
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise UserError(f"{origin}: its tensor {name} holds values that are no numbers. Download it again.")


def read_config(config_class: type[C], values: Mapping[str, Any]) -> C:
    """Rebuild a configuration from JSON: lists become tuples, nested objects their own dataclasses.

    Args:
        config_class: a dataclass.
        values: its fields, as ``dataclasses.asdict`` and JSON leave them.

    Raises:
        TypeError: a field is unknown.
    """
    types = get_type_hints(config_class)
    return config_class(**{key: _from_json(types.get(key), value) for key, value in values.items()})


def _from_json(wanted: Any, value: Any) -> Any:
    if is_dataclass(wanted) and isinstance(value, dict):
        return read_config(cast(type, wanted), value)
    if isinstance(value, list):
        return tuple(_from_json(None, item) for item in value)
    return value


def save(
    module: nn.Module, path: Path, extra: Mapping[str, str] | None = None, dtype: torch.dtype = torch.float16
) -> None:
    """Write a network with its class name and sizes, whole or not at all.

    Normalisation statistics, and every tensor that ``dtype`` cannot hold, stay float32.

    Args:
        module: has its configuration, a dataclass, as ``module.config``.
        path: safetensors file to write.
        extra: more metadata.
        dtype: of the floating-point tensors in the file.
    """
    said = {**(extra or {}), "network": type(module).__name__, "config": json.dumps(asdict(cast(Any, module).config))}
    tensors = {key: _narrow(key, value, dtype) for key, value in module.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as fresh:
        save_file(tensors, fresh, metadata=said)
        fresh.chmod(0o644)  # the library writes for its own user only


def _narrow(key: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu()
    if value.is_floating_point():
        value = value.float()
        statistic = key.endswith(("running_mean", "running_var"))
        if not statistic and (value.numel() == 0 or bool(value.abs().max() <= torch.finfo(dtype).max)):
            value = value.to(dtype)
    return value.clone(memory_format=torch.contiguous_format)  # safetensors refuses tensors that share memory
