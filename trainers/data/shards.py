"""Faces in WebDataset shards, archives of ``KEY.json``, ``KEY.npz`` and ``KEY.webp``, and an index of where each is.

A split is ``shards-SPLIT-00000.tar`` and so on, with an ``.npz`` of facts beside each, and over all of them
``index-SPLIT.npy`` (a row of ``ROW`` a face, people one after the other) and ``index-SPLIT.json`` (names). Programs
that know WebDataset need the archives alone. Of the index only what is looked at is in memory.
"""

import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.pack import ARRAYS, SAME_FACE, add_member, encode_crop, same_pixels, thumbnail
from trainers.data.prepare import ExaminedFace

ROW = np.dtype(
    [
        ("shard", "<i4"),
        ("image", "<i8"),  # byte at which the WebP begins
        ("image_size", "<i4"),
        ("arrays", "<i8"),  # byte at which the npz begins
        ("arrays_size", "<i4"),
        ("identity", "<i8"),  # -1 where unknown
        ("interocular", "<f4"),  # px in the photo
    ]
)
_CHUNK = 2048  # embeddings that are compared with as many others at a time


@dataclass
class ShardWriter:
    """One shard while it is written.

    Attributes:
        tar: open for writing.
        number: of the shard.
        rows: places of the faces, as of ``ROW``, with the name of the person for the identity.
        vectors: embeddings.
        thumbs: small pictures, by which duplicates among strangers are found later; none where people are known.
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
        key = f"{self.number:05d}-{len(self.rows):06d}"
        facts = {name: value for name, value in face.facts.items() if name != "valid_quad"}
        values = {**face._asdict(), "valid_quad": np.asarray(face.facts["valid_quad"])}
        buffer = io.BytesIO()
        arrays_by_name: dict[str, Any] = {n: np.asarray(values[n]).astype(kind) for n, kind in ARRAYS.items()}
        np.savez(buffer, **arrays_by_name)
        image, arrays = encode_crop(face.image), buffer.getvalue()
        add_member(self.tar, f"{key}.json", json.dumps({"person": person, **facts}).encode())
        arrays_at = add_member(self.tar, f"{key}.npz", arrays)
        image_at = add_member(self.tar, f"{key}.webp", image)
        row = (self.number, image_at, len(image), arrays_at, len(arrays), -1, facts["interocular_px"])
        self.rows.append(row)
        self.people.append(person)
        if not person:
            self.vectors.append(face.arcface.astype(np.float16))
            self.thumbs.append(thumbnail(face.image))


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
    faces: Iterator[tuple[str, ExaminedFace | Mapping[str, int]]],
    made_of: str,
) -> Counter[str]:
    """Write a shard and the facts beside it; they appear whole or not at all.

    Args:
        out: folder of the split.
        split: its name.
        number: of the shard.
        faces: name of the person, and a face or what was dropped of a picture, by reason.
        made_of: digest of the pictures; a shard that is there and was made of the same need not be written again.

    Returns:
        Counts: ``kept``, and what was dropped by reason.
    """
    path, counts = shard_path(out, split, number), Counter[str]()
    fresh = path.with_name(f".{path.name}.new")  # always the same name, so that a killed run leaves one at most
    try:
        with tarfile.open(fresh, "w") as tar:
            writer = ShardWriter(tar, number)
            for person, found in faces:
                if isinstance(found, Mapping):
                    counts.update(found)
                    continue
                writer.add(found, person)
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
    return counts


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


def write_index(out: Path, split: str, shards: int) -> dict[str, Any]:
    """Join the facts of all shards into an index; of strangers, near duplicates across shards are left out of it.

    Args:
        out: folder of the split.
        split: its name.
        shards: how many there are; what lies beyond them is an earlier run's, and goes.

    Returns:
        A report: pictures, shards, faces kept, people, faces dropped by reason.

    Raises:
        UserError: no face is left.
    """
    people: dict[str, int] = {}
    counts, kept, parts = Counter[str](), 0, out / f".index-{split}.rows"
    with parts.open("wb") as file:
        for number in range(shards):
            with np.load(shard_path(out, split, number).with_suffix(".npz")) as facts:
                rows, names = facts["rows"], facts["people"].tolist()
                counts.update(json.loads(str(facts["counts"])))
            rows["identity"] = [people.setdefault(name, len(people)) if name else -1 for name in names]
            strangers = np.flatnonzero(rows["identity"] < 0)
            repeated = strangers[_repeated(out, split, number)] if len(strangers) else strangers
            counts["near duplicate"] += len(repeated)
            rows = np.delete(rows, repeated)
            kept += len(rows)
            file.write(rows.tobytes())
    try:
        if not kept:
            raise UserError(f"No usable face was found ({dict(+counts)}). Give larger or sharper photos.")
        with whole_file(out / f"index-{split}.npy") as fresh:
            index = np.lib.format.open_memmap(fresh, mode="w+", dtype=ROW, shape=(kept,))
            index[:] = np.memmap(parts, ROW, mode="r")
            index.flush()
    finally:
        parts.unlink()
    names = [shard_path(out, split, number).name for number in range(shards)]
    with whole_file(out / f"index-{split}.json") as fresh:
        fresh.write_text(json.dumps({"shards": names, "people": list(people)}), encoding="utf-8")
    counts.pop("kept", None)
    return {"shards": shards, "kept": kept, "people": len(people), "dropped": dict(+counts)}


def _repeated(out: Path, split: str, number: int) -> np.ndarray:
    """Which strangers of a shard repeat one of an earlier shard; two shards are in memory at a time."""
    with np.load(shard_path(out, split, number).with_suffix(".npz")) as facts:
        vectors, thumbs = facts["vectors"].astype(np.float32), facts["thumbs"]
    repeated = np.zeros(len(vectors), bool)
    for other in range(number):
        with np.load(shard_path(out, split, other).with_suffix(".npz")) as facts:
            earlier, pictures = facts["vectors"].astype(np.float32), facts["thumbs"]
        for at in range(0, len(earlier), _CHUNK):
            pairs = np.argwhere(vectors @ earlier[at : at + _CHUNK].T > SAME_FACE)
            for mine in np.unique(pairs[:, 0]):
                theirs = pictures[at + pairs[pairs[:, 0] == mine, 1]]
                repeated[mine] |= bool(same_pixels(theirs, thumbs[mine]).any())
    return np.flatnonzero(repeated)


class ShardIndex:
    """Where the faces of a split are; reading them takes no memory but for what is read.

    Attributes:
        rows: as of ``ROW``, a memory map.
        people: number of known people.
        paths: of the shards.
    """

    def __init__(self, folder: Path, split: str):
        """Open the index.

        Args:
            folder: of the shards.
            split: its name.

        Raises:
            UserError: there is none.
        """
        path = folder / f"index-{split}.npy"
        if not path.is_file():
            raise UserError(f"No shards: {path} is missing. Create it with trainers prepare --shard 10000.")
        self.rows = np.load(path, mmap_mode="r")
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        self.people = len(said["people"])
        self.paths = [folder / name for name in said["shards"]]
        self._files: dict[int, int] = {}

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
        with np.load(io.BytesIO(data)) as found:
            return {name: found[name] for name in ARRAYS}

    def close(self) -> None:
        """Close the archives that were opened."""
        for number in list(self._files):
            os.close(self._files.pop(number))

    def _read(self, shard: int, begin: int, size: int) -> bytes:
        """Bytes of an archive; several threads may read at a time."""
        if shard not in self._files:
            self._files[shard] = os.open(self.paths[shard], os.O_RDONLY)
        return os.pread(self._files[shard], size, begin)


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
