"""Writing files whole or not at all."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name beside a file to write it under; it takes the file's place when the context ends without an error.

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
