"""Consent, which every way into a swap asks for."""

from typing import Any

from swapper.types import UserError

CONSENT_FIRST = "Consent has not been given yet. Tick the box at the top of the page, then swap."
CONSENT_ARGUMENT = "Consent has not been given. Pass consent=True if everyone whose face is used has agreed."


def require_consent(agreed: Any, sentence: str = CONSENT_FIRST) -> None:
    """Make sure that consent was given: by true itself, not by anything that merely counts as true.

    Args:
        agreed: whatever a caller sent.
        sentence: says what to do.

    Raises:
        UserError: it was not.
    """
    if agreed is not True:
        raise UserError(sentence)
