"""The index over a split's shards: where each face lies, and whose it is. ``trainers.data.joining`` writes it.

``index-SPLIT.npy`` has a row of ``ROW`` a face, people one after the other, and ``index-SPLIT.json`` the names. Of the
index only what is looked at is in memory.
"""

import json
import os
from functools import lru_cache
from io import FileIO
from pathlib import Path

import numpy as np
from jaxtyping import Int

from swapper.types import UserError
from trainers.data.arrays import SmallArrays

ROW = np.dtype(
    [
        ("shard", "<i4"),  # number in the file, place in the list of the index
        ("image", "<i8"),  # byte at which the WebP begins
        ("image_size", "<i4"),
        ("arrays", "<i8"),  # byte at which the npz begins
        ("arrays_size", "<i4"),
        ("identity", "<i8"),  # -1 where unknown
        ("interocular", "<f4"),  # px in the photo
        ("padded", "?"),  # the crop is mostly padding
    ]
)
_OPEN = 256  # archives that are open at a time


def has_shards(folder: Path, split: str) -> bool:
    """Whether a folder holds a split as shards.

    Args:
        folder: of the split.
        split: its name.
    """
    return (folder / f"index-{split}.npy").is_file()


class ShardIndex:
    """Where the faces of a split are; reading them takes no memory but for what is read.

    Attributes:
        rows: as of ``ROW``, a memory map.
        people: number of known people.
        paths: of the shards.
    """

    def __init__(self, folder: Path, split: str, padded: bool = True, sharp: float = 0.0):
        """Open the index.

        Args:
            folder: of the shards.
            split: its name.
            padded: crops that are mostly padding belong to it too.
            sharp: distance of the eyes in the photo, px, below which a face does not belong to it.

        Raises:
            UserError: there is none.
        """
        path = folder / f"index-{split}.npy"
        if not path.is_file():
            raise UserError(f"No shards: {path} is missing. Create it with trainers prepare --shard 10000.")
        self.rows: np.ndarray = np.load(path, mmap_mode="r")
        chosen = (self.rows["interocular"] >= sharp) & (padded | ~self.rows["padded"])
        if not chosen.all():
            self.rows = self.rows[chosen]
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        self.people: int = len(said["people"])
        self.paths = [folder / name for name in said["shards"]]
        self._arrays = SmallArrays()
        self._file = lru_cache(_OPEN)(self._opened)

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.rows)

    def image(self, row: int) -> bytes:
        """The WebP of a face.

        Args:
            row: of the index.
        """
        at = self.rows[row]
        return self._read(int(at["shard"]), int(at["image"]), int(at["image_size"]))

    def arrays(self, row: int) -> dict[str, np.ndarray]:
        """Landmarks, points, embedding and the photo's corners of a face, by name.

        Args:
            row: of the index.
        """
        at = self.rows[row]
        data = self._read(int(at["shard"]), int(at["arrays"]), int(at["arrays_size"]))
        return self._arrays.read(data)

    def _opened(self, shard: int) -> FileIO:
        return FileIO(self.paths[shard])

    def _read(self, shard: int, begin: int, size: int) -> bytes:
        """Bytes of an archive; several threads may read at a time, one of them still a file that was let go of."""
        file = self._file(shard)
        return os.pread(file.fileno(), size, begin)


def people_of(index: ShardIndex) -> tuple[Int[np.ndarray, "p"], Int[np.ndarray, "p"]]:
    """Where each known person's faces begin in the index, and how many there are.

    Args:
        index: people are one after the other in it.
    """
    identity = np.asarray(index.rows["identity"])
    edges = np.flatnonzero(np.diff(identity, prepend=identity[0] - 1))
    counts = np.diff(np.append(edges, len(identity)))
    known = identity[edges] >= 0
    return edges[known], counts[known]
