"""Lengthy work that a button starts, the same in every tab.

The button itself says what is being done and how far it is, as does a bar where the result will be; Cancel ends the
work and leaves nothing; when the work is done it is said to screen readers; a result is marked as soon as anything that
it was made from has changed, and comes back after a reload.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from swapper.types import UserError
from swapper.ui.callout import callout
from swapper.ui.files import plain_sentence
from swapper.ui.fingerprint import fingerprint
from swapper.ui.gpu import SECONDS, on_gpu
from swapper.ui.languages import said, said_markup
from swapper.ui.layout import QUICK, Updates, queued, touched
from swapper.ui.progress import STARTING, WAITING, Progress, follow, meter
from swapper.ui.result_place import Result
from swapper.ui.visits import Again, Visits, properties, session_of_event, together

CANCELLED = "Cancelled. Nothing was kept of it."
CANCELLED_LATER = "Cancelled. What was finished before is kept."
FAILED = "This went wrong in the app itself. Start it again, or reload the page."
REFUSED = "The app did not do this: it is too busy, or the connection was lost. Start again in a minute."
FINISHED = "{what}: finished."
STALE = "Something has changed since this was made. Start again to see the change; until then this is the old result."
EMPTY = "() => ''"
_PART = "part"  # stands where what a result was made from would: it is not finished

Handler = Callable[..., Iterator[Updates]]  # is given a ``Tell``, whether consent was given, and the inputs' values


@dataclass(frozen=True)
class Work:
    """One kind of work, and the components around it.

    Attributes:
        name: of the work, for the memory of visits.
        words: on the button.
        start: the button.
        problem: says what is wrong.
        result: where its result is shown.
        made: state of the session: what the result on the page was made from, empty where there is none.
        visits: remembers inputs and result.
        keeps: whether what it has finished stays when it is cancelled.
    """

    name: str
    words: str
    start: gr.Button
    problem: gr.HTML
    result: Result
    made: gr.State
    visits: Visits
    keeps: bool = False

    @property
    def outputs(self) -> list[Any]:
        """All components that show the work, beside those of its result."""
        place = self.result
        empty = [place.empty] if place.empty is not None else []
        return [self.start, self.problem, place.stale, place.meter, place.cancel, *empty, *place.boxes, self.made]

    def wire(
        self,
        handler: Handler,
        consent: gr.Checkbox,
        inputs: Sequence[Component],
        filled: Sequence[Any],
        queue: tuple[str, int],
        seconds: int = SECONDS,
        starts: Sequence[Any] = (),
        last_only: bool = False,
    ) -> None:
        """Connect the components; called inside Blocks.

        Args:
            handler: does the work.
            consent: the page's checkbox.
            inputs: what the result depends on.
            filled: components that the handler's answers change.
            queue: its name, and how many of it run at a time.
            seconds: the longest that it may take where a GPU is lent.
            starts: events that start it; clicks on its button when left out.
            last_only: of starts while it is being done only the last one counts.
        """
        outputs = [*self.outputs, *filled]
        run = on_gpu(self._generator(handler), outputs, seconds)

        def job(*values: Any) -> Iterator[Any]:
            yield from self._recorded(run(*values), outputs, len(inputs))

        consent.change(None, None, self.problem, js=EMPTY, **QUICK)
        begun = gr.on(list(starts) or [self.start.click], self._begin, None, self.outputs, **QUICK)
        told = begun.then(None, js=f"() => window.swapper?.began({self.result.meter.elem_id!r})", **QUICK)
        running = told.then(
            job,
            [self.made, consent, *inputs],
            outputs,
            show_progress="hidden",
            # A click starts it even if one just cancelled has not ended: waiting for that one could last for ever.
            trigger_mode="always_last" if last_only else "multiple",
            **queued(*queue),
        )
        running.then(None, js="() => window.swapper?.ended()", **QUICK)
        # Gradio calls what is cancelled a failure, too.
        unless = (
            f"(made, told) => [made, told || (window.swapper?.cancelled({self.result.meter.elem_id!r}) ? '-' : '')]"
        )
        running.failure(self._refused, [self.made, self.problem], self.outputs, js=unless, **QUICK)
        # What the job told last may still be under way, so that it has ended is shown a step later.
        stopped = self.result.cancel.click(lambda: None, None, None, cancels=[running], **QUICK)

        def cancelled(made: str) -> Updates:
            return {**self._cancelled(made), self.result.stale: self._age(session_of_event(), made, len(inputs))}

        shown = stopped.then(cancelled, self.made, self.outputs, **QUICK)
        shown.then(None, js="() => window.swapper?.ended()", **QUICK)

    def watch(
        self,
        inputs: Sequence[Component],
        also: Sequence[Component] = (),
        again: Again | None = None,
        shown: Sequence[Block] = (),
        answered: Collection[Component] = (),
    ) -> None:
        """Mark the result when what it was made from changes, clear what was said of it, and remember all of it.

        Args:
            inputs: what the result depends on, those of ``wire``.
            also: what is remembered and does not count for the result.
            again: says what else is to be shown after a reload.
            shown: what ``again`` and the handler's answers change.
            answered: inputs of which something is said when they change; that is not to be cleared.
        """
        kept, count = [*inputs, *also], len(inputs)
        self.visits.remember(self.name, kept, again, [*self.outputs, *shown])

        def changed(made: str, *values: Any) -> str:
            self.visits.keep(session_of_event(), self.name, list(values))
            return _stale() if made not in ("", _PART, fingerprint(values[:count])) else ""

        gr.on(
            [block.change for block in kept if not isinstance(block, gr.State)],  # type: ignore[attr-defined]
            changed,
            [self.made, *kept],
            self.result.stale,
            preprocess=False,
            trigger_mode="always_last",
            **QUICK,
        )
        touches = [touched(block) for block in inputs if block not in answered and not isinstance(block, gr.State)]
        gr.on(touches, None, None, self.problem, js=EMPTY, **QUICK)

    def _begin(self) -> Updates:
        """Show that the work waits for its turn."""
        waiting = Progress(0.0, said(WAITING))
        return {
            self.start: gr.Button(waiting.words(), interactive=False),
            self.problem: "",
            self.result.stale: "",
            self.result.meter: gr.HTML(meter(waiting, self._tall), visible=True),
            self.result.cancel: gr.Button(visible=True),
            **self._show(False, empty=False),
        }

    def _cancelled(self, made: str) -> Updates:
        """Show that the work has ended, and the result before it if there is still one."""
        words = CANCELLED_LATER if made == _PART else CANCELLED
        told = f'<p class="done seen">{said_markup(words)}</p>'
        return {**self._idle(told), **self._show(bool(made), empty=not made)}

    def _refused(self, made: str, told: str | None) -> Updates:
        """Show that the queue did not take the work; what is ``told`` of its end otherwise stays."""
        return {self.problem: gr.skip()} if told else self._failed(said(REFUSED), made)

    def _generator(self, handler: Handler) -> Callable[..., Iterator[Updates]]:
        def run(made: str, *values: Any) -> Iterator[Updates]:
            shown, given, held = None, False, None
            try:
                with closing(follow(lambda tell: handler(tell, *values))) as states:
                    for state in states:
                        if isinstance(state, dict):
                            given, held = True, together(held or {self.made: _PART if self.keeps else ""}, state)
                        elif held is not None:
                            yield together(self._now(state), held)
                            shown, held = state, None
                        elif state is shown:
                            yield {self.result.meter: gr.skip()}
                        else:
                            shown = state
                            yield self._now(state)
            except UserError as error:
                yield together(held or {}, self._failed(error, made if not given else ""))
            except Exception:  # an edge of the program: the page must not stay busy
                yield together(held or {}, self._failed(said(FAILED), made if not given else ""))
                raise
            else:
                ended = {**self._idle(self._done()), self.made: fingerprint(values[1:])}
                yield together(held or {}, ended)

        return run

    def _recorded(self, answers: Any, outputs: list[Any], count: int) -> Iterator[Updates]:
        """Hand answers on, keeping those that make up the result for a reload; ``count`` inputs made it."""
        session = session_of_event()
        whole: dict[Any, dict[str, Any]] = {self.result.empty: {"visible": False}} if self.result.empty else {}
        transient = {self.start, self.problem, self.result.cancel}
        with closing(answers):
            for answer in answers:
                answer = answer if isinstance(answer, dict) else dict(zip(outputs, answer, strict=True))
                for block, update in answer.items():
                    if block not in transient:
                        whole.setdefault(block, {}).update(properties(update))
                made = answer.get(self.made)
                # It is finished, or the result before it is still there.
                if made not in (None, "", _PART) and self.start in answer:
                    answer = {**answer, self.result.stale: self._age(session, made, count)}
                    if self.problem not in answer and self.visits.find(session, self.name) is not None:
                        self.visits.keep(session, f"{self.name} result", whole)
                yield answer

    def _age(self, session: str | None, made: str, count: int) -> str:
        """Say whether what is shown is an old result: of other inputs than those ``count`` that there are now."""
        now = self.visits.find(session, self.name)
        return _stale() if made not in ("", _PART) and now and made != fingerprint(now[:count]) else ""

    def _now(self, state: Progress | None) -> Updates:
        state = state or Progress(0.0, said(STARTING))
        return {self.start: gr.Button(state.words()), self.result.meter: meter(state, self._tall)}

    def _failed(self, error: UserError | str, made: str) -> Updates:
        """Show what is wrong, and the result before it if there is still one."""
        there = bool(made)
        failed = {self.problem: callout([error], error=True), self.made: made}
        return {**self._idle(), **failed, **self._show(there, empty=not there)}

    def _idle(self, told: str = "") -> Updates:
        return {
            self.start: gr.Button(said(self.words), interactive=True),
            self.result.cancel: gr.Button(visible=False),
            self.result.meter: gr.HTML(told, visible=bool(told)),
        }

    def _show(self, there: bool, empty: bool) -> Updates:
        boxes = {box: gr.update(visible=there) for box in self.result.boxes}
        return boxes if self.result.empty is None else {**boxes, self.result.empty: gr.HTML(visible=empty)}

    def _done(self) -> str:
        unsaved = " data-unsaved" if self.result.saves else ""
        return f'<p class="done"{unsaved}>{plain_sentence(said(FINISHED.format(what=said(self.words))))}</p>'

    @property
    def _tall(self) -> bool:
        return self.result.empty is not None


def _stale() -> str:
    return f'<p class="stale" role="status">{said_markup(STALE)}</p>'
