"""Warnings and errors as they are shown on the page."""

from collections.abc import Sequence

from swapper.types import UserError
from swapper.ui.files import plain_sentence
from swapper.ui.languages import said_markup


def callout(sentences: Sequence[UserError | str], error: bool = False) -> str:
    """HTML that shows plain sentences, made safe for it here, as warnings or as an error; empty without any."""
    if not sentences:
        return ""
    kind, role = ("error", "alert") if error else ("warning", "status")
    rows = "".join(f"<p>{said_markup(plain_sentence(sentence))}</p>" for sentence in sentences)
    return f'<div class="callout {kind}" role="{role}">{rows}</div>'
