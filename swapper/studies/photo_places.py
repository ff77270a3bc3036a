"""Photos of people in folders, in ZIPs, or one by one: each photo is somebody, and so is each folder of photos."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from swapper.runtime.limits import Limits
from swapper.runtime.there import is_file, is_folder
from swapper.types import UserError

MOST_FILES = 5000  # of a ZIP
MOST_BYTES = 2 * 2**30  # of all that is in a ZIP
NOT_FOUND = "Photos '{place}': folder not found. Give a folder or a ZIP of photos, or a file of the gallery command."
DAMAGED = "Photos '{place}': it cannot be read as a ZIP ({error}). Pack the photos again."
TOO_MUCH = "Photos '{place}': it holds more than {most}. Leave some out."


@contextmanager
def photos_in(places: Sequence[Path]) -> Iterator[list[tuple[int, Path]]]:
    """Number of the person, and file of each photo; what was unpacked is gone afterwards.

    Args:
        places: folders, ZIPs and photos.

    Raises:
        UserError: a place is missing or damaged, or a ZIP is too large.
    """
    with TemporaryDirectory() as folder:
        groups: list[list[Path]] = []
        for number, place in enumerate(places):
            if is_folder(place):
                groups += _people(place)
            elif place.suffix.lower() == ".zip" and is_file(place):
                groups += _unpacked(place, Path(folder) / str(number))
            elif is_file(place):
                groups.append([place])
            else:
                raise UserError(NOT_FOUND.format(place=place))
        yield [(person, path) for person, group in enumerate(groups) for path in group]


def _people(folder: Path) -> list[list[Path]]:
    found = []
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            found.append([path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file()))
    return [group for group in found if group]


def _unpacked(place: Path, folder: Path) -> list[list[Path]]:
    """A ZIP's files, written under names of our own, by person."""
    most, groups, left = Limits.from_environment().max_upload_bytes, {}, MOST_BYTES
    try:
        with zipfile.ZipFile(place) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir() and _shown(entry.filename)]
            if len(entries) > MOST_FILES:
                raise UserError(TOO_MUCH.format(place=place, most=f"{MOST_FILES} files"))
            outer = _outer([PurePosixPath(entry.filename).parts for entry in entries])
            for number, entry in enumerate(sorted(entries, key=lambda entry: entry.filename)):
                parts = PurePosixPath(entry.filename).parts[outer:]
                person = parts[0] if len(parts) > 1 else f"/{number}"
                path = folder / f"{number}{PurePosixPath(entry.filename).suffix.lower()[:8]}"
                left -= _copied(archive, entry, path, min(most, left), place)
                groups.setdefault(person, []).append(path)
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise UserError(DAMAGED.format(place=place, error=error)) from error
    return list(groups.values())


def _shown(name: str) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _outer(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders all files of a ZIP lie in together."""
    depth = 0
    while paths and all(len(path) > depth + 1 for path in paths) and len({path[depth] for path in paths}) == 1:
        depth += 1
    return depth


def _copied(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, most: int, place: Path) -> int:
    """Unpack a file, no more than so many bytes, whatever the ZIP says; returns how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, path.open("wb") as target:
        copied = 0
        while block := source.read(2**20):
            copied += len(block)
            if copied > most:
                raise UserError(TOO_MUCH.format(place=place, most=f"{most // 2**20} MB"))
            target.write(block)
    return copied
