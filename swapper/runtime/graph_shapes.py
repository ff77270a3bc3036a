"""Whether an ONNX graph takes and gives arrays of the shapes that its record says."""

import math
from collections.abc import Sequence
from pathlib import Path

from onnxruntime.capi.onnxruntime_pybind11_state import NodeArg

from swapper.types import UserError

Shape = tuple[int | None, ...]  # None: of any length


def check_input(path: Path, node: NodeArg, wanted: Shape, whose: str) -> None:
    """Refuse a graph one of whose inputs has another shape, as far as the graph says it.

    Args:
        path: of the graph, for the message.
        node: the input.
        wanted: its shape.
        whose: name of the network that has this shape.

    Raises:
        UserError: the number of dimensions or a length differs.
    """
    if not node.shape:
        return
    found = tuple(n if isinstance(n, int) else None for n in node.shape)
    pairs = zip(found, wanted, strict=False)
    if len(found) != len(wanted) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise _refusal(path, f"input '{node.name}'", found, wanted, whose)


def check_output(path: Path, node: NodeArg, wanted: tuple[int, ...], whose: str) -> None:
    """Refuse a graph whose output holds another number of values, as far as the graph says its shape.

    Publishers differ in the dimensions of length 1 and in their order.

    Args:
        path: of the graph, for the message.
        node: the output.
        wanted: its shape for one face.
        whose: name of the network that has this shape.

    Raises:
        UserError: the number of values differs.
    """
    batch, *rest = node.shape or [None]
    lengths = [n for n in rest if isinstance(n, int)]
    if not lengths or len(lengths) < len(rest):
        return
    found = (batch if isinstance(batch, int) else 1, *lengths)
    if math.prod(found) != math.prod(wanted):
        raise _refusal(path, "output", found, wanted, whose)


def _refusal(path: Path, what: str, found: Shape, wanted: Shape, whose: str) -> UserError:
    return UserError(
        f"{path}: its {what} is of {_words(found)}, not of {_words(wanted)} as that of {whose}. Replace it with the "
        "file named in the manifest."
    )


def _words(shape: Sequence[int | None]) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"
