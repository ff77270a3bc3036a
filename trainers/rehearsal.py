"""``python -m trainers rehearse DATA --out DIR``: prepare and the loader on sets far larger than those at hand.

A few hundred faces are renamed to as many people as it takes, made a little different and encoded anew. All is as it is
with real photos, from listing them to drawing batches, but for the networks that look for faces, whose answer is known
here; a process that has them needs more memory, the same for any number of photos.
"""

import argparse
import json
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout, suppress
from functools import cached_property, partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from swapper.images import read_image, write_image
from swapper.runtime.text_table import text_table
from swapper.studies.previews import shrink
from swapper.types import UserError
from trainers.data.examine import SIZE, ExaminedFace
from trainers.data.faces import load_faces
from trainers.data.pictures import Item
from trainers.data.prepare import add_prepare_arguments
from trainers.data.prepare_shards import prepare_shards
from trainers.data.shard_index import ShardIndex
from trainers.data.stream import FaceStream, Share, StreamConfig
from trainers.data.supply import SupplyConfig

_KNOWN = "known.npz"


class KnownFaces:
    """Looks at pictures whose faces are known; can be sent to workers."""

    def __init__(self, folder: Path):
        """Say where they are known from.

        Args:
            folder: of the rehearsal.
        """
        self._folder = folder

    @cached_property
    def _known(self) -> dict[str, np.ndarray]:
        return dict(np.load(self._folder / _KNOWN))

    def __call__(self, item: Item) -> tuple[Counter[str], list[ExaminedFace]]:
        """As of ``examine``: the face of a picture, a little different in each of its copies.

        Args:
            item: named by the number of the face and that of the copy.
        """
        row, copy = map(int, Path(item.path).stem.split("-"))
        known, random = {name: values[row] for name, values in self._known.items()}, np.random.default_rng([row, copy])
        shade = np.uint8(copy % 17)
        image = np.minimum(read_image(item.path), 255 - shade) + shade
        vector = known["arcface"] + random.normal(0, 0.02, 512).astype(np.float32)
        facts = {"interocular_px": 70.0, "sharpness": 99.0, "valid_quad": known["valid"].tolist()}
        face = ExaminedFace(image, known["landmarks"], known["five_points"], vector / np.linalg.norm(vector), facts)
        return Counter(), [face]


def add_rehearse_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers rehearse``."""
    p.add_argument("data", type=Path, help="folder of faces, some hundred of which are enough")
    p.add_argument("--out", type=Path, required=True, help="folder to fill: 18 KB for each face of 256 px")
    p.add_argument("--split", default="val", help="of the faces that are copied")
    p.add_argument("--faces", type=int, nargs="+", default=[20_000, 100_000, 200_000], metavar="N")
    p.add_argument(
        "--side",
        type=int,
        default=SIZE,
        help="of the copies, px: large sets of small ones need the same memory, sooner",
    )
    p.add_argument("--workers", type=int, default=1, help="of prepare")
    p.add_argument("--decoders", type=int, nargs="+", default=[1, 2], metavar="N", help="threads of the loader")
    p.add_argument("--size", type=int, default=SIZE, help="side of the loader's images, px")
    p.add_argument("--shard", type=int, default=10_000, metavar="N", help="pictures of a shard")
    p.add_argument("--pool", type=int, default=SupplyConfig.pool, metavar="N", help="photos that are loaded together")
    p.add_argument("--pools", type=int, default=3, metavar="N", help="that the loader gives in each row")


def rehearse(args: argparse.Namespace) -> int:
    """Prepare and load sets of growing size, and print what memory and time each took; returns the exit code.

    Args:
        args: of ``add_rehearse_arguments``.

    Raises:
        UserError: the sets are too small for a pool, or nobody says who is on the faces.
    """
    if min(args.faces) < args.pool:
        raise UserError(f"--faces must be {args.pool} or more, not {min(args.faces)}: so many are loaded together.")
    if not Path("/proc/self/status").exists():
        raise UserError("This system does not say how much memory a process has had. Rehearse on Linux.")
    out = args.out.absolute()
    people = _originals(args.data, args.split, out, args.side)
    rows: list[dict[str, Any]] = []
    for faces in sorted(args.faces):
        _link(out, people, faces)
        row = {"faces": faces} | _alone(partial(_prepared, out, args.workers, args.shard))
        for decoders in args.decoders:
            loaded = _alone(partial(_loaded, out, args.size, decoders, args.pool, args.pools))
            row |= {f"loader {name}, {decoders} threads": value for name, value in loaded.items()}
        rows.append(row)
        print(json.dumps(row), flush=True)
    head = list(rows[0])
    print(text_table(head, [[f"{row[name]:,}" for name in head] for row in rows], []))
    return 0


def _originals(data: Path, split: str, out: Path, side: int) -> list[int]:
    """Write the faces that are copied, and what is known of them; returns the person on each."""
    (out / "originals").mkdir(parents=True, exist_ok=True)
    faces = load_faces(data, split, SIZE, out / "cache", padded=False)
    if (faces.identity < 0).any():
        raise UserError(f"Faces in '{data}': a rehearsal copies people, and of some photos nobody says who it is.")
    known = {name: getattr(faces, name).numpy() for name in ("landmarks", "five_points", "arcface", "valid")}
    np.savez(out / _KNOWN, **known)
    for row, image in enumerate(faces.images.numpy()):
        write_image(shrink(np.asarray(image), side), out / "originals" / f"{row}.jpg")
    return faces.identity.tolist()


def _link(out: Path, people: list[int], faces: int) -> None:
    """Have so many pictures, each person's copies being other people."""
    for number in range(faces):
        copy, row = divmod(number, len(people))
        folder = out / "photos" / f"{copy:05d}-{people[row]:04d}"
        path = folder / f"{row}-{copy}.jpg"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            os.link(out / "originals" / f"{row}.jpg", path)


def _alone(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a piece of work says of itself, in a process of its own, so that its memory is its own too."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work).result()


class _Watch:
    """Most memory that this process, and the largest of those that it started, have had, MB; processor time of all, s.

    Asked of the system while they run: what is known of them afterwards counts what they were forked from, too.
    """

    def __enter__(self) -> "_Watch":
        self.own, self.of_children, self._ended, self._times = 0, 0, threading.Event(), dict[str, float]()
        self._begun = time.process_time()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()
        self.own = _most_memory("self")
        self.processor = time.process_time() - self._begun + sum(self._times.values())

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            for task in Path("/proc/self/task").iterdir():
                with suppress(OSError):  # it has just ended
                    for child in (task / "children").read_text().split():
                        self.of_children = max(self.of_children, _most_memory(child))
                        self._times[child] = _processor_time(child)


def _most_memory(process: str) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0  # it has ended, and nobody has asked how


def _processor_time(process: str) -> float:
    facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


def _prepared(out: Path, workers: int, shard: int) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_prepare_arguments(parser)
    command = [str(out / "photos"), "--out", str(out / "shards"), "--shard", str(shard), "--workers", str(workers)]
    begun = time.monotonic()
    with _Watch() as watch, redirect_stdout(StringIO()):
        prepare_shards(parser.parse_args(command), KnownFaces(out))
    spent = {"prepare s": round(time.monotonic() - begun), "prepare CPU s": round(watch.processor)}
    return {"prepare MB": watch.own, "worker MB": watch.of_children, **spent}


def _loaded(out: Path, size: int, decoders: int, pool: int, pools: int) -> dict[str, Any]:
    index = ShardIndex(out / "shards", "train")
    config = StreamConfig(batch=pool, size=size, decoders=decoders, ahead=1)
    stream: Iterator = FaceStream(index, config, Share()).shuffled()
    with _Watch() as watch:
        kept = next(stream)
        begun, before = time.perf_counter(), time.process_time()
        for _ in range(pools):
            kept = next(stream)
        spent, processor = time.perf_counter() - begun, time.process_time() - before
    images = pools * len(kept)
    return {"MB": watch.own, "images/s": round(images / spent), "images/CPU s": round(images / processor)}
