"""How ``app.py`` starts."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import gradio as gr
import pytest

from swapper.types import UserError


@pytest.fixture(scope="module")
def app() -> ModuleType:
    spec = importlib.util.spec_from_file_location("app", Path(__file__).parents[1] / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("environ", "host", "port"),
    [
        ({}, "127.0.0.1", None),
        ({"SPACE_ID": "someone/space"}, "0.0.0.0", None),
        ({"SPACE_ID": "someone/space", "GRADIO_SERVER_NAME": "10.0.0.1"}, "10.0.0.1", None),
        ({"SWAPPER_HOST": "::1", "SWAPPER_PORT": "8000", "GRADIO_SERVER_NAME": "10.0.0.1"}, "::1", 8000),
    ],
)
def test_address(app, environ: dict[str, str], host: str, port: int | None):
    assert app.address(environ) == {"server_name": host, "server_port": port}


@pytest.mark.parametrize("port", ["http", "-1", "0", "70000", "8000.5"])
def test_no_port(app, port: str):
    with pytest.raises(UserError, match="SWAPPER_PORT"):
        app.address({"SWAPPER_PORT": port})


def test_limits_and_privacy_reach_gradio(app, monkeypatch: pytest.MonkeyPatch):
    launched: dict[str, Any] = {}
    monkeypatch.setattr(gr.Blocks, "launch", lambda blocks, **options: launched.update(options, blocks=blocks))
    monkeypatch.setenv("SWAPPER_MAX_UPLOAD_BYTES", "1234")
    monkeypatch.setenv("SWAPPER_MAX_VIDEO_BYTES", "5678")
    monkeypatch.setenv("SWAPPER_QUEUE_SIZE", "3")
    kept: list[bool] = []
    monkeypatch.setattr(app, "keep_freed_memory", lambda: kept.append(True))
    assert app.main() == 0
    assert kept, "the process is the app's, so it may ask for this"
    assert launched["max_file_size"] == 5678
    assert launched["run_history"] is False
    assert launched["show_error"] is False
    assert launched["blocks"].delete_cache is not None
    assert launched["blocks"]._queue.max_size == 3


def test_a_wrong_setting_is_one_sentence(app, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("SWAPPER_MAX_PIXELS", "many")
    assert app.main() == 2
    assert capsys.readouterr().err.startswith("error: Environment variable SWAPPER_MAX_PIXELS: 'many'")
