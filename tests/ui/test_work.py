"""What a page is told of lengthy work, one answer after the other."""

import dataclasses
import time
from collections.abc import Iterator

import gradio as gr
import pytest

from swapper.types import UserError
from swapper.ui.fingerprint import fingerprint
from swapper.ui.layout import touched
from swapper.ui.result_place import build_result_place
from swapper.ui.visits import Visits, properties
from swapper.ui.work import Work


@pytest.fixture
def work() -> Work:
    with gr.Blocks():
        place = build_result_place("image", "nothing yet")
        return Work("image", "Swap", gr.Button("Swap"), gr.HTML(), place, gr.State(""), Visits())


def told(work: Work, answers: list[dict], error: str = "") -> list[dict]:
    def handler(_tell, *_values) -> Iterator[dict]:
        yield from answers
        if error:
            raise UserError(error)

    return [
        state for state in work._generator(handler)("", True, "photo") if work.problem in state or work.start in state
    ]


def test_what_comes_last_comes_with_the_end(work):
    with gr.Blocks():
        shown = gr.HTML(visible=False)
    *_, last = told(work, [{shown: gr.HTML(visible=True)}, {shown: "<p>done</p>"}])
    assert properties(last[shown]) == {"visible": True, "value": "<p>done</p>"}
    assert properties(last[work.start])["interactive"] is True and last[work.made]


def test_an_answer_is_shown_while_the_work_goes_on(work):
    with gr.Blocks():
        shown = gr.HTML()

    def handler(_tell, *_values) -> Iterator[dict]:
        yield {shown: "first"}
        time.sleep(0.6)  # longer than the next look
        yield {shown: "second"}

    seen = [properties(state[shown])["value"] for state in work._generator(handler)("", True) if shown in state]
    assert seen == ["first", "second"]


def test_an_error_keeps_what_came_before_it(work):
    with gr.Blocks():
        shown = gr.HTML()
    *_, last = told(work, [{shown: "half"}], "It broke. Try again.")
    assert last[shown] == "half" and "It broke" in properties(last[work.problem])["value"]


def test_what_was_finished_before_a_cancel_is_kept_where_the_work_does_so(work):
    shown = work.result.stale  # any component of the same page
    for keeps, words in ((True, "What was finished before is kept"), (False, "Nothing was kept")):
        one = dataclasses.replace(work, keeps=keeps)

        def handler(_tell, *_values) -> Iterator[dict]:
            yield {shown: "first"}
            time.sleep(0.6)  # longer than the next look

        made = next(state[work.made] for state in one._generator(handler)("", True) if shown in state)
        cancelled = one._cancelled(made)
        assert words in properties(cancelled[work.result.meter])["value"]
        assert properties(cancelled[work.result.empty])["visible"] is not keeps


def test_a_result_that_a_cancel_leaves_is_an_old_one_if_its_inputs_have_changed(work):
    work.visits.come("here", "0" * 32)
    work.visits.keep("here", work.name, ["photo", "not counted"])
    assert work._age("here", fingerprint(["photo"]), 1) == ""
    assert "old result" in work._age("here", fingerprint(["another"]), 1)
    assert work._age("here", "", 1) == ""  # there is none


def test_consent_and_examples_clear_what_was_said_of_their_lack(work):
    with gr.Blocks() as app:
        consent, photo, length = gr.Checkbox(), gr.Image(), gr.Slider()
        result = dataclasses.replace(build_result_place("one", "nothing yet"), boxes=[])
        one = Work("one", "Swap", gr.Button("Swap"), gr.HTML(), result, gr.State(""), Visits())
        one.wire(lambda *_: iter(()), consent, [photo, length], [], ("engine", 1))
        one.watch([photo, length])
    clearing = [
        target
        for fn in app.fns.values()
        if fn.js == "() => ''" and fn.outputs == [one.problem]
        for target in fn.targets
    ]
    assert clearing == [(consent._id, "change"), (photo._id, "change"), (length._id, "input")]
    assert touched(photo).event_name == "change"


def test_what_the_queue_refuses_ends_in_a_sentence(work):
    refused = work._refused("", "")
    assert "too busy" in refused[work.problem] and properties(refused[work.start])["interactive"] is True
    assert properties(refused[work.result.empty])["visible"] is True
    assert set(work._refused("", "<p>It broke.</p>")) == {work.problem}
