"""Writing files whole or not at all."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from swapper.errors import UserError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary name next to a file; it replaces the file when the context ends without an error.

    Args:
        path: where the file belongs; an existing one is replaced.

    Yields:
        A hidden name in the same folder with the same suffix; nothing is left under it.
    """
    fresh = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def writable_path(path: str | Path, suffixes: Collection[str]) -> Path:
    """Make sure that a file can be written to a path, before any work is done for it.

    Args:
        path: an existing file is not looked at.
        suffixes: those of the formats that are written, in lower case with their dots.

    Raises:
        UserError: the suffix is none of these, the path is a folder, or its folder does not exist.
    """
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        said = f"the suffix '{path.suffix}' is not a supported format" if path.suffix else "it has no suffix"
        known = f"{'one of ' if len(suffixes) > 1 else ''}{', '.join(suffixes)}"
        raise UserError(f"Output '{path}': {said}. Choose {known}.")
    if path.is_dir():
        raise UserError(f"Output '{path}': this is a folder. Give a file name in it.")
    if not path.parent.is_dir():
        raise UserError(f"Output '{path}': the folder '{path.parent}' does not exist. Create it first.")
    return path
