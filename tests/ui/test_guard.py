"""The guard against web addresses, and that the app does not start without it."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio import processing_utils
from gradio.blocks import Block
from gradio.state_holder import SessionState

from swapper.types import UserError
from swapper.ui.guard import NO_ADDRESSES, guard, refuse_addresses

PLAIN_MOVE = Block.async_move_resource_to_block_cache  # Gradio's own, as tests are collected before any app is built
ADDRESS = {"path": "http://address.invalid/photo.png", "meta": {"_type": "gradio.FileData"}}

GRADIOS_OWN = gr.ImageEditor.accept_blobs  # before any test has an app that guards itself


@pytest.fixture(autouse=True)
def gradio_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guard changes is put back after each test."""
    monkeypatch.setattr(Block, "async_move_resource_to_block_cache", PLAIN_MOVE)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that Gradio would have fetched."""
    found: list[str] = []

    async def fetch(url: str, **_options: Any) -> str:
        found.append(url)
        raise ValueError("nobody is there")

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", fetch)
    return found


@pytest.fixture
def app() -> gr.Blocks:
    with gr.Blocks() as app:
        photo, button = gr.Image(type="filepath"), gr.Button()
        button.click(lambda path: path, photo, None, api_name="use")
        button.click(lambda: gr.Image(label="another"), None, photo, api_name="relabel")
    return app


def call(app: gr.Blocks, name: str, inputs: list[Any], session: SessionState) -> Any:
    event = next(event for event in app.fns.values() if event.api_name == name)
    return _run(app.process_api(event, inputs, session))


def _run(asked: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: browser tests leave an event loop running in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked).result()


def test_without_the_guard_an_address_is_fetched(app: gr.Blocks, fetched: list[str]) -> None:
    with pytest.raises(ValueError, match="nobody is there"):
        call(app, "use", [ADDRESS], SessionState(app))
    assert fetched == [ADDRESS["path"]]


def test_no_address_is_fetched_even_after_a_session_has_changed_the_component(
    app: gr.Blocks, fetched: list[str]
) -> None:
    refuse_addresses(app)
    session = SessionState(app)
    for _ in range(2):
        with pytest.raises(gr.Error) as error:
            call(app, "use", [ADDRESS], session)
        assert error.value.message == NO_ADDRESSES
        call(app, "relabel", [], session)
    assert fetched == []


def test_it_is_set_where_an_event_loop_runs_already_as_in_notebooks(app: gr.Blocks) -> None:
    async def cell() -> None:
        refuse_addresses(app)

    _run(cell())


def test_an_app_whose_guard_is_not_in_force_does_not_start(
    app: gr.Blocks, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch_at_once(data: Any, *_more: Any, **_options: Any) -> Any:
        await processing_utils.async_ssrf_protected_download(data["path"])

    monkeypatch.setattr(processing_utils, "async_move_files_to_cache", fetch_at_once)
    with pytest.raises(UserError, match=r"^Gradio [\d.]+: it fetches web addresses past this app's guard"):
        refuse_addresses(app)
    assert fetched


def test_nor_does_one_for_which_gradio_asks_nothing(app: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pass_on(data: Any, *_more: Any, **_options: Any) -> Any:
        return data

    monkeypatch.setattr(processing_utils, "async_move_files_to_cache", pass_on)
    monkeypatch.setattr(gr.Image, "preprocess", lambda self, payload: payload)
    with pytest.raises(UserError, match="past this app's guard"):
        refuse_addresses(app)


def test_paintings_put_beside_an_event_are_not_kept(app: gr.Blocks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gr.ImageEditor, "accept_blobs", GRADIOS_OWN)
    blob = SimpleNamespace(data={"type": "layer", "index": "999", "id": "x"}, files=[("blob", b"many bytes")])
    with gr.Blocks():
        editor = gr.ImageEditor()
    editor.accept_blobs(blob)  # type: ignore[arg-type]
    assert len(editor.blob_storage["x"].layers) == 1000
    guard(app)
    editor.blob_storage.clear()
    editor.accept_blobs(blob)  # type: ignore[arg-type]
    assert editor.blob_storage == {} and editor.accept_blobs._is_server_fn  # type: ignore[attr-defined]
