"""How many CPU threads a process gives its networks, where several processes share a machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from swapper.runtime.thread_count import best_thread_count

_VARIABLE = "SWAPPER_THREADS"
_OTHERS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")  # looked at on import


def limit_threads(count: int) -> None:
    """Let networks, OpenCV and numpy use so many threads each in this process; sessions that are open keep theirs.

    Args:
        count: 1 or more.
    """
    os.environ.update(environment_of_threads(count))
    if "numpy" in sys.modules:
        threadpool_limits(count, "blas")
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(count)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(count)


def environment_of_threads(count: int) -> dict[str, str]:
    """The variables that say to a process before it begins what ``limit_threads`` says later.

    Args:
        count: threads, 1 or more.
    """
    return dict.fromkeys((_VARIABLE, *_OTHERS), str(count))


@contextmanager
def threads_of_children(count: int) -> Iterator[None]:
    """Processes that are started in the block find it said from the beginning, as numpy wants it: it asks but once.

    Args:
        count: threads, 1 or more.
    """
    said = environment_of_threads(count)
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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
