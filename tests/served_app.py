"""The app started as users start it, and visits of it in a real browser."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Locator, Page, expect
from waiting import PATIENCE

ROOT = Path(__file__).parents[1]
END_TO_END = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(6 * PATIENCE)]

expect.set_options(timeout=1000 * PATIENCE)


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[str]:
    """``python app.py`` on a free port with folders of its own; the address until it is stopped again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}/", folder / "log"
    own = {
        "SWAPPER_PORT": str(port),
        "SWAPPER_SIGNING_FOLDER": str(folder / "signing"),
        "GRADIO_TEMP_DIR": str(folder / "files"),
    }
    with log.open("w") as output:
        app = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **own, **environment}, stdout=output, stderr=output
        )
        try:
            _wait_until_served(address, app, log)
            yield address
            assert "Traceback" not in log.read_text()
        finally:
            app.terminate()
            app.wait(PATIENCE)


def _wait_until_served(address: str, app: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and app.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=60).close()
            return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"The app is not served:\n{log.read_text()}")


def be_patient(page: Page) -> None:
    """Let a page, and those that it opens, take the time that a busy machine needs."""
    page.context.set_default_timeout(1000 * PATIENCE)


def connect(address: str, folder: Path) -> Client:
    """A program that uses the app.

    Args:
        address: of the app.
        folder: where what it answers is put.
    """
    return Client(address, verbose=False, download_files=str(folder), httpx_kwargs={"timeout": PATIENCE})


@contextmanager
def visit(browser: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    """A visit of its own; a script error or a request to another machine fails the test."""
    page = browser.new_page(viewport={"width": width, "height": height})
    be_patient(page)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if _leaves(request.url) else None)
    try:
        page.goto(address)
        yield page
    finally:
        page.close()
    assert not wrong


def open_tab(page: Page, name: str) -> None:
    """Choose a tab; on a narrow page it may be behind the menu."""
    expect(page.get_by_role("tab", name="Image swap")).to_be_visible()
    tab = page.get_by_role("tab", name=name)
    if not tab.count():
        page.get_by_role("button", name="More tabs").click()
        tab = page.locator(".overflow-dropdown button", has_text=name)
    tab.click()


def open_settings(page: Page) -> Locator:
    """Open the settings of the chosen tab; the accordion that holds them."""
    settings = page.locator(".settings:not(.further):visible").filter(has_text="Settings").first
    settings.locator("> button.label-wrap").click()
    return settings


def _leaves(url: str) -> bool:
    return bool(re.match(r"(https?|wss?)://(?!127\.0\.0\.1[:/])", url))
