"""Source persons that come and go, photos that will not do, and settings that are saved, in a real browser."""

import json
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from served_app import END_TO_END, ROOT, open_settings, visit

pytestmark = END_TO_END


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 1280, 900) as page:
        expect(page.locator("#swap")).to_be_visible()
        yield page


def add(page: Page, letter: str) -> None:
    page.get_by_role("button", name="Add another person").and_(page.locator(":visible")).click()
    expect(page.locator("#persons").get_by_label(f"Person {letter.upper()}")).to_be_checked()


def enter(box: Locator, value: str) -> None:
    """Type a value; once more if the page, which was still being drawn, put its first value over it."""
    for _ in range(3):
        box.fill(value)
        box.press("Tab")
        box.page.wait_for_timeout(500)
        if box.input_value() == value:
            return
    expect(box).to_have_value(value)


def test_photos_that_will_not_do_are_named_when_they_are_chosen(page: Page, portraits, tmp_path):
    notes = page.locator("#source-notes")
    with Image.open(portraits[0]) as picture:
        small = Image.new("RGB", (400, 400), "gray")
        small.paste(picture.convert("RGB").resize((70, 70)), (160, 160))
        small.save(tmp_path / "small.png")
    Image.new("RGB", (400, 300), "teal").save(tmp_path / "wall.png")
    page.set_input_files("#source-a input[type=file]", [str(tmp_path / name) for name in ("small.png", "wall.png")])
    expect(notes).to_contain_text("Person A, photo 1: the face is only")
    expect(notes).to_contain_text("Person A, photo 2: no face was found. Choose a photo in which the face is larger.")
    page.locator(".strip:visible .thumbnail-item").first.click()
    expect(notes.locator(".callout")).to_have_count(0)


def test_one_of_several_faces_is_chosen(page: Page):
    page.set_input_files("#source-a input[type=file]", str(ROOT / "examples" / "group.jpg"))
    expect(page.locator("#source-notes")).to_contain_text("it shows 3 faces. Click the one to use")
    before = page.locator("#source-a img").first.get_attribute("src")
    page.locator("#source-faces .thumbnail-item").nth(2).click()
    expect(page.locator("#source-notes .callout")).to_have_count(0)
    expect(page.locator("#source-faces .thumbnail-item")).to_have_count(0)
    assert page.locator("#source-a img").first.get_attribute("src") != before


def test_persons_are_added_beyond_three_and_removed_with_their_casting(page: Page, portraits):
    page.set_input_files("#target input[type=file]", str(portraits[1]))
    expect(page.locator("#faces img")).not_to_have_count(0)
    page.click("#swap")
    expect(page.locator("#problem .callout")).not_to_have_count(0)
    page.locator(".strip:visible .thumbnail-item").nth(0).click()
    expect(page.locator("#source-a img")).not_to_have_count(0)
    expect(page.locator("#problem .callout")).to_have_count(0)  # an empty gallery says that it was filled
    for letter in "bcd":
        add(page, letter)
        page.locator(".strip:visible .thumbnail-item").nth("abcd".index(letter)).click()
        expect(page.locator(f"#source-{letter} img")).not_to_have_count(0)
    expect(page.locator("#persons label")).to_have_count(4)
    page.locator("#person").get_by_label("Person D").check()
    expect(page.locator("#faces .caption-label")).to_have_text("becomes D")
    page.locator("#persons").get_by_label("Person B").check()
    page.get_by_role("button", name="Remove person B").click()
    expect(page.locator("#persons label")).to_have_count(3)
    expect(page.locator("#faces .caption-label")).to_have_text("becomes C")
    page.locator("#persons").get_by_label("Person C").check()
    page.get_by_role("button", name="Remove person C").click()
    expect(page.locator("#faces .caption-label")).to_have_text("unchanged")


def test_settings_are_saved_by_name_and_come_back_after_a_reload(page: Page, tmp_path):
    likeness = open_settings(page).locator("input[type=number]").first
    enter(likeness, "0.4")
    page.click("#preset-save")
    expect(page.locator("#preset-note")).to_contain_text("there is no name yet")
    page.locator("#preset-name").get_by_role("textbox").fill("soft look")
    page.click("#preset-save")
    expect(page.locator("#preset-note")).to_contain_text("Saved as “soft look”.")
    assert likeness.input_value() == "0.4"
    with page.expect_download() as download:
        page.click("#preset-file")
    download.value.save_as(tmp_path / "look.json")
    assert download.value.suggested_filename == "soft_look.json"
    assert json.loads((tmp_path / "look.json").read_text())["likeness"] == 0.4
    page.get_by_role("button", name="Reset to defaults").and_(page.locator(":visible")).click()
    expect(likeness).to_have_value("1")
    page.evaluate("sessionStorage.clear()")  # another visit in the same browser
    page.reload()
    open_settings(page)
    expect(likeness).to_have_value("1")
    page.locator("#saved input").click()
    page.get_by_role("option", name="soft look").click()
    expect(likeness).to_have_value("0.4")
    page.get_by_role("button", name="Reset to defaults").and_(page.locator(":visible")).click()
    expect(likeness).to_have_value("1")
    page.set_input_files('input[accept=".json"] >> nth=0', str(tmp_path / "look.json"))
    expect(likeness).to_have_value("0.4")
    page.click("#example")
    expect(page.locator("#before-after img")).to_have_count(2)
