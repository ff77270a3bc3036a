"""A gallery kept in a file, so that its photos need to be looked at only once.

The file holds embeddings, the number of the person on each photo, and the faces as one small WebP sheet. It names the
SHA-256 of each identity network's weights, because embeddings of another network mean nothing; where another one is in
use, the faces of the sheet are looked at again.
"""

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from swapper import hub
from swapper.faces.embed import WEIGHTS, IdentityEmbedder
from swapper.hub.manifest import file_sha256
from swapper.runtime.whole_file import whole_file
from swapper.studies.gallery import SIDE, Gallery
from swapper.types import Crop, UserError

SHIPPED = Path(__file__).with_name("gallery.safetensors")
"""People whom networks have made up, written by ``examples/make_gallery.py``."""
SUFFIX = ".safetensors"
_FORMAT, _OLD_FORMAT = "swapper gallery 2", "swapper gallery 1"
_AGAIN = "Make it again with python -m swapper gallery DIR -o FILE."
_QUALITY = 82  # of the sheet
_WHOLE = np.eye(2, 3, dtype=np.float32)


def write_index(gallery: Gallery, path: str | Path) -> None:
    """Write a gallery, whole or not at all; about 1 kB for each photo and network, and 2 kB for its picture.

    Args:
        gallery: from ``gallery.measure_gallery``.
        path: the file to write.

    Raises:
        UserError: the file cannot be written.
    """
    said = {"format": _FORMAT, **{name: _fingerprint(name) for name in gallery.embeddings}}
    held: dict[str, np.ndarray] = {name: rows.astype(np.float16) for name, rows in gallery.embeddings.items()}
    held["people"] = gallery.people.astype(np.int32)
    if gallery.faces is not None:
        held["sheet"] = np.frombuffer(_sheet(gallery.faces), np.uint8)
    try:
        with whole_file(Path(path)) as fresh:
            save_file(held, fresh, said)
    except (OSError, SafetensorError) as error:
        raise UserError(f"Output '{path}': it cannot be written ({error}). Choose another folder.") from error


def read_index(path: str | Path, embedders: Mapping[str, IdentityEmbedder]) -> Gallery:
    """A gallery, its embeddings of unit length and of the networks in use.

    Args:
        path: a file of ``write_index``.
        embedders: the networks whose embeddings are wanted; one that the file does not know looks at its faces.

    Raises:
        UserError: the file is no such file, or it knows neither one of the networks nor has faces to look at.
    """
    held, said = _read(path)
    if said.get("format") not in (_FORMAT, _OLD_FORMAT):
        raise UserError(f"Gallery '{path}': this is not a gallery file. {_AGAIN}")
    known = [name for name in embedders if name in held and said.get(name) == _fingerprint(name)]
    count = len(held[known[0]]) if known else len(held.get("people", ()))
    faces = _faces(held["sheet"], count, path) if "sheet" in held else None
    found = {name: held[name].astype(np.float32) for name in known}
    for name, embedder in embedders.items():
        if name in found:
            found[name] = found[name] / np.linalg.norm(found[name], axis=1, keepdims=True)
        elif faces is not None:
            found[name] = embedder.embed([Crop(face, _WHOLE) for face in faces])
        else:
            raise UserError(f"Gallery '{path}': it was made with a different {WEIGHTS[name]}. {_AGAIN}")
    people = held["people"].astype(np.int64) if "people" in held else np.arange(count)
    return Gallery(found, people, faces)


def _read(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    try:
        with safe_open(path, framework="np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(f"Gallery '{path}': it cannot be read ({error}). {_AGAIN}") from error


def _sheet(faces: UInt8[np.ndarray, "n s s 3"]) -> bytes:
    """The faces row by row in one picture, about as wide as high."""
    columns = _columns(len(faces))
    rows = math.ceil(len(faces) / columns)
    page = np.zeros((rows * columns, SIDE, SIDE, 3), np.uint8)
    page[: len(faces)] = faces
    whole = page.reshape(rows, columns, SIDE, SIDE, 3).swapaxes(1, 2).reshape(rows * SIDE, columns * SIDE, 3)
    file = io.BytesIO()
    Image.fromarray(whole).save(file, "WEBP", quality=_QUALITY, method=6)
    return file.getvalue()


def _faces(sheet: UInt8[np.ndarray, "m"], count: int, path: str | Path) -> UInt8[np.ndarray, "n s s 3"]:
    columns = _columns(count)
    rows = math.ceil(count / columns)
    try:
        with Image.open(io.BytesIO(sheet.tobytes()), formats=["WEBP"]) as picture:
            if picture.size != (columns * SIDE, rows * SIDE):
                raise UserError(f"Gallery '{path}': its faces are damaged. {_AGAIN}")
            whole = np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise UserError(f"Gallery '{path}': its faces are damaged. {_AGAIN}") from error
    return whole.reshape(rows, SIDE, columns, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)[:count]


def _columns(count: int) -> int:
    return max(1, math.ceil(math.sqrt(count)))


def _fingerprint(name: str) -> str:
    return file_sha256(hub.resolve(WEIGHTS[name]))
