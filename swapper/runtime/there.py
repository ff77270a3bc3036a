"""Whether a file or folder is there, whatever was given as its name.

``pathlib`` answers so, too, but raises where a name is too long, or where a folder on the way may not be looked into.
"""

from pathlib import Path

from swapper.errors import UserError


def is_file(path: Path) -> bool:
    """Whether it is a file, or a link to one.

    Args:
        path: any.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether it is a folder, or a link to one.

    Args:
        path: any.
    """
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether it is there at all; a link to nothing is not.

    Args:
        path: any.
    """
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def make_folder(path: Path) -> None:
    """Have a folder for results, those above it included.

    Args:
        path: of it; it may be there already.

    Raises:
        UserError: it is a file, or cannot be made.
    """
    if exists(path) and not is_folder(path):
        raise UserError(f"Output '{path}': this is a file. Give a folder.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"Output '{path}': this folder cannot be made ({said}). Choose another one.") from error
