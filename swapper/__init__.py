"""Swapper: face swapping in photographs and video with published systems.

>>> from swapper import FaceSwapper  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from swapper.runtime.reports import silence_reports
from swapper.version import __version__

if TYPE_CHECKING:
    from swapper.pipeline import FaceSwapper
    from swapper.types import Crop, Face, Identity, Swapped, SwapResult, UserError

__all__ = ["Crop", "Face", "FaceSwapper", "Identity", "SwapResult", "Swapped", "UserError", "__version__"]

silence_reports()  # here, because it has to happen before anything else is imported


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import swapper.something`` stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    homes = {"FaceSwapper": "swapper.pipeline", "UserError": "swapper.errors"}
    return getattr(import_module(homes.get(name, "swapper.types")), name)
