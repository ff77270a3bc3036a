"""What visitors of the last hour had on their pages, so that a reload does not lose it.

A page sends a name that its browser tab made up for itself and keeps as long as the tab is open. What belongs to it is
kept in this process's memory: choices, paths of uploads and results, never pictures.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from gradio.context import LocalContext

from swapper.ui.layout import QUICK, Updates

VISIT_SECONDS = 3600.0
_MOST = 200  # visits
_NAME = re.compile(r"[0-9a-f]{32}")
# The browser tab's own name; a copy of the tab would have the same one.
NAMED = """() => {
  const letters = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, '0'));
  try {
    sessionStorage.swapperVisit ??= letters().join('');
    return [sessionStorage.swapperVisit];
  } catch { return ['']; }
}"""

Again = Callable[[dict[Component, Any]], Updates]  # what else is shown, by the values that came back


@dataclass
class _Visit:
    seen: float
    parts: dict[str, Any] = field(default_factory=dict)


class Visits:
    """The memory of all visits, and what of a page goes into it."""

    def __init__(self, seconds: float = VISIT_SECONDS):
        """Start with nobody.

        Args:
            seconds: after which a visit that does nothing is forgotten.
        """
        self._seconds = seconds
        self._visits: OrderedDict[str, _Visit] = OrderedDict()  # the one seen last comes last
        self._names: OrderedDict[str, str] = OrderedDict()  # of visits, by session
        self._early: OrderedDict[str, _Visit] = OrderedDict()  # by session, until it is known whose visit it is
        self._lock = Lock()
        self._pages: list[tuple[str, list[Component], Again | None, list[Block]]] = []

    def come(self, session: str | None, name: Any) -> None:
        """Take a session for the one of a visit.

        Args:
            session: hash of the session.
            name: of the visit, as a page sends it; anything else is passed over.
        """
        if not session or not isinstance(name, str) or not _NAME.fullmatch(name):
            return
        with self._lock:
            self._names[session] = name
            if len(self._names) > 4 * _MOST:
                self._names.popitem(last=False)

    def keep(self, session: str | None, part: str, value: Any) -> None:
        """Keep something of a visit, even if a page has not sent its name yet: visitors may be faster than that.

        Args:
            session: hash of the session.
            part: what it is.
            value: None forgets it.
        """
        if not session:
            return
        with self._lock:
            name = self._names.get(session)
            if name is None:
                self._put(self._early, session, {part: value})
            else:
                self._put(self._visits, name, {part: value})

    def settle(self, session: str | None) -> None:
        """Give a visit what its page sent before its name; what came back to the page from before stays.

        Args:
            session: hash of the session.
        """
        with self._lock:
            name, early = self._names.get(session or ""), self._early.pop(session or "", None)
            if name is not None and early is not None:
                before = self._visits.get(name)
                self._put(self._visits, name, {**early.parts, **(before.parts if before is not None else {})})

    def find(self, session: str | None, part: str) -> Any:
        """What was kept, None where there is nothing.

        Args:
            session: hash of the session.
            part: what it is.
        """
        with self._lock:
            visit = self._visits.get(self._names.get(session or "", ""))
            fresh = visit is not None and time.monotonic() - visit.seen <= self._seconds
            return visit.parts.get(part) if visit is not None and fresh else None

    def remember(
        self, part: str, inputs: Sequence[Component], again: Again | None = None, shown: Sequence[Block] = ()
    ) -> None:
        """Bring the values of some components back after a reload; called inside Blocks.

        Args:
            part: their name.
            inputs: components.
            again: says what else is to be shown.
            shown: what ``again`` and kept results change, beside ``inputs``.
        """
        self._pages.append((part, list(inputs), again, list(shown)))

    def keeper(self, part: str) -> Callable[..., None]:
        """A handler that keeps the values of the components that were remembered under a name.

        Args:
            part: that name.
        """

        def keep(*values: Any) -> None:
            self.keep(session_of_event(), part, list(values))

        return keep

    def _put(self, visits: OrderedDict[str, _Visit], key: str, parts: dict[str, Any]) -> None:
        """Keep parts of a visit, and forget those visits that are too old or too many."""
        now = time.monotonic()
        visit = visits.setdefault(key, _Visit(now))
        visit.seen = now
        visit.parts.update(parts)
        visits.move_to_end(key)
        while len(visits) > _MOST or now - next(iter(visits.values())).seen > self._seconds:
            visits.popitem(last=False)

    def wire(self, app: gr.Blocks) -> None:
        """Bring all of it back whenever the page is loaded; called inside Blocks, when they are complete.

        Args:
            app: those Blocks.
        """
        name = gr.Textbox(visible="hidden", show_label=False, container=False)
        outputs = list(dict.fromkeys(block for _, inputs, _, shown in self._pages for block in (*inputs, *shown)))

        def load(name: Any, request: gr.Request) -> Updates:
            self.come(request.session_hash, name)
            found: Updates = {}
            for part, inputs, again, _ in self._pages:
                found.update(self._loaded(request.session_hash, part, inputs, again))
            self.settle(request.session_hash)
            return found or {outputs[0]: gr.skip()}

        app.load(load, name, outputs, js=NAMED, **QUICK)

    def _loaded(self, session: str | None, part: str, inputs: list[Component], again: Again | None) -> Updates:
        sent = self.find(session, part)
        if sent is None:
            return {}
        values = {block: restored(value) for block, value in zip(inputs, sent, strict=True)}
        found: Updates = {block: value for block, value in values.items() if value is not None}
        result = self.find(session, f"{part} result")
        if result is not None and all(Path(path).exists() for path in _paths(result)):
            for block, kept in result.items():
                found[block] = kept.get("value") if isinstance(block, gr.State) else gr.update(**kept)
        for block, update in (again(values) if again else {}).items():
            both = block in found and not isinstance(block, gr.State)
            found[block] = gr.update(**{**properties(found[block]), **properties(update)}) if both else update
        return found


def session_of_event() -> str | None:
    """Hash of the session whose event is being handled; None for programs."""
    request = LocalContext.request.get(None)
    return request.session_hash if request is not None else None


def restored(sent: Any) -> Any:
    """A value as components take it, from what a page sent; None in the place of files that are gone.

    Args:
        sent: of any component.
    """
    if isinstance(sent, dict):
        inner = sent.get("image") or sent.get("video")
        path = (inner if isinstance(inner, dict) else sent).get("path")
        return path if isinstance(path, str) and Path(path).is_file() else None
    if isinstance(sent, list):
        values = [restored(value) for value in sent]
        return [value for value in values if value is not None] or None
    return sent


def properties(update: Any) -> dict[str, Any]:
    """Properties that a handler's answer gives a component.

    Args:
        update: a value, a component, or ``gr.update(...)``.
    """
    if isinstance(update, Block):
        return dict(update.constructor_args)
    if isinstance(update, dict) and update.get("__type__") == "update":
        return {name: value for name, value in update.items() if name != "__type__"}
    return {"value": update}


def together(first: Updates, second: Updates) -> Updates:
    """One answer that changes what two do, the second one counting more.

    Gradio's page passes over changes of properties whose answer is followed at once by another, so a handler's answers
    are held back until it is known what comes next.

    Args:
        first: what came first.
        second: what came next.
    """
    both = dict(first)
    for block, update in second.items():
        if block in both and not isinstance(block, gr.State):
            update = gr.update(**{**properties(both[block]), **properties(update)})
        both[block] = update
    return both


def _paths(value: Any) -> Iterator[str]:
    """All paths of files in a kept result."""
    if isinstance(value, str):
        if value.startswith("/") and "\n" not in value and len(value) < 1024:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _paths(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _paths(inner)
