"""The example that a visitor can see before giving a photo: swapped once, shown to everybody."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from swapper.types import SwapResult
from swapper.ui.swappers import SwapperCache


class FinishedExample:
    """One swap between two made-up people, kept once it is done.

    Attributes:
        source: photo of the first.
        target: photo of the second.
    """

    def __init__(self, source: Path, target: Path):
        """Nothing is swapped yet.

        Args:
            source: whose face is given.
            target: whose face changes.
        """
        self.source, self.target = source, target
        self._done: tuple[SwapResult, str] | None = None
        self._lock = Lock()

    def get(self, swappers: SwapperCache, working: Callable[[], object]) -> tuple[SwapResult, str]:
        """The result and the name of the method that made it, the app's recommended one.

        Args:
            swappers: shared by all sessions.
            working: called when it has to be made first.
        """
        with self._lock:
            if self._done is None:
                working()
                swapper = swappers.get()
                self._done = swapper.swap_image(str(self.source), str(self.target), "largest"), swapper.method.name
            return self._done
