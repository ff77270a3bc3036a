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


def test_names_that_no_page_makes_up_are_passed_over():
    visits = Visits()
    for name in (None, 7, "", "short", NAME.upper(), NAME + "0", ["x"], {"name": NAME}):
        visits.come("session", name)
        visits.keep("session", "image", [1])
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
