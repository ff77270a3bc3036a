"""Several targets at once, and several faces in one."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from served_app import END_TO_END, visit

pytestmark = END_TO_END
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 1280, 900) as page:
        yield page


def test_several_photos_come_back_as_one_archive_and_a_bad_one_is_named(page: Page, portraits, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    page.click("#example")  # fills the inputs, too
    expect(page.locator("#source-a img")).not_to_have_count(0)
    expect(page.locator("#before-after img")).to_have_count(2)
    expect(page.locator("#image-stale .stale")).to_have_count(0)
    page.check("#consent input")
    page.click("#further-box button")
    page.set_input_files("#further input[type=file]", [str(portraits[4]), str(tmp_path / "broken.jpg")])
    expect(page.locator("#further img")).to_have_count(2)
    page.click("#swap")
    expect(page.locator("#zip")).to_be_enabled()
    expect(page.locator("#all-results .thumbnail-item")).to_have_count(2)
    expect(page.locator("#several-notes")).to_contain_text("broken.jpg")
    with page.expect_download() as download:
        page.click("#zip")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 2 and archive.testzip() is None


def test_the_faces_of_a_group_are_numbered_and_a_click_on_one_selects_it(page: Page):
    page.set_input_files("#target input[type=file]", str(EXAMPLES / "group.jpg"))
    expect(page.locator(".overview span b")).to_have_text(["1", "2", "3"])
    page.locator(".overview span").nth(2).click()
    expect(page.locator("#person")).to_contain_text("Face 3 becomes")
    expect(page.locator(".overview .selected b")).to_have_text("3")
