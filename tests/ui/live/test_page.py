from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from swapper.types import UserError
from swapper.ui.build import EXAMPLES
from swapper.ui.live.page import PAGE, RUNTIME, page_routes


def test_the_page_and_all_it_loads_are_served_and_nothing_else() -> None:
    client = TestClient(Starlette(routes=page_routes(EXAMPLES)))
    page = client.get(f"/{PAGE}")
    assert page.status_code == 200 and 'src="live/main.js"' in page.text
    assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert "javascript" in client.get("/browser/live/main.js").headers["content-type"]
    assert len(client.get("/browser/geometry-lite.onnx").content) > 1_000_000
    for path in ("/browser/portraits/01.jpg", "/browser/live/%2e%2e/CREDITS.md"):
        assert client.get(path).status_code == 404


def test_the_runtime_is_served_from_the_folder_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "/browser/ort/ort.wasm.bundle.min.mjs"
    monkeypatch.delenv(RUNTIME, raising=False)
    assert TestClient(Starlette(routes=page_routes(EXAMPLES))).get(place).status_code == 404
    (tmp_path / "ort.wasm.bundle.min.mjs").write_text("export {};")
    monkeypatch.setenv(RUNTIME, str(tmp_path))
    assert TestClient(Starlette(routes=page_routes(EXAMPLES))).get(place).text == "export {};"
    monkeypatch.setenv(RUNTIME, str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"SWAPPER_ORT: '.*gone' is not a folder\. Name the one"):
        page_routes(EXAMPLES)


def test_without_the_page_or_its_network_nothing_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert page_routes(tmp_path) == []

    def missing(_name: str) -> Path:
        raise UserError("geometry-lite-onnx: it is missing. Put it there.")

    monkeypatch.setattr("swapper.ui.live.page.hub.resolve", missing)
    assert page_routes(EXAMPLES) == []
