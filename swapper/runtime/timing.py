"""Milliseconds by step, collected while a frame is worked on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StepTimer:
    """Adds up the time spent in named steps.

    Attributes:
        milliseconds: by step, in the order in which steps first ran.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Start with no step.

        Args:
            clock: says the time in seconds; ``time.process_time`` for processor time.
        """
        self._clock = clock
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the body of a ``with`` statement; a step that runs again is added to."""
        start = self._clock()
        try:
            yield
        finally:
            self.milliseconds[name] = self.milliseconds.get(name, 0.0) + (self._clock() - start) * 1000
