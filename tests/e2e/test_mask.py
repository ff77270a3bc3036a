"""The mask of a result in a real browser: seen, painted over, counted in the next swap, and taken back."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from served_app import END_TO_END, visit

pytestmark = END_TO_END


def download(page: Page, path) -> np.ndarray:
    expect(page.locator("#png")).to_be_enabled()
    with page.expect_download() as found:
        page.click("#png")
    found.value.save_as(path)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def until_seen(canvas: Locator, wanted: Callable[[np.ndarray], bool]) -> None:
    """Wait until the middle of the canvas looks as it should."""
    for _ in range(100):
        with Image.open(BytesIO(canvas.screenshot())) as picture:
            seen = np.asarray(picture.convert("RGB")).astype(int)
        middle = seen[tuple(slice(side // 2 - 5, side // 2 + 5) for side in seen.shape[:2])]
        if wanted(middle):
            return
        canvas.page.wait_for_timeout(200)
    raise AssertionError(f"the middle of the canvas is {middle.mean((0, 1))}")


def test_painting_keeps_the_target_and_can_be_taken_back(browser: Browser, address: str, portraits, tmp_path):
    with Image.open(portraits[1]) as picture:
        before = np.asarray(picture.convert("RGB")).astype(int)
    with visit(browser, address, 1280, 900) as page:
        page.set_input_files("#source-a input[type=file]", str(portraits[0]))
        page.set_input_files("#target input[type=file]", str(portraits[1]))
        expect(page.locator("#faces img")).not_to_have_count(0)
        expect(page.locator("#source-a img")).not_to_have_count(0)
        page.check("#consent input")
        page.click("#swap")
        first = download(page, tmp_path / "first.png")
        page.click("#mask-open")
        canvas = page.locator("#mask-editor canvas").first
        expect(canvas).to_be_visible()
        page.click("#mask-again")
        expect(page.locator("#problem")).to_contain_text("nothing is painted yet")
        page.get_by_role("button", name="Color", exact=True).click()
        page.get_by_role("button", name="Keep the target").click()
        canvas.scroll_into_view_if_needed()
        until_seen(canvas, lambda middle: middle.std() > 1)  # the picture is there
        box = canvas.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 30, y)
        page.mouse.down()
        page.mouse.move(x + 30, y, steps=5)
        page.mouse.up()
        until_seen(canvas, lambda middle: middle[..., 0].mean() > middle[..., 2].mean() + 120)  # orange
        page.click("#mask-again")
        expect(page.locator("#mask-open")).to_be_visible()
        painted = download(page, tmp_path / "painted.png")
        expect(page.locator("#image-stale .stale")).to_have_count(0)
        middle = tuple(slice(side // 2 - 10, side // 2 + 10) for side in before.shape[:2])
        assert np.abs(painted - before)[middle].mean() < 3 < np.abs(first - before)[middle].mean()
        made = page.inner_text("#summary")
        page.reload()
        page.click("#mask-open")
        page.wait_for_timeout(1000)  # nothing is to happen
        assert page.inner_text("#summary") == made
        page.click("#mask-forget")
        expect(page.locator("#mask-open")).to_be_visible()
        again = download(page, tmp_path / "again.png")
        assert np.abs(again - first).mean() < 0.1
