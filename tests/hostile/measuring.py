"""Reading a file in a child of its own: what came of it, in how many seconds of computing and how much memory."""

import multiprocessing
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from swapper.errors import UserError
from swapper.images import read_still
from swapper.runtime.limits import Limits
from swapper.video.io import VideoReader

PATIENCE = 240  # seconds, after which a child is ended
_UNIT = 2**20 if sys.platform == "darwin" else 2**10  # of what the system says of memory, in a megabyte


@dataclass(frozen=True)
class Measured:
    """What reading a file took.

    Attributes:
        said: the sentence in which it was refused; empty where it was read.
        seconds: of computing.
        megabytes: of memory, above what the child had before.
    """

    said: str
    seconds: float
    megabytes: float


def measure(path: Path, limits: Limits) -> Measured:
    """Read a picture, or, where its suffix says that it is one, the first frames of a video."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hostile.measuring"])
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_read, args=(path, limits, theirs))
    child.start()
    theirs.close()
    try:
        if not ours.poll(PATIENCE):
            raise AssertionError(f"{path.name} is not read after {PATIENCE} seconds")
        return Measured(*ours.recv())
    except EOFError:
        child.join()
        raise AssertionError(f"{path.name} ended the process: {child.exitcode}") from None
    finally:
        child.kill()
        child.join()


def _read(path: Path, limits: Limits, answers) -> None:
    before, said = resource.getrusage(resource.RUSAGE_SELF), ""
    try:
        if path.suffix in (".mp4", ".mov", ".mkv"):
            for _, _frame in zip(range(20), VideoReader(path, limits).frames(), strict=False):
                pass
        else:
            read_still(path, limits)
    except UserError as error:
        said = str(error)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answers.send((said, seconds, (after.ru_maxrss - before.ru_maxrss) / _UNIT))
