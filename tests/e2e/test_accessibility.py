"""Who cannot see the page or has no mouse: what axe-core finds, and Image and Video by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from clips import background, lay, portrait, write_clip
from playwright.sync_api import Browser, FileChooser, Page, expect
from served_app import END_TO_END, be_patient, open_tab, visit
from waiting import wait_for

pytestmark = END_TO_END
TABS = ("Image swap", "Video swap", "Live", "Interpolation", "Compare", "Check a file")
MOST_TABS = 200  # presses until something must have been reached


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 1280, 900) as page:
        yield page


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_tab(
    browser: Browser, address: str, scheme: Literal["light", "dark"], portraits
):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    be_patient(page)
    page.goto(address)
    page.set_input_files("#target input[type=file]", str(portraits[1]))
    expect(page.locator("#faces img")).not_to_have_count(0)
    page.get_by_role("button", name="Add another person").and_(page.locator(":visible")).click()
    page.click("#example")
    expect(page.locator("#before-after img")).to_have_count(2)
    for name in TABS:
        open_tab(page, name)
        for accordion in page.locator(".settings:visible > button.label-wrap").all():
            accordion.click()
        assert serious(page) == [], name
    page.close()


def reach(page: Page, selector: str) -> None:
    """Press Tab until something has the focus, which must be seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            line = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow; }"
            )
            assert line != "nonenone", f"the focus on {selector} is not seen"
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


def choose_file(page: Page, selector: str, file: Path) -> None:
    """Open the file dialogue with Enter, again where the page was still busy with what came before."""
    chosen: list[FileChooser] = []
    page.once("filechooser", lambda chooser: chosen.append(chooser))
    reach(page, selector)

    def opened() -> bool:
        if not chosen:
            page.locator(selector).first.press("Enter")
            page.evaluate("() => new Promise(requestAnimationFrame)")
        return bool(chosen)

    wait_for("a file dialogue", opened)
    chosen[0].set_files(file)


def test_a_photo_is_swapped_by_keyboard_alone(page: Page, portraits):
    expect(page.locator("#swap")).to_be_visible()
    reach(page, "#consent input")
    page.keyboard.press("Space")
    choose_file(page, "#source-a .upload-container", portraits[0])
    expect(page.locator("#source-a img")).not_to_have_count(0)
    choose_file(page, "#target button.upload-container, #target .upload-container button", portraits[1])
    expect(page.locator("#faces img")).not_to_have_count(0)
    thumbnail = page.locator("#faces .thumbnail-item").first
    expect(thumbnail).to_have_attribute("aria-label", "becomes A")
    expect(thumbnail).to_have_attribute("aria-pressed", "true")
    reach(page, "#person input")
    page.keyboard.press("ArrowRight")
    expect(thumbnail).to_have_attribute("aria-label", "unchanged")
    page.keyboard.press("ArrowLeft")
    expect(thumbnail).to_have_attribute("aria-label", "becomes A")
    reach(page, "#swap")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Swap faces: finished.")
    expect(page.locator("#png")).to_be_enabled()
    reach(page, "#png")
    with page.expect_download():
        page.keyboard.press("Enter")


def test_a_video_is_swapped_by_keyboard_alone(page: Page, portraits, tmp_path):
    frame = background(180, 240)
    lay(frame, portrait(0), (120, 90), 150)
    clip = write_clip(tmp_path / "clip.mp4", [frame] * 5)
    expect(page.locator("#swap")).to_be_visible()
    reach(page, "#consent input")
    page.keyboard.press("Space")
    reach(page, "[role=tab]")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#video-swap")).to_be_visible()
    choose_file(page, "#video-source-a .upload-container", portraits[0])
    expect(page.locator("#video-source-a img")).not_to_have_count(0)
    choose_file(page, "#video-target button.upload-container, #video-target .upload-container button", clip)
    expect(page.locator("#video-frame img")).to_have_count(1)
    reach(page, "#video-who input")
    reach(page, "#video-preview")
    page.keyboard.press("Enter")
    expect(page.locator("#video-frame img")).to_have_count(2)
    reach(page, "#video-swap")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Swap video: finished.")
    reach(page, "#video-download")
    with page.expect_download():
        page.keyboard.press("Enter")
