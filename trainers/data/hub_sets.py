"""Data sets of the Hugging Face Hub, read as a stream: no more of them is on this machine than the shards made of it.

The files of a set are shared out among workers. Each makes as many shards as its file needs, so that a run that was
stopped goes on behind the last whole shard of each file.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.batch.replies import Tell
from swapper.images import read_image
from swapper.runtime.threads import limit_threads
from swapper.types import UserError
from trainers.data.examine import Examine, examine_picture, usable
from trainers.data.joining import facts_of
from trainers.data.pictures import HUB
from trainers.data.shards import WrittenShards, is_written, write_shard

try:
    import datasets
except ImportError as error:
    raise UserError("hub: the package 'datasets' is not installed. Run pip install 'swapper[hub]'.") from error

_SHARDS_A_FILE = 1000  # numbers of shards that belong to one file of a set
_REFUSALS = (OSError, ValueError, RuntimeError, KeyError)  # no such set, no network, no leave, files that make no sense
_SYNONYMS = {"val": ("validation", "valid", "test"), "train": ("training",)}


@dataclass(frozen=True)
class HubFile:
    """A file of a data set of the Hub, or one of as many parts of the set as it has files.

    Attributes:
        name: of the set, or a folder.
        config: of the set; empty for its usual one.
        revision: commit; empty for a folder.
        split: as the set calls it.
        image: column of the pictures.
        person: column that says who is on them; empty where none does.
        number: of the file, from 0.
        files: how many there are.
    """

    name: str
    config: str
    revision: str
    split: str
    image: str
    person: str
    number: int
    files: int

    def __str__(self) -> str:
        return f"file {self.number + 1} of {self.files}"


class Fetching:
    """Turns files of a set into shards; each worker has one."""

    def __init__(self, out: Path, split: str, pictures: int):
        """Say where.

        Args:
            out: folder of the split.
            split: its name there.
            pictures: in a shard.
        """
        self._out, self._split, self._pictures = out, split, pictures
        limit_threads(1)

    def __call__(self, file: HubFile, tell: Tell) -> WrittenShards:
        """Write the shards of a file that are missing.

        Args:
            file: of the set.
            tell: takes how far it is; nobody knows how long a file is, so it says little.
        """
        numbers, seen = [], 0
        for part in range(_SHARDS_A_FILE):
            number, begin = file.number * _SHARDS_A_FILE + part, part * self._pictures
            digest = hashlib.sha256(f"{file} {begin} {self._pictures}".encode()).hexdigest()
            if not is_written(self._out, self._split, number, digest):
                rows = islice(rows_of(file, begin), self._pictures)
                first = next(rows, None)
                if first is None:
                    break
                pictures = (_looked_at(row) for row in chain([first], rows))
                faces = usable(pictures, lambda done: tell(done / self._pictures))
                write_shard(self._out, self._split, number, faces, digest)
            numbers.append(number)
            count = facts_of(self._out, self._split, number).count("pictures")
            seen += count
            if count < self._pictures:
                break
        return WrittenShards(tuple(numbers), seen)


def files_of(args: argparse.Namespace) -> list[HubFile]:
    """The files of the set that a command names as ``hub:OWNER/NAME``, ``hub:OWNER/NAME/CONFIG`` or ``hub:FOLDER``.

    Args:
        args: of ``add_prepare_arguments``.

    Raises:
        UserError: there is no such set, split or column.
    """
    name, config, revision = _named(args.photos.removeprefix(HUB))
    try:
        found = datasets.load_dataset(name, config or None, revision=revision or None, streaming=True)
    except _REFUSALS as error:
        raise UserError(f"{args.photos}: the set cannot be read ({_first_line(error)}). Check its name.") from error
    known = [str(one) for one in found]
    split = next((one for one in (args.split, *_SYNONYMS.get(args.split, ())) if one in known), None)
    if split is None:
        raise UserError(f"{args.photos}: it has no split '{args.split}'. Choose --split from: {', '.join(known)}.")
    if split != args.split:
        print(f"{args.photos}: its split '{split}' is taken for '{args.split}'.", file=sys.stderr)
    image, _, person = (args.columns or "").partition(",")
    image = image or _image_column(found[split], args.photos)
    return [
        HubFile(name, config, revision, split, image, person, number, found[split].num_shards)
        for number in range(found[split].num_shards)
    ]


def _named(text: str) -> tuple[str, str, str]:
    """Name of a set, its configuration and its commit now, so that all workers read the same."""
    if Path(text).is_dir():
        return str(Path(text).absolute()), "", ""
    from huggingface_hub import HfApi

    name, config = "/".join(text.split("/")[:2]), "/".join(text.split("/")[2:])
    try:
        return name, config, HfApi().dataset_info(name).sha or ""
    except _REFUSALS as error:
        raise UserError(f"{HUB}{text}: the set cannot be found ({_first_line(error)}). Check its name.") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _image_column(found: Any, said: str) -> str:
    """The column of pictures where there is one alone."""
    row = next(iter(found.decode(False)), None)
    if row is None:
        raise UserError(f"{said}: the split is empty. Choose another with --split.")
    columns = [name for name, value in row.items() if isinstance(value, dict) and {"bytes", "path"} <= value.keys()]
    if len(columns) != 1:
        raise UserError(f"{said}: which column holds the photos is not plain. Give --columns, of: {', '.join(row)}.")
    return columns[0]


def rows_of(file: HubFile, begin: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Who is on each picture of a file, and the picture, encoded.

    Args:
        file: of a set.
        begin: number of the first row wanted.

    Raises:
        UserError: a column is missing.
    """
    found = datasets.load_dataset(
        file.name, file.config or None, split=file.split, revision=file.revision or None, streaming=True
    )
    part = found.shard(file.files, file.number).decode(False)
    names = getattr((part.features or {}).get(file.person), "int2str", str)  # labels are numbers, which have names
    for row in part.skip(begin) if begin else part:
        missing = [name for name in (file.image, file.person) if name and name not in row]
        if missing:
            raise UserError(f"{file.name}: it has no column '{missing[0]}'. Give --columns, of: {', '.join(row)}.")
        person = row[file.person] if file.person else None
        yield "" if person is None else str(names(person)), row[file.image]


def _looked_at(row: tuple[str, dict[str, Any]]) -> tuple[str, Examine]:
    person, image = row
    return person, partial(examine_picture, partial(_read, image), bool(person))


def _read(image: dict[str, Any]) -> UInt8[np.ndarray, "h w 3"]:
    """The pixels of a picture that ``datasets`` has left encoded."""
    if image["bytes"] is not None:
        return read_image(image["bytes"])
    try:
        return read_image(datasets.Image().decode_example(image))
    except OSError as error:
        raise UserError(f"Picture '{image['path']}': it cannot be read ({error}). Check the set.") from error
