"""What requests by hand meet: closed doors, and answers to nonsense that are nobody's traceback."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from gradio.processing_utils import hash_file
from hand_calls import Caller

CLOSED = [
    "monitoring",
    "monitoring/",
    "monitoring/summary",
    "monitoring/any-key",
    "MONITORING",
    "gradio_api/dev/reload",
    "gradio_api/deep_link?session_hash=x",
    "gradio_api/proxy=https://someone-something.hf.space/file",
    "gradio_api/file=http://example.com/a.png",
    "gradio_api/file=https://example.com/a.png",
    "gradio_api/file/https://example.com/a.png",
    "gradio_api/vibe-code",
    "gradio_api/custom_component/99999/client/component/index.js",
    "gradio_api/profiling/traces",
    "docs",
    "redoc",
]
CONTROL = [
    "gradio_api/proxy=%00",
    "gradio_api/proxy=x%00y",
    "gradio_api/file=%00",
    "gradio_api/file=/tmp/%00.png",
    "gradio_api/file=%0a",
    "gradio_api/queue/data?session_hash=%00",
    "gradio_api/upload_progress?upload_id=%7f",
    "static/%00",
    "assets/%00",
    "%00",
    "?deep_link=%00",
    "browser/%00",
]


@pytest.mark.parametrize("place", CLOSED)
def test_doors_without_a_use_are_closed(caller: Caller, place: str) -> None:
    assert caller.get(place).status_code == 404


@pytest.mark.parametrize("place", CONTROL)
def test_addresses_with_control_characters_are_none(caller: Caller, place: str) -> None:
    answer = caller.get(place)
    assert answer.status_code == 400 and "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("component_server", {"data": [], "component_id": 99999, "session_hash": "x", "fn_name": "ls"}),
        ("component_server/", {"data": [], "component_id": 1, "session_hash": "x", "fn_name": "postprocess"}),
        ("process_recording", {}),
        ("vibe-edit", {"prompt": "x"}),
        ("undo-vibe-edit", {"hash": "x"}),
        ("call/nothing", {"data": []}),
        ("call/v2/nothing", {}),
        ("run/nothing", {"data": []}),
        ("stream/nothing", {"data": []}),
    ],
)
def test_what_is_not_there_is_not_found(caller: Caller, place: str, body: Any) -> None:
    answer = caller.post(place, json=body)
    assert 400 <= answer.status_code < 500 and "Traceback" not in answer.text
    if not place.startswith(("call/", "run")):
        assert answer.status_code == 404


BODIES: list[Any] = [
    {},
    [],
    7,
    "x",
    None,
    {"data": None},
    {"data": "x"},
    {"data": {}},
    {"data": [1], "fn_index": 99999, "session_hash": "q"},
    {"data": [1], "fn_index": "x", "session_hash": "q"},
    {"data": [1], "fn_index": -1, "session_hash": "q"},
    {"data": [1], "fn_index": 2**70, "session_hash": "q"},
    {"data": [1], "fn_index": True, "session_hash": ["q"]},
    {"data": [None] * 40, "fn_index": 0, "session_hash": "q", "trigger_id": 99999},
    {"data": [], "fn_index": 1, "session_hash": "q", "event_data": "x"},
    {"data": [], "fn_index": 1, "session_hash": "\0", "event_id": 7},
]
PLACES = ["queue/join", "run/x", "api/predict", "call/find_faces", "call/v2/swap_image", "call/v2/x", "cancel", "reset"]


@pytest.mark.parametrize("place", PLACES)
def test_no_body_of_a_call_is_the_servers_fault(caller: Caller, place: str) -> None:
    for body in BODIES:
        answer = caller.post(place, content=json.dumps(body), headers={"content-type": "application/json"})
        assert answer.status_code < 500 and "Traceback" not in answer.text, body


@pytest.mark.parametrize(
    "request_",
    [
        {"files": {"files": ("", b"x")}},
        {"files": {"files": (".", b"x")}},
        {"files": {"files": ("..", b"x")}},
        {"files": {"other": ("a.png", b"x")}},
        {"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary="}},
        {"data": {"files": "x"}},
        {},
    ],
    ids=str,
)
def test_no_upload_is_the_servers_fault(caller: Caller, request_: dict[str, Any]) -> None:
    answer = caller.post("upload", **request_)
    assert answer.status_code < 500 and "Traceback" not in answer.text


def test_a_session_that_is_unknown_is_told_and_ends(caller: Caller) -> None:
    answer = caller.get("gradio_api/queue/data?session_hash=nobody")
    assert answer.status_code == 200 and '"session_not_found":true' in answer.text.replace(" ", "")


def test_paths_of_uploads_cannot_be_worked_out(caller: Caller, tmp_path: Path) -> None:
    """Somebody who has the same photo does not know where the other's lies: the digest in the path has a secret."""
    (tmp_path / "photo.jpg").write_bytes(b"the same photo")
    path = caller.upload(tmp_path / "photo.jpg")["path"]
    (digest,) = re.findall(r"[0-9a-f]{64}", path)
    assert digest != hash_file(tmp_path / "photo.jpg"), "with what lies in the package, which is the same everywhere"
    assert caller.get(f"gradio_api/file={path}").status_code == 200


def test_the_app_itself_is_open(caller: Caller) -> None:
    for place in ("", "config", "gradio_api/info", "theme.css", "manifest.json", "robots.txt", "browser/live.html"):
        assert caller.get(place).status_code == 200, place
