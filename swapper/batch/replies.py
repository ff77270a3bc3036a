"""What a pool of workers promises, whether its workers are processes of this machine or of a cluster."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from swapper.errors import UserError

Tell = Callable[[float], object]  # takes the share of a task that is done, 0 to 1
Work = Callable[[Any, Tell], Any]  # does one task; what it returns travels back to the program
Setup = Callable[[], Work]  # called once in each worker, so that models are loaded once


@dataclass(frozen=True)
class Reply:
    """How a task ended in a worker.

    Attributes:
        value: what the work returned.
        error: a sentence when it returned nothing.
        certain: another attempt would end the same way.
    """

    value: Any = None
    error: str | None = None
    certain: bool = True


Said = tuple[int, float | Reply]  # worker, and how far it is or how its task ended


@runtime_checkable
class Pool(Protocol):
    """Workers that do one task at a time.

    A worker that dies says so with a ``Reply`` and is gone after that.
    """

    def start(self) -> int:
        """Add a worker; returns its number, which no other gets."""
        ...

    def send(self, worker: int, task: Any) -> None:
        """Hand a task to a worker that has none."""
        ...

    def wait(self) -> Iterable[Said]:
        """Block until some worker says something, a second at most."""
        ...

    def alive(self, worker: int) -> bool:
        """Whether a worker can take a task."""
        ...

    def release(self, worker: int) -> None:
        """End a worker that has no task, and free what it holds."""
        ...

    def close(self) -> None:
        """End all workers at once, whatever they do."""
        ...


def attempt(work: Work, task: Any, tell: Tell) -> Reply:
    """Do a task where its end must not end the worker.

    Args:
        work: does it.
        task: what it takes.
        tell: takes its progress.
    """
    try:
        return Reply(work(task, tell))
    except UserError as error:
        return Reply(error=str(error))
    except Exception as error:  # of one job of many: it is said in that job's result
        lines = str(error).splitlines() or ["no reason given"]
        return Reply(error=f"Unexpected {type(error).__name__}: {lines[0]}", certain=False)
