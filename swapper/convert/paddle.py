"""Reading Paddle's ``.pdparams`` files without Paddle and without running anything they contain."""

import pickle
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from swapper.convert.pickled import BROKEN, ForbiddenNameError, reason_of
from swapper.types import UserError

# Paddle's words for what torch calls otherwise.
_RENAMED = ((r"\._mean$", ".running_mean"), (r"\._variance$", ".running_var"), (r"\._weight$", ".weight"))
_NAME_TABLE = "StructuredToParameterName@@"
_SLICES = "UnpackBigParamInfor@@"


def read_paddle(path: Path) -> dict[str, Tensor]:
    """Read the parameters of a Paddle network under torch's names and in torch's layout.

    BatchNorm statistics and PReLU slopes are renamed; matrices are transposed, as Paddle keeps the weights of linear
    layers as (in, out). Which entries are matrices of linear layers cannot be seen in the file: all two-dimensional
    ones are taken for that.

    Args:
        path: made by ``paddle.save`` of a state dict.

    Raises:
        UserError: the file is not a pickle, or it holds anything but arrays and plain containers.
    """
    try:
        with path.open("rb") as stream:
            content = _ArrayUnpickler(stream, encoding="latin1").load()
    except ForbiddenNameError as error:
        raise UserError(f"{path}: {error}. Do not use this file; download the official one again.") from error
    except BROKEN as error:
        raise UserError(
            f"{path}: not a readable Paddle file ({reason_of(error)}). Give the .pdparams file itself."
        ) from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: contains a {type(content).__name__}, not parameters. Give the .pdparams file itself.")
    try:
        arrays = {key: _array(value) for key, value in _joined(content).items() if key != _NAME_TABLE}
    except BROKEN as error:
        raise UserError(f"{path}: its slices do not fit together ({reason_of(error)}). Download it again.") from error
    wrong = [key for key, value in arrays.items() if value is None or not isinstance(key, str)]
    if wrong:
        raise UserError(f"{path}: {', '.join(map(str, wrong[:5]))} is not an array. Give a file of parameters only.")
    return {_torch_name(key): _torch_layout(value) for key, value in arrays.items() if value is not None}


def _reconstruct(kind: type, shape: tuple[int, ...], code: bytes) -> np.ndarray:
    """What numpy's own ``_reconstruct`` does, for arrays alone."""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError(f"array of type {kind}")
    return np.ndarray.__new__(np.ndarray, shape, np.dtype("b"))


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 keeps bytes in pickles of protocol 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"text encoded as {encoding}")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): _encode,
    ("collections", "OrderedDict"): OrderedDict,
    ("builtins", "tuple"): tuple,
    ("__builtin__", "tuple"): tuple,
}


class _ArrayUnpickler(pickle.Unpickler):
    """Makes arrays and plain containers; refuses to look up anything else."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise ForbiddenNameError(f"it wants to use {module}.{name}, which weights never need") from None


def _joined(content: Mapping[str, Any]) -> dict[str, Any]:
    """Put arrays together that were cut in slices because of the size limit of old pickles."""
    joined = dict(content)
    for key, said in joined.pop(_SLICES, {}).items():
        parts = [np.asarray(joined.pop(part)) for part in said["slices"]]
        joined[key] = np.concatenate(parts).reshape(said["OriginShape"])
    return joined


def _array(value: Any) -> np.ndarray | None:
    if isinstance(value, tuple) and len(value) == 2:  # (the parameter's internal name, its values)
        value = value[1]
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else None


def _torch_name(key: str) -> str:
    for pattern, replacement in _RENAMED:
        key = re.sub(pattern, replacement, key)
    return key


def _torch_layout(value: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(value.T if value.ndim == 2 else value))
