import numpy as np
import pytest
from two_faces import draw

from swapper.compose.settings import BlendSettings
from swapper.images import read_image
from swapper.types import SwapResult, UserError
from swapper.ui.assignment import UNCHANGED
from swapper.ui.callout import callout
from swapper.ui.image.result import summary, swap_target
from swapper.ui.image.target import find_target


def quiet(share: float, what: str) -> None:
    assert 0 <= share <= 1 and what


def test_only_the_chosen_face_changes(engine, photo, uploads):
    source = draw(uploads / "source.png", seed=1)
    target = find_target(engine, photo).assign(UNCHANGED)
    result = swap_target(engine, target, [[source], [], []], BlendSettings(), quiet)
    before = read_image(photo)
    assert result.swapped == [1]
    assert np.array_equal(result.image[:, :100], before[:, :100])
    assert not np.array_equal(result.image[:120, 120:240], before[:120, 120:240])
    assert {"decode", "detect", "landmarks", "identify", "swap", "compose"} <= set(result.timings)


def test_faces_get_the_people_chosen_for_them(engine, photo, uploads):
    a, b = draw(uploads / "a.png", seed=1), draw(uploads / "b.png", seed=2)
    target = find_target(engine, photo)
    both_a = swap_target(engine, target, [[a], [b], []], BlendSettings(), quiet)
    a_and_b = swap_target(engine, target.assign(1), [[a], [b], []], BlendSettings(), quiet)
    assert np.array_equal(both_a.image[:, 150:], a_and_b.image[:, 150:])
    assert not np.array_equal(both_a.image[:, :90], a_and_b.image[:, :90])
    assert any("Person B has photos" in warning for warning in both_a.warnings)
    assert not any("has photos" in warning for warning in a_and_b.warnings)


def test_what_is_missing_is_said(engine, photo):
    target = find_target(engine, photo)
    with pytest.raises(UserError, match="person A has no photo yet"):
        swap_target(engine, target, [[], [], []], BlendSettings(), quiet)
    target.people[:] = [UNCHANGED, UNCHANGED]
    with pytest.raises(UserError, match="every face is set to stay unchanged"):
        swap_target(engine, target, [[photo], [], []], BlendSettings(), quiet)


def test_summary_states_faces_size_and_times():
    result = SwapResult(np.zeros((4, 6, 3), np.uint8), [], [], {"detect": 40.0, "identify": 1500.0, "swap": 2.4})
    text = summary(result, "<Warp>")
    assert "1.5 s</b> in total" in text and "6 × 4 px" in text and "&lt;Warp&gt;" in text
    assert "find faces <b>40 ms" in text and "swap <b>2 ms" in text


def test_callouts():
    assert callout([]) == ""
    assert 'role="alert"' in callout(["No."], error=True)
    assert callout(["One.", "Two."]).count("<p>") == 2
    assert "&lt;b&gt;.jpg: it is empty." in callout([UserError("<b>.jpg: it is empty."), "Two."])


def test_masks_that_a_method_draws_itself_are_shown():
    result = SwapResult(np.zeros((4, 6, 3), np.uint8), [], [], {"swap": 2.4})
    assert "<img" not in summary(result, "GHOST")
    result.masks[1] = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    text = summary(result, "RAFSwap")
    assert text.count("data:image/png;base64,") == 1 and 'alt="Mask of face 2"' in text
