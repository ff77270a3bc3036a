"""What a command has finished before, so that the same command goes on with the rest of a folder."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from swapper.runtime.state import state_folder
from swapper.runtime.whole_file import whole_file

_REMEMBERED = 500  # files at most


class Finished:
    """What a command has finished on this machine, so that the same command is known again.

    A file in the user's state folder holds digests, nothing that could be read; without it, nothing is known.
    """

    def __init__(self, command: Mapping[str, Any], environ: Mapping[str, str] | None = None):
        """Describe a command.

        Args:
            command: everything its results depend on; files count by place, size and time.
            environ: variables; the process's own when None.
        """
        self._file = state_folder(environ) / "finished.json"
        self._command = _described(command)

    def knows(self, output: Path, target: Path) -> bool:
        """Whether a file is as this command has left it.

        Args:
            output: the file.
            target: what it was made of.
        """
        with suppress(OSError):
            return self._rows().get(_digest(str(output.resolve()))) == self._row(output, target)
        return False

    def add(self, output: Path, target: Path) -> None:
        """Remember a file that is finished.

        Args:
            output: the file.
            target: what it was made of.
        """
        with suppress(OSError):  # then it is not known again
            rows = self._rows()
            key = _digest(str(output.resolve()))
            rows.pop(key, None)
            rows[key] = self._row(output, target)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._file) as fresh:
                fresh.write_text(json.dumps(dict(list(rows.items())[-_REMEMBERED:])), encoding="ascii")

    def _row(self, output: Path, target: Path) -> str:
        return _sealed(self._command, output, target)

    def _rows(self) -> dict[str, str]:
        try:
            rows = json.loads(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return {}
        return rows if isinstance(rows, dict) else {}


def seal(command: Mapping[str, Any], output: Path, target: Path) -> str:
    """A digest that stays the same as long as a command, what it was given and what it has made are as they are now.

    Args:
        command: as of ``Finished``.
        output: file that the command has made.
        target: what it was made of.

    Raises:
        OSError: there is no output.
    """
    return _sealed(_described(command), output, target)


def _sealed(command: str, output: Path, target: Path) -> str:
    state = output.stat()
    return _digest(f"{command} {_described(target)} {state.st_size} {state.st_mtime_ns}")


def _described(value: Any) -> str:
    """A value in words that are the same for the same value only."""
    if isinstance(value, Mapping):
        return repr([(str(key), _described(value[key])) for key in sorted(value)])
    if isinstance(value, list | tuple):
        return repr([_described(item) for item in value])
    if isinstance(value, Path):
        with suppress(OSError, ValueError):
            state = value.stat()
            return repr((str(value.resolve()), state.st_size, state.st_mtime_ns))
        return repr(str(value))
    return repr(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
