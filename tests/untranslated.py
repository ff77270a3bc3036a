"""What a page still says in English after it was translated."""

import html
import re

from swapper.ui.languages import _PARTS, korean_markup


def untranslated(markup: str) -> set[str]:
    """Texts of a piece of HTML, and what it says to screen readers, that have no Korean in them."""
    pieces = _PARTS.split(korean_markup(markup))
    told = [
        text for tag in pieces[1::2] for text in re.findall(r'(?:aria-label|aria-valuetext|title|alt)="([^"]*)"', tag)
    ]
    texts = (html.unescape(text).strip() for text in (*pieces[::2], *told))
    return {text for text in texts if re.search("[A-Za-z]{3}", text) and not re.search("[가-힣]", text)}
