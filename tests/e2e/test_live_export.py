"""The Live tab's button that writes a person's network, and the page that opens with it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from served_app import END_TO_END, open_tab, serve, visit

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("app")) as address:
        yield address


def test_a_face_is_made_downloaded_and_opened_in_the_page(browser: Browser, address: str, portraits, tmp_path):
    with visit(browser, address, 390, 844) as page:
        open_tab(page, "Live")
        page.click("#live-make")
        expect(page.locator("#live-face-problem")).to_contain_text("Consent has not been given yet.")
        page.check("#consent input")
        page.click("#live-make")
        expect(page.locator("#live-face-problem")).to_contain_text("Source: no photo yet.")
        page.set_input_files("#live-source input[type=file]", str(portraits[0]))
        expect(page.locator("#live-source img")).to_be_visible()
        page.click("#live-make")
        expect(page.locator("#live-face")).to_be_visible()
        expect(page.locator("#live-face-problem .callout")).to_have_count(0)
        with page.expect_download() as download:
            page.click("#live-face")
        download.value.save_as(tmp_path / "face.onnx")
        assert download.value.suggested_filename == "face.onnx" and (tmp_path / "face.onnx").stat().st_size > 5e5
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Open the live page with this person").click()
        expect(popup.value.locator("#people")).to_contain_text("face.onnx")
        expect(popup.value.locator("#numbers")).to_have_text(re.compile("Ready|준비"))
        popup.value.close()
