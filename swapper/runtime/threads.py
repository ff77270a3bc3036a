"""How many CPU threads a process gives its networks, where several processes share a machine."""

import os
import sys

from swapper.runtime.thread_count import best_thread_count

_VARIABLE = "SWAPPER_THREADS"
_OTHERS = ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")  # torch and OpenCV look at them when they are imported


def limit_threads(count: int) -> None:
    """Let the networks of this process, and OpenCV, use so many threads each; sessions that are open keep theirs.

    Args:
        count: 1 or more.
    """
    os.environ.update(dict.fromkeys((_VARIABLE, *_OTHERS), str(count)))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(count)


def threads_allowed() -> int | None:
    """What ``limit_threads`` has said in this process; None where nobody has."""
    said = os.environ.get(_VARIABLE, "")
    return int(said) if said.isdigit() and int(said) else None


def settle_threads() -> None:
    """Let the networks of this program use as many threads as make them fastest on this machine.

    For programs, before they load networks; ``SWAPPER_THREADS`` or ``OMP_NUM_THREADS`` says otherwise.
    """
    said = threads_allowed()
    if said is not None:
        limit_threads(said)
    elif "OMP_NUM_THREADS" not in os.environ:
        limit_threads(best_thread_count())
