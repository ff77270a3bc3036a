"""The Live tab's button that writes a person's network, and the page that opens with it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect
from served_app import END_TO_END, ROOT, open_tab, serve, visit

ORT = ROOT / "build" / "package" / "dist"  # test_live_page.py says how to get it

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("app"), SWAPPER_ORT="") as address:
        yield address


def give_runtime(route: Route) -> None:
    """ONNX Runtime from this machine, as the public server would send it."""
    route.fulfill(path=ORT / route.request.url.split("/")[-1], headers={"access-control-allow-origin": "*"})


def test_a_face_is_made_downloaded_and_opened_in_the_page(browser: Browser, address: str, portraits, tmp_path):
    with visit(browser, address, 390, 844) as page:
        open_tab(page, "Live")
        page.click("#live-make")
        expect(page.locator("#live-problem")).to_contain_text("Consent has not been given yet.")
        page.check("#consent input")
        page.click("#live-make")
        expect(page.locator("#live-problem")).to_contain_text("Source: no photo yet.")
        page.set_input_files("#live-source input[type=file]", str(portraits[0]))
        expect(page.locator("#live-source img")).to_be_visible()
        page.click("#live-make")
        expect(page.locator("#live-face")).to_be_visible()
        expect(page.locator("#live-problem .callout")).to_have_count(0)
        with page.expect_download() as download:
            page.click("#live-face")
        download.value.save_as(tmp_path / "face.onnx")
        assert download.value.suggested_filename == "face.onnx" and (tmp_path / "face.onnx").stat().st_size > 5e5
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        if not (ORT / "ort.wasm.bundle.min.mjs").is_file():
            pytest.skip("onnxruntime-web is not on this machine; the beginning of test_live_page.py says how to get it")
        page.context.route("https://cdn.jsdelivr.net/**", give_runtime)
        with page.expect_popup() as popup:
            page.get_by_role("link", name="Open the in-browser swapper with this face").click()
        popup.value.locator("#allow").click()
        expect(popup.value.locator("#chosen")).to_have_text(re.compile(r"face\.onnx: \d+ px, 1\.\d MB"))
        popup.value.close()
