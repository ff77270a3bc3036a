"""Checking a file in a real browser: a result of the app, handed over by its link, and a file from elsewhere."""

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from served_app import END_TO_END, open_tab, visit

pytestmark = END_TO_END


@pytest.mark.parametrize("width", [1280, 390])
def test_a_result_is_checked_by_its_link_and_a_plain_file_by_upload(browser: Browser, address: str, tmp_path, width):
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "plain.png")
    with visit(browser, address, width, 844) as page:
        page.click("#example")
        expect(page.locator("#image-marks")).to_contain_text("content credentials and an invisible watermark")
        page.click("#image-check")
        expect(page.locator("#check-found .verdict")).to_have_text("Faces in this file were swapped with Swapper.")
        expect(page.locator("#check-found")).to_contain_text("This app")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name="Clear").and_(page.locator(":visible")).click()
        page.set_input_files("#check-file input[type=file]", str(tmp_path / "plain.png"))
        expect(page.locator("#check-found .verdict")).to_have_text("No sign of Swapper was found.")
        expect(page.locator("#check-problem .callout")).to_have_count(0)
        open_tab(page, "Image swap")
        expect(page.locator("#before-after img")).to_have_count(2)
