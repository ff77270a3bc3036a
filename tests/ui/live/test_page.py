import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from swapper.types import UserError
from swapper.ui.build import EXAMPLES
from swapper.ui.live.page import PAGE, page_routes


def test_the_page_and_all_it_loads_are_served_and_nothing_else() -> None:
    client = TestClient(Starlette(routes=page_routes(EXAMPLES)))
    page = client.get(f"/{PAGE}")
    assert page.status_code == 200 and 'src="live/main.js"' in page.text
    assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "javascript" in client.get("/browser/live/main.js").headers["content-type"]
    assert len(client.get("/browser/geometry-lite.onnx").content) > 1_000_000
    for path in ("/browser/portraits/01.jpg", "/browser/live/%2e%2e/CREDITS.md"):
        assert client.get(path).status_code == 404


def test_the_runtime_is_served_and_is_the_pinned_one() -> None:
    client = TestClient(Starlette(routes=page_routes(EXAMPLES)))
    pins = re.findall(r"'(ort[\w.-]+)': '([\w+/]{64})'", client.get("/browser/live/runtime.js").text)
    assert [name for name, _ in pins] == [
        "ort.wasm.bundle.min.mjs",
        "ort-wasm-simd-threaded.wasm",
        "ort.webgpu.bundle.min.mjs",
        "ort-wasm-simd-threaded.asyncify.wasm",
    ]
    for name, pin in pins:
        packed = name.endswith(".wasm")
        answer = client.get(f"/browser/live/ort/{name}{'.gz' if packed else ''}")
        assert "content-encoding" not in answer.headers  # the page unpacks it
        content = gzip.decompress(answer.content) if packed else answer.content
        assert base64.b64encode(hashlib.sha384(content).digest()).decode() == pin
    assert "Microsoft Corporation" in client.get("/browser/live/ort/LICENSE").text


def test_people_who_do_not_exist_can_be_tried() -> None:
    written: list[str] = []

    def write(photo: str, path: Path) -> None:
        written.append(Path(photo).name)
        path.write_bytes(b"network")

    client = TestClient(Starlette(routes=page_routes(EXAMPLES, write)))
    names = client.get("/browser/people/people.json").json()
    assert names[:2] == ["01", "02"]
    assert client.get("/browser/people/02.jpg").content == (EXAMPLES / "portraits" / "02.jpg").read_bytes()
    assert [client.get("/browser/people/02.onnx").content for _ in range(2)] == [b"network"] * 2
    assert written == ["02.jpg"]
    for path in ("people/99.onnx", "people/99.jpg", "people/..%2fgroup.jpg"):
        assert client.get(f"/browser/{path}").status_code == 404
    assert TestClient(Starlette(routes=page_routes(EXAMPLES))).get("/browser/people/people.json").status_code == 404


def test_the_page_says_everything_in_both_languages() -> None:
    words = (EXAMPLES / "live" / "words.js").read_text(encoding="utf-8")
    english, korean = (re.findall(r"^ {4,6}(\w+):", part, re.MULTILINE) for part in words.split("\n  ko: {"))
    assert len(english) > 60 and korean[: len(english)] == english
    page = (EXAMPLES / "live.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-(?:say|label)="(\w+)"', page)) <= set(english)


def test_without_the_page_or_its_network_nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page_routes(tmp_path) == []

    def missing(_name: str) -> Path:
        raise UserError("geometry-lite-onnx: it is missing. Put it there.")

    monkeypatch.setattr("swapper.ui.live.page.hub.resolve", missing)
    assert page_routes(EXAMPLES) == []
