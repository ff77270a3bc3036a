"""Which pictures a set has and whom each shows; VGGFace2, CelebA, CelebA-HQ and FFHQ are known by their folders."""

import heapq
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import av
import numpy as np

from swapper.types import UserError

PHOTOS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi"}
HUB = "hub:"  # before the name of a data set of the Hugging Face Hub
_FFHQ_TRAINING = 60_000  # of its 70,000 photos these come first; the others are for validation
_SORTED = 100_000  # pictures that are sorted in memory at a time


@dataclass(frozen=True)
class Item:
    """One picture to look at: a photo, or a moment of a video."""

    path: str
    person: str  # folder name, or the label of the identity file; empty where unknown
    second: float | None = None  # of a video


@dataclass(frozen=True)
class KnownSet:
    """A published data set.

    Attributes:
        name: as its authors call it.
        found: whether a folder holds it.
        items: its pictures of a split, each person's one after the other.
    """

    name: str
    found: Callable[[Path], bool]
    items: Callable[[Path, str], Iterator[Item]]


def list_pictures(folder: Path, split: str, layout: str, identities: Path | None, step: float) -> tuple[str, Iterator]:
    """Every photo, and every moment of every video, of a data set, each person's one after the other.

    Args:
        folder: of the set.
        split: its name, which says what of a known set is meant: ``train``, or ``val`` or ``test`` for what its
            authors have set apart.
        layout: a name of ``LAYOUTS``; ``auto`` looks for a known set.
        identities: file of 'FILE LABEL' lines for flat folders.
        step: seconds between moments of a video.

    Returns:
        What the set was taken for, and its pictures.

    Raises:
        UserError: there is no such folder, or it is not the set that was named.
    """
    if not folder.is_dir():
        raise UserError(f"Photos '{folder}': folder not found. Check the path.")
    if layout not in LAYOUTS:
        raise UserError(f"Unknown layout '{layout}'. Choose from: {', '.join(LAYOUTS)}.")
    if identities is None and layout != "folders":
        for key, known in _KNOWN.items():
            if layout in ("auto", key) and known.found(folder):
                return known.name, known.items(folder, split)
        if layout != "auto":
            raise UserError(f"Photos '{folder}': this is no {_KNOWN[layout].name}. Give its folder, or leave --layout.")
    items = list_items(folder, identities, step)
    return "folders", by_person(items) if identities else items  # a file may name the people in any order


def list_items(folder: Path, identities: Path | None, step: float) -> Iterator[Item]:
    """Every photo, and every moment of every video, below a folder.

    Args:
        folder: flat, or one sub-folder per person.
        identities: file of 'FILE LABEL' lines for flat folders.
        step: seconds between moments of a video.
    """
    labels = _labels(identities) if identities else {}
    for path in _pictures(folder):
        person = labels.get(path.name, path.parent.name if path.parent != folder else "")
        if path.suffix.lower() in PHOTOS:
            yield Item(str(path), person)
            continue
        with av.open(str(path)) as container:
            seconds = (container.duration or 0) / av.time_base
        yield from (Item(str(path), person, second) for second in np.arange(0, max(seconds, step), step).tolist())


def by_person(items: Iterable[Item], at_a_time: int = _SORTED) -> Iterator[Item]:
    """The same pictures, each person's one after the other; they are sorted in parts, which lie on disk.

    Args:
        items: in any order.
        at_a_time: how many are in memory.
    """
    rest = iter(items)
    with ExitStack() as stack:
        parts: list[IO[str]] = []
        while part := sorted(islice(rest, at_a_time), key=_place):
            file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            file.writelines(f"{json.dumps(asdict(item))}\n" for item in part)
            file.seek(0)
            parts.append(file)
        yield from heapq.merge(*(map(_item, file) for file in parts), key=_place)


def _item(line: str) -> Item:
    return Item(**json.loads(line))


def _place(item: Item) -> tuple[str, str, float]:
    return item.person, item.path, item.second or 0.0


def _pictures(folder: Path) -> Iterator[Path]:
    """Photos and videos below a folder, one folder after the other; no more than one folder's names are in memory."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(place) / name for name in sorted(files) if Path(name).suffix.lower() in PHOTOS | VIDEOS)


def _labels(file: Path) -> dict[str, str]:
    """The first two words of each line; in a .csv the first two columns."""
    between = "," if file.suffix.lower() == ".csv" else None
    try:
        rows = (line.split(between)[:2] for line in file.read_text(encoding="utf-8").splitlines())
        return {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Identities '{file}': the file cannot be read ({error}). Check the path.") from error


def _first(folder: Path, *names: str) -> Path | None:
    """The first of some files or folders that is there."""
    return next((folder / name for name in names if (folder / name).exists()), None)


def _apart(split: str) -> bool:
    """Whether a split is the one that authors have set apart from training."""
    return split not in ("train", "training")


# VGGFace2: train/n000002/0001_01.jpg, test/n000001/..., train_list.txt, test_list.txt, identity_meta.csv


def _vggface2_people(folder: Path) -> bool:
    first = next((path for path in sorted(folder.iterdir()) if path.is_dir()), None) if folder.is_dir() else None
    return first is not None and re.fullmatch(r"n\d{6}", first.name) is not None


def _is_vggface2(folder: Path) -> bool:
    inside = folder / "data" if (folder / "data").is_dir() else folder
    return any(_vggface2_people(place) for place in (inside, inside / "train", inside / "test"))


def _vggface2(folder: Path, split: str) -> Iterator[Item]:
    inside = folder / "data" if (folder / "data").is_dir() else folder
    part = "test" if _apart(split) else "train"
    if not _vggface2_people(inside):
        if not _vggface2_people(inside / part):
            raise UserError(f"VGGFace2 in '{folder}': its folder '{part}' is missing. Unpack it, or choose --split.")
        yield from list_items(inside / part, None, 1.0)
        return
    wanted = _vggface2_wanted(folder, part)
    for item in list_items(inside, None, 1.0):
        if wanted is None or item.person in wanted:
            yield item


def _vggface2_wanted(folder: Path, part: str) -> set[str] | None:
    """People of a part, by the authors' files; None where there are none, so that all are meant."""
    listed = _first(folder, f"{part}_list.txt", f"{part}_list")
    if listed is not None:
        return {line.split("/")[0] for line in listed.read_text(encoding="utf-8").splitlines() if "/" in line}
    table = _first(folder, "identity_meta.csv", "meta/identity_meta.csv")
    if table is None:
        return None
    # The second column, a name, may hold commas; the last three are a number, 1 for training, and m or f.
    rows = (line.split(",") for line in table.read_text(encoding="utf-8", errors="replace").splitlines()[1:])
    return {row[0].strip() for row in rows if len(row) > 3 and (row[-2].strip() == "1") == (part == "train")}


# CelebA: Img/img_celeba/000001.jpg, Anno/identity_CelebA.txt, Eval/list_eval_partition.txt
# CelebA-HQ: CelebA-HQ-img/0.jpg, CelebA-HQ-to-CelebA-mapping.txt, and CelebA's files beside them

_CELEBA_PHOTOS = tuple(
    f"{place}{name}" for name in ("img_celeba", "img_align_celeba", "img_align_celeba_png") for place in ("Img/", "")
)
_CELEBA_PEOPLE = ("Anno/identity_CelebA.txt", "identity_CelebA.txt")
_CELEBA_PARTS = ("Eval/list_eval_partition.txt", "list_eval_partition.txt", "list_eval_partition.csv")
_PART = {"train": "0", "training": "0", "val": "1", "valid": "1", "validation": "1", "test": "2"}
_HQ_PHOTOS, _HQ_FROM = ("CelebA-HQ-img", "celeba_hq", "images"), "CelebA-HQ-to-CelebA-mapping.txt"


def _is_celeba(folder: Path) -> bool:
    return bool(_first(folder, *_CELEBA_PHOTOS)) and bool(_first(folder, *_CELEBA_PEOPLE, *_CELEBA_PARTS))


def _celeba(folder: Path, split: str) -> Iterator[Item]:
    photos = _first(folder, *_CELEBA_PHOTOS)
    assert photos is not None
    return _celeba_items(folder, split, photos, lambda stem: stem)


def _is_celeba_hq(folder: Path) -> bool:
    return (folder / _HQ_FROM).is_file() and bool(_first(folder, *_HQ_PHOTOS))


def _celeba_hq(folder: Path, split: str) -> Iterator[Item]:
    photos = _first(folder, *_HQ_PHOTOS)
    assert photos is not None
    rows = (line.split() for line in (folder / _HQ_FROM).read_text(encoding="utf-8").splitlines()[1:])
    origin = {row[0]: Path(row[2]).stem for row in rows if len(row) == 3}
    return _celeba_items(folder, split, photos, lambda stem: origin.get(stem, ""))


def _celeba_items(folder: Path, split: str, photos: Path, origin: Callable[[str], str]) -> Iterator[Item]:
    """Photos of a split under CelebA's names of people; ``origin`` is the stem of the photo in CelebA."""
    people, parts = (_first(folder, *names) for names in (_CELEBA_PEOPLE, _CELEBA_PARTS))
    person_of = _stems(people) if people else {}
    part_of = _stems(parts) if parts else {}
    if part_of and split not in _PART:
        raise UserError(f"CelebA in '{folder}': it has no split '{split}'. Choose --split train, val or test.")

    def items() -> Iterator[Item]:
        for path in _pictures(photos):
            stem = origin(path.stem)
            if not part_of or part_of.get(stem) == _PART[split]:
                yield Item(str(path), person_of.get(stem, ""))

    return by_person(items())


def _stems(file: Path) -> dict[str, str]:
    return {Path(name).stem: label for name, label in _labels(file).items()}


# FFHQ: images1024x1024/00000/00000.png or images1024x1024/00000.png; nobody says who is on which photo

_FFHQ_PHOTOS = ("images1024x1024", "in-the-wild-images", "thumbnails128x128")


def _ffhq_photos(folder: Path) -> Path | None:
    """Where the photos are: below a folder of their name, or in folders of a thousand numbers each."""
    if found := _first(folder, *_FFHQ_PHOTOS):
        return found
    numbered = [path for path in folder.iterdir() if path.is_dir()]
    if not numbered or not all(re.fullmatch(r"\d\d000", path.name) for path in numbered):
        return None
    inside = next(_pictures(min(numbered)), None)
    fits = inside is not None and re.fullmatch(r"\d{5}", inside.stem) and inside.stem[:2] == min(numbered).name[:2]
    return folder if fits else None


def _ffhq(folder: Path, split: str) -> Iterator[Item]:
    photos = _ffhq_photos(folder)
    assert photos is not None
    for path in _pictures(photos):
        if path.stem.isdigit() and (int(path.stem) >= _FFHQ_TRAINING) == _apart(split):
            yield Item(str(path), "")


_KNOWN = {
    "vggface2": KnownSet("VGGFace2", _is_vggface2, _vggface2),
    "celeba-hq": KnownSet("CelebA-HQ", _is_celeba_hq, _celeba_hq),
    "celeba": KnownSet("CelebA", _is_celeba, _celeba),
    "ffhq": KnownSet("FFHQ", lambda folder: _ffhq_photos(folder) is not None, _ffhq),
}
LAYOUTS = ("auto", "folders", *_KNOWN)
