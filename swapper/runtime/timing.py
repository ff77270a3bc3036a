"""Milliseconds by step, collected while a frame is worked on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StepTimer:
    """Adds up the time spent in named steps.

    Attributes:
        milliseconds: by step, in the order in which steps first ran.
    """

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the body of a ``with`` statement; a step that runs again is added to."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + (time.perf_counter() - start) * 1000
