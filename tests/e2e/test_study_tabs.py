"""The Interpolation and Compare tabs in a real browser, and their endpoints."""

import re
import zipfile
from collections.abc import Iterator

import pytest
from gradio_client import handle_file
from playwright.sync_api import Browser, Page, expect
from random_student import NAME, write_student
from served_app import END_TO_END, connect, open_tab, serve, visit

from swapper.hub.manifest import shipped_folder

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The app with the shipped student, or a random one where none is shipped yet."""
    folder = tmp_path_factory.mktemp("app")
    if not (shipped_folder() / f"{NAME}.safetensors").is_file():
        write_student(folder / "weights")
    with serve(folder, SWAPPER_WEIGHTS=str(folder / "weights")) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """On a phone, where nothing may be wider than the screen."""
    with visit(browser, address, 390, 844) as page:
        yield page
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_interpolation_is_drawn_scrubbed_and_downloaded(page: Page, tmp_path):
    open_tab(page, "Interpolation")
    page.click("#interpolation-start")
    expect(page.locator("#interpolation-problem [role=alert]")).to_contain_text("Consent has not been given yet.")
    page.check("#consent input")
    page.click("#interpolation-start")
    expect(page.locator("#interpolation-problem")).to_contain_text("Person A: no photo yet.")
    page.get_by_role("button", name="Fill in an example").and_(page.locator(":visible")).click()
    expect(page.locator("#interpolation-target img")).not_to_have_count(0)
    page.click("#interpolation-start")
    expect(page.locator("#interpolation-view .stage img")).to_have_count(11)
    expect(page.locator("#interpolation-problem .callout")).to_have_count(0)
    view = page.locator("#interpolation-view")
    expect(view.locator("output")).to_have_text("50 %")
    view.locator("input").focus()
    page.keyboard.press("ArrowRight")
    expect(view.locator("output")).to_have_text("60 %")
    expect(view.locator(".stage img.on")).to_have_attribute("alt", "The target, 60 % of the way from A to B")
    view.locator(".thumbs button").first.click()
    expect(view.locator("output")).to_have_text("0 %")
    expect(view.locator(".score")).to_contain_text(re.compile("Smoothness|No score"))
    expect(page.locator("#interpolation-measures svg[role=img]")).to_have_count(3)
    for name, suffix in (("clip", ".mp4"), ("gif", ".gif"), ("zip", ".zip")):
        with page.expect_download() as download:
            page.click(f"#interpolation-{name}")
        download.value.save_as(tmp_path / f"interpolation{suffix}")
        assert download.value.suggested_filename.endswith(suffix)
    with zipfile.ZipFile(tmp_path / "interpolation.zip") as archive:
        assert {"report.json", "strip.jpg", "plot.svg", "frame-10.jpg"} <= set(archive.namelist())


def test_methods_are_compared_sorted_and_downloaded(page: Page, tmp_path):
    open_tab(page, "Compare")
    page.check("#consent input")
    page.click("#compare")
    expect(page.locator("#compare-problem [role=alert]")).to_contain_text("Sources: no photo yet.")
    page.get_by_role("button", name="Fill in an example").and_(page.locator(":visible")).click()
    expect(page.locator("#compare-targets .thumbnail-item")).to_have_count(3)
    shown = 3 + page.locator("#compare-methods input:checked").count()  # the references and the warp, too
    assert shown > 3
    page.click("#compare")
    rows = page.locator("#compare-table tbody tr")
    expect(page.locator("#compare-zip")).to_be_visible()
    expect(rows).to_have_count(shown)
    expect(page.locator("#compare-table td.best")).not_to_have_count(0)
    page.locator("#compare-table th button", has_text="cos source").click()
    column = next(
        i for i, said in enumerate(page.locator("#compare-table th").all_inner_texts()) if "cos source" in said
    )
    values = [float(row.locator("th, td").nth(column).inner_text().split()[0]) for row in rows.all()]
    assert values == sorted(values, reverse=True) and len(set(values)) > 2
    expect(page.locator("#compare-gallery .thumbnail-item")).to_have_count(6 * (1 + shown))
    expect(page.locator("#compare-plots svg[role=img]")).to_have_count(2)
    with page.expect_download() as download:
        page.click("#compare-zip")
    download.value.save_as(tmp_path / "comparison.zip")
    with zipfile.ZipFile(tmp_path / "comparison.zip") as archive:
        assert {"report.html", "report.csv", "contact_sheet.jpg"} <= set(archive.namelist())


def test_the_endpoints_answer_programs(address: str, portraits, tmp_path):
    client = connect(address, tmp_path)
    first, second, target = (handle_file(path) for path in portraits[:3])
    with pytest.raises(Exception, match="Pass consent=True"):
        client.predict(first, second, target, api_name="/interpolate")
    with pytest.raises(Exception, match=r"Steps: .* Give 1 to"):
        client.predict(first, second, target, consent=True, steps=1000, api_name="/interpolate")
    path, report = client.predict(first, second, target, consent=True, steps=1, api_name="/interpolate")
    assert report["shares"] == [0, 0.5, 1] and report["explanation"]
    with zipfile.ZipFile(path) as archive:
        assert "frame-02.jpg" in archive.namelist()
    with pytest.raises(Exception, match="Pass consent=True"):
        client.predict([first], [target], ["warp"], api_name="/compare")
    path, report = client.predict([first], [target], ["warp"], consent=True, api_name="/compare")
    assert [method["name"] for method in report["methods"]] == ["target unchanged", "source pasted", "warp"]
    with zipfile.ZipFile(path) as archive:
        assert "report.json" in archive.namelist()
