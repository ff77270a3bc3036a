"""A tiny set of packed faces, drawn rather than photographed, in the format of the real one."""

import csv
import io
import tarfile
from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainers.swap_task import SwapTask


def _write_split(folder: Path, split: str, count: int, rng: np.random.Generator) -> None:
    keys = [f"{i:06d}" for i in range(count)]
    angles = np.linspace(0, 2 * np.pi, 478)
    shape = np.stack([0.5 + 0.2 * np.cos(angles), 0.55 + 0.25 * np.sin(angles), 0.1 * np.cos(2 * angles)], 1)
    shape[[468, 33, 133]] = (0.38, 0.47, 0)
    shape[[473, 263, 362]] = (0.62, 0.47, 0)
    shape[[1, 4]] = (0.5, 0.61, -0.1)
    shape[76], shape[306] = (0.39, 0.725, 0), (0.61, 0.725, 0)
    landmarks = shape[None] + rng.normal(0, 0.01, (count, 478, 3))
    with tarfile.open(folder / f"faces256-{split}.tar", "w") as tar:
        for key, points in zip(keys, landmarks, strict=True):
            image = np.full((256, 256, 3), rng.integers(40, 200, 3), np.uint8)
            xy = (points[:, :2] * 256).astype(int).clip(1, 254)
            for dx in (-1, 0, 1):
                image[xy[:, 1], xy[:, 0] + dx] = rng.integers(0, 255, 3)
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, "webp", quality=88)
            member = tarfile.TarInfo(f"{key}.webp")
            member.size = buffer.tell()
            buffer.seek(0)
            tar.addfile(member, buffer)
    five = np.array([[0.377, 0.469], [0.623, 0.469], [0.501, 0.613], [0.393, 0.725], [0.612, 0.725]])
    arcface = rng.normal(size=(count, 512))
    np.savez(
        folder / f"geometry-{split}.npz",
        keys=np.array(keys),
        landmarks=landmarks.astype(np.float16),
        five_points=np.repeat(five[None], count, 0).astype(np.float16),
        valid_quad=np.repeat(np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float32), count, 0),
        arcface=(arcface / np.linalg.norm(arcface, axis=1, keepdims=True)).astype(np.float16),
    )
    with (folder / f"meta-{split}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["key", "identity", "interocular_px"])
        writer.writeheader()
        writer.writerows({"key": k, "identity": i // 2, "interocular_px": 80} for i, k in enumerate(keys))


@pytest.fixture(scope="session")
def tiny_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a train and a val split of eight drawn faces, two of each person."""
    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        _write_split(folder, split, 8, rng)
    return folder


@pytest.fixture(scope="module")
def few_scores() -> Iterator[None]:
    """Let swap trainers score eight pairs instead of 192."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SwapTask, "scores", partialmethod(SwapTask.scores, count=8))
        yield
