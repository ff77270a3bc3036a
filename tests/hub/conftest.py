"""The Hub's real client pointed at a local server, and an empty shipped folder."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import FakeHub, Server
from huggingface_hub import constants

from swapper.hub import files, manifest


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    http = Server()
    state = http.state
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setattr(constants, "ENDPOINT", state.url)  # HF_ENDPOINT is read when the client is imported
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", state.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    yield state
    http.shutdown()
    http.server_close()


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty shipped folder; ``list_file`` puts rows into its manifest."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"files": []}')
    monkeypatch.setattr(manifest, "shipped_folder", lambda: folder)
    monkeypatch.setattr(files, "shipped_folder", lambda: folder)
    monkeypatch.delenv("SWAPPER_WEIGHTS", raising=False)
    monkeypatch.delenv("SWAPPER_REPO", raising=False)
    return folder
