"""Every endpoint against values of the wrong kind or out of range: each is answered in one sentence, at once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hand_calls import Caller
from two_faces import draw

HUGE = 10**27
NO_TEXT: list[Any] = [None, 7, 1.5, True, [], ["ghost"], {}, {"name": "ghost"}, HUGE]
NO_NUMBER: list[Any] = ["1", "", "many", None, True, False, [], [1], {}, HUGE, 10**300, -1, -0.5]
NO_SELECTION: list[Any] = [None, True, 1.5, [], {}, "", "smallest", "-1", "1.5", "²", "9" * 5000, "\0", "all\n0", -1]
NO_FORMAT: list[Any] = [*NO_TEXT, "", "BMP", "PNG.", "../png", "p" * 10_000]
NO_BLEND: list[Any] = [
    "soft",
    "",
    7,
    True,
    [],
    [{"feather": 1}],
    {"softness": 1},
    {"": 1},
    {"__class__": 1},
    {"f" * 5000: 1},
    {"feather": "1"},
    {"feather": None},
    {"feather": True},
    {"feather": [1]},
    {"feather": HUGE},
    {"feather": -1},
    {"grow": 0.6},
    {"likeness": 1.6},
    {"adapt": 1},
    {"adapt": "true"},
    {"occluders": 0},
    {"keep": "eyes"},
    {"keep": ["ears"]},
    {"keep": [["eyes"]]},
    {"keep": ["eyes", "brows", "nose", "mouth", "skin"]},
]
NO_FILE: list[Any] = [
    7,
    True,
    False,
    1.5,
    "photo.jpg",
    "/etc/passwd",
    "data:image/png;base64,!!!",
    "data:image/png,x",
    "\0",
    {},
    {"path": 7},
    {"path": None},
    {"path": []},
    {"path": {}},
    {"path": "\0"},
    {"path": "x" * 5000},
    {"path": "\ud800"},
    {"path": "/etc/passwd"},
    {"image": {"path": "/etc/passwd"}},
    {"image": 7},
    {"video": [1]},
    [7],
    [[7]],
    [[]],
    [None],
    ["x"],
    [{}],
    [{"path": "/proc/self/environ"}],
]
NO_PEOPLE: list[Any] = ["x", 7, True, {}, [7], [None], [[]], [{}], [{"source": 7}], [{"source": [], "reference": []}]]
NO_METHODS: list[Any] = ["ghost", 7, {}, [], [7], [None], [["ghost"]], ["magic"], ["m" * 5000], [True], "", [""]]
NO_QUALITY: list[Any] = [*NO_NUMBER, 1.5, 17.9, 52]

PHOTO = object()  # stands for an uploaded photo
RIGHT: dict[str, dict[str, Any]] = {
    "find_faces": {"target": PHOTO},
    "swap_image": {
        "source": [PHOTO],
        "target": PHOTO,
        "consent": True,
        "select": "all",
        "method": "",
        "restore": "none",
        "blend": None,
        "file_format": "PNG",
        "trust": False,
        "people": None,
        "upscale": "none",
    },
    "swap_video": {
        "source": [PHOTO],
        "target": PHOTO,
        "consent": True,
        "select": "all",
        "people": None,
        "start": 0,
        "end": None,
        "method": "",
        "restore": "none",
        "blend": None,
        "quality": 18,
        "steadiness": 1,
        "file_format": "MP4",
        "trust": False,
        "rate": None,
        "encoder": "usual",
    },
    "interpolate": {
        "first": PHOTO,
        "second": PHOTO,
        "target": PHOTO,
        "consent": True,
        "steps": 3,
        "method": "",
        "against": "own",
        "people": None,
        "gallery": None,
        "trust": False,
    },
    "compare": {"sources": [PHOTO], "targets": [PHOTO], "methods": ["warp"], "consent": True, "trust": False},
}
NAMES: list[Any] = [*NO_TEXT, "magic", "onnx:inswapper_128", "m" * 5000, "../ghost", "\0"]
NO_TRUST: list[Any] = ["yes", "true", "false", "", 0, 1, 1.5, [], [True], {}, {"trust": True}, HUGE]
NO_END: list[Any] = [value for value in NO_NUMBER if value is not None]
WRONG: dict[str, dict[str, list[Any]]] = {
    "find_faces": {"target": [None, "", [], *NO_FILE, *([value] for value in NO_FILE[10:20])]},
    "swap_image": {
        "source": NO_FILE,
        "target": NO_FILE,
        "select": NO_SELECTION,
        "method": NAMES,
        "restore": NAMES,
        "blend": NO_BLEND,
        "file_format": NO_FORMAT,
        "people": NO_PEOPLE,
        "trust": NO_TRUST,
        "upscale": NAMES,
    },
    "swap_video": {
        "source": NO_FILE,
        "target": NO_FILE,
        "select": NO_SELECTION,
        "people": NO_PEOPLE,
        "start": NO_NUMBER,
        "end": NO_END,
        "method": NAMES,
        "restore": NAMES,
        "blend": NO_BLEND,
        "quality": NO_QUALITY,
        "steadiness": [*NO_NUMBER, 1.01],
        "rate": [*(value for value in NO_NUMBER if value is not None), 0.5, 241],
        "encoder": [*NAMES, "vp9", "libx264"],
        "file_format": NO_FORMAT,
        "trust": NO_TRUST,
    },
    "interpolate": {
        "first": NO_FILE,
        "second": NO_FILE,
        "target": NO_FILE,
        "steps": [*NO_NUMBER, 0, 1.5, 22],
        "method": NAMES,
        "against": [*NAMES, "warp", "OWN"],
        "people": NO_FILE,
        "gallery": NO_FILE,
        "trust": NO_TRUST,
    },
    "compare": {"sources": NO_FILE, "targets": NO_FILE, "methods": NO_METHODS, "trust": NO_TRUST},
}


@pytest.fixture(scope="module")
def photo(caller: Caller, tmp_path_factory) -> dict[str, Any]:
    return caller.upload(Path(draw(tmp_path_factory.mktemp("pictures") / "photo.png")))


def put(value: Any, photo: dict[str, Any]) -> Any:
    """An argument with the photo in its place."""
    if isinstance(value, list):
        return [put(item, photo) for item in value]
    return photo if value is PHOTO else value


QUICK = ("find_faces", "swap_image")  # the other endpoints read the same kinds of values by the same functions


def seldom(name: str, *more: str) -> Any:
    """A row of parameters, slow for the endpoints that are left to the full run."""
    return pytest.param(name, *more, marks=() if name in QUICK else pytest.mark.slow)


def cases() -> Iterator[tuple[str, str]]:
    return ((name, parameter) for name, parameters in WRONG.items() for parameter in parameters)


def test_forty_wrong_values_for_every_endpoint(caller: Caller) -> None:
    named = caller.get("gradio_api/info").json()["named_endpoints"]
    assert {f"/{name}" for name in WRONG} == set(named), "a new endpoint needs its row here"
    for name, parameters in WRONG.items():
        asked = [row["parameter_name"] for row in named[f"/{name}"]["parameters"]]
        assert asked == list(RIGHT[name]) and set(asked) - {"consent"} == set(parameters)
        assert sum(map(len, parameters.values())) >= 40, name


@pytest.mark.parametrize(("name", "parameter"), [seldom(*case) for case in cases()])
def test_wrong_values_are_answered_in_one_sentence(caller: Caller, photo, name: str, parameter: str) -> None:
    for wrong in WRONG[name][parameter]:
        values = {**RIGHT[name], parameter: wrong}
        done, said = caller.call(name, [put(value, photo) for value in values.values()])
        sentence = said["error"]
        assert not done and sentence, (wrong, said)
        assert re.fullmatch(r"[A-Z][^\n]{10,600}\.", sentence), (wrong, sentence)
        assert "Traceback" not in sentence and "/tmp" not in sentence and "Error" not in sentence, (wrong, sentence)


@pytest.mark.parametrize("name", [seldom(name) for name in RIGHT])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_values_are_answered_in_one_sentence(caller: Caller, photo, name: str, count: int) -> None:
    if count >= len(RIGHT[name]):
        return
    done, said = caller.call(name, [put(value, photo) for value in RIGHT[name].values()][:count])
    assert not done and said["error"].startswith("Call: it does not have the values that were asked for.")


MANY = [case for case in cases() if WRONG[case[0]][case[1]] in (NO_FILE, NO_PEOPLE) or case[0] == "find_faces"]


@pytest.mark.parametrize(("name", "parameter"), [seldom(*case) for case in MANY])
def test_three_hundred_files_are_too_many(caller: Caller, photo, name: str, parameter: str) -> None:
    many = (
        [{"source": photo, "reference": photo}] * 300
        if name in ("swap_image", "swap_video") and parameter == "people"
        else [photo] * 300
    )
    values = {**RIGHT[name], parameter: many}
    done, said = caller.call(name, [put(value, photo) for value in values.values()])
    assert not done and re.search(
        r": 300 (pairs )?are more than the (1|10|16|96|256) that this app takes", said["error"]
    )


def test_more_than_one_target_is_too_many_on_the_page(caller: Caller, photo) -> None:
    config = caller.config()
    places = {part["id"] for part in config["components"] if part["type"] in ("image", "video")}
    tried = 0
    for event in config["dependencies"]:
        if event["inputs"][:1] and event["inputs"][0] in places and event["connection"] != "stream":
            done, said = caller.press(event["id"], [[photo] * 300, *[None] * (len(event["inputs"]) - 1)])
            assert not done and "it does not have the values" in str(said), (event["id"], said)
            tried += 1
    assert tried >= 2, "the photo and the video"
