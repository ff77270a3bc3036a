"""Telling apart what results are made from."""

import hashlib
from collections.abc import Sequence
from typing import Any

from swapper.ui.assignment import Assignment


def fingerprint(values: Sequence[Any]) -> str:
    """Tells apart what results are made from: equal for equal values.

    Args:
        values: as components send them without preprocessing.
    """
    return hashlib.sha256(repr([_plain(value) for value in values]).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Assignment):  # its target is among the values, and everyone is the first at first
        return value.people if any(value.people) else None
    if isinstance(value, dict):
        inner = value.get("image") or value.get("video")
        return (inner if isinstance(inner, dict) else value).get("path")
    if isinstance(value, list):
        return [_plain(inner) for inner in value] or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value if isinstance(value, str | bool) else getattr(value, "path", None)
    return float(value)
