"""Work in a real browser: it always shows, can be cancelled in every tab, is never stale, and survives a reload."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect
from served_app import END_TO_END, open_settings, open_tab, visit
from waiting import wait_for

pytestmark = END_TO_END
BUSY = re.compile(r".+ · \d+ %")
CHANGED = "Something has changed since this was made."


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 1280, 900) as page:
        page.check("#consent input")
        yield page


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 390, 844) as page:
        page.check("#consent input")
        yield page
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def choose(page: Page, source: Path, target: Path) -> None:
    page.set_input_files("#source-a input[type=file]", str(source))
    page.set_input_files("#target input[type=file]", str(target))
    expect(page.locator("#faces img")).not_to_have_count(0)
    expect(page.locator("#source-a img")).not_to_have_count(0)


def swap(page: Page) -> None:
    page.click("#swap")
    expect(page.locator("#before-after img")).to_have_count(2)
    expect(page.locator("#swap")).to_have_text("Swap faces")


def fill(page: Page) -> None:
    page.get_by_role("button", name="Fill in an example").and_(page.locator(":visible")).click()


def in_view(page: Page, selector: str) -> None:
    page.wait_for_function(
        """selector => {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            return box && box.height > 0 && box.top < innerHeight && box.bottom > 0;
        }""",
        arg=selector,
    )


def whole_in_view(page: Page, selector: str) -> None:
    page.wait_for_function(
        """selector => {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            return box && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight;
        }""",
        arg=selector,
    )


@pytest.mark.parametrize(
    ("tab", "start", "words", "name", "filled"),
    [
        ("Interpolation", "#interpolation-start", "Interpolate from A to B", "interpolation", "#interpolation-target"),
        ("Compare", "#compare", "Compare", "compare", "#compare-targets"),
    ],
)
def test_lengthy_work_shows_on_its_button_and_cancel_leaves_nothing(
    phone: Page, folder: Path, tab: str, start: str, words: str, name: str, filled: str
):
    open_tab(phone, tab)
    fill(phone)
    expect(phone.locator(f"{filled} img")).not_to_have_count(0)
    before = set((folder / "files").rglob("*"))
    phone.click(start)
    expect(phone.locator(start)).to_have_text(BUSY)
    expect(phone.locator(start)).to_be_disabled()
    expect(phone.locator(f"#{name}-running [role=progressbar]")).to_be_visible()
    in_view(phone, f"#{name}-running")
    whole_in_view(phone, f"#{name}-cancel")
    expect(phone.locator(f"#{name}-cancel")).to_be_focused()
    expect(phone.locator(start)).to_have_text(re.compile(r"(Picture|.+: swap) \d+ of \d+ · \d+ %"))
    phone.keyboard.press("Enter")
    expect(phone.locator(f"#{name}-running")).to_contain_text("Cancelled.")
    expect(phone.locator(start)).to_have_text(words)
    expect(phone.locator(start)).to_be_enabled()
    expect(phone.locator("#announcer")).to_contain_text("Cancelled.")
    expect(phone.locator(f"#{name}-problem .callout")).to_have_count(0)
    wait_for("the folders of the work gone", lambda: not _left(folder, before))


def _left(folder: Path, before: set[Path]) -> list[Path]:
    """New pictures, clips and archives that are no copies of what was filled in."""
    return [
        path
        for path in set((folder / "files").rglob("*")) - before
        if path.name.startswith(("frame-", "beside-", "face-"))
    ]


def crowd(portraits: list[Path], path: Path) -> Path:
    """Nine faces, which take long enough to be cancelled; one takes half a second."""
    sheet = Image.new("RGB", (1200, 1200))
    for number, portrait in enumerate(portraits[:9]):
        with Image.open(portrait) as picture:
            sheet.paste(picture.convert("RGB").resize((400, 400)), (number % 3 * 400, number // 3 * 400))
    sheet.save(path)
    return path


def test_an_image_swap_can_be_cancelled_while_it_waits_and_frees_its_place(page: Page, portraits, tmp_path):
    choose(page, portraits[0], crowd(portraits, tmp_path / "crowd.jpg"))
    page.click("#swap")
    expect(page.locator("#swap")).to_have_text(BUSY)
    page.click("#image-cancel")
    expect(page.locator("#swap")).to_have_text("Swap faces")
    expect(page.locator("#image-running")).to_contain_text("Cancelled.")
    expect(page.locator("#before-after img")).to_have_count(0)
    swap(page)
    expect(page.locator("#problem .callout")).to_have_count(0)


def test_what_the_queue_refuses_ends_in_a_sentence_and_can_be_started_again(page: Page, portraits):
    choose(page, portraits[0], portraits[1])
    full = '{"detail": "Queue is full."}'
    page.route("**/queue/join**", lambda route: route.fulfill(status=503, content_type="application/json", body=full))
    page.click("#swap")
    expect(page.locator("#problem [role=alert]")).to_contain_text("it is too busy, or the connection was lost")
    expect(page.locator("#swap")).to_have_text("Swap faces")
    expect(page.locator("#image-cancel")).to_be_hidden()
    page.unroute("**/queue/join**")
    swap(page)
    expect(page.locator("#problem .callout")).to_have_count(0)


def test_a_finished_swap_is_seen_and_heard_on_a_phone(phone: Page, portraits):
    choose(phone, portraits[0], portraits[1])
    swap(phone)
    in_view(phone, "#before-after")
    expect(phone.locator("#announcer")).to_have_text("Swap faces: finished.")
    assert phone.locator("#announcer").get_attribute("aria-live") == "polite"


def test_changes_mark_the_result_and_taking_them_back_unmarks_it(page: Page, portraits):
    choose(page, portraits[0], portraits[1])
    swap(page)
    stale = page.locator("#image-stale")
    expect(stale.locator(".stale")).to_have_count(0)
    page.locator("#person").get_by_label("Leave unchanged").check()
    expect(stale).to_contain_text(CHANGED)
    page.locator("#person").get_by_label("Person A").check()
    expect(stale.locator(".stale")).to_have_count(0)
    page.locator(".strip:visible .thumbnail-item").nth(3).click()
    expect(stale).to_contain_text(CHANGED)
    page.click("#swap")
    expect(stale.locator(".stale")).to_have_count(0)


def test_an_error_goes_with_the_next_change_and_the_next_run(page: Page, portraits):
    page.set_input_files("#target input[type=file]", str(portraits[1]))
    expect(page.locator("#faces img")).not_to_have_count(0)
    page.click("#swap")
    expect(page.locator("#problem")).to_contain_text("person A has no photo yet")
    page.set_input_files("#source-a input[type=file]", str(portraits[0]))
    expect(page.locator("#problem .callout")).to_have_count(0)
    page.uncheck("#consent input")
    page.click("#swap")
    expect(page.locator("#problem")).to_contain_text("Consent has not been given yet.")
    page.check("#consent input")
    page.click("#swap")
    expect(page.locator("#problem .callout")).to_have_count(0)


def test_defaults_are_those_of_method_and_restoration_too(page: Page):
    settings = open_settings(page)
    method = page.get_by_role("combobox", name="Method").and_(page.locator(":visible"))
    usual = method.input_value()
    method.click()
    page.get_by_role("option").last.click()
    expect(method).not_to_have_value(usual)
    bare = settings.get_by_role("group").filter(has_text="Restoration").get_by_label("None")
    bare.check()
    page.get_by_role("button", name="Reset to defaults").and_(page.locator(":visible")).click()
    expect(method).to_have_value(usual)
    expect(bare).not_to_be_checked()


def test_a_reload_asks_first_and_loses_nothing(page: Page, portraits):
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", agree)
    choose(page, portraits[0], portraits[1])
    page.get_by_role("button", name="Add another person").and_(page.locator(":visible")).click()
    page.set_input_files("#source-b input[type=file]", str(portraits[2]))
    page.locator("#person").get_by_label("Person B").check()
    swap(page)
    expect(page.locator("#png")).to_be_enabled()
    page.reload()
    expect(page.locator("#before-after img")).to_have_count(2)
    assert asked == ["beforeunload"]
    expect(page.locator("#consent input")).to_be_checked()
    expect(page.locator("#faces .caption-label")).to_have_text("becomes B")
    expect(page.locator("#source-a img")).not_to_have_count(0)
    expect(page.locator("#source-b img")).not_to_have_count(0)
    expect(page.locator("#image-stale .stale")).to_have_count(0)
    with page.expect_download():
        page.click("#png")
    page.reload()
    expect(page.locator("#before-after img")).to_have_count(2)
    assert asked == ["beforeunload"]  # it was saved


def test_another_visitor_sees_nothing_of_it(browser: Browser, address: str, page: Page, portraits):
    choose(page, portraits[0], portraits[1])
    swap(page)
    with visit(browser, address, 1280, 900) as other:
        expect(other.locator("#swap")).to_be_visible()
        expect(other.locator("#consent input")).not_to_be_checked()
        assert other.locator("#before-after img, #source-a img").count() == 0
