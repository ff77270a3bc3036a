"""``python -m trainers shard DATA --out SHARDS``: packed faces as shards; pictures stay as they are encoded."""

import argparse
import csv
import hashlib
import json
import os
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from swapper.types import UserError
from trainers.data.joining import write_index
from trainers.data.pack import ARRAYS
from trainers.data.shards import StoredFace, is_written, open_shard, remove_others

_NO_THUMB = np.zeros((16, 16, 3), np.uint8)  # packed sets are without near duplicates; nobody looks for them again
_NOT_FACTS = {"key", "identity"}  # columns of the table that shards keep in another way


@dataclass(frozen=True)
class PackedPart:
    """One archive of the packed format with what belongs to it; row i of everything is the same photo.

    Attributes:
        archive: of the images.
        places: byte at which each image begins in it, and its size.
        arrays: those of ``ARRAYS``, by name.
        facts: rows of the table.
        padded: the crops are mostly padding.
    """

    archive: Path
    places: list[tuple[int, int]]
    arrays: dict[str, np.ndarray]
    facts: list[dict[str, str]]
    padded: bool

    def face(self, row: int) -> StoredFace:
        """A face as shards keep it.

        Args:
            row: of the part.
        """
        facts, (begin, size) = self.facts[row], self.places[row]
        with self.archive.open("rb") as file:
            image = os.pread(file.fileno(), size, begin)
        told: dict[str, Any] = {name: _plain(text) for name, text in facts.items() if name not in _NOT_FACTS}
        person = "" if int(facts["identity"]) < 0 else facts["identity"]
        return StoredFace(image, {name: self.arrays[name][row] for name in ARRAYS}, told, person, self.padded)


def add_shard_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers shard``."""
    p.add_argument("data", type=Path, help="folder of packed faces")
    p.add_argument("--out", type=Path, required=True, help="folder of the shards")
    p.add_argument("--split", default="train", help="train (the default) or val")
    p.add_argument("--shard", type=int, default=10000, metavar="PICTURES", help="in a shard (default: 10000)")


def shard(args: argparse.Namespace) -> int:
    """Write the shards of a packed split and their index; returns the exit code."""
    if args.shard < 1:
        raise UserError(f"--shard must be 1 or more pictures, not {args.shard}.")
    args.out.mkdir(parents=True, exist_ok=True)
    parts = list(read_packed(args.data, args.split))
    blocks = list(_blocks(_by_person(parts), args.shard))
    names = " ".join(f"{part.archive.name} {part.archive.stat().st_size}" for part in parts)
    for number, block in enumerate(blocks):
        made_of = hashlib.sha256(f"{names} {block}".encode()).hexdigest()
        if not is_written(args.out, args.split, number, made_of):
            with open_shard(args.out, args.split, number, Counter(pictures=len(block)), made_of) as writer:
                for part, row in block:
                    writer.store(parts[part].face(row), _NO_THUMB)
            print(f"{number + 1} of {len(blocks)}: {len(block)} pictures", file=sys.stderr)
    report = write_index(args.out, args.split, range(len(blocks)), repeated={})
    remove_others(args.out, args.split, range(len(blocks)))
    print(json.dumps({"pictures": sum(map(len, blocks)), **report}, indent=1))
    return 0


def read_packed(folder: Path, split: str) -> Iterator[PackedPart]:
    """The archives of a split in the packed format; no image is read.

    Args:
        folder: of packed faces.
        split: its name.

    Raises:
        UserError: a file is missing, or an archive lacks a photo.
    """
    suffixes = [suffix for suffix in ("", "-utk") if (folder / f"geometry-{split}{suffix}.npz").is_file()]
    if not suffixes:
        raise UserError(f"No packed faces: {folder}/geometry-{split}.npz is missing. Give their folder, or --split.")
    for suffix in suffixes:
        archive = folder / f"faces256-{split}{suffix}.tar"
        if not archive.is_file():
            raise UserError(f"No packed faces: {archive} is missing. Restore it, or prepare the photos again.")
        with tarfile.open(archive) as tar:
            places = {Path(member.name).stem: (member.offset_data, member.size) for member in tar if member.isfile()}
        with np.load(folder / f"geometry-{split}{suffix}.npz") as geometry:
            keys, arrays = geometry["keys"].tolist(), {name: geometry[name] for name in ARRAYS}
        missing = [key for key in keys if key not in places]
        if missing:
            raise UserError(f"{archive}: photo '{missing[0]}' is missing. Restore the archive from a copy.")
        with (folder / f"meta-{split}{suffix}.csv").open(newline="") as file:
            facts = list(csv.DictReader(file))
        yield PackedPart(archive, [places[key] for key in keys], arrays, facts, bool(suffix))


def _by_person(parts: list[PackedPart]) -> list[tuple[int, int, int]]:
    """Person, part and row of each face: each person's together, those whom nobody knows last."""
    found = [(int(facts["identity"]), i, row) for i, part in enumerate(parts) for row, facts in enumerate(part.facts)]
    return sorted(found, key=lambda place: (place[0] < 0, place))


def _blocks(faces: list[tuple[int, int, int]], pictures: int) -> Iterator[list[tuple[int, int]]]:
    """Part and row of the faces of each shard; one goes on to the end of a person's, unless nobody knows who it is."""
    block: list[tuple[int, int]] = []
    before = -1
    for person, part, row in faces:
        if len(block) >= pictures and (person != before or person < 0):
            yield block
            block = []
        block.append((part, row))
        before = person
    if block:
        yield block


def _plain(text: str) -> float | str:
    """A number where a cell of the table holds one."""
    try:
        return float(text)
    except ValueError:
        return text
