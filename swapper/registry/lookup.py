"""How every name that a user types is looked up in its table."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from swapper.errors import UserError

V = TypeVar("V")

NONE = "none"
"""Stands first among the choices where a user can do without any."""


def look_up(table: Mapping[str, V], name: str, kind: str) -> V:
    """What a name stands for.

    Args:
        table: of what there is, by name.
        name: as typed.
        kind: what the table holds, as users read it.

    Raises:
        UserError: there is no such name.
    """
    return table[check_choice(table, name, kind)]


def check_choice(choices: Iterable[str], name: str, kind: str) -> str:
    """Make sure that a name is one of the choices; returns it.

    Args:
        choices: all names, as a user is to read them.
        name: as typed.
        kind: what the choices are, as users read it.

    Raises:
        UserError: it is none of them.
    """
    known = list(choices)
    if name not in known:
        raise UserError(f"Unknown {kind} '{name[:40]}'. Choose one of: {', '.join(known)}.")
    return name


def choices_and_none(table: Mapping[str, V]) -> list[str]:
    """The names of a table, ``none`` first."""
    return [NONE, *table]


def look_up_or_none(table: Mapping[str, V], name: str, kind: str) -> V | None:
    """As ``look_up``; None for ``none``."""
    return table.get(check_choice(choices_and_none(table), name, kind))
