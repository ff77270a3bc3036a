"""The app in a real browser: started as users start it, and used as they use it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import handle_file
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from served_app import END_TO_END, connect, serve, visit

from swapper.provenance.credentials import read_credentials
from swapper.provenance.detection import find_mark

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("app"), SWAPPER_MAX_UPLOAD_BYTES="3000000") as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 1280, 800) as page:
        yield page


def choose(page: Page, source: Path, target: Path) -> None:
    """Upload both photos and wait until the target's faces are there."""
    page.set_input_files("#source-a input[type=file]", str(source))
    page.set_input_files("#target input[type=file]", str(target))
    expect(page.locator("#faces img")).not_to_have_count(0)
    expect(page.locator("#source-a img")).not_to_have_count(0)


def test_swap_compare_and_download(page: Page, portraits, tmp_path):
    choose(page, portraits[0], portraits[1])
    page.check("#consent input")
    page.click("#swap")
    slider = page.locator("#before-after")
    expect(slider.locator("img")).to_have_count(2)
    expect(page.locator("#summary")).to_contain_text("1 of 1 face swapped")
    expect(page.locator("#summary")).to_contain_text("find faces")
    expect(page.locator("#problem .callout")).to_have_count(0)
    with Image.open(portraits[1]) as picture:
        before = np.asarray(picture.convert("RGB")).astype(int)
    for kind, most in (("png", 1.5), ("jpeg", 3.0)):
        expect(page.locator(f"#{kind}")).to_be_enabled()
        with page.expect_download() as download:
            page.click(f"#{kind}")
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.name == f"{portraits[1].stem}-swapped.{kind.replace('jpeg', 'jpg')}"
        with Image.open(file) as picture:
            assert picture.format == kind.upper()
            after = np.asarray(picture.convert("RGB")).astype(int)
        assert after.shape == before.shape
        assert np.abs(after[:16] - before[:16]).mean() <= most  # far from the face is the watermark alone
        assert np.abs(after - before)[256:512, 256:512].mean() > 4
        found = read_credentials(file)
        assert found is not None and found.valid
        assert find_mark(after.astype(np.uint8)) is not None


def test_nothing_is_swapped_without_consent(page: Page, portraits):
    choose(page, portraits[0], portraits[1])
    page.click("#swap")
    expect(page.locator("#problem [role=alert]")).to_contain_text("Consent has not been given yet.")
    assert page.locator("#before-after img").count() == 0
    page.check("#consent input")
    expect(page.locator("#problem .callout")).to_have_count(0)


def test_what_is_missing_is_said_where_the_user_looks(page: Page, portraits):
    page.check("#consent input")
    page.click("#swap")
    expect(page.locator("#problem")).to_contain_text("Target: no photo yet.")
    page.set_input_files("#target input[type=file]", str(portraits[1]))
    expect(page.locator("#faces img")).not_to_have_count(0)
    expect(page.locator("#problem .callout")).to_have_count(0)
    page.click("#swap")
    expect(page.locator("#problem")).to_contain_text("person A has no photo yet")


def test_a_photo_without_a_face_is_refused_in_words(page: Page, tmp_path):
    Image.new("RGB", (320, 240), "teal").save(tmp_path / "wall.png")
    page.set_input_files("#target input[type=file]", str(tmp_path / "wall.png"))
    expect(page.locator("#problem [role=alert]")).to_contain_text("no face was found")
    assert page.locator("#faces").count() == 0


def test_each_face_gets_the_person_chosen_for_it(page: Page, portraits, tmp_path):
    with Image.open(portraits[1]) as a, Image.open(portraits[2]) as b:
        size = (360, 360)
        couple = Image.new("RGB", (2 * size[0], size[1]))
        couple.paste(a.convert("RGB").resize(size), (0, 0))
        couple.paste(b.convert("RGB").resize(size), (size[0], 0))
    couple.save(tmp_path / "couple.png")
    choose(page, portraits[0], tmp_path / "couple.png")
    captions = page.locator("#faces .caption-label")
    expect(captions).to_have_text(["1 · becomes A", "2 · becomes A"])
    page.locator("#faces .thumbnail-item").nth(1).click()
    expect(page.locator("#person")).to_contain_text("Face 2 becomes")
    page.locator("#person").get_by_label("Leave unchanged").check()
    expect(captions).to_have_text(["1 · becomes A", "2 · unchanged"])
    page.get_by_role("button", name="Add another person").click()
    page.locator("#person").get_by_label("Person B").check()
    expect(captions).to_have_text(["1 · becomes A", "2 · becomes B"])
    page.set_input_files("#source-b input[type=file]", str(portraits[-1]))
    expect(page.locator("#source-b img")).not_to_have_count(0)
    page.check("#consent input")
    page.click("#swap")
    expect(page.locator("#summary")).to_contain_text("2 of 2 faces swapped")


def test_a_click_on_an_example_fills_in_the_photo(page: Page):
    page.locator(".strip .thumbnail-item").first.click()
    expect(page.locator("#source-a img")).not_to_have_count(0)


def test_an_example_is_shown_without_photos_or_consent(page: Page):
    page.click("#example")
    expect(page.locator("#before-after img")).to_have_count(2)
    expect(page.locator("#summary")).to_contain_text("1 of 1 face swapped")
    expect(page.locator("#png")).to_be_enabled()


def test_the_page_fits_a_phone(page: Page, portraits):
    page.set_viewport_size({"width": 390, "height": 844})
    choose(page, portraits[0], portraits[1])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_named_endpoints_answer_programs(address: str, portraits, tmp_path):
    client = connect(address, tmp_path)
    source, target = (handle_file(path) for path in portraits[:2])
    faces = client.predict(target, api_name="/find_faces")
    assert len(faces) == 1 and faces[0]["score"] > 0.5
    path, report = client.predict([source], target, consent=True, api_name="/swap_image")
    with Image.open(path) as after, Image.open(portraits[1]) as before:
        assert after.size == before.size
    assert report["swapped"] == [0]
    with pytest.raises(Exception, match="Pass consent=True"):
        client.predict([source], target, api_name="/swap_image")


def test_an_upload_over_the_limit_is_refused(address: str, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(3_100_000))
    client = connect(address, tmp_path)
    with pytest.raises(Exception, match=r"File 'large\.png': it has 3\.0 MB, more than the limit of 2\.9 MB"):
        client.predict(handle_file(tmp_path / "large.png"), api_name="/find_faces")
