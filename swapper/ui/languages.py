"""English and Korean: the app is written in English, and ``korean.json`` says all of it again.

What a page holds from the start is translated in the browser, in the language chosen there. What a handler answers,
such as an error with a file's name in it, is translated here, in the language the browser asks for.
"""

import html
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.i18n import I18n, I18nData

_WORDS = ("label", "info", "placeholder")
_PLACE = re.compile(r"\{(\w+)\}")
# What may be filled in where little else tells one sentence from another.
_NARROW = {"low": r"\S+", "high": r"\S+", **dict.fromkeys(("pairs", "sources", "targets"), r"\d+ \w+|\d+")}
_PARTS = re.compile(r"(<style.*?</style>|<script.*?</script>|<[^>]*>)", re.DOTALL)
_SAID_IN_TAGS = re.compile(r'((?:aria-label|aria-valuetext|title|alt)=")([^"]*)(")')


@cache
def _table() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Sentences, and patterns of sentences with something in them, longest first."""
    rows: dict[str, str] = json.loads(Path(__file__).with_name("korean.json").read_text(encoding="utf-8"))
    plain = {english: korean for english, korean in rows.items() if not _PLACE.search(english)}
    filled = sorted((english for english in rows if _PLACE.search(english)), key=len, reverse=True)
    return plain, [(_pattern(english), rows[english]) for english in filled]


def _gradio_words() -> dict[str, list[str]]:
    """What Gradio's components say by themselves and its own lists lack: English and Korean by Gradio's name for it."""
    return json.loads(Path(__file__).with_name("gradio_words.json").read_text(encoding="utf-8"))


def _pattern(english: str) -> re.Pattern[str]:
    parts = _PLACE.split(english)
    return re.compile(
        "".join(
            f"(?P<{part}>{_NARROW.get(part, '.+?')})" if i % 2 else re.escape(part) for i, part in enumerate(parts)
        ),
        re.DOTALL,
    )


def korean(text: str) -> str:
    """The Korean translation of a sentence; the sentence itself if there is none.

    Args:
        text: plain, with or without something filled in.
    """
    plain, patterns = _table()
    if text in plain:
        return plain[text]
    for pattern, template in patterns:
        found = pattern.fullmatch(text)
        if found:
            filled = {name: korean(part) for name, part in found.groupdict().items()}
            return template.format(**filled)
    return text


def korean_markup(markup: str) -> str:
    """The Korean of the sentences in a piece of HTML, between its tags and in what they say to screen readers.

    Args:
        markup: HTML, or plain text that was made safe for it.
    """
    parts = _PARTS.split(markup)
    return "".join(_tag(part) if i % 2 else _escaped(part) for i, part in enumerate(parts))


def _tag(tag: str) -> str:
    return _SAID_IN_TAGS.sub(lambda found: f"{found[1]}{_escaped(found[2])}{found[3]}", tag)


def _escaped(text: str) -> str:
    bare = text.strip()
    said = html.unescape(bare)
    translated = korean(said)
    return text if translated == said else text.replace(bare, html.escape(translated))


def in_korean() -> bool:
    """Whether the browser whose event is being handled asks for Korean first; programs get English."""
    request = LocalContext.request.get(None)
    wanted = request.headers.get("accept-language", "") if request is not None else ""
    return wanted.strip().lower().startswith("ko")


def said(text: str) -> str:
    """A sentence for whoever caused the event that is being handled.

    Args:
        text: English, plain.
    """
    return korean(text) if in_korean() else text


def said_markup(markup: str) -> str:
    """The same for a piece of HTML.

    Args:
        markup: with English in it.
    """
    return korean_markup(markup) if in_korean() else markup


def offer_korean(app: gr.Blocks) -> I18n:
    """Make all that the page holds from the start translatable.

    Args:
        app: finished; its components are changed.

    Returns:
        For ``Blocks.launch``.
    """
    texts: dict[str, str] = {}

    def marked(text: Any, translate: Callable[[str], str]) -> Any:
        translated = translate(text) if isinstance(text, str) else text
        if translated == text or "}" in text:  # Gradio's page looks for the first closing brace
            return text
        texts[text] = translated
        return I18nData(text)

    for block in app.blocks.values():
        for word in _WORDS:
            if isinstance(getattr(block, word, None), str):
                setattr(block, word, marked(getattr(block, word), korean))
        if isinstance(block, gr.HTML):
            block.value = marked(block.value, korean_markup)
        elif isinstance(block, gr.Button):
            block.value = marked(block.value, korean)
        elif isinstance(block, gr.Radio | gr.CheckboxGroup | gr.Dropdown):
            block.choices = [(marked(name, korean), value) for name, value in block.choices]
    english, own = ({key: words[i] for key, words in _gradio_words().items()} for i in range(2))
    return gr.I18n(en=english | {text: text for text in texts}, ko=own | texts)
