"""The example that a visitor can see before giving a photo: swapped once as usual, shown to everybody."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from swapper.compose.settings import BlendSettings
from swapper.provenance import Origin
from swapper.restore.default import default_restorer
from swapper.types import SwapResult
from swapper.ui.swappers import SwapperCache, offered_methods

Wish = tuple[str, str, BlendSettings, str]


class FinishedExample:
    """One swap between two made-up people, kept once it is done with the usual settings.

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
        self._done: dict[Wish, tuple[SwapResult, Origin]] = {}
        self._lock = Lock()

    def get(
        self,
        swappers: SwapperCache,
        working: Callable[[], object],
        method: str,
        restore: str,
        blend: BlendSettings,
        upscale: str = "none",
    ) -> tuple[SwapResult, Origin]:
        """The result and what made it.

        Args:
            swappers: shared by all sessions.
            working: called when it has to be made first.
            method: name.
            restore: name of the restoration.
            blend: how the face is blended in.
            upscale: name of what enlarges the whole result.
        """
        wish = method, restore, blend, upscale
        with self._lock:
            if wish not in self._done:
                working()
                swapper = swappers.get(method, restore)
                result = swapper.swap_image(str(self.source), str(self.target), "largest", blend=blend, upscale=upscale)
                usual = wish == (next(iter(offered_methods())), default_restorer(), BlendSettings(), "none")
                done = result, Origin(swapper.method_name, restore, upscale=upscale)
                if not usual:  # what one visitor tries is not kept for all
                    return done
                self._done[wish] = done
            return self._done[wish]
