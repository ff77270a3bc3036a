"""Values of the wrong kind or out of range."""

import numpy as np
import pytest

from swapper.compose.settings import check_blend_setting
from swapper.errors import UserError
from swapper.faces.select import selection
from swapper.runtime import values
from swapper.video.job import check_video_settings

NOT_NUMBERS = ["1", "", None, True, False, [], [1], {}, {"a": 1}, float("nan"), float("inf"), -float("inf"), b"1", 1j]


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_is_not_a_number(value: object) -> None:
    with pytest.raises(UserError, match=r"^Width: .* is not a number\. Give 0 to 3\.$"):
        values.number("Width", value, 0, 3)
    with pytest.raises(UserError, match=r"^Count: .* is not a whole number\. Give 0 to 3\.$"):
        values.whole("Count", value, 0, 3)


@pytest.mark.parametrize("value", [-1, 4, 10**27, -(10**27), 10**400, -(10**400), 1e300])
def test_out_of_range(value: float) -> None:
    for check in (values.number, values.whole):
        with pytest.raises(UserError, match=r"^Width: .{1,40} is out of range\. Give 0 to 3\.$"):
            check("Width", value, 0, 3)


def test_whole_numbers() -> None:
    assert values.whole("Count", 2.0, 0, 3) == 2 and values.whole("Count", np.int64(2), 0, 3) == 2
    for value in (1.5, 0.1, np.float32(2.5)):
        with pytest.raises(UserError, match="is not a whole number"):
            values.whole("Count", value, 0, 3)
    assert values.number("Width", np.float32(0.5), 0, 3) == 0.5


def test_text_switches_and_choices() -> None:
    assert values.text("Name", "x") == "x" and values.switch("On", False) is False
    assert values.choice("Kind", "PNG", ["PNG"]) == "PNG"
    for value in (1, None, True, [], {}):
        with pytest.raises(UserError, match=r"^Name: .* is not text"):
            values.text("Name", value)
        with pytest.raises(UserError, match=r"^Kind: .* is not available\. Choose one of: PNG, JPEG\.$"):
            values.choice("Kind", value, ["PNG", "JPEG"])
    for value in (1, 0, "true", "false", None, []):
        with pytest.raises(UserError, match=r"^On: .* is neither true nor false"):
            values.switch("On", value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a" * 1000, f"'{'a' * 40}...'"),
        ("two\nlines\0", "'two?lines?'"),
        (10**400, "a very large number"),
        (1.25, "1.25"),
        ([1] * 10**5, "a list"),
        ({"a": 1}, "an object"),
        (None, "nothing"),
        (True, "true"),
        (object(), "something else"),
    ],
)
def test_wrong_values_are_repeated_briefly(value: object, said: str) -> None:
    assert values.shown(value) == said


@pytest.mark.parametrize("value", [*NOT_NUMBERS, 10**27, 10**400, -1], ids=values.shown)
@pytest.mark.parametrize("name", ["likeness", "feather", "color"])
def test_blend_settings_take_numbers_only(name: str, value: object) -> None:
    with pytest.raises(UserError, match=rf"^Blend setting {name}: "):
        check_blend_setting(name, value)


@pytest.mark.parametrize("value", [0, 1, "true", None, [], 0.5])
def test_blend_switches_are_no_numbers(value: object) -> None:
    with pytest.raises(UserError, match=r"^Blend setting adapt: .* is neither true nor false"):
        check_blend_setting("adapt", value)


@pytest.mark.parametrize("value", ["18", 1.5, True, None, -1, 52, 10**27, float("nan")])
def test_quality_is_a_whole_number(value: object) -> None:
    with pytest.raises(UserError, match=r"^Quality: .* Give 0 to 51\."):
        check_video_settings(0, None, value, 1)


@pytest.mark.parametrize("value", ["0", True, None, -1, 10**27, float("inf"), []])
def test_times_are_seconds(value: object) -> None:
    with pytest.raises(UserError, match=r"^Start: .* Give 0 to "):
        check_video_settings(value, None, 18, 1)


@pytest.mark.parametrize("value", [True, None, [], {}, 1.5, "9" * 5000, 10**4000, "\0", -1, "-1"])
def test_selections_are_words_or_numbers(value: object) -> None:
    with pytest.raises(UserError, match=r"^Invalid face selection '.{1,50}'\. Give all"):
        selection(value)
