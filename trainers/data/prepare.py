"""Turn folders of photos or videos into packed faces: aligned crops, landmarks, embeddings, identity labels.

``python -m trainers prepare PHOTOS --out DIR --split train`` reads a flat folder or one folder per person (which also
fits VGGFace2, FFHQ and CelebA with an identity file) and writes what ``trainers/data/faces.py`` reads.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from swapper.faces.align import TEMPLATES, cut_crop, transform_points
from swapper.faces.detect import CenterFaceDetector
from swapper.faces.embed import FaceEmbedder
from swapper.faces.landmarks import LandmarkDetector
from swapper.images import read_image
from swapper.runtime.program import follow_parent
from swapper.runtime.whole_file import whole_file
from swapper.types import Face, UserError
from trainers.data.pack import write_split

PHOTOS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi"}
SIZE = 256


@dataclass(frozen=True)
class PrepareConfig:
    """What is kept."""

    min_score: float = 0.6  # detector's confidence
    min_eyes: float = 34.0  # px between the eyes in the photo
    max_outside: float = 0.12  # share of the crop outside the photo
    min_sharpness: float = 25.0  # variance of the Laplacian over the face of the crop
    video_step: float = 1.0  # seconds between frames taken from a video


@dataclass(frozen=True)
class Item:
    """One picture to look at: a photo, or a moment of a video."""

    path: str
    person: str  # folder name, or the label of the identity file; empty where unknown
    second: float | None = None  # of a video


class ExaminedFace(NamedTuple):
    """A usable face.

    Attributes:
        image: the aligned crop, RGB.
        landmarks: shares of the crop.
        five_points: the detector's points, shares of the crop.
        arcface: embedding, unit length.
        facts: what is known of it, as plain values; ``valid_quad`` are the photo's corners as shares of the crop.
    """

    image: UInt8[np.ndarray, "s s 3"]
    landmarks: Float32[np.ndarray, "478 3"]
    five_points: Float32[np.ndarray, "5 2"]
    arcface: Float32[np.ndarray, "512"]
    facts: dict[str, Any]


def add_prepare_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers prepare``."""
    p.add_argument("photos", type=Path, help="flat folder, or one folder per person")
    p.add_argument("--out", type=Path, required=True, help="folder of packed faces to write or extend")
    p.add_argument("--split", default="train")
    p.add_argument("--identities", type=Path, help="text file of 'FILE LABEL' lines, as CelebA's identity_CelebA.txt")
    p.add_argument("--workers", type=int, default=2, help="processes")
    p.add_argument(
        "--shard",
        type=int,
        metavar="PICTURES",
        help="write WebDataset shards of so many pictures each (10000 is usual), for sets that memory cannot hold",
    )
    p.add_argument("--ray", metavar="ADDRESS", help="with --shard: on a Ray cluster; its address, auto, or local")


def prepare(args: argparse.Namespace) -> int:
    """Look at every picture, keep what is usable, write the split; returns the exit code.

    Finished pictures are remembered in ``OUT/.SPLIT-parts``, so that a stopped run goes on where it was.
    """
    items = list(list_items(args.photos, args.identities, PrepareConfig().video_step))
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


def list_items(folder: Path, identities: Path | None, step: float) -> Iterator[Item]:
    """Every photo, and every moment of every video, below a folder.

    Args:
        folder: flat, or one sub-folder per person.
        identities: file of 'FILE LABEL' lines for flat folders.
        step: seconds between moments of a video.
    """
    labels = (
        dict(line.split()[:2] for line in identities.read_text().splitlines() if line.strip()) if identities else {}
    )
    for path in _pictures(folder):
        person = labels.get(path.name, path.parent.name if path.parent != folder else "")
        if path.suffix.lower() in PHOTOS:
            yield Item(str(path), person)
            continue
        with av.open(str(path)) as container:
            seconds = (container.duration or 0) / av.time_base
        yield from (Item(str(path), person, second) for second in np.arange(0, max(seconds, step), step).tolist())


def _pictures(folder: Path) -> Iterator[Path]:
    """Photos and videos below a folder, one folder after the other; no more than one folder's names are in memory."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(place) / name for name in sorted(files) if Path(name).suffix.lower() in PHOTOS | VIDEOS)


@cache
def _tools() -> tuple[CenterFaceDetector, LandmarkDetector, FaceEmbedder]:
    return CenterFaceDetector(threads=1), LandmarkDetector(threads=1), FaceEmbedder()


def examine(item: Item) -> tuple[Counter[str], list[ExaminedFace]]:
    """Look at one picture.

    Args:
        item: the picture.

    Returns:
        Faces that are not usable, counted by reason; and those that are.
    """
    try:
        image = _moment(item) if item.second is not None else read_image(item.path)
    except UserError:
        return Counter({"unreadable": 1}), []
    detector, landmarks, embedder = _tools()
    dropped: Counter[str] = Counter()
    kept = []
    faces = landmarks.refine(image, detector.detect(image))
    if not faces:
        dropped["no face"] += 1
    for face in faces[:1] if item.person else faces:  # a labelled photo's person is its largest face
        crop = cut_crop(image, face.points, SIZE, landmarks=face.landmarks)
        reason, facts = check_face(image, face, crop.image, crop.matrix, PrepareConfig())
        if reason:
            dropped[reason] += 1
            continue
        assert crop.landmarks is not None
        points, vector = transform_points(face.points, crop.matrix) / SIZE, embedder.embed([crop])[0]
        kept.append(ExaminedFace(crop.image, crop.landmarks / SIZE, points, vector, facts))
    return dropped, kept


def _examine(item: Item, part: Path) -> None:
    """Look at one picture and leave its faces, or why there are none, in small files."""
    dropped, kept = examine(item)
    _leave(part, item, {"dropped": dict(dropped), "kept": len(kept)}, kept)


def _moment(item: Item) -> UInt8[np.ndarray, "h w 3"]:
    assert item.second is not None
    with av.open(item.path) as container:
        container.seek(int(item.second * av.time_base))
        for frame in container.decode(video=0):
            if frame.time is None or frame.time >= item.second - 1e-3:
                return frame.to_ndarray(format="rgb24")
    raise UserError(f"Video '{item.path}': it has no frame at {item.second:.1f} s. Give an undamaged file.")


def check_face(
    image: UInt8[np.ndarray, "h w 3"],
    face: Face,
    crop: UInt8[np.ndarray, "s s 3"],
    matrix: Float32[np.ndarray, "2 3"],
    config: PrepareConfig,
) -> tuple[str, dict[str, float | list[list[float]]]]:
    """Why a face is dropped (empty when it is kept), and the facts written about it.

    Args:
        image: the whole photo, RGB.
        face: with landmarks.
        crop: 256 px, ``ffhq`` template.
        matrix: photo to crop.
        config: thresholds.
    """
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    quad = transform_points(corners, matrix) / SIZE
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, (SIZE, SIZE))
    outside = 1 - float(inside.mean()) / 255
    eyes = float(np.linalg.norm(face.points[0] - face.points[1]))
    grey = cv2.cvtColor(crop[72:212, 64:192], cv2.COLOR_RGB2GRAY)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    reasons = {
        "low score": face.score < config.min_score,
        "small": eyes < config.min_eyes,
        "cut off": outside > config.max_outside,
        "blurred": sharpness < config.min_sharpness,
        "misaligned": _misfit(face, matrix) > 0.1,
    }
    facts = {"interocular_px": eyes, "sharpness": sharpness, "det_score": face.score, "outside_frac": outside}
    return next((name for name, bad in reasons.items() if bad), ""), facts | {"valid_quad": quad.tolist()}


def _misfit(face: Face, matrix: Float32[np.ndarray, "2 3"]) -> float:
    """Mean distance of the aligned points from the template, share of the crop."""
    aligned = transform_points(face.points, matrix) / SIZE
    return float(np.linalg.norm(aligned - TEMPLATES["ffhq"], axis=1).mean())


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
