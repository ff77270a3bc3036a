"""The app in a real browser whose every way out leads to a recorder: the page asks nobody but the app itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake_camera import camera_browser, write_camera
from playwright.sync_api import Browser, Page, expect
from recorders import behind, kept_in, recording_proxy
from served_app import END_TO_END, ROOT, be_patient, open_tab, serve

TABS = ("Image swap", "Video swap", "Live", "Interpolation", "Compare")
CHROME = "googleapis.com"  # the browser's own offers of words for forms, which no page asks for

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    """The app behind a proxy that writes down what is asked; in the end that must be nothing."""
    folder = tmp_path_factory.mktemp("app")
    with recording_proxy() as (proxy, asked):
        with serve(folder, **behind(proxy, folder / "home")) as address:
            yield address
        assert asked == [] and kept_in(folder / "home") == []


@pytest.fixture(scope="module")
def camera(browser: Browser, tmp_path_factory) -> Iterator[Browser]:
    with camera_browser(browser, write_camera(tmp_path_factory.mktemp("camera") / "clip.mjpeg")) as camera:
        yield camera


@contextmanager
def watched(browser: Browser, address: str, least: int) -> Iterator[Page]:
    """A visit whose requests all go to the app, whatever makes them: pages, workers, fonts, sockets."""
    with recording_proxy() as (proxy, asked):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, proxy={"server": proxy, "bypass": "127.0.0.1"}
        )
        page, urls = context.new_page(), []
        be_patient(page)
        context.on("request", lambda request: urls.append(request.url))
        page.on("websocket", lambda opened: urls.append(opened.url))
        page.goto(address)
        yield page
        page.wait_for_timeout(1000)
        context.close()
    own = address.split("/")[2]
    assert {url for url in urls if not url.startswith(("data:", "blob:", f"http://{own}/", f"ws://{own}/"))} == set()
    assert [request for request in asked if CHROME not in request] == []
    assert len(urls) >= least, "the listener heard nothing"


def test_every_tab_asks_only_the_app(camera: Browser, served: str, portraits: list[Path]) -> None:
    with watched(camera, served, 50) as page:
        for tab in TABS:
            open_tab(page, tab)
            page.wait_for_timeout(500)
        open_tab(page, "Image swap")
        page.set_input_files("#source-a input[type=file]", str(portraits[0]))
        page.set_input_files("#target input[type=file]", str(portraits[1]))
        expect(page.locator("#faces img")).not_to_have_count(0)
        page.check("#consent input")
        page.click("#swap")
        expect(page.locator("#before-after").locator("img")).to_have_count(2)
        open_tab(page, "Video swap")
        page.set_input_files("#video-target input[type=file]", str(ROOT / "examples" / "call.mp4"))
        expect(page.locator("#video-facts")).to_contain_text("frames a second")
        for panel in ("Use via API", "Settings"):
            page.get_by_role("button", name=panel).last.click()
            page.wait_for_timeout(1500)
            page.goto(served)
            expect(page.get_by_role("tab", name="Image swap")).to_be_visible()
        for view in ("?view=api", "?view=settings", "?__theme=dark"):
            page.goto(served + view)
            page.wait_for_timeout(1500)


def test_the_page_that_swaps_by_itself_needs_nobody_else(camera: Browser, served: str, tmp_path) -> None:
    (tmp_path / "face.onnx").write_bytes(b"no network, but a file to open")
    with watched(camera, f"{served}browser/live.html?lang=en", 10) as page:
        expect(page.locator("#virtual button")).not_to_have_count(0)
        page.set_input_files("#file", str(tmp_path / "face.onnx"))  # which loads what runs it first
        expect(page.locator("#problem")).to_contain_text("face.onnx: this is not a person’s file.")
        expect(page.locator("#allow")).to_be_hidden()
