"""Workers that are processes of this machine."""

import multiprocessing
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from swapper.batch.replies import Reply, Said, Setup, Tell, attempt
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.program import follow_parent
from swapper.runtime.proxies import settle_proxies
from swapper.runtime.threads import limit_threads, threads_of_children

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_TELL_EVERY = 0.5  # seconds
_PATIENCE = 10.0  # seconds that a worker has to end
DIED = "Its worker process was ended from outside or crashed ({how}). Is there enough memory? Run the same again."


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Any  # a Connection, or what stands for it on Windows


class Processes:
    """A pool, as ``replies.Pool`` describes it, of processes that share this machine's cores or graphics cards."""

    def __init__(self, setup: Setup, threads: int = 1, cards: int = 0):
        """Describe the workers; none is started.

        Args:
            setup: makes what a worker does.
            threads: CPU threads of each network of a worker.
            cards: graphics cards that the workers share, one each; 0 where they use none.
        """
        self._setup, self._threads, self._cards = setup, threads, cards
        self._workers: dict[int, _Worker] = {}
        self._started = 0
        self._context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold

    def start(self) -> int:
        """As of ``Pool``."""
        number, self._started = self._started, self._started + 1
        ours, theirs = self._context.Pipe()
        card = number % self._cards if self._cards else None
        process = self._context.Process(
            target=_serve, args=(theirs, self._setup, self._threads, card), name=f"worker {number}", daemon=True
        )
        with threads_of_children(self._threads):
            process.start()
        theirs.close()
        self._workers[number] = _Worker(process, ours)
        return number

    def send(self, worker: int, task: Any) -> None:
        """As of ``Pool``."""
        with suppress(BrokenPipeError, ConnectionResetError):  # it died just now, which ``wait`` will say
            self._workers[worker].pipe.send(task)

    def wait(self) -> Iterable[Said]:
        """As of ``Pool``."""
        numbers = {worker.pipe: number for number, worker in self._workers.items()}
        for pipe in wait(list(numbers), timeout=1.0):
            assert isinstance(pipe, Connection)
            number = numbers[pipe]
            try:
                yield number, pipe.recv()
            except (EOFError, OSError):
                yield number, Reply(error=DIED.format(how=self._bury(number)), certain=False)

    def alive(self, worker: int) -> bool:
        """As of ``Pool``."""
        return worker in self._workers

    def release(self, worker: int) -> None:
        """As of ``Pool``."""
        self._workers.pop(worker).pipe.close()

    def close(self) -> None:
        """As of ``Pool``."""
        for worker in self._workers.values():
            worker.process.terminate()
        for number in list(self._workers):
            self._bury(number)

    def _bury(self, number: int) -> str:
        """How a worker ended that has ended, or is about to."""
        worker = self._workers.pop(number)
        worker.pipe.close()
        worker.process.join(_PATIENCE)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
        code = worker.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def graphics_cards() -> int:
    """Graphics cards of this machine that CUDA can use."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _serve(pipe: Connection, setup: Setup, threads: int, card: int | None) -> None:
    """A worker's life."""
    follow_parent()
    if card is not None:
        given = [name for name in os.environ.get(_VISIBLE, "").split(",") if name]
        os.environ[_VISIBLE] = given[card] if card < len(given) else str(card)
    limit_threads(threads)
    keep_freed_memory()
    settle_proxies()
    work = setup()
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(attempt(work, task, _teller(pipe)))


def _teller(pipe: Connection) -> Tell:
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            pipe.send(share)

    return tell
