"""What has to outlive the process as plain values that fit into JSON, to the last bit."""

import base64
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
