"""Packed faces: images, landmarks, embeddings and identities of one split, ready for batches."""

import csv
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Int, UInt8
from PIL import Image
from torch import Tensor

from swapper.types import UserError
from trainers.data.shard_index import ShardIndex, has_shards

SHARP = 63  # px between the eyes, from which a photo counts as sharp
_MEASURED = 256  # px, side of the crops whose pixels the files' places are shares of


@dataclass(frozen=True)
class Faces:
    """One split in memory; row i of every field is the same photo.

    Attributes:
        images: uint8 [n, s, s, 3] RGB, the ``ffhq`` template; a memory map on the CPU.
        landmarks: float32 [n, 478, 3], share of the crop.
        five_points: float32 [n, 5, 2], the detector's points, share of the crop.
        arcface: float32 [n, 512], unit length.
        identity: int64 [n], -1 where unknown.
        valid: float32 [n, 4, 2], corners of the source photo in the crop, share of the crop.
        sharp: bool [n], eyes at least 63 px apart in the source photo.
        padded: bool [n], the crop is mostly padding (tight source photo).
    """

    images: Tensor
    landmarks: Tensor
    five_points: Tensor
    arcface: Tensor
    identity: Tensor
    valid: Tensor
    sharp: Tensor
    padded: Tensor

    def __len__(self) -> int:
        """Number of photos."""
        return len(self.landmarks)

    @property
    def size(self) -> int:
        """Side of the images in pixels."""
        return self.images.shape[1]

    def to(self, device: torch.device) -> "Faces":
        """Move everything to a device (the images too: a big GPU holds the whole set)."""
        return Faces(**{name: value.to(device) for name, value in vars(self).items()})

    def pixels(self, index: Tensor, device: torch.device | None = None) -> Tensor:
        """Images as float [b, 3, s, s] in [0, 1] on a device, the set's own when None; they travel as bytes."""
        chosen = self.images[index.to(self.images.device)]
        return chosen.to(device or chosen.device).permute(0, 3, 1, 2).float().div_(255)


def load_faces(folder: Path, split: str, size: int, cache: Path, padded: bool = True) -> Faces:
    """Read one split in the format that ``trainers/data/prepare.py`` writes.

    Args:
        folder: holds ``faces256-SPLIT.tar`` (or ``faces160-SPLIT.tar``), ``geometry-*.npz``, ``meta-*.csv``; or shards
            and their index.
        split: ``train`` or ``val``.
        size: side of the images wanted, px.
        cache: folder for the decoded memory map, made once and reused.
        padded: also take the ``-utk`` files, whose crops are mostly padding.

    Raises:
        UserError: a file is missing.
    """
    if has_shards(folder, split):
        return _from_shards(folder, split, size, cache, padded)
    suffixes = [s for s in ("", "-utk") if (padded or not s) and (folder / f"geometry-{split}{s}.npz").is_file()]
    if not suffixes:
        raise UserError(
            f"No training faces: {folder}/geometry-{split}.npz is missing. Create it with trainers prepare."
        )
    geometry = [np.load(folder / f"geometry-{split}{s}.npz") for s in suffixes]
    keys = [str(key) for g in geometry for key in g["keys"]]
    meta = [row for s in suffixes for row in _read_meta(folder / f"meta-{split}{s}.csv")]
    counts = [len(g["keys"]) for g in geometry]

    def join(name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([g[name].astype(np.float32) for g in geometry]))

    def places(name: str) -> Tensor:
        return shifted(join(name), size)

    return Faces(
        images=_decoded(folder, split, suffixes, keys, size, cache),
        landmarks=places("landmarks"),
        five_points=places("five_points"),
        arcface=join("arcface"),
        identity=torch.tensor([int(row["identity"]) for row in meta]),
        valid=places("valid_quad"),
        sharp=torch.tensor([float(row["interocular_px"]) >= SHARP for row in meta]),
        padded=torch.cat([torch.full((n,), s == "-utk") for n, s in zip(counts, suffixes, strict=True)]),
    )


def shifted(points: Tensor, size: int) -> Tensor:
    """Places in crops of the measured size, moved to where they are in crops of another one.

    Args:
        points: float [..., 2 or 3], x and y as shares of the crop.
        size: side of the other crops, px.
    """
    moved = points.clone()
    moved[..., :2] += 0.5 / _MEASURED - 0.5 / size  # resizing aligns the outer edges, not the pixel centres
    return moved


def _read_meta(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _from_shards(folder: Path, split: str, size: int, cache: Path, padded: bool) -> Faces:
    """A split of shards, for sets that memory can hold; ``trainers.data.stream`` reads others."""
    index = ShardIndex(folder, split, padded)
    facts = [f"{path.name} {path.stat().st_size}" for path in index.paths] + ["" if padded else "unpadded"]
    images = _memory_map(split, facts, len(index), lambda: index.image, size, cache)
    return stacked(index, np.arange(len(index)), images, [index.arrays(row) for row in range(len(index))])


def stacked(
    index: ShardIndex, rows: Int[np.ndarray, "n"], images: UInt8[Tensor, "n s s 3"], arrays: list[dict[str, np.ndarray]]
) -> Faces:
    """Faces of shards, from what was read of each.

    Args:
        index: of the split.
        rows: of it.
        images: of these rows.
        arrays: of these rows, as ``ShardIndex.arrays`` gives them.
    """
    at, size = index.rows[rows], images.shape[1]
    fields = {name: torch.from_numpy(np.stack([one[name] for one in arrays])).float() for name in arrays[0]}
    return Faces(
        images=images,
        landmarks=shifted(fields["landmarks"], size),
        five_points=shifted(fields["five_points"], size),
        arcface=fields["arcface"],
        identity=torch.from_numpy(at["identity"].astype(np.int64)),
        valid=shifted(fields["valid_quad"], size),
        sharp=torch.from_numpy(at["interocular"] >= SHARP),
        padded=torch.from_numpy(at["padded"].copy()),
    )


def _decoded(folder: Path, split: str, suffixes: list[str], keys: list[str], size: int, cache: Path) -> Tensor:
    """The images of archives, by their keys."""
    archives = _archives(folder, split, suffixes, size)
    facts = [*keys, *(f"{archive.name} {archive.stat().st_size}" for archive in archives)]

    def encoded() -> Callable[[int], bytes]:
        found = _encoded(archives)
        return lambda row: found[keys[row]]

    return _memory_map(split, facts, len(keys), encoded, size, cache)


def _memory_map(
    split: str, facts: list[str], count: int, encoded: Callable[[], Callable[[int], bytes]], size: int, cache: Path
) -> Tensor:
    """Decode images once into a memory map of the wanted size; ``encoded`` opens what gives those of a row."""
    path = cache / f"{split}-{size}-{hashlib.sha256(' '.join(facts).encode()).hexdigest()[:10]}.npy"
    with made_once(path) as missing:
        if missing:
            partial = path.with_suffix(".partial")
            images = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
            _decode_all(images, encoded())
            images.flush()
            partial.rename(path)
    return torch.from_numpy(np.load(path, mmap_mode="c"))


@contextmanager
def made_once(path: Path) -> Iterator[bool]:
    """Whether a file has still to be made; other processes that want it wait meanwhile.

    Args:
        path: of the file; its folder is made too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        yield False
        return
    with FileLock(path.with_name(f".{path.name}.lock")):
        yield not path.is_file()


def _decode_all(images: np.ndarray, read: Callable[[int], bytes]) -> None:
    size = images.shape[1]

    def decode(row: int) -> None:
        with Image.open(io.BytesIO(read(row))) as image:
            pixels = image.convert("RGB")
            if pixels.size != (size, size):
                pixels = pixels.resize((size, size), Image.Resampling.LANCZOS)
            images[row] = np.asarray(pixels)

    with ThreadPoolExecutor() as pool:
        list(pool.map(decode, range(len(images))))


def _archives(folder: Path, split: str, suffixes: list[str], size: int) -> list[Path]:
    """The smallest archives that are large enough."""
    small = folder / f"faces160-{split}.tar"
    large = [folder / f"faces256-{split}{s}.tar" for s in suffixes]
    archives = [small] if small.is_file() and (size <= 160 or not large[0].is_file()) else large
    for archive in archives:
        if not archive.is_file():
            raise UserError(f"No training faces: {archive} is missing. Create it with trainers prepare.")
    return archives


def _encoded(archives: list[Path]) -> dict[str, bytes]:
    """The encoded images by key."""
    encoded = {}
    for archive in archives:
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file is not None:
                    encoded[Path(member.name).stem] = file.read()
    return encoded
