"""Weights: what the manifest lists, where each file lies, and the networks in them."""

from swapper.hub.files import (
    find,
    find_cached,
    find_local,
    load,
    load_path,
    metadata,
    own_folder,
    read_config,
    read_metadata,
    resolve,
    save,
    unpublished,
    verify,
)
from swapper.hub.manifest import add_entry, entries, entry

__all__ = [
    "add_entry",
    "entries",
    "entry",
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
    "unpublished",
    "verify",
]
