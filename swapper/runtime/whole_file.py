"""Writing files whole or not at all."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from swapper.errors import UserError

_UNFINISHED: set[Path] = set()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name next to a file; it replaces the file when the context ends without an error.

    Args:
        path: where the file belongs; an existing one is replaced.

    Yields:
        A hidden name in the same folder with the same suffix; nothing is left under it.
    """
    fresh = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    _UNFINISHED.add(fresh)
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
        _UNFINISHED.discard(fresh)


def unfinished() -> list[Path]:
    """Names under which files are being written now, for a process that ends before they are."""
    return list(_UNFINISHED)


def writable_path(path: str | Path, suffixes: Collection[str]) -> Path:
    """Make sure that a file can be written to a path, before any work is done for it.

    Args:
        path: an existing file is not looked at.
        suffixes: those of the formats that are written, in lower case with their dots.

    Raises:
        UserError: the suffix is none of these, or as of ``check_place``.
    """
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        said = f"the suffix '{path.suffix}' is not a supported format" if path.suffix else "it has no suffix"
        known = f"{'one of ' if len(suffixes) > 1 else ''}{', '.join(suffixes)}"
        raise UserError(f"Output '{path}': {said}. Choose {known}.")
    check_place(path)
    return path


def check_place(path: Path) -> None:
    """Make sure that a file can be written to a path; an existing one is not looked at.

    Args:
        path: of any suffix.

    Raises:
        UserError: it is a folder, its folder does not exist, or no file can have that name.
    """
    name = f"Output '{path}'"
    try:
        if path.is_dir():
            raise UserError(f"{name}: this is a folder. Give a file name in it.")
        if not path.parent.is_dir():
            raise UserError(f"{name}: the folder '{path.parent}' does not exist. Create it first.")
        path.lstat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{name}: no file can have that name there ({said}). Choose another name.") from error
