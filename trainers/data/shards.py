"""Faces in WebDataset shards, archives of ``KEY.json``, ``KEY.npz`` and ``KEY.webp``, and an index of where each is.

A split is ``shards-SPLIT-00000.tar`` and so on, with an ``.npz`` of facts beside each, and over all of them
``index-SPLIT.npy`` (a row of ``ROW`` a face, people one after the other) and ``index-SPLIT.json`` (names), which
``trainers.data.joining`` writes. Programs that know WebDataset need the archives alone. Of the index only what is
looked at is in memory.
"""

import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.arrays import SmallArrays
from trainers.data.examine import ExaminedFace
from trainers.data.pack import ARRAYS, add_member, encode_crop, thumbnail

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


@dataclass
class ShardWriter:
    """One shard while it is written.

    Attributes:
        tar: open for writing.
        number: of the shard.
        rows: places of the faces, as of ``ROW``.
        people: names; empty where unknown.
        vectors: embeddings.
        thumbs: small pictures, by which duplicates in other shards are found later.
    """

    tar: tarfile.TarFile
    number: int
    rows: list[tuple] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)
    thumbs: list[np.ndarray] = field(default_factory=list)

    def add(self, face: ExaminedFace, person: str) -> None:
        """Add a face.

        Args:
            face: usable.
            person: name; empty where unknown.
        """
        facts = {name: value for name, value in face.facts.items() if name != "valid_quad"}
        arrays = {**face._asdict(), "valid_quad": np.asarray(face.facts["valid_quad"])}
        stored = StoredFace(encode_crop(face.image), {name: arrays[name] for name in ARRAYS}, facts, person)
        self.store(stored, thumbnail(face.image))

    def store(self, face: "StoredFace", thumb: UInt8[np.ndarray, "16 16 3"]) -> None:
        """Add a face that is encoded already.

        Args:
            face: as it is kept.
            thumb: its thumbnail.
        """
        key = f"{self.number:05d}-{len(self.rows):06d}"
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(face.arrays[name]).astype(kind) for name, kind in ARRAYS.items()}
        np.savez(buffer, **arrays)
        add_member(self.tar, f"{key}.json", json.dumps({"person": face.person, **face.facts}).encode())
        arrays_at = add_member(self.tar, f"{key}.npz", buffer.getvalue())
        image_at = add_member(self.tar, f"{key}.webp", face.image)
        place = (image_at, len(face.image), arrays_at, len(buffer.getvalue()))
        self.rows.append((self.number, *place, -1, face.facts["interocular_px"], face.padded))
        self.people.append(face.person)
        self.vectors.append(arrays["arcface"])
        self.thumbs.append(thumb)


@dataclass(frozen=True)
class StoredFace:
    """A face as shards keep it.

    Attributes:
        image: WebP.
        arrays: those of ``ARRAYS``, by name.
        facts: plain values, with ``interocular_px``.
        person: name; empty where unknown.
        padded: the crop is mostly padding.
    """

    image: bytes
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]
    person: str
    padded: bool = False


@dataclass(frozen=True)
class WrittenShards:
    """What a task has written.

    Attributes:
        numbers: of the shards.
        pictures: that were looked at for them.
    """

    numbers: tuple[int, ...]
    pictures: int


def shard_path(out: Path, split: str, number: int) -> Path:
    """Where a shard lies.

    Args:
        out: folder of the split.
        split: its name.
        number: of the shard.
    """
    return out / f"shards-{split}-{number:05d}.tar"


def write_shard(
    out: Path,
    split: str,
    number: int,
    faces: Iterable[tuple[str, ExaminedFace | Mapping[str, int]]],
    made_of: str,
) -> Counter[str]:
    """Write a shard and the facts beside it; they appear whole or not at all.

    Args:
        out: folder of the split.
        split: its name.
        number: of the shard.
        faces: name of the person, and a face or what was dropped of a picture, by reason; ``pictures`` counts them.
        made_of: digest of the pictures; a shard that is there and was made of the same need not be written again.

    Returns:
        Counts: ``kept``, and what was dropped by reason.
    """
    counts = Counter[str]()
    with open_shard(out, split, number, counts, made_of) as writer:
        for person, found in faces:
            if isinstance(found, Mapping):
                counts.update(found)
                continue
            writer.add(found, person)
    return counts


@contextmanager
def open_shard(out: Path, split: str, number: int, counts: Counter[str], made_of: str) -> Iterator[ShardWriter]:
    """A shard to add faces to; it and the facts beside it appear when the context ends without an error.

    Args:
        out: folder of the split.
        split: its name.
        number: of the shard.
        counts: what was dropped by reason, written down with the rest; gets ``kept``.
        made_of: as of ``write_shard``.
    """
    path = shard_path(out, split, number)
    fresh = path.with_name(f".{path.name}.new")  # always the same name, so that a killed run leaves one at most
    try:
        with tarfile.open(fresh, "w") as tar:
            writer = ShardWriter(tar, number)
            yield writer
        counts["kept"] = len(writer.rows)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    with whole_file(path.with_suffix(".npz")) as facts:
        np.savez(
            facts,
            rows=np.array(writer.rows, ROW),
            people=np.array(writer.people, np.str_),
            vectors=np.array(writer.vectors, np.float16).reshape(-1, 512),
            thumbs=np.array(writer.thumbs, np.uint8).reshape(-1, 16, 16, 3),
            counts=json.dumps(counts),
            made_of=made_of,
        )


def is_written(out: Path, split: str, number: int, made_of: str) -> bool:
    """Whether a shard is there and was made of the same pictures.

    Args:
        out: folder of the split.
        split: its name.
        number: of the shard.
        made_of: as of ``write_shard``.
    """
    path = shard_path(out, split, number)
    try:
        with np.load(path.with_suffix(".npz")) as facts:
            return path.is_file() and str(facts["made_of"]) == made_of
    except (OSError, ValueError, KeyError):
        return False


def remove_others(out: Path, split: str, numbers: Iterable[int]) -> None:
    """Remove shards of an earlier run that this one has not written.

    Args:
        out: folder of the split.
        split: its name.
        numbers: of the shards that stay.
    """
    names = {shard_path(out, split, number).name for number in numbers}
    for path in out.glob(f"shards-{split}-*.tar"):
        if path.name not in names and path.stem.rpartition("-")[2].isdigit():
            path.unlink()
            path.with_suffix(".npz").unlink(missing_ok=True)


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
