"""How many CPU threads a process gives its networks, where several processes share a machine."""

import os
import sys

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


def usable_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
