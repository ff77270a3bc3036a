"""Weights: what the manifest lists, where each file lies, and the networks in them.

Every network can be had from here too: ``from swapper.hub import AEINet``. All names are imported on first use, so that
what does not need torch does not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from swapper.registry import NETWORKS

if TYPE_CHECKING:
    from swapper.hub.files import fetch, find, find_cached, find_local, own_folder, resolve, unpublished, verify
    from swapper.hub.manifest import WeightEntry, add_entry, entries, entry, shipped_folder
    from swapper.hub.networks import load, load_path, metadata, read_config, read_metadata, save
    from swapper.hub.trust import settle_trust, unverified

__all__ = [
    "WeightEntry",
    "add_entry",
    "entries",
    "entry",
    "fetch",
    "find",
    "find_cached",
    "find_local",
    "load",
    "load_path",
    "metadata",
    "own_folder",
    "read_config",
    "read_metadata",
    "resolve",
    "save",
    "settle_trust",
    "shipped_folder",
    "unpublished",
    "unverified",
    "verify",
]
_HOMES = {  # whatever is not named here is in files.py
    **dict.fromkeys(("WeightEntry", "add_entry", "entries", "entry", "shipped_folder"), "manifest"),
    **dict.fromkeys(("load", "load_path", "metadata", "read_config", "read_metadata", "save"), "networks"),
    **dict.fromkeys(("settle_trust", "unverified"), "trust"),
}


def __getattr__(name: str) -> Any:
    """Import a public name, or the class of a network, on first use."""
    if name in __all__:
        return getattr(import_module(f"swapper.hub.{_HOMES.get(name, 'files')}"), name)
    network = next((info.network for info in NETWORKS.values() if info.class_name == name), None)
    if network is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return network
