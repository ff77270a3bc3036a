import gradio as gr
import pytest
from textures import texture

from swapper.provenance import Origin, write_marked_image
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.check.tab import CheckInputs, read_file
from swapper.ui.marks_note import BOTH, UNMARKED, WATERMARK_ONLY, marks_sentence


def test_only_uploads_within_the_limits_are_read(uploads):
    path = uploads / "a.png"
    write_marked_image(texture(3, 64), path, Origin("warp"))
    assert read_file({"path": str(path)}, Limits()) == str(path)
    for payload, sentence in (
        (None, "none yet"),
        ({"path": "/etc/hostname"}, "not an uploaded file"),
        ([{"path": str(path)}] * 2, "more than the 1"),
    ):
        with pytest.raises(UserError, match=sentence):
            read_file(payload, Limits())


def test_another_tab_hands_a_file_over_once_it_is_there(uploads):
    inputs = CheckInputs(gr.File(render=False), gr.Textbox(render=False))
    path = uploads / "a.png"
    assert inputs.opened not in inputs.fill(str(path)) and inputs.opened not in inputs.fill(None)
    write_marked_image(texture(3, 64), path, Origin("warp"))
    first, again = inputs.fill(str(path)), inputs.fill(str(path))
    assert first[inputs.file] == again[inputs.file] == str(path)
    assert first[inputs.opened] != again[inputs.opened]  # the same file is checked again


def test_a_result_says_which_marks_it_carries(tmp_path, monkeypatch):
    signed = write_marked_image(texture(3, 64), tmp_path / "a.png", Origin("warp")).path
    assert marks_sentence(str(signed)) == BOTH
    (tmp_path / "b.png").write_bytes(b"")
    assert marks_sentence(str(tmp_path / "b.png")) == WATERMARK_ONLY
    monkeypatch.setenv("SWAPPER_MARK", "off")
    assert marks_sentence(str(signed)) == UNMARKED
