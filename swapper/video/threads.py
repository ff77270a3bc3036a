"""Stages of a stream that work at the same time, each in a thread of its own, with bounded queues between them."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Full, Queue
from threading import Event, Lock, Thread
from typing import TypeVar

import cv2

T = TypeVar("T")
R = TypeVar("R")
_PATIENCE = 0.1  # seconds between looks at whether the consumer has gone


class _Frugal:
    """How many stages ask OpenCV for one thread, and how many it had before."""

    lock = Lock()
    asking = 0
    usual = 0


@contextmanager
def frugal_opencv() -> Iterator[None]:
    """Keep OpenCV to one thread inside a ``with`` statement: where every stage has its own, more only wait busily."""
    with _Frugal.lock:
        if not _Frugal.asking:
            _Frugal.usual = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _Frugal.asking += 1
    try:
        yield
    finally:
        with _Frugal.lock:
            _Frugal.asking -= 1
            if not _Frugal.asking:
                cv2.setNumThreads(_Frugal.usual)


class _End:
    """What a stage sends last: nothing more, or the error that ended it."""

    def __init__(self, error: BaseException | None = None):
        self.error = error


def run_ahead(items: Iterable[T], capacity: int) -> Generator[T, None, None]:
    """The same items, produced by a thread that may be ahead by ``capacity`` of them.

    An error in the thread is raised here, after the items that came before it. When the consumer stops early, the
    thread ends, and ``items`` is closed.

    Args:
        items: an iterator; only the thread touches it.
        capacity: 1 or more.
    """
    queue: Queue[T | _End] = Queue(capacity)
    gone = Event()
    thread = Thread(target=_produce, args=(iter(items), queue, gone), daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        gone.set()
        thread.join()


def _produce(items: Iterator[T], queue: "Queue[T | _End]", gone: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(queue, item, gone):
                break
    except BaseException as error:
        end = _End(error)
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
        _put(queue, end, gone)


def _put(queue: "Queue[T | _End]", item: "T | _End", gone: Event) -> bool:
    while not gone.is_set():
        try:
            queue.put(item, timeout=_PATIENCE)
        except Full:
            continue
        return True
    return False


def map_in_order(
    function: Callable[[T], R], items: Iterable[T], workers: int, ahead: int | None = None
) -> Generator[R, None, None]:
    """``map`` with several threads; results keep their order.

    An item is taken when the result of the one ``ahead`` + 1 before it has been handed over, however fast anything is:
    where items depend on results, they depend on the same ones whatever the number of threads.

    Args:
        function: called in the workers.
        items: what it is called with, one after the other.
        workers: 1 or more.
        ahead: results that are waited for while the next item is taken; as many as there are workers when None, so
            that none is idle while the consumer is busy.
    """
    ahead = workers if ahead is None else ahead
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
