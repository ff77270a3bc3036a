"""``python -m trainers prepare PHOTOS --out DIR --shard 10000``: sets of millions, in processes or on a Ray cluster.

The pictures are listed into a file, person by person, and the list is cut into blocks between people. A block becomes a
shard, so a run that was stopped loses the shards it was writing and nothing else, and any number of workers writes the
same shards.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Setup, Tell
from swapper.runtime.threads import limit_threads
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.examine import ExaminedFace, examine, usable
from trainers.data.joining import find_repeated, write_index
from trainers.data.pictures import HUB, Item
from trainers.data.prepare import listed
from trainers.data.shards import WrittenShards, is_written, remove_others, write_shard

Look = Callable[[Item], tuple[Counter[str], list[ExaminedFace]]]


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

    def __str__(self) -> str:
        return f"shard {self.number}"


class Examining:
    """Turns blocks into shards; each worker has one."""

    def __init__(self, out: Path, split: str, look: Look):
        """Say where.

        Args:
            out: folder of the split.
            split: its name.
            look: at a picture.
        """
        self._out, self._split, self._look = out, split, look
        limit_threads(1)  # sums, and so embeddings, differ a little with the number of threads

    def __call__(self, block: Block, tell: Tell) -> WrittenShards:
        """Write the shard of a block.

        Args:
            block: of the list.
            tell: takes the share that is done.
        """
        with list_path(self._out, self._split).open("rb") as file:
            file.seek(block.begin)
            lines = file.read(block.size).splitlines()
        pictures = ((item.person, partial(self._look, item)) for item in (Item(**json.loads(line)) for line in lines))
        faces = usable(pictures, lambda done: tell(done / block.pictures))
        write_shard(self._out, self._split, block.number, faces, block.digest)
        return WrittenShards((block.number,), block.pictures)


def prepare_shards(args: argparse.Namespace, look: Look = examine) -> int:
    """Look at every picture, keep what is usable, write the shards and their index; returns the exit code.

    Args:
        args: of ``add_prepare_arguments``.
        look: at a picture.
    """
    if args.shard < 1:
        raise UserError(f"--shard must be 1 or more pictures, not {args.shard}.")
    out = args.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    engine = Engine(args.workers, args.ray, retry=1, gpu=False)
    if args.photos.startswith(HUB):
        from trainers.data.hub_sets import Fetching, files_of

        written = _work_off(engine, partial(Fetching, out, args.split, args.shard), files_of(args))
    else:
        blocks = write_list(out, args.split, listed(args), args.shard)
        done = [block for block in blocks if is_written(out, args.split, block.number, block.digest)]
        todo = [block for block in blocks if block not in done]
        written = _work_off(engine, partial(Examining, out, args.split, look), todo)
        written += [WrittenShards((block.number,), block.pictures) for block in done]
    numbers = sorted(number for one in written for number in one.numbers)
    if not numbers:
        raise UserError(f"Nothing to prepare: {args.photos} contains no photo or video. Give a folder of pictures.")
    report = write_index(out, args.split, numbers, find_repeated(out, args.split, numbers, engine), args.least_likeness)
    remove_others(out, args.split, numbers)
    print(json.dumps({"pictures": sum(one.pictures for one in written), **report}, indent=1))
    return 0


def _work_off(engine: Engine, setup: Setup, tasks: Sequence[Any]) -> list[WrittenShards]:
    """Do tasks that write shards; each says on stderr how it ended.

    Raises:
        UserError: some could not be written.
    """
    written, failed = list[WrittenShards](), list[str]()
    for event in run_tasks(engine, setup, tasks):
        if not isinstance(event, Ended):
            continue
        if event.error is not None:
            failed.append(event.error)
        else:
            written.append(event.value)
        said = event.error or f"{event.value.pictures} pictures"
        print(f"{len(written) + len(failed)} of {len(tasks)}: {tasks[event.index]}: {said}", file=sys.stderr)
    if failed:
        raise UserError(f"{len(failed)} of {len(tasks)} shards could not be written: {failed[0]}")
    return written


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
