"""Consent: every way into a swap asks for it, also of somebody who presses the page's buttons by hand."""

from typing import Any

import pytest
from hand_calls import Caller

from swapper.types import UserError
from swapper.ui.consent import CONSENT_ARGUMENT, CONSENT_FIRST, require_consent

NO = [False, None, 0, 1, 1.0, "true", "True", "false", "on", "yes", "", [], [True], {}, {"value": True}]

OWN, EXAMPLE = "01-swapped", "02-swapped"  # how the results are called: of what is sent, and of the app's example


@pytest.mark.parametrize("agreed", NO, ids=repr)
def test_only_true_is_consent(agreed: object) -> None:
    require_consent(True)
    with pytest.raises(UserError, match="Consent has not been given"):
        require_consent(agreed)


@pytest.fixture(scope="module")
def photo(caller: Caller, portraits) -> dict[str, Any]:
    return caller.upload(portraits[0])


def asking(caller: Caller) -> dict[int, tuple[dict[str, Any], dict[int, dict[str, Any]]]]:
    """The page's events that take the consent box, and the components, by their numbers."""
    config = caller.config()
    parts = {part["id"]: part for part in config["components"]}
    (box,) = [number for number, part in parts.items() if part["props"].get("elem_id") == "consent"]
    return {event["id"]: (event, parts) for event in config["dependencies"] if box in event["inputs"]}


def filled(event: dict[str, Any], parts: dict[int, dict[str, Any]], photo: dict[str, Any], agreed: Any) -> list[Any]:
    """What the page would send: the photo wherever one goes, and what else stands there from the start."""

    def value(part: dict[str, Any]) -> Any:
        if part["props"].get("elem_id") == "consent":
            return agreed
        if part["type"] == "gallery":
            return [{"image": photo, "caption": None}]
        return photo if part["type"] in ("image", "video") else part["props"].get("value")

    return [value(parts[number]) for number in event["inputs"]]


@pytest.mark.slow  # presses every button of the page; the endpoints below go through the same gate
def test_every_button_that_swaps_refuses_without_consent(caller: Caller, photo) -> None:
    events = {number: row for number, row in asking(caller).items() if row[0]["outputs"]}
    assert len(events) >= 8, "image, three of the video, live, the face's file, walk, compare"
    silent, examples = set[int](), set[int]()
    for number, (event, parts) in events.items():
        for agreed in NO if number == min(events) else NO[:1] + NO[3:6]:
            _, said = caller.press(number, filled(event, parts, photo, agreed), event["connection"] == "stream")
            if EXAMPLE in str(said):  # made of people who do not exist, whatever is sent
                examples.add(number)
                assert OWN not in str(said), (number, said)
                continue
            if "Consent has not been given yet" not in str(said):
                silent.add(number)  # looks for people, or asks whether a preview is possible and makes it if so
                assert "'path'" not in str(said) and "FileData" not in str(said), (number, said)
            assert "-swapped" not in str(said) and "data:image" not in str(said), (number, agreed)
        if number in examples:
            continue
        done, said = caller.press(number, [])
        assert not done and "it does not have the values that were asked for" in str(said), (number, said)
    assert len(silent) == 3 and len(examples) == 1


@pytest.mark.slow
def test_no_button_swaps_without_taking_consent(caller: Caller, photo) -> None:
    """Only the finished example, of people who do not exist, comes to somebody who agreed to nothing."""
    config, asked = caller.config(), asking(caller)
    parts = {part["id"]: part for part in config["components"]}
    (example,) = [number for number, part in parts.items() if part["props"].get("elem_id") == "example"]
    tried = 0
    for event in config["dependencies"]:
        if event["id"] in asked or not event["backend_fn"] or event["api_visibility"] == "public":
            continue
        if [example, "click"] in [list(target) for target in event["targets"]]:
            continue
        _, said = caller.press(event["id"], filled(event, parts, photo, True))
        assert "-swapped" not in str(said) and "/face.onnx" not in str(said), (event, said)
        tried += 1
    assert tried > 15


@pytest.mark.slow
def test_with_consent_the_same_press_swaps(caller: Caller, photo) -> None:
    events = asking(caller)
    number = min(
        number
        for number, (event, parts) in events.items()
        if any(parts[part]["type"] == "gallery" for part in event["inputs"])
    )
    done, said = caller.press(number, filled(*events[number], photo, True))
    assert done and OWN in str(said)


@pytest.mark.parametrize("agreed", NO, ids=repr)
def test_every_endpoint_that_swaps_refuses_without_consent(caller: Caller, photo, agreed: object) -> None:
    calls = {
        "swap_image": [[photo], photo, agreed, "all", "", "none", None, "PNG", False, None, "none"],
        "swap_video": [
            [photo],
            photo,
            agreed,
            "all",
            None,
            0,
            None,
            "",
            "none",
            None,
            18,
            1,
            "MP4",
            False,
            None,
            "usual",
        ],
        "interpolate": [photo, photo, photo, agreed, 3, "", "own", None, None, False],
        "compare": [[photo], [photo], ["warp"], agreed, False],
    }
    for name, data in calls.items():
        done, said = caller.call(name, data)
        assert not done and said["error"] == CONSENT_ARGUMENT, (name, said)


def test_both_sentences_say_what_to_do() -> None:
    assert "Tick the box" in CONSENT_FIRST and "consent=True" in CONSENT_ARGUMENT
