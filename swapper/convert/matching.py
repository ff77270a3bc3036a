"""Fitting a checkpoint's tensors into a network by name and shape, with nothing left over on either side."""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from swapper.types import UserError

Rules = tuple[tuple[str, str], ...]

_COUNTER = "num_batches_tracked"  # BatchNorm's counter; Paddle and ONNX have none, and nothing reads it
_LISTED = 20


def rename(
    state: Mapping[str, Tensor], rules: Rules, ignored: Iterable[str] = ()
) -> tuple[dict[str, Tensor], list[str]]:
    """Give tensors our names.

    Args:
        state: by official name.
        rules: pattern that matches an official name from its start to its end, and what replaces it; without rules
            the official names are ours.
        ignored: patterns found in the names of tensors that have no use here.

    Returns:
        Tensors by our name, and the official names that no rule knows.
    """
    renamed: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, value in state.items():
        if any(re.search(pattern, name) for pattern in ignored):
            continue
        ours = _our_name(name, rules) if rules else name
        if ours is None or ours in renamed:
            unknown.append(name)
        else:
            renamed[ours] = value
    return renamed, unknown


def _our_name(name: str, rules: Rules) -> str | None:
    for pattern, replacement in rules:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(replacement)
    return None


def fit(network: nn.Module, tensors: Mapping[str, Tensor], unknown: Iterable[str], origin: str) -> None:
    """Load tensors into a network; shapes may differ by axes of length one.

    Args:
        network: of the right sizes.
        tensors: by our names.
        unknown: names of the checkpoint that have no place here.
        origin: names the checkpoint in the message.

    Raises:
        UserError: anything is missing, left over or of another shape; it lists what.
    """
    wanted = network.state_dict()
    state: dict[str, Tensor] = {}
    shapes: list[str] = []
    for name, place in wanted.items():
        value = tensors.get(name, place if name.endswith(_COUNTER) else None)
        if value is None:
            continue
        if _essential(value) != _essential(place):
            shapes.append(f"{name} {tuple(value.shape)} instead of {tuple(place.shape)}")
        else:
            state[name] = value.reshape(place.shape)
    faults = {
        "unexpected": [*unknown, *(name for name in tensors if name not in wanted)],
        "missing": [name for name in wanted if name not in tensors and not name.endswith(_COUNTER)],
        "of another shape": shapes,
    }
    if any(faults.values()):
        found = "; ".join(f"{len(names)} {kind}: {_listed(names)}" for kind, names in faults.items() if names)
        raise UserError(
            f"{origin}: its tensors are not those of {type(network).__name__}: {found}. "
            "Check that FILE belongs to SYSTEM."
        )
    network.load_state_dict(state)


def _essential(value: Tensor) -> tuple[int, ...]:
    return tuple(length for length in value.shape if length != 1)


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
