"""``python -m trainers warp DATA``: warped faces of a set of shards, in shards of their own, in processes or on Ray.

For each shard of photos there is one of as many warped ones, ``warped-SPLIT-00000.tar`` and so on, whose faces come
from photos of the same shard; over all of them lies ``warped-SPLIT.npy``, a row of ``WARPED`` each, by target.
"""

import argparse
import hashlib
import json
import sys
import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from swapper import hub
from swapper.batch.engine import Ended, Engine, run_tasks
from swapper.batch.replies import Tell
from swapper.models.arcface import MobileFaceNet
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.pack import add_member, encode_crop
from trainers.data.shard_index import ShardIndex
from trainers.data.stream import decode_crop
from trainers.data.warped_pools import WARPED, digest_of_index, warped_index_path, warped_shard_path
from trainers.data.warping import EACH, LIKENESS, choose_strangers, likeness, warp_onto

_SIZE = 256  # px
_TOGETHER = 64  # pairs that are judged at a time


def add_warp_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers warp``."""
    p.add_argument("data", type=Path, help="folder of shards")
    p.add_argument("--split", default="train", help="train (the default) or val")
    p.add_argument("--workers", type=int, metavar="N", help="processes (default: what cores and memory allow)")
    p.add_argument("--ray", metavar="ADDRESS", help="on a Ray cluster: its address, auto, or local to start one")


def warp(args: argparse.Namespace) -> int:
    """Write the warped faces of a split and their index; returns the exit code."""
    data = args.data.absolute()
    index = ShardIndex(data, args.split)
    numbers = range(len(index.paths))
    todo = [number for number in numbers if not _is_warped(index, data, args.split, number)]
    failed = []
    for event in run_tasks(Engine(args.workers, args.ray, gpu=False), partial(WarpingShards, data, args.split), todo):
        if isinstance(event, Ended):
            failed += [] if event.error is None else [event.error]
            said = event.error or f"{event.value} warped faces"
            print(f"shard {todo[event.index]} of {len(index.paths)}: {said}", file=sys.stderr)
    if failed:
        raise UserError(f"{len(failed)} of {len(todo)} shards could not be warped: {failed[0]}")
    count = write_warped_index(index, data, args.split)
    print(json.dumps({"photos": len(index), "warped": count}))
    return 0


class WarpingShards:
    """Makes the warped faces of a shard; each worker has one."""

    def __init__(self, data: Path, split: str):
        """Open the shards.

        Args:
            data: their folder.
            split: its name.
        """
        self._data, self._split, self._index = data, split, ShardIndex(data, split)
        self._identity = hub.load(MobileFaceNet, "arcface-mobile")

    def __call__(self, number: int, tell: Tell) -> int:
        """Write the warped faces of a shard; they appear whole or not at all.

        Args:
            number: of the shard, in the index.
            tell: takes the share that is done.

        Returns:
            How many there are.
        """
        rows = rows_of_shard(self._index, number)
        landmarks = torch.from_numpy(np.stack([self._index.arrays(int(row))["landmarks"] for row in rows])).float()
        at = self._index.rows[rows]
        identity, padded = (torch.from_numpy(at[name].copy()) for name in ("identity", "padded"))
        target, source = choose_strangers(landmarks, identity, padded)
        other = (identity[target] != identity[source]) | ((identity[target] < 0) & (target != source))
        pairs = torch.stack([target[other], source[other]], 1)  # where all are one person there are no strangers
        path = warped_shard_path(self._data, self._split, number)
        written: list[tuple[int, ...]] = []
        with whole_file(path) as fresh, tarfile.open(fresh, "w") as tar:
            for begin in range(0, len(pairs), _TOGETHER):
                for image, pair in self._drawn(rows, landmarks, pairs[begin : begin + _TOGETHER]):
                    written.append(
                        (number, *_added(tar, f"{number:05d}-{len(written):06d}", image, rows[list(pair)]), *pair)
                    )
                tell(min(begin + _TOGETHER, len(pairs)) / len(pairs))
        with whole_file(path.with_suffix(".npz")) as fresh:
            np.savez(fresh, rows=np.array(written, WARPED), made_of=_made_of(self._index, number))
        return len(written)

    def _drawn(self, rows: np.ndarray, landmarks: Tensor, pairs: Tensor) -> list[tuple[np.ndarray, tuple[int, int]]]:
        """Warped faces that resemble their sources, with target and source as places in ``rows``."""
        targets, sources = (np.stack([self._photo(int(rows[row])) for row in side.tolist()]) for side in pairs.T)
        points, places = landmarks[pairs[:, 0]], landmarks[pairs[:, 1]]
        drawn = np.stack([warp_onto(*pair) for pair in zip(targets, sources, points, places, strict=True)])
        like = likeness(self._identity, drawn, points, sources, places) >= LIKENESS
        return [(drawn[i], (int(pairs[i, 0]), int(pairs[i, 1]))) for i in torch.nonzero(like).squeeze(1).tolist()]

    def _photo(self, row: int) -> UInt8[np.ndarray, "s s 3"]:
        return decode_crop(self._index.image(row), _SIZE)


def rows_of_shard(index: ShardIndex, number: int) -> np.ndarray:
    """Rows of the index whose faces lie in one shard.

    Args:
        index: of the split.
        number: of the shard in it.
    """
    return np.flatnonzero(index.rows["shard"] == number)


def _added(tar: tarfile.TarFile, key: str, image: np.ndarray, rows: np.ndarray) -> tuple[int, int]:
    """Add a warped face; returns the byte at which its image begins, and its size."""
    add_member(tar, f"{key}.json", json.dumps({"target": int(rows[0]), "source": int(rows[1])}).encode())
    data = encode_crop(image)
    return add_member(tar, f"{key}.webp", data), len(data)


def _made_of(index: ShardIndex, number: int) -> str:
    """Digest of what the warped faces of a shard depend on."""
    facts = hashlib.sha256(f"{EACH} {LIKENESS}".encode())
    facts.update(index.rows[rows_of_shard(index, number)].tobytes())
    return facts.hexdigest()


def _is_warped(index: ShardIndex, data: Path, split: str, number: int) -> bool:
    path = warped_shard_path(data, split, number)
    try:
        with np.load(path.with_suffix(".npz")) as facts:
            return path.is_file() and str(facts["made_of"]) == _made_of(index, number)
    except (OSError, ValueError, KeyError):
        return False


def write_warped_index(index: ShardIndex, data: Path, split: str) -> int:
    """Join the facts of all shards, targets and sources as rows of the index.

    Args:
        index: of the photos.
        data: folder of the split.
        split: its name.

    Returns:
        How many warped faces there are.

    Raises:
        UserError: there are none.
    """
    parts = []
    for number in range(len(index.paths)):
        with np.load(warped_shard_path(data, split, number).with_suffix(".npz")) as facts:
            rows, places = facts["rows"], rows_of_shard(index, number)
        rows["target"], rows["source"] = places[rows["target"]], places[rows["source"]]
        parts.append(rows)
    joined = np.concatenate(parts)
    joined = joined[np.argsort(joined["target"], kind="stable")]
    if not len(joined):
        raise UserError("Warped faces: none resembles its source. Check the photos' landmarks, or use --set known=0.")
    path = warped_index_path(data, split)
    with whole_file(path) as fresh:
        np.save(fresh, joined)
    with whole_file(path.with_suffix(".sha256")) as fresh:
        fresh.write_text(digest_of_index(data, split))
    return len(joined)
