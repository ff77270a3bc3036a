"""Saying that a picture was made here: signed content credentials, an invisible watermark, a visible label.

The names are imported on first use, so that the settings alone need nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from swapper.provenance.credentials import sign_file
    from swapper.provenance.marking import Written, write_marked_image
    from swapper.provenance.origin import Origin
    from swapper.provenance.settings import MarkSettings

_HOMES = {
    "MarkSettings": "settings",
    "Origin": "origin",
    "Written": "marking",
    "sign_file": "credentials",
    "write_marked_image": "marking",
}
__all__ = ["MarkSettings", "Origin", "Written", "sign_file", "write_marked_image"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"swapper.provenance.{_HOMES[name]}"), name)
