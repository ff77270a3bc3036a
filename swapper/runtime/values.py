"""Values that callers hand over: of the right kind and in their range, or one sentence that says what is wrong.

``True`` is not a number here, 1.5 is not a whole one, and nothing is converted from text.
"""

from collections.abc import Iterable
from math import isfinite
from numbers import Integral, Real
from typing import Any

from swapper.errors import UserError

NO_NUMBER = "{name}: {found} is not a number. Give {low} to {high}."
NO_WHOLE_NUMBER = "{name}: {found} is not a whole number. Give {low} to {high}."
OUT_OF_RANGE = "{name}: {found} is out of range. Give {low} to {high}."
NO_TEXT = "{name}: {found} is not text. Give text."
NO_SWITCH = "{name}: {found} is neither true nor false. Give one of them."
NO_CHOICE = "{name}: {found} is not available. Choose one of: {known}."
_LONGEST = 40  # letters of a wrong value that are repeated
_MOST_BITS = 128  # of a whole number that is repeated


def number(name: str, value: Any, low: float, high: float) -> float:
    """A finite number in a range.

    Args:
        name: of the value, for the sentence.
        value: anything.
        low: least.
        high: most.

    Raises:
        UserError: it is something else.
    """
    if not _is_number(value):
        raise UserError(NO_NUMBER.format(name=name, found=shown(value), low=f"{low:g}", high=f"{high:g}"))
    if not low <= value <= high:
        raise UserError(OUT_OF_RANGE.format(name=name, found=shown(value), low=f"{low:g}", high=f"{high:g}"))
    return float(value)


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number in a range; 2.0 is one.

    Args:
        name: of the value, for the sentence.
        value: anything.
        low: least.
        high: most.

    Raises:
        UserError: it is something else.
    """
    if not _is_number(value) or not (isinstance(value, Integral) or float(value).is_integer()):
        raise UserError(NO_WHOLE_NUMBER.format(name=name, found=shown(value), low=low, high=high))
    found = int(value)
    if not low <= found <= high:
        raise UserError(OUT_OF_RANGE.format(name=name, found=shown(found), low=low, high=high))
    return found


def text(name: str, value: Any) -> str:
    """Text.

    Args:
        name: of the value, for the sentence.
        value: anything.

    Raises:
        UserError: it is something else.
    """
    if not isinstance(value, str):
        raise UserError(NO_TEXT.format(name=name, found=shown(value)))
    return value


def switch(name: str, value: Any) -> bool:
    """True or false.

    Args:
        name: of the value, for the sentence.
        value: anything.

    Raises:
        UserError: it is something else.
    """
    if not isinstance(value, bool):
        raise UserError(NO_SWITCH.format(name=name, found=shown(value)))
    return value


def choice(name: str, value: Any, known: Iterable[str]) -> str:
    """One of some words.

    Args:
        name: of the value, for the sentence.
        value: anything.
        known: the words.

    Raises:
        UserError: it is something else.
    """
    words = list(known)
    if not isinstance(value, str) or value not in words:
        raise UserError(NO_CHOICE.format(name=name, found=shown(value), known=", ".join(words)))
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and _finite(value)


def _finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except OverflowError:
        return True  # a whole number beyond what a float holds


def shown(value: Any) -> str:
    """A wrong value as a sentence repeats it: short, on one line, and never the whole of a large one.

    Args:
        value: anything.
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        line = "".join(letter if letter.isprintable() else "?" for letter in value[:_LONGEST])
        return f"'{line}{'...' if len(value) > _LONGEST else ''}'"
    if isinstance(value, Real):
        return _shown_number(value)
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, dict) else "something else"


def _shown_number(value: Any) -> str:
    if not isinstance(value, Integral):
        return f"{float(value):g}"
    return str(int(value)) if int(value).bit_length() <= _MOST_BITS else "a very large number"
