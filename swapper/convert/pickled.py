"""Reading torch files that hold a whole pickled network, by collecting its tensors; nothing in the file can run.

Classes of the network become empty shells that keep the attributes they are given, so no code of theirs is needed, or
looked for; the same goes for what training leaves beside it. The only names that stand for real things are those that
rebuild tensors.
"""

import pickle
import struct
import sys
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, BinaryIO, cast

import torch
from torch import Tensor
from torch._utils import _rebuild_parameter, _rebuild_tensor, _rebuild_tensor_v2

from swapper.types import UserError

_REAL: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    ("torch", "Size"): torch.Size,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("builtins", "dict"): dict,
    ("__builtin__", "dict"): dict,
    ("collections", "defaultdict"): lambda *_: {},  # an optimiser's state
    **{
        ("torch", name): getattr(torch, name)
        for name in ("FloatStorage", "DoubleStorage", "HalfStorage", "LongStorage", "IntStorage", "ByteStorage")
    },
}
_SHELLS = ("torch.nn.modules.", "torch.nn.parallel.", "torch.optim.")  # parts of packages that become shells
_SHELL_NAMES = {  # as do these: where data-parallel training ran, the kinds of its tensors, scores as numpy's numbers
    ("torch", "device"),
    *(("torch", name) for name, value in vars(torch).items() if isinstance(value, torch.dtype)),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),  # the bytes of such a number
}
# What reading a file can end with that is broken, or is something else.
BROKEN = (
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,  # of torch's, about what a file names as its storage
    ImportError,
    ArithmeticError,
    MemoryError,
    struct.error,
    pickle.UnpicklingError,
)
_PREFERRED = "model"  # entry of the network where a file holds several
_PYTHON2 = ("__builtin__", "copy_reg", "commands", "exceptions", "__main__")  # what files of protocol 2 call modules
_REFUSED = frozenset({"torch", "numpy", *_PYTHON2, *sys.stdlib_module_names})  # no network's own classes are from there


class ForbiddenNameError(pickle.UnpicklingError):
    """A file asks for something that weights never need; the message is half a sentence."""


class _Shell:
    """Stands for an object of a class that is not looked for; keeps the attributes that the file gives it."""

    dump_patches = False  # which torch asks of networks from files of its old format
    kept: Mapping[str, Any] = MappingProxyType({})  # of one that is given none

    def __init__(self, *_args: object, **_kwargs: object) -> None: ...

    def __setstate__(self, state: object) -> None:
        if isinstance(state, Mapping):
            self.kept = dict(state)


class _CollectingUnpickler(pickle.Unpickler):
    """Makes tensors, plain containers and shells; refuses every name that a network's attributes never need."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _REAL:
            return _REAL[module, name]
        known = module.startswith(_SHELLS) or (module, name) in _SHELL_NAMES
        if known or module.partition(".")[0] not in _REFUSED:
            return type(name, (_Shell,), {"__module__": __name__})
        raise ForbiddenNameError(f"it wants to use {module}.{name}, which weights never need")


def _load(stream: BinaryIO, **options: Any) -> Any:
    return _CollectingUnpickler(stream, **options).load()


def _loads(data: bytes, **options: Any) -> Any:
    return _load(BytesIO(data), **options)


def _pickle_module() -> ModuleType:
    """A stand-in for ``pickle``, of which ``torch.load`` uses no more than this."""
    module = ModuleType("collecting_pickle")
    contents = {"Unpickler": _CollectingUnpickler, "load": _load, "loads": _loads}
    module.__dict__.update(contents, UnpicklingError=pickle.UnpicklingError)
    return module


def read_pickled_network(path: Path) -> dict[str, Any]:
    """The tensors of a network that was saved whole, such as SimSwap's ``arcface_checkpoint.tar``.

    Args:
        path: made by ``torch.save`` of a network, or of a dictionary with one.

    Returns:
        Tensors by the name that the network's state dict gives them; empty where the file holds no network.

    Raises:
        UserError: the file holds anything that does more than keep weights.
    """
    try:
        with warnings.catch_warnings(), path.open("rb") as stream:
            warnings.simplefilter("ignore")  # it misses the source code of the classes
            content = torch.load(stream, map_location="cpu", pickle_module=_pickle_module(), weights_only=False)
        network = _network(content)
        return {} if network is None else dict(_tensors(network))
    except ForbiddenNameError as error:
        raise UserError(f"{path}: {error}. Do not use this file; download the official one again.") from error
    except BROKEN as error:
        raise UserError(f"{path}: not a readable torch file ({reason_of(error)}). Download it again.") from error


def reason_of(error: Exception) -> str:
    """The first thing that an error says, as it fits into a sentence.

    Args:
        error: of another library.
    """
    words = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return words.partition(". ")[0].rstrip(".,:")


def _network(content: Any) -> _Shell | None:
    """The network in a file: by itself, under a key such as ``model``, or in the wrapper of data-parallel training."""
    if isinstance(content, Mapping):
        found = {name: one for name, value in content.items() if (one := _network(value)) is not None}
        return found.get(_PREFERRED) or (next(iter(found.values())) if len(found) == 1 else None)
    if not isinstance(content, _Shell) or "_modules" not in content.kept:
        return None
    inner = content.kept["_modules"]
    if isinstance(inner, Mapping) and list(inner) == ["module"] and not content.kept.get("_parameters"):
        return _network(inner["module"])
    return content


def _tensors(shell: _Shell, prefix: str = "") -> list[tuple[str, Tensor]]:
    """What ``state_dict`` gives, in its order."""
    kept = shell.kept
    own = {**_mapping(kept.get("_parameters")), **_mapping(kept.get("_buffers"))}
    left_out = kept.get("_non_persistent_buffers_set")
    found = [
        (prefix + name, value.detach())
        for name, value in own.items()
        if isinstance(value, Tensor) and not (isinstance(left_out, set) and name in left_out)
    ]
    for name, child in _mapping(kept.get("_modules")).items():
        if isinstance(child, _Shell):
            found += _tensors(child, f"{prefix}{name}.")
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}
