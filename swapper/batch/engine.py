"""Handing tasks to workers: the one place that decides where they run, and what happens to a task whose worker dies."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from swapper.batch.replies import Pool, Reply, Setup
from swapper.errors import UserError
from swapper.runtime.limits import usable_memory
from swapper.runtime.thread_count import best_thread_count, physical_cores

MEMORY_A_WORKER = 2 << 30  # bytes: the networks of a method, and a photo of a few megapixels on its way


@dataclass(frozen=True)
class Engine:
    """Where tasks run.

    Attributes:
        workers: how many tasks run at a time; as many as the machine or the cluster can take when None.
        ray: address of a Ray cluster, ``auto`` for the one that this machine belongs to, ``local`` for one that is
            started here; processes of this machine when None.
        retry: how often a task is begun again whose worker died, or that ended in an unforeseen way.
        gpu: each worker has a graphics card, or a share of one; where there is one when None.
    """

    workers: int | None = None
    ray: str | None = None
    retry: int = 1
    gpu: bool | None = None

    def __post_init__(self):
        if self.workers is not None and self.workers < 1:
            raise UserError(f"--workers must be 1 or more, not {self.workers}.")
        if self.retry < 0:
            raise UserError(f"--retry must be 0 or more, not {self.retry}.")


@dataclass(frozen=True)
class Told:
    """How far a task is.

    Attributes:
        index: of the task.
        share: that is done, 0 to 1.
    """

    index: int
    share: float


@dataclass(frozen=True)
class Ended:
    """How a task ended.

    Attributes:
        index: of the task.
        value: what the work returned; None where it failed.
        error: why it failed, a sentence; None where it did not.
        attempts: how often it was begun.
    """

    index: int
    value: Any
    error: str | None
    attempts: int


def run_tasks(engine: Engine, setup: Setup, tasks: Sequence[Any]) -> Iterator[Told | Ended]:
    """Do tasks in workers; each ends once, in whatever order.

    Args:
        engine: where.
        setup: makes what does a task, once in each worker; it and the tasks can be pickled.
        tasks: in the order in which they begin.

    Raises:
        UserError: Ray is not installed, or the cluster cannot be reached.
    """
    if not tasks:
        return
    pool, most = _open(engine, setup, len(tasks))
    with closing(pool):
        yield from _dispatch(pool, min(most, len(tasks)), tasks, engine.retry)


def _open(engine: Engine, setup: Setup, tasks: int) -> tuple[Pool, int]:
    """The workers, none started yet, and how many there may be."""
    if engine.ray is not None:
        from swapper.batch.ray_actors import RayActors

        actors = RayActors(setup, engine.ray, engine.workers, engine.gpu)
        return actors, actors.most
    from swapper.batch.processes import Processes, graphics_cards

    cards, cores, memory = 0 if engine.gpu is False else graphics_cards(), physical_cores(), usable_memory()
    fitting = max(min(cores, memory // MEMORY_A_WORKER), 1) if memory else cores
    most = min(engine.workers or cards or fitting, tasks)
    threads = cores // most
    return Processes(setup, min(threads, best_thread_count()) if threads > 1 else 1, cards), most


def _dispatch(pool: Pool, most: int, tasks: Sequence[Any], retry: int) -> Iterator[Told | Ended]:
    desk = _Desk(pool, tasks, retry)
    for _ in range(most):
        desk.hand_out(pool.start())
    while desk.busy:
        for worker, said in pool.wait():
            if not isinstance(said, Reply):
                yield Told(desk.busy[worker], said)
                continue
            ended = desk.take_back(worker, said)
            if ended is not None:
                yield ended


class _Desk:
    """Where tasks wait, and where workers bring back what they were given.

    Attributes:
        busy: index of the task that a worker has.
    """

    def __init__(self, pool: Pool, tasks: Sequence[Any], retry: int):
        self._pool, self._tasks, self._retry = pool, tasks, retry
        self._waiting, self._begun = deque(range(len(tasks))), Counter[int]()
        self.busy: dict[int, int] = {}

    def hand_out(self, worker: int) -> None:
        """Give the next task to a worker, or to a new one in its place; end it where there is none."""
        if not self._waiting:
            if self._pool.alive(worker):
                self._pool.release(worker)
            return
        if not self._pool.alive(worker):
            worker = self._pool.start()
        index = self._waiting.popleft()
        self.busy[worker] = index
        self._begun[index] += 1
        self._pool.send(worker, self._tasks[index])

    def take_back(self, worker: int, reply: Reply) -> Ended | None:
        """What became of a worker's task; None where it is begun again, after all that wait already."""
        index = self.busy.pop(worker)
        again = reply.error is not None and not reply.certain and self._begun[index] <= self._retry
        if again:
            self._waiting.append(index)
        self.hand_out(worker)
        return None if again else Ended(index, reply.value, reply.error, self._begun[index])
