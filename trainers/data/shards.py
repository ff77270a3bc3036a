"""Writing faces into WebDataset shards, archives of ``KEY.json``, ``KEY.npz`` and ``KEY.webp``.

A split is ``shards-SPLIT-00000.tar`` and so on, with an ``.npz`` of facts beside each, and an index over all of them
(``trainers.data.shard_index``). Programs that know WebDataset need the archives alone.
"""

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.runtime.whole_file import whole_file
from trainers.data.examine import ExaminedFace
from trainers.data.pack import ARRAYS, add_member, encode_crop, thumbnail
from trainers.data.shard_index import ROW


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
