"""The Live tab in a real browser whose camera shows a clip."""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fake_camera import camera_browser, write_camera
from playwright.sync_api import Browser, Page, expect
from served_app import END_TO_END, serve, visit

AGAIN = 30_000  # milliseconds until Stop is pressed again
STILL = 3_000  # milliseconds in which a stream that goes on would have shown another frame
FRESH = re.compile(r"\d+\.\d frames/s · latency \d+ ms, of it \d+ ms computing · 1 face")

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("app"), SWAPPER_LIVE_VISITORS="1") as address:
        yield address


@pytest.fixture(scope="module")
def camera(browser: Browser, tmp_path_factory) -> Iterator[Browser]:
    with camera_browser(browser, write_camera(tmp_path_factory.mktemp("camera") / "clip.mjpeg")) as camera:
        yield camera


def begin(page: Page) -> None:
    """Open the tab, which may be behind the menu on a narrow page, allow the camera and start."""
    expect(page.get_by_role("tab", name="Image swap")).to_be_visible()
    tab = page.get_by_role("tab", name="Live")
    if not tab.count():
        page.get_by_role("button", name="More tabs").click()
        tab = page.locator(".overflow-dropdown button", has_text="Live")
    tab.click()
    page.get_by_text("Or let the machine that runs this app do the work").click()
    page.get_by_text("Click to Access Webcam").click()
    page.get_by_role("button", name="capture photo").click()


def stop(page: Page) -> None:
    """Press Stop until it counts: on a busy machine the camera forgets a click that comes while an answer does."""
    camera = page.locator("#live-camera")
    for _ in range(10):
        expect(camera).to_contain_text("Stop")
        page.get_by_role("button", name="capture photo").click()
        with suppress(AssertionError):
            expect(camera).to_contain_text("Record", timeout=AGAIN)
            return
    raise AssertionError("the camera does not stop")


def stands_still(page: Page) -> None:
    """Wait until the picture has not changed for a while; frames that were under way may come until then."""
    page.wait_for_function(
        """most => {
            const src = document.querySelector('#live img')?.src, now = performance.now();
            if (!window.lastChange || window.lastSrc !== src) [window.lastSrc, window.lastChange] = [src, now];
            return now - window.lastChange > most;
        }""",
        arg=STILL,
    )


def picture(page: Page) -> str:
    return page.locator("#live img").get_attribute("src") or ""


def changed(page: Page, before: str) -> None:
    page.wait_for_function("before => document.querySelector('#live img')?.src !== before", arg=before)


def test_a_visitor_goes_live_changes_the_source_and_stops(camera: Browser, address: str, portraits):
    with visit(camera, address, 1280, 900) as page:
        begin(page)
        problem, numbers = page.locator("#live-problem"), page.locator("#live-numbers")
        expect(problem).to_contain_text("Consent has not been given yet.")
        assert page.locator("#live img").count() == 0
        expect(page.locator("#live-empty")).to_be_visible()
        page.check("#consent input")
        expect(problem).to_contain_text("Source: no photo yet.")
        page.set_input_files("#live-source input[type=file]", str(portraits[0]))
        expect(numbers).to_have_text(FRESH)
        expect(page.locator("#live-problem .callout")).to_have_count(0)
        assert picture(page).startswith("data:image/jpeg")
        changed(page, picture(page))
        expect(page.locator("#live-empty")).to_be_hidden()
        page.locator(".strip:visible .thumbnail-item").nth(5).click()
        changed(page, picture(page))
        expect(numbers).to_have_text(FRESH)
        stop(page)
        stands_still(page)
        expect(page.locator("#live-camera")).to_contain_text("Record")
        assert not page.locator("#live img").is_visible()
        expect(page.locator("#live-empty")).to_be_visible()


def test_settings_count_while_the_stream_goes_on(camera: Browser, address: str, portraits):
    with visit(camera, address, 1280, 900) as page:
        page.check("#consent input")
        begin(page)
        page.set_input_files("#live-source input[type=file]", str(portraits[0]))
        expect(page.locator("#live-numbers")).to_have_text(FRESH)
        width = "document.querySelector('#live img').naturalWidth"
        assert page.evaluate(width) == 640
        page.locator("#live-settings > button").click()
        page.get_by_role("radio", name="320 pixels").click()
        page.wait_for_function(f"{width} === 320")
        page.get_by_role("slider", name="Likeness").fill("0.5")
        page.locator("#live-reset").click()
        page.wait_for_function(f"{width} === 640")
        expect(page.locator("#live-problem .callout")).to_have_count(0)


def test_the_page_that_swaps_by_itself_is_a_click_away(browser: Browser, address: str):
    with visit(browser, address, 1280, 900) as page:
        page.get_by_role("tab", name="Live").click()
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Open the live page").click()
        own = popup.value
        expect(own.locator("#numbers")).to_be_attached()
        expect(own.locator("#problem")).to_be_hidden()
        assert own.evaluate("crossOriginIsolated")
        expect(own.locator("#virtual button")).not_to_have_count(0)
        assert own.evaluate("fetch('geometry-lite.onnx').then(answer => answer.blob()).then(file => file.size)") > 1e6
        own.click("#start")
        expect(own.locator("#problem")).to_contain_text(re.compile("Consent has not been given|동의"))
        own.close()


def test_who_leaves_while_live_makes_room_for_the_next(camera: Browser, address: str, portraits):
    for _ in range(2):  # there is room for one
        with visit(camera, address, 390, 844) as page:
            begin(page)
            page.check("#consent input")
            page.set_input_files("#live-source input[type=file]", str(portraits[0]))
            expect(page.locator("#live-numbers")).to_have_text(FRESH)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
