"""Swapper: face swapping in photographs and video with published systems.

>>> from swapper import FaceSwapper  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swapper.pipeline import FaceSwapper
    from swapper.types import Crop, Face, Identity, Swapped, SwapResult, UserError

__all__ = ["Crop", "Face", "FaceSwapper", "Identity", "SwapResult", "Swapped", "UserError"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import swapper.something`` stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("swapper.pipeline" if name == "FaceSwapper" else "swapper.types"), name)
