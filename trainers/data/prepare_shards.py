"""``python -m trainers prepare PHOTOS --out DIR --shard 10000``: sets of millions, in processes or on a Ray cluster.

The pictures are listed into a file, person by person, and the list is cut into blocks between people. A block becomes a
shard, so a run that was stopped loses the shards it was writing and nothing else, and any number of workers writes the
same shards.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Tell
from swapper.runtime.threads import limit_threads
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.pack import Seen
from trainers.data.prepare import ExaminedFace, Item, PrepareConfig, examine, list_items
from trainers.data.shards import is_written, shard_path, write_index, write_shard


@dataclass(frozen=True)
class Block:
    """Some pictures of the list, which become one shard.

    Attributes:
        number: of the shard.
        begin: byte of the list at which the first line begins.
        size: of the lines, bytes.
        pictures: number of lines.
        digest: of the lines.
    """

    number: int
    begin: int
    size: int
    pictures: int
    digest: str


class Examining:
    """Turns blocks into shards; each worker has one."""

    def __init__(self, out: Path, split: str):
        """Say where.

        Args:
            out: folder of the split.
            split: its name.
        """
        self._out, self._split = out, split
        limit_threads(1)  # sums, and so embeddings, differ a little with the number of threads

    def __call__(self, block: Block, tell: Tell) -> dict[str, int]:
        """Write the shard of a block; returns counts.

        Args:
            block: of the list.
            tell: takes the share that is done.
        """
        with list_path(self._out, self._split).open("rb") as file:
            file.seek(block.begin)
            lines = file.read(block.size).splitlines()
        items = (Item(**json.loads(line)) for line in lines)
        faces = _usable(items, lambda done: tell(done / block.pictures))
        return dict(write_shard(self._out, self._split, block.number, faces, block.digest))


def prepare_shards(args: argparse.Namespace) -> int:
    """Look at every picture, keep what is usable, write the shards and their index; returns the exit code."""
    if args.shard < 1:
        raise UserError(f"--shard must be 1 or more pictures, not {args.shard}.")
    out = args.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    items = list_items(args.photos, args.identities, PrepareConfig().video_step)
    if args.identities:  # which may name the people of a folder in any order
        items = iter(sorted(items, key=lambda item: (item.person, item.path)))
    blocks = write_list(out, args.split, items, args.shard)
    if not blocks:
        raise UserError(f"Nothing to prepare: {args.photos} contains no photo or video. Give a folder of pictures.")
    todo = [block for block in blocks if not is_written(out, args.split, block.number, block.digest)]
    engine = Engine(args.workers, args.ray, retry=1, gpu=False)
    failed = []
    for event in run_tasks(engine, partial(Examining, out, args.split), todo):
        if isinstance(event, Ended):
            if event.error is not None:
                failed.append(event.error)
            print(f"shard {todo[event.index].number} of {len(blocks)}: {event.error or event.value}", file=sys.stderr)
    if failed:
        raise UserError(f"{len(failed)} of {len(blocks)} shards could not be written: {failed[0]}")
    report = write_index(out, args.split, len(blocks))
    _remove_others(out, args.split, len(blocks))
    print(json.dumps({"pictures": sum(block.pictures for block in blocks), **report}, indent=1))
    return 0


def list_path(out: Path, split: str) -> Path:
    """Where the list of pictures is.

    Args:
        out: folder of the split.
        split: its name.
    """
    return out / f".{split}-pictures.jsonl"


def write_list(out: Path, split: str, items: Iterator[Item], pictures: int) -> list[Block]:
    """Write the list of pictures, and cut it into blocks; it is never in memory.

    Args:
        out: folder of the split.
        split: its name.
        items: each person's one after the other.
        pictures: least in a block, but for the last; a block goes on to the end of a person's pictures, unless there
            are as many again, or nobody knows who it is.
    """
    blocks: list[Block] = []
    with whole_file(list_path(out, split)) as fresh, fresh.open("wb") as file:
        begin, count, digest, before = 0, 0, hashlib.sha256(), ""
        for item in items:
            if count >= pictures and (item.person != before or not item.person or count >= 2 * pictures):
                blocks.append(Block(len(blocks), begin, file.tell() - begin, count, digest.hexdigest()))
                begin, count, digest = file.tell(), 0, hashlib.sha256()
            line = f"{json.dumps(asdict(item))}\n".encode()
            file.write(line)
            digest.update(line)
            count, before = count + 1, item.person
        if count:
            blocks.append(Block(len(blocks), begin, file.tell() - begin, count, digest.hexdigest()))
    return blocks


def _usable(items: Iterator[Item], told: Any) -> Iterator[tuple[str, ExaminedFace | Mapping[str, int]]]:
    """Usable faces without near duplicates, and counts of the others; what is remembered is one person's."""
    done = 0
    for person, pictures in groupby(items, key=lambda item: item.person):
        seen = Seen()
        for item in pictures:
            dropped, faces = examine(item)
            for face in faces:
                if seen.repeats(face.image, face.arcface):
                    dropped["near duplicate"] += 1
                else:
                    yield person, face
            yield person, dropped
            done += 1
            told(done)


def _remove_others(out: Path, split: str, shards: int) -> None:
    """Remove shards of an earlier run that had more."""
    number = shards
    while (path := shard_path(out, split, number)).is_file():
        path.unlink()
        path.with_suffix(".npz").unlink(missing_ok=True)
        number += 1
