"""What has to outlive the process as plain values that fit into JSON, to the last bit."""

import base64
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

import numpy as np


def array_to_row(array: np.ndarray) -> list[Any]:
    """An array as plain values.

    Args:
        array: of numbers, any shape.
    """
    return [array.dtype.str, list(array.shape), base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


def array_from_row(row: list[Any]) -> np.ndarray:
    """The array that ``array_to_row`` made plain.

    Args:
        row: from there.
    """
    kind, shape, text = row
    return np.frombuffer(base64.b64decode(text), np.dtype(kind)).reshape(shape).copy()


def fields_to_row(value: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a dataclass that are numbers or arrays, as plain values.

    Args:
        value: of a dataclass.
        without: fields that are left out.
    """
    kept = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in without}
    return {name: array_to_row(part) if isinstance(part, np.ndarray) else part for name, part in kept.items()}


def fields_from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that ``fields_to_row`` made plain, by name.

    Args:
        row: from there.
    """
    return {name: array_from_row(part) if isinstance(part, list) else part for name, part in row.items()}
