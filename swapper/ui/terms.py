"""The terms of the weights that somebody chose: their licence, and a box to tick where they are unverified."""

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from swapper import hub
from swapper.methods.base import local_methods
from swapper.methods.weights import find_weights
from swapper.registry import METHODS, needed_weights, split_method
from swapper.registry.pipeline_reading import read_pipeline
from swapper.runtime.values import switch
from swapper.types import UserError
from swapper.ui.languages import said

LICENCE = "Licence of the weights: {licence}."
NO_WEIGHTS = "It needs no weights."
TRUST = "I trust whoever publishes these weights"
UNVERIFIED = "{file} is unverified, since {doubt}. Nothing in it can run code."
NOT_TRUSTED = (
    "Weights '{name}': {file} is unverified, since {doubt}. If you trust {repo}, tick the box below the method."
)
TRUST_ARGUMENT = "Weights '{name}': {file} is unverified, since {doubt}. If you trust {repo}, pass trust=True."


def licence(method: str) -> str:
    """HTML that says under which licence a method's weights may be used.

    Args:
        method: name of one that the app offers.
    """
    found = _licences(method)
    words = LICENCE.format(licence=" + ".join(found)) if found else NO_WEIGHTS
    return f'<p class="hint">{html.escape(words)}</p>'


def _licences(method: str) -> list[str]:
    name, own = split_method(method)
    if own:
        path = find_weights(own)
        return [read_pipeline(hub.read_metadata(path), name, str(path), 0).licence]
    rows = {row.name: row.licence for row in hub.entries()}
    return list(dict.fromkeys(rows[one] for one in needed_weights([name]) if one in rows))


def trust_box(methods: Sequence[str], *others: str) -> gr.Checkbox:
    """Lay out the box that unverified weights ask for; hidden while none are chosen. Called inside Blocks.

    Args:
        methods: names of those that are chosen at first.
        others: names of the restoration and the upscaler that are.
    """
    return gr.Checkbox(False, label=TRUST, info=_doubts(methods, others), visible=bool(_rows(methods, others)))


def trust_asked(methods: Any, *others: Any) -> gr.Checkbox:
    """The box after another choice: not ticked, and hidden where nobody has to trust anyone.

    Args:
        methods: name, or names, as components send them.
        others: names of the restoration and the upscaler, as components send them.
    """
    names = [methods] if isinstance(methods, str) else [name for name in methods or [] if isinstance(name, str)]
    rest = [name for name in others if isinstance(name, str)]
    return gr.Checkbox(value=False, info=said(_doubts(names, rest)), visible=bool(_rows(names, rest)))


def require_trust(trust: Any, methods: Sequence[str], *others: str, sentence: str = NOT_TRUSTED) -> None:
    """Make sure that unverified weights are trusted: by true itself, not by anything that merely counts as true.

    Args:
        trust: whatever a caller sent; None counts as false.
        methods: names.
        others: names of a restoration and an upscaler.
        sentence: says what to do.

    Raises:
        UserError: ``trust`` is neither true nor false, or some of their weights are unverified and nobody trusts them.
    """
    if trust is not None and switch("Trust", trust):
        return
    for row in _rows(methods, others):
        raise UserError(sentence.format(name=row.name, file=row.file_name, doubt=row.doubt, repo=row.repo_id))


def shipped_method(moving: bool) -> str:
    """Name of the best method that ships with the app.

    Args:
        moving: for videos.
    """
    return local_methods(moving)[0]


def is_published(method: str) -> bool:
    """Whether a method stands for a swapper that others published.

    Args:
        method: name.
    """
    return split_method(method)[0] not in METHODS


def _rows(methods: Sequence[str], others: Sequence[str]) -> list[hub.WeightEntry]:
    """Unverified weights that are here; of others the app says that it does not offer them."""
    return [row for row in hub.unverified(needed_weights(methods, others)) if hub.find(row.name)]


def _doubts(methods: Sequence[str], others: Sequence[str]) -> str:
    """Why somebody has to trust; one file is enough to say it."""
    rows = _rows(methods, others)
    return UNVERIFIED.format(file=rows[0].file_name, doubt=rows[0].doubt) if rows else ""
