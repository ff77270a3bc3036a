"""``python -m trainers rehearse DATA --out DIR``: prepare and the loader on sets far larger than those at hand.

A few hundred faces are renamed to as many people as it takes, made a little different and encoded anew. All is as it is
with real photos, from listing them to drawing batches, but for the networks that look for faces, whose answer is known
here; a process that has them needs more memory, the same for any number of photos.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from functools import cached_property, partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from swapper.images import read_image, write_image
from swapper.runtime.text_table import text_table
from swapper.types import UserError
from trainers.data.examine import SIZE, ExaminedFace
from trainers.data.faces import load_faces
from trainers.data.pictures import Item
from trainers.data.prepare import add_prepare_arguments
from trainers.data.prepare_shards import prepare_shards
from trainers.data.shards import ShardIndex
from trainers.data.stream import FaceStream, Share, StreamConfig

_KNOWN = "known.npz"
_POOL = 2048  # photos, as trainers have them


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
    p.add_argument("--out", type=Path, required=True, help="folder to fill: 21 KB for each face")
    p.add_argument("--split", default="val", help="of the faces that are copied")
    p.add_argument("--faces", type=int, nargs="+", default=[20_000, 100_000, 200_000], metavar="N")
    p.add_argument("--workers", type=int, default=1, help="of prepare")
    p.add_argument("--decoders", type=int, nargs="+", default=[1, 2], metavar="N", help="threads of the loader")
    p.add_argument("--size", type=int, default=SIZE, help="side of the loader's images, px")
    p.add_argument("--pools", type=int, default=3, help="pools of 2048 photos that the loader gives in each row")


def rehearse(args: argparse.Namespace) -> int:
    """Prepare and load sets of growing size, and print what memory and time each took; returns the exit code."""
    out = args.out.absolute()
    people = _originals(args.data, args.split, out)
    rows: list[dict[str, Any]] = []
    for faces in sorted(args.faces):
        _link(out, people, faces)
        row = {"faces": faces} | _alone(partial(_prepared, out, args.workers))
        for decoders in args.decoders:
            loaded = _alone(partial(_loaded, out, args.size, decoders, args.pools))
            row |= {f"loader MB, {decoders} threads": loaded["MB"], f"images/s, {decoders} threads": loaded["images/s"]}
        rows.append(row)
        print(json.dumps(row), flush=True)
    head = list(rows[0])
    print(text_table(head, [[f"{row[name]:,}" for name in head] for row in rows], []))
    return 0


def _originals(data: Path, split: str, out: Path) -> list[int]:
    """Write the faces that are copied, and what is known of them; returns the person on each."""
    (out / "originals").mkdir(parents=True, exist_ok=True)
    faces = load_faces(data, split, SIZE, out / "cache", padded=False)
    if (faces.identity < 0).any():
        raise UserError(f"Faces in '{data}': a rehearsal copies people, and of some photos nobody says who it is.")
    known = {name: getattr(faces, name).numpy() for name in ("landmarks", "five_points", "arcface", "valid")}
    np.savez(out / _KNOWN, **known)
    for row, image in enumerate(faces.images.numpy()):
        write_image(np.asarray(image), out / "originals" / f"{row}.jpg")
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


def _peak(of_children: bool) -> int:
    """Most memory that this process, or the largest of those that it started, has had; MB."""
    import resource  # not on all systems

    who = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    return resource.getrusage(who).ru_maxrss // 1024


def _prepared(out: Path, workers: int) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    add_prepare_arguments(parser)
    command = [str(out / "photos"), "--out", str(out / "shards"), "--shard", "10000", "--workers", str(workers)]
    begun = time.monotonic()
    with redirect_stdout(StringIO()):
        prepare_shards(parser.parse_args(command), KnownFaces(out))
    spent = round(time.monotonic() - begun)
    return {"prepare MB": _peak(False), "worker MB": _peak(True), "prepare s": spent}


def _loaded(out: Path, size: int, decoders: int, pools: int) -> dict[str, Any]:
    index = ShardIndex(out / "shards", "train")
    config = StreamConfig(batch=_POOL, size=size, decoders=decoders, ahead=1)
    stream: Iterator = FaceStream(index, config, Share()).shuffled()
    kept = next(stream)
    begun = time.perf_counter()
    for _ in range(pools):
        kept = next(stream)
    rate = pools * len(kept) / (time.perf_counter() - begun)
    return {"MB": _peak(False), "images/s": round(rate)}
