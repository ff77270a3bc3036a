"""Pools of a streamed set that come with warped faces, which ``trainers warp`` made."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import FileIO
from itertools import tee
from os import pread
from pathlib import Path

import numpy as np
import torch

from swapper.types import UserError
from trainers.data.faces import Faces, stacked
from trainers.data.stream import FaceStream, decode_ahead
from trainers.data.warped import WarpedFaces

WARPED = np.dtype(
    [
        ("shard", "<i4"),
        ("image", "<i8"),  # byte at which the WebP begins
        ("image_size", "<i4"),
        ("target", "<i8"),  # row of the index of the split
        ("source", "<i8"),
    ]
)
_OPEN = 256  # archives that are open at a time
_PICK = 4  # purpose of random numbers


@dataclass(frozen=True)
class WarpedPool(Faces):
    """Faces with warped ones among them.

    Attributes:
        warped: faces of this pool with others' on them.
    """

    warped: WarpedFaces


def warped_shard_path(data: Path, split: str, number: int) -> Path:
    """Where the warped faces of a shard lie.

    Args:
        data: folder of the split.
        split: its name.
        number: of the shard in the index.
    """
    return data / f"warped-{split}-{number:05d}.tar"


def warped_index_path(data: Path, split: str) -> Path:
    """Where the index of all warped faces lies.

    Args:
        data: folder of the split.
        split: its name.
    """
    return data / f"warped-{split}.npy"


def digest_of_index(data: Path, split: str) -> str:
    """What the index of a split says, in short.

    Args:
        data: folder of the split.
        split: its name.
    """
    with (data / f"index-{split}.npy").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class WarpedIndex:
    """Where the warped faces of a split are.

    Attributes:
        rows: as of ``WARPED``, by target; a memory map.
    """

    def __init__(self, data: Path, split: str):
        """Open the index.

        Args:
            data: folder of the split.
            split: its name.

        Raises:
            UserError: there is none, or it belongs to another index of the split.
        """
        path = warped_index_path(data, split)
        made = f"Make them with trainers warp {data} --split {split}, or do without (--set known=0)."
        if not path.is_file():
            raise UserError(f"No warped faces: {path} is missing. {made}")
        if path.with_suffix(".sha256").read_text() != digest_of_index(data, split):
            raise UserError(f"Warped faces in '{data}': they are of other photos than the index names. {made}")
        self.rows: np.ndarray = np.load(path, mmap_mode="r")
        self._file = lru_cache(_OPEN)(lambda number: FileIO(warped_shard_path(data, split, number)))

    def image(self, row: int) -> bytes:
        """The WebP of a warped face.

        Args:
            row: of the index.
        """
        at = self.rows[row]
        file = self._file(int(at["shard"]))
        return pread(file.fileno(), int(at["image_size"]), int(at["image"]))

    def pick(self, targets: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Rows of one warped face for each target that has some.

        Args:
            targets: rows of the split.
            random: numbers.
        """
        begin, end = (np.searchsorted(self.rows["target"], targets, side) for side in ("left", "right"))
        chosen = begin + (random.random(len(targets)) * (end - begin)).astype(np.int64)
        return chosen[end > begin]


def warped_pools(stream: FaceStream, warped: WarpedIndex, epoch: int, begin: int) -> Iterator[WarpedPool]:
    """Pools without end: the faces that ``FaceStream.shuffled`` gives, one warped face of each, and those they are of.

    Args:
        stream: of the split; pools are up to twice as large as its batches.
        warped: of the same split.
        epoch: as of ``FaceStream.shuffled``.
        begin: as of ``FaceStream.shuffled``.
    """

    def chosen() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows in stream.shuffled_rows(epoch, begin):
            picked = warped.pick(rows, np.random.default_rng([stream.config.seed, _PICK, *rows[:8].tolist()]))
            guests = np.setdiff1d(warped.rows["source"][picked], rows)
            yield np.concatenate([rows, guests]), picked

    first, second = tee(chosen())
    faces = decode_ahead((rows for rows, _ in first), stream.index.image, stream.config)
    faces_on = decode_ahead((picked for _, picked in second), warped.image, stream.config)
    for (rows, images), (picked, drawn) in zip(faces, faces_on, strict=True):
        pool = stacked(stream.index, rows, images, [stream.index.arrays(int(row)) for row in rows])
        at, order = warped.rows[picked], np.argsort(rows)
        target, source = (
            torch.from_numpy(order[np.searchsorted(rows, at[name], sorter=order)]) for name in ("target", "source")
        )
        yield WarpedPool(**vars(pool), warped=WarpedFaces(drawn, target, source))
