"""Embeddings of a gallery kept in a file, so that its photos need to be looked at only once.

The file names the SHA-256 of each identity network's weights: embeddings of another network mean nothing.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from swapper import hub
from swapper.faces.embed import WEIGHTS
from swapper.hub.manifest import file_sha256
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError

SHIPPED = Path(__file__).with_name("gallery.safetensors")
"""The made-up people of ``examples/portraits``, written by ``python -m swapper gallery examples/portraits``."""
SUFFIX = ".safetensors"
_FORMAT = "swapper gallery 1"
_AGAIN = "Make it again with python -m swapper gallery DIR -o FILE."


def write_index(embeddings: Mapping[str, Float32[np.ndarray, "n d"]], path: str | Path) -> None:
    """Write the embeddings of a gallery, whole or not at all; half precision, about 1 kB for each photo and network.

    Args:
        embeddings: from ``interpolation_study.embed_folder``, by the name of the identity network.
        path: the file to write.

    Raises:
        UserError: the file cannot be written.
    """
    said = {"format": _FORMAT, **{name: _fingerprint(name) for name in embeddings}}
    try:
        with whole_file(Path(path)) as fresh:
            save_file({name: rows.astype(np.float16) for name, rows in embeddings.items()}, fresh, said)
    except (OSError, SafetensorError) as error:
        raise UserError(f"Output '{path}': it cannot be written ({error}). Choose another folder.") from error


def read_index(path: str | Path, embedders: Iterable[str]) -> dict[str, Float32[np.ndarray, "n d"]]:
    """Embeddings of a gallery's photos, of unit length, by the name of the identity network.

    Args:
        path: a file of ``write_index``.
        embedders: names of the networks whose embeddings are wanted.

    Raises:
        UserError: the file is no such file, or one of the networks is not the one that it was made with.
    """
    try:
        with safe_open(path, framework="np") as file:
            said = file.metadata() or {}
            found = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"Gallery '{path}': it cannot be read ({error}). {_AGAIN}") from error
    if said.get("format") != _FORMAT:
        raise UserError(f"Gallery '{path}': this is not a gallery file. {_AGAIN}")
    for name in embedders:
        if said.get(name) != _fingerprint(name):
            raise UserError(f"Gallery '{path}': it was made with a different {WEIGHTS[name]}. {_AGAIN}")
    return {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in found.items()}


def _fingerprint(name: str) -> str:
    return file_sha256(hub.resolve(WEIGHTS[name]))
