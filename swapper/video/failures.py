"""What can go wrong between files and codecs: each kind has a sentence of its own, with the library's reason."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av import VideoFrame
from av.error import FFmpegError

from swapper.errors import UserError

_NO_SPACE = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# Of the disk or the way to it; with any other error FFmpeg says that the data is damaged.
_OF_THE_DISK = frozenset(
    getattr(errno, name)
    for name in ("EIO", "ENODEV", "ENXIO", "ESTALE", "ETIMEDOUT", "EACCES", "EPERM", "EREMOTEIO")
    if hasattr(errno, name)
)


class StoppedError(UserError):
    """The job cannot go on now; what has been finished is kept."""


class OutputError(StoppedError):
    """The result cannot be written."""


class InputError(StoppedError):
    """The video cannot be read, though nothing says that it is damaged."""


def reason(error: BaseException) -> str:
    """Why a library failed, in its own words.

    Args:
        error: from FFmpeg or the operating system.
    """
    code = getattr(error, "errno", None)
    if isinstance(error, OSError) and not isinstance(error, FFmpegError) and code:
        return os.strerror(code)
    return str(getattr(error, "strerror", None) or error).strip().rstrip(".") or type(error).__name__


def no_space(error: BaseException) -> bool:
    """Whether the disk is full.

    Args:
        error: from FFmpeg or the operating system.
    """
    return getattr(error, "errno", None) in _NO_SPACE


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Turn what goes wrong while writing into a sentence.

    Args:
        output: the file that was asked for.

    Raises:
        OutputError: the disk is full, writing is not permitted, or fails otherwise.
    """
    try:
        yield
    except (FFmpegError, OSError) as error:
        advice = "Check the disk, or choose another folder."
        if no_space(error):
            advice = "Free space there, then run it again."
        elif getattr(error, "errno", None) in _FORBIDDEN:
            advice = "Choose another folder, or get the right to write there."
        raise OutputError(f"Output '{output}': it cannot be written ({reason(error)}). {advice}") from error


@contextmanager
def encoding(output: Path) -> Iterator[None]:
    """Turn what goes wrong in the encoder of pictures into a sentence.

    Args:
        output: the file that was asked for.

    Raises:
        OutputError: its pictures cannot be encoded.
    """
    try:
        yield
    except (FFmpegError, ValueError) as error:
        raise OutputError(
            f"Output '{output}': the pictures cannot be encoded ({reason(error)}). Choose another format or quality."
        ) from error


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what goes wrong while reading into a sentence; damage is for whoever looks at the data.

    Args:
        name: of the video, as messages begin.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        yield
    except (FFmpegError, OSError) as error:
        if isinstance(error, MemoryError):
            raise InputError(f"{name}: there is not enough memory to read it. Make it smaller.") from error
        if getattr(error, "errno", None) not in _OF_THE_DISK:
            raise
        raise InputError(
            f"{name}: it cannot be read ({reason(error)}). Check the disk it is on, then run it again."
        ) from error


@contextmanager
def converting(name: str, frame: VideoFrame) -> Iterator[None]:
    """Turn what goes wrong while a decoded frame becomes RGB into a sentence.

    Args:
        name: of the video, as messages begin.
        frame: so small, or of so odd a format, that nothing converts it.

    Raises:
        UserError: it cannot be converted.
    """
    try:
        yield
    except (FFmpegError, ValueError) as error:
        raise UserError(
            f"{name}: a frame of {frame.width} x {frame.height} pixels ({frame.format.name}) cannot be converted "
            f"({reason(error)}). Convert the video to MP4."
        ) from error
