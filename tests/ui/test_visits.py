"""What comes back after a reload, and to whom."""

from pathlib import Path

import gradio as gr

from swapper.ui.visits import Visits, properties, restored, together

NAME = "0123456789abcdef" * 2


def test_a_visit_is_known_again_in_another_session():
    visits = Visits()
    visits.keep("first", "image", [1])
    visits.come("first", NAME)
    visits.keep("first", "image", [2])
    assert visits.find("second", "image") is None
    visits.come("second", NAME)
    assert visits.find("second", "image") == [2]
    visits.come("third", "f" * 32)
    assert visits.find("third", "image") is None


def test_what_a_page_sends_before_its_name_is_kept_too():
    visits = Visits()
    visits.keep("first", "page", [True])
    visits.come("first", NAME)
    assert visits.find("first", "page") is None  # the page has it
    visits.settle("first")
    visits.come("second", NAME)
    assert visits.find("second", "page") == [True]
    visits.come("other", "f" * 32)
    visits.settle("other")
    assert visits.find("other", "page") is None


def test_a_reload_brings_back_what_was_chosen_before_the_first_load_had_ended():
    visits = Visits()
    with gr.Blocks() as app:
        box = gr.Checkbox()
        visits.remember("page", [box])
        visits.wire(app)
    load = next(block.fn for block in app.fns.values() if block.fn is not None)
    visits.keep("first", "page", [True])
    assert load(NAME, gr.Request(session_hash="first")) == {box: gr.skip()}
    assert load(NAME, gr.Request(session_hash="second"))[box] is True


def test_what_a_page_sends_before_its_name_does_not_replace_what_came_back():
    visits = Visits()
    visits.come("first", NAME)
    visits.keep("first", "image", [1])
    visits.keep("second", "image", [0])
    visits.keep("second", "page", [True])
    visits.come("second", NAME)
    assert visits.find("second", "image") == [1]
    visits.settle("second")
    assert visits.find("second", "image") == [1] and visits.find("second", "page") == [True]


def test_names_that_no_page_makes_up_are_passed_over():
    visits = Visits()
    for name in (None, 7, "", "short", NAME.upper(), NAME + "0", ["x"], {"name": NAME}):
        visits.come("session", name)
        visits.keep("session", "image", [1])
        visits.settle("session")
        assert visits.find("session", "image") is None


def test_visits_are_forgotten_after_their_time():
    visits = Visits(seconds=0)
    visits.come("session", NAME)
    visits.keep("session", "image", [1])
    assert visits.find("session", "image") is None


def test_files_come_back_as_long_as_they_are_there(tmp_path: Path):
    there, gone = tmp_path / "a.png", tmp_path / "b.png"
    there.write_bytes(b"picture")
    assert restored({"path": str(there), "url": "x"}) == str(there)
    assert restored({"path": str(gone)}) is None
    photos = [{"image": {"path": str(there)}, "caption": None}, {"image": {"path": str(gone)}, "caption": None}]
    assert restored(photos) == [str(there)]
    assert restored(["ghost", "warp"]) == ["ghost", "warp"]
    assert restored(0.5) == 0.5 and restored(None) is None


def test_answers_of_handlers_are_properties():
    assert properties("<p>") == {"value": "<p>"}
    assert properties({"__type__": "update", "visible": True}) == {"visible": True}


def test_answers_close_together_become_one():
    with gr.Blocks():
        box, state = gr.HTML(), gr.State("")
    first = {box: "<p>", state: "a"}
    both = together(first, {box: gr.HTML(visible=False), state: "b"})
    assert properties(both[box]) == {"value": "<p>", "visible": False} and both[state] == "b"
    assert together(first, {}) == first and together({}, first) == first
