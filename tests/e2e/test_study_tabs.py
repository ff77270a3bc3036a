"""The Interpolation and Compare tabs in a real browser, and their endpoints."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import handle_file
from playwright.sync_api import Browser, Page, expect
from served_app import END_TO_END, connect, open_tab, visit

pytestmark = END_TO_END


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """On a phone, where nothing may be wider than the screen."""
    with visit(browser, address, 390, 844) as page:
        yield page
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def fill_in(page: Page) -> None:
    page.get_by_role("button", name="Fill in an example").and_(page.locator(":visible")).click()


def test_an_interpolation_is_drawn_scrubbed_and_downloaded(page: Page, tmp_path):
    open_tab(page, "Interpolation")
    page.click("#interpolation-start")
    expect(page.locator("#interpolation-problem [role=alert]")).to_contain_text("Consent has not been given yet.")
    page.check("#consent input")
    page.click("#interpolation-start")
    expect(page.locator("#interpolation-problem")).to_contain_text("Person A: no photo yet.")
    expect(page.locator("#interpolation-method input")).to_have_value(re.compile("Smooth-Swap"))
    fill_in(page)
    expect(page.locator("#interpolation-target img")).not_to_have_count(0)
    page.click("#interpolation-start")
    view = page.locator("#interpolation-view")
    expect(view.locator(".stage")).to_have_count(2)
    expect(view.locator(".stage img")).to_have_count(22)
    expect(page.locator("#interpolation-problem .callout")).to_have_count(0)
    expect(view.locator(".score")).to_contain_text(re.compile("is smoother: d_smooth|No clear difference"))
    expect(view.locator(".score")).to_contain_text("95 % interval of the difference")
    expect(view.locator("section h3")).to_have_text(
        ["Smooth-Swap, told the path of the smooth embedder", "GHOST, told the path of ArcFace"]
    )
    expect(view.locator("output")).to_have_text("50 %")
    view.locator("input").focus()
    page.keyboard.press("ArrowRight")
    expect(view.locator("output")).to_have_text("60 %")
    shown = view.locator(".stage img.on")
    expect(shown).to_have_count(2)
    expect(shown.first).to_have_attribute("alt", "The target, 60 % of the way from A to B")
    strips = view.locator(".thumbs")
    expect(strips).to_have_count(2)
    expect(strips.nth(1).locator(".near img")).to_have_count(11)
    strips.nth(1).locator("button").first.click()
    expect(view.locator("output")).to_have_text("0 %")
    expect(strips.nth(0).locator("button").first).to_have_attribute("aria-pressed", "true")
    measures = page.locator("#interpolation-measures")
    expect(measures.locator("svg[role=img]")).to_have_count(6)
    expect(measures).to_contain_text("distinct identities")
    for name, suffix in (("clip", ".mp4"), ("gif", ".gif"), ("zip", ".zip")):
        with page.expect_download() as download:
            page.click(f"#interpolation-{name}")
        download.value.save_as(tmp_path / f"interpolation{suffix}")
        assert download.value.suggested_filename.endswith(suffix)
    with zipfile.ZipFile(tmp_path / "interpolation.zip") as archive:
        assert {"report.json", "strip.jpg", "plot.svg", "frame-10.jpg", "beside-10.jpg"} <= set(archive.namelist())


def test_a_gallery_of_ones_own_and_more_people_are_taken(page: Page, portraits, tmp_path):
    packed = tmp_path / "people.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in portraits[2:]:
            archive.write(path, path.name)
    open_tab(page, "Interpolation")
    page.check("#consent input")
    fill_in(page)
    page.get_by_role("button", name="More people, another gallery").click()
    page.set_input_files("#interpolation-gallery input[type=file]", str(packed))
    expect(page.locator("#interpolation-gallery")).to_contain_text("people")
    page.set_input_files("#interpolation-people input[type=file]", [str(path) for path in portraits[1:3]])
    expect(page.locator("#interpolation-people .thumbnail-item")).to_have_count(2)
    page.locator("#interpolation-beside").get_by_text("The same method, so that only the embedder differs").click()
    slider = page.locator("#component-0, body").locator("input[type=range][aria-label*='Steps']").first
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    page.click("#interpolation-start")
    view = page.locator("#interpolation-view")
    expect(view.locator(".score")).to_contain_text(re.compile("6 pairs of your people|On A and B alone"))
    expect(view.locator("section h3").nth(1)).to_have_text("Smooth-Swap, told the path of ArcFace")
    expect(view.locator("section p")).to_contain_text("translated for it through the gallery's people")


def test_methods_are_compared_sorted_enlarged_and_downloaded(page: Page, tmp_path):
    open_tab(page, "Compare")
    page.check("#consent input")
    page.click("#compare")
    expect(page.locator("#compare-problem [role=alert]")).to_contain_text("Sources: no photo yet.")
    fill_in(page)
    expect(page.locator("#compare-targets .thumbnail-item")).to_have_count(3)
    shown = 3 + page.locator("#compare-methods input:checked").count()  # the references and the warp, too
    assert shown > 3
    page.click("#compare")
    expect(page.locator("#compare-zip")).to_be_visible()
    said = page.locator("#compare-table .account")
    for words in ("6 pairs of 2 sources and 3 targets", "arcface-mobile", "smooth-embedder-lite", "flatters", "Wilson"):
        expect(said).to_contain_text(words)
    tables = page.locator("#compare-table table")
    expect(tables).to_have_count(3)
    rows = tables.first.locator("tbody tr")
    expect(rows).to_have_count(shown)
    head = tables.first.locator("th", has_text="cos source").first
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#compare-table th[aria-sort=descending]")).to_have_count(1)
    column = tables.first.locator("thead th").all_inner_texts().index(head.inner_text())
    values = [float(row.locator("th, td").nth(column).inner_text().split()[0]) for row in rows.all()]
    assert values == sorted(values, reverse=True) and len(set(values)) > 2
    names = [table.locator("tbody th").all_inner_texts() for table in tables.all()]
    assert names[0] == names[1] == names[2], "the tables are sorted together"
    check_frozen_column(page)
    faces = page.locator("#compare-pictures section").first.locator("figure")
    expect(faces).to_have_count(1 + shown)
    left = [face.bounding_box()["x"] for face in faces.all()[2:]]  # type: ignore[index]
    assert max(left) - min(left) < 1, "one method under the other"
    faces.nth(2).get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("figcaption")).to_contain_text("source pasted")
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("figcaption")).to_contain_text("Warp")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("#compare-plots svg[role=img]")).to_have_count(2)
    with page.expect_download() as download:
        page.click("#compare-zip")
    download.value.save_as(tmp_path / "comparison.zip")
    with zipfile.ZipFile(tmp_path / "comparison.zip") as archive:
        archive.extract("report.html", tmp_path)
        assert {"report.html", "report.csv", "report.json", "contact_sheet.jpg"} <= set(archive.namelist())
    check_report(page, tmp_path / "report.html")


def check_frozen_column(page: Page) -> None:
    """What does not fit is announced, and the names stay where they are when the rest is scrolled."""
    sheet = page.locator("#compare-table .sheet").first
    expect(page.locator("#compare-table .sideways").first).to_be_visible()
    name = sheet.locator("tbody th").first
    before = name.bounding_box()
    sheet.evaluate("sheet => { sheet.scrollLeft = 9999; }")
    assert sheet.evaluate("sheet => sheet.scrollLeft") > 20
    assert name.bounding_box() == before


def check_report(page: Page, report: Path) -> None:
    """The report is a page that can be sorted, and at 1280 px nothing of its tables is cut off."""
    beside = page.context.browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[union-attr]
    beside.goto(report.as_uri())
    widths = beside.locator(".scores .sheet").evaluate_all("all => all.map(one => [one.scrollWidth, one.clientWidth])")
    assert len(widths) == 4 and all(inner <= outer for inner, outer in widths)
    assert beside.evaluate("document.documentElement.scrollWidth") <= 1280
    beside.locator("th button", has_text="pose").click()
    expect(beside.locator("th[aria-sort=descending]")).to_have_text(re.compile("pose"))
    expect(beside.locator(".account")).to_contain_text("6 pairs")
    beside.close()


def test_a_result_of_image_swap_is_measured(page: Page, portraits):
    page.check("#consent input")
    page.set_input_files("#source-a input[type=file]", str(portraits[0]))
    expect(page.locator("#source-a img")).not_to_have_count(0)
    page.set_input_files("#target input[type=file]", str(portraits[1]))
    expect(page.locator("#faces img")).not_to_have_count(0)
    page.click("#swap")
    expect(page.locator("#measure")).to_be_visible()
    page.click("#measure")
    expect(page.locator("#compare-sources .thumbnail-item, #compare-sources img").first).to_be_visible()
    expect(page.locator("#compare-targets img").first).to_be_visible()
    expect(page.locator("#compare-carried")).to_contain_text("the result of Image swap")
    expect(page.locator("#compare-methods input:checked")).to_have_count(1)
    page.click("#compare")
    expect(page.locator("#compare-zip")).to_be_visible()
    names = page.locator("#compare-table table").first.locator("tbody th")
    expect(names.filter(has_text="Result of Image swap: GHOST")).to_have_count(1)
    expect(page.locator("#compare-pictures figure", has_text="Result of Image swap")).to_have_count(1)
    page.get_by_role("button", name="Leave it out").click()
    expect(page.locator("#compare-carried")).not_to_contain_text("Image swap")


def test_the_endpoints_answer_programs(address: str, portraits, tmp_path):
    client = connect(address, tmp_path)
    first, second, target = (handle_file(path) for path in portraits[:3])
    with pytest.raises(Exception, match="Pass consent=True"):
        client.predict(first, second, target, api_name="/interpolate")
    with pytest.raises(Exception, match=r"Steps: .* Give 1 to"):
        client.predict(first, second, target, consent=True, steps=1000, api_name="/interpolate")
    path, report = client.predict(first, second, target, consent=True, steps=1, api_name="/interpolate")
    assert report["shares"] == [0, 0.5, 1] and report["headline"] and report["people"] >= 200
    with zipfile.ZipFile(path) as archive:
        assert {"frame-02.jpg", "beside-02.jpg"} <= set(archive.namelist())
    with pytest.raises(Exception, match="Pass consent=True"):
        client.predict([first], [target], ["warp"], api_name="/compare")
    path, report = client.predict([first], [target], ["warp"], consent=True, api_name="/compare")
    assert [method["name"] for method in report["methods"]] == ["target unchanged", "source pasted", "warp"]
    with zipfile.ZipFile(path) as archive:
        assert "report.json" in archive.namelist()
