"""The example that a visitor can see before giving a photo: swapped once, shown to everybody."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from swapper.provenance import Origin
from swapper.restore.default import default_restorer
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
        self._done: tuple[SwapResult, Origin] | None = None
        self._lock = Lock()

    def get(self, swappers: SwapperCache, working: Callable[[], object]) -> tuple[SwapResult, Origin]:
        """The result and what made it, the app's recommended method and restoration.

        Args:
            swappers: shared by all sessions.
            working: called when it has to be made first.
        """
        with self._lock:
            if self._done is None:
                working()
                restore = default_restorer()
                swapper = swappers.get(restore=restore)
                result = swapper.swap_image(str(self.source), str(self.target), "largest")
                self._done = result, Origin(swapper.method_name, restore)
            return self._done
