"""Files that commands write: never an input, never one twice, never in place of a file that was there before.

One rule for all commands: what exists is replaced with ``--overwrite`` only.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from swapper.errors import UserError
from swapper.runtime.there import is_folder


def claim_outputs(outputs: Iterable[Path], inputs: Iterable[Path], overwrite: bool) -> None:
    """Refuse to replace what a command has not made itself, before any work is done.

    Args:
        outputs: files that will be written.
        inputs: files that are read; those that do not exist are none.
        overwrite: the user wants existing files to be replaced; inputs never are.

    Raises:
        UserError: an output is an input, or exists already.
    """
    read = {place: path for path in inputs if (place := _place(path)) is not None}
    for output in outputs:
        if not _is_there(output):
            continue
        place = _place(output)
        twin = None if place is None else read.get(place)
        if twin is not None:
            raise UserError(f"Output '{output}': this is the input '{twin}' itself. Choose another name.")
        if not overwrite:
            raise UserError(
                f"Output '{output}': this file exists already. Choose another name, or add --overwrite to replace it."
            )


def files_of(place: Path | None) -> list[Path]:
    """The files in a folder, or the one file that a path names.

    Args:
        place: of either; None where there is neither.
    """
    if place is None or not is_folder(place):
        return [] if place is None else [place]
    return [path for path in place.iterdir() if path.is_file()]


class Names:
    """Names of the files in one folder, none like another where a file system ignores case."""

    def __init__(self, taken: Iterable[str] = ()):
        """Begin.

        Args:
            taken: names that are there already.
        """
        self._used = {_folded(name) for name in taken}
        self._tried = Counter[str]()  # numbers, by name, so that thousands of one name do not take long

    def has(self, name: str) -> bool:
        """Whether a file of that name is there.

        Args:
            name: of a file, with its suffix.
        """
        return _folded(name) in self._used

    def add(self, name: str) -> str:
        """Take the name itself, or one with a number where it is there already; returns which.

        Args:
            name: of a file, with its suffix.
        """
        fresh, key = name, _folded(name)
        while self.has(fresh):
            self._tried[key] += 1
            fresh = f"{Path(name).stem}-{self._tried[key] + 1}{Path(name).suffix}"
        self._used.add(_folded(fresh))
        return fresh


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others, whatever it is called; None where there is none."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino
