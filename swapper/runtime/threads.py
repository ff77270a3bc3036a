"""How many CPU threads a process gives its networks, and at which priority they run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

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


@contextmanager
def usual_priority() -> Iterator[None]:
    """Undo what a library does in this block to the priority of the process's threads.

    SVT-AV1 makes its own threads and the calling one real-time threads where it may, as root may on Linux. Programs
    started later inherit that, and all others wait for them.
    """
    if sys.platform != "linux":
        yield
        return
    before, own = _schedules(), _schedule(0)
    try:
        yield
    finally:
        for thread, now in _schedules().items():
            policy, priority = before.get(thread, own)
            if now != (policy, priority):
                with suppress(OSError):  # it has ended, or may not be changed
                    os.sched_setscheduler(thread, policy, os.sched_param(priority))


def _schedules() -> dict[int, tuple[int, int]]:
    """Policy and priority of each thread of this process."""
    found: dict[int, tuple[int, int]] = {}
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has just ended
            found[int(task.name)] = _schedule(int(task.name))
    return found


def _schedule(thread: int) -> tuple[int, int]:
    return os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority
