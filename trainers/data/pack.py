"""Write a split of packed faces: an archive of crops, their geometry, a table of facts; without near duplicates."""

import csv
import io
import json
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image

from swapper.types import UserError

SAME_FACE = 0.97  # ArcFace cosine of two photos of one folder, and
SAME_PIXELS = 0.03  # mean absolute difference of their thumbnails: beyond both they are one picture
ARRAYS = {"landmarks": np.float16, "five_points": np.float16, "arcface": np.float16, "valid_quad": np.float32}


def write_split(out: Path, split: str, parts: Iterable[Path]) -> dict:
    """Join examined pictures into a split; its files appear whole or not at all.

    Args:
        out: folder of packed faces.
        split: its name.
        parts: one a picture, with suffixes ``.json`` (outcome) and ``.npz`` (faces).

    Returns:
        A report: pictures seen, faces kept, faces dropped by reason, people.

    Raises:
        UserError: no face is left.
    """
    partial = {name: out / f".{name}.new" for name in (f"faces256-{split}.tar", f"geometry-{split}.npz")}
    table = f"meta-{split}.csv"
    partial[table] = out / f".{table}.new"
    try:
        archive, geometry, _ = partial.values()
        with tarfile.open(archive, "w") as tar:
            pack = Pack(tar)
            for part in parts:
                pack.add(part)
        report = pack.report()
        if not pack.rows:
            raise UserError(f"No usable face was found ({report['dropped']}). Give larger or sharper photos.")
        keys = np.array([row["key"] for row in pack.rows])
        with geometry.open("wb") as file:
            arrays: dict[str, Any] = {n: np.stack(pack.arrays[n]).astype(t) for n, t in ARRAYS.items()}
            np.savez(file, keys=keys, **arrays)
        with partial[table].open("w", newline="") as file:
            writer = csv.DictWriter(file, list(pack.rows[0]))
            writer.writeheader()
            writer.writerows(pack.rows)
        for name, path in partial.items():
            path.replace(out / name)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return report


class Pack:
    """Faces of a split while it is written.

    Attributes:
        rows: facts of every face kept.
        arrays: its geometry and embedding, by name.
    """

    def __init__(self, tar: tarfile.TarFile):
        self.tar = tar
        self.rows: list[dict] = []
        self.arrays: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
        self._dropped: Counter[str] = Counter()
        self._people: dict[str, int] = {}
        self._before: defaultdict[str, Seen] = defaultdict(Seen)
        self._seen = 0

    def add(self, part: Path) -> None:
        """Take over the faces of one picture."""
        outcome = json.loads(part.with_suffix(".json").read_text())
        self._seen += 1
        self._dropped.update(outcome["dropped"])
        if not outcome["kept"]:
            return
        person = outcome["item"]["person"]
        faces = dict(np.load(part.with_suffix(".npz")))
        for index, facts in enumerate(outcome["facts"]):
            if self._before[person].repeats(faces["images"][index], faces["arcface"][index]):
                self._dropped["near duplicate"] += 1
                continue
            self._keep({name: values[index] for name, values in faces.items()}, facts, person)

    def _keep(self, face: dict[str, np.ndarray], facts: dict, person: str) -> None:
        key = f"{len(self.rows):06d}"
        add_member(self.tar, f"{key}.webp", encode_crop(face["images"]))
        face["valid_quad"] = np.asarray(facts.pop("valid_quad"))
        for name, values in self.arrays.items():
            values.append(face[name])
        label = self._people.setdefault(person, len(self._people)) if person else -1
        self.rows.append({"key": key, "identity": label} | facts)

    def report(self) -> dict:
        """Pictures seen, faces kept, faces dropped by reason, people."""
        people = len(self._people)
        return {"pictures": self._seen, "kept": len(self.rows), "people": people, "dropped": dict(self._dropped)}


class Seen:
    """Faces that were kept, of which near duplicates are recognised; 1.3 KB each."""

    def __init__(self):
        self._vectors, self._thumbs = np.zeros((4, 512), np.float16), np.zeros((4, 16, 16, 3), np.uint8)
        self._count = 0

    def repeats(self, image: UInt8[np.ndarray, "s s 3"], embedding: Float[np.ndarray, "512"]) -> bool:
        """Whether a face is a near duplicate of an earlier one; one that is not counts as seen from now on.

        Args:
            image: RGB, the aligned crop.
            embedding: of it, unit length.
        """
        known, thumb = slice(self._count), thumbnail(image)
        alike = np.flatnonzero(self._vectors[known].astype(np.float32) @ embedding > SAME_FACE)
        if len(alike) and bool(same_pixels(self._thumbs[alike], thumb).any()):
            return True
        if self._count == len(self._vectors):
            self._vectors, self._thumbs = (np.concatenate([a, np.zeros_like(a)]) for a in (self._vectors, self._thumbs))
        self._vectors[self._count], self._thumbs[self._count] = embedding, thumb
        self._count += 1
        return False


def thumbnail(image: UInt8[np.ndarray, "s s 3"]) -> UInt8[np.ndarray, "16 16 3"]:
    """A crop so small that recompression does not change it.

    Args:
        image: RGB.
    """
    return np.asarray(cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA), np.uint8)


def same_pixels(thumbs: UInt8[np.ndarray, "n 16 16 3"], thumb: UInt8[np.ndarray, "16 16 3"]) -> Bool[np.ndarray, "n"]:
    """Which thumbnails show the same picture as one.

    Args:
        thumbs: some.
        thumb: the one.
    """
    return np.abs(thumbs.astype(np.float32) - thumb).mean((1, 2, 3)) < SAME_PIXELS * 255


def encode_crop(image: UInt8[np.ndarray, "s s 3"]) -> bytes:
    """A crop as WebP.

    Args:
        image: RGB.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "webp", quality=88)
    return buffer.getvalue()


def add_member(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    """Add a file to an archive; returns the byte at which its content begins.

    Args:
        tar: open for writing.
        name: of the file.
        data: its content.
    """
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    return tar.offset - -(-len(data) // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
