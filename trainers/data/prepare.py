"""Turn folders of photos or videos into packed faces: aligned crops, landmarks, embeddings, identity labels.

``python -m trainers prepare PHOTOS --out DIR --split train`` reads a flat folder, one folder per person, or a published
set (``trainers/data/pictures.py``), and writes what ``trainers/data/faces.py`` reads.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from swapper.runtime.program import follow_parent
from swapper.runtime.whole_file import whole_file
from swapper.types import UserError
from trainers.data.examine import PrepareConfig, examine
from trainers.data.pack import write_split
from trainers.data.pictures import HUB, LAYOUTS, Item, list_pictures


def add_prepare_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers prepare``."""
    p.add_argument(
        "photos",
        help="flat folder, one folder per person, the folder of VGGFace2, CelebA, CelebA-HQ or FFHQ, or "
        "hub:OWNER/NAME for a data set of the Hugging Face Hub (with --shard)",
    )
    p.add_argument("--out", type=Path, required=True, help="folder of packed faces to write or extend")
    p.add_argument("--split", default="train", help="name of what is written, train or val (default: train)")
    p.add_argument("--identities", type=Path, help="text file of 'FILE LABEL' lines, as CelebA's identity_CelebA.txt")
    p.add_argument(
        "--layout", choices=LAYOUTS, default="auto", help="what the folder holds (auto, the default, finds out)"
    )
    p.add_argument("--columns", metavar="IMAGE[,PERSON]", help="of a data set of the Hub, where its own are not plain")
    p.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    p.add_argument(
        "--shard",
        type=int,
        metavar="PICTURES",
        help="write WebDataset shards of so many pictures each (10000 is usual), for sets that memory cannot hold",
    )
    p.add_argument(
        "--least-likeness",
        type=float,
        metavar="COSINE",
        help="with --shard: leave out faces less like the rest of their person (0.4 is strict), and name people who "
        "look like one",
    )
    p.add_argument("--ray", metavar="ADDRESS", help="with --shard: on a Ray cluster; its address, auto, or local")


def prepare(args: argparse.Namespace) -> int:
    """Look at every picture, keep what is usable, write the split; returns the exit code.

    Finished pictures are remembered in ``OUT/.SPLIT-parts``, so that a stopped run goes on where it was.
    """
    items = list(listed(args))
    if not items:
        raise UserError(f"Nothing to prepare: {args.photos} contains no photo or video. Give a folder of pictures.")
    parts = args.out / f".{args.split}-parts"
    parts.mkdir(parents=True, exist_ok=True)
    jobs = [(item, parts / f"{number:08d}") for number, item in enumerate(items)]
    todo = [job for job in jobs if not job[1].with_suffix(".json").is_file()]
    with ProcessPoolExecutor(args.workers, initializer=follow_parent) as pool:
        list(pool.map(_examine, *zip(*todo, strict=True), chunksize=8) if todo else [])
    report = write_split(args.out, args.split, [part for _, part in jobs])
    print(json.dumps(report, indent=1))
    return 0


def listed(args: argparse.Namespace) -> Iterator[Item]:
    """The pictures that a command means; says what their folder was taken for.

    Args:
        args: of ``add_prepare_arguments``.

    Raises:
        UserError: as of ``list_pictures``, or the set is on the Hub.
    """
    if args.photos.startswith(HUB):
        raise UserError(f"{args.photos}: sets of the Hub are prepared into shards. Add --shard 10000.")
    step = PrepareConfig().video_step
    taken, items = list_pictures(Path(args.photos), args.split, args.layout, args.identities, step)
    if taken != "folders":
        said = f"{args.photos}: taken for {taken}, split {args.split}; --layout folders reads it as any other."
        print(said, file=sys.stderr)
    return items


def _examine(item: Item, part: Path) -> None:
    """Look at one picture and leave its faces, or why there are none, in small files."""
    dropped, kept = examine(item)
    _leave(part, item, {"dropped": dict(dropped), "kept": len(kept)}, kept)


def _leave(part: Path, item: Item, outcome: dict, kept: list) -> None:
    if kept:
        images, meshes, points, embeddings, facts = zip(*kept, strict=True)
        with part.with_suffix(".npz").open("wb") as file:
            np.savez(
                file,
                images=np.stack(images),
                landmarks=np.stack(meshes),
                five_points=np.stack(points),
                arcface=np.stack(embeddings),
            )
        outcome = outcome | {"facts": list(facts)}
    with whole_file(part.with_suffix(".json")) as fresh:
        fresh.write_text(json.dumps(outcome | {"item": asdict(item)}))
