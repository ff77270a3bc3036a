"""The Video tab in a real browser, and its endpoint."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from clips import background, clicks, found_clicks, lay, pictures, portrait, times, write_clip
from gradio_client import handle_file
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from served_app import END_TO_END, connect, open_tab, serve, visit
from waiting import wait_for

from swapper.provenance.credentials import read_credentials
from swapper.provenance.detection import find_mark

FRAMES = 30

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serve(folder, SWAPPER_MAX_VIDEO_SECONDS="20", OMP_NUM_THREADS="1") as address:
        yield address


@pytest.fixture(scope="module")
def couple(tmp_path_factory, portraits) -> Path:
    """Two people, of whom one moves, with sound."""
    return write_clip(tmp_path_factory.mktemp("clips") / "couple.mp4", frames(FRAMES), sound=clicks((0.5,), 1.2))


def frames(count: int) -> list[np.ndarray]:
    made = []
    for i in range(count):
        frame = background(270, 480)
        lay(frame, portrait(0), (110 + i / 2, 140), 190)
        lay(frame, portrait(2), (350, 130), 180)
        made.append(frame)
    return made


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with visit(browser, address, 1280, 900) as page:
        open_tab(page, "Video swap")
        yield page


def choose(page: Page, source: Path | None, clip: Path) -> None:
    if source is not None:
        page.set_input_files("#video-source-a input[type=file]", str(source))
        expect(page.locator("#video-source-a img")).not_to_have_count(0)
    page.set_input_files("#video-target input[type=file]", str(clip))
    expect(page.locator("#video-frame img")).to_have_count(1)


def unfinished(folder: Path) -> list[Path]:
    """Results and segments among the app's files."""
    return [path for path in (folder / "files").rglob("*") if ".swapper-" in str(path) or "-swapped" in path.name]


def wait_until_gone(folder: Path, before: list[Path]) -> None:
    wait_for("everything of the job gone", lambda: not set(unfinished(folder)) - set(before))


def test_a_chosen_person_is_swapped_and_the_other_left_alone(page: Page, couple, portraits, tmp_path):
    page.click("#video-swap")
    expect(page.locator("#video-problem [role=alert]")).to_contain_text("Consent has not been given yet.")
    page.check("#consent input")
    page.click("#video-swap")
    expect(page.locator("#video-problem")).to_contain_text("Video: none yet.")
    choose(page, None, couple)
    expect(page.locator("#video-facts")).to_contain_text("480 × 270 pixels, 25 frames a second, 1.2 s")
    page.click("#video-preview")
    expect(page.locator("#video-problem")).to_contain_text("person A has no photo yet")
    page.set_input_files("#video-source-a input[type=file]", str(portraits[4]))
    expect(page.locator("#video-source-a img")).not_to_have_count(0)
    page.click("#video-preview")
    expect(page.locator("#video-frame img")).to_have_count(2)
    expect(page.locator("#video-frame img").nth(1)).to_have_attribute("alt", "After")
    expect(page.locator("#video-problem .callout")).to_have_count(0)
    page.get_by_label("People I choose").check()
    expect(page.locator("#video-swap")).to_have_text("Swap video")
    page.click("#video-find")
    expect(page.locator("#video-faces .caption-label")).to_have_text(["becomes A", "becomes A"])
    page.locator("#video-faces .thumbnail-item").nth(1).click()
    page.locator("#video-person").get_by_label("Leave unchanged").check()
    expect(page.locator("#video-faces .caption-label")).to_have_text(["becomes A", "unchanged"])
    page.click("#video-swap")
    expect(page.locator("#video-running [role=progressbar]")).to_be_visible()
    expect(page.locator("#video-cancel")).to_be_visible()
    expect(page.locator("#video-player video")).to_have_count(1)
    expect(page.locator("#video-summary")).to_contain_text(f"{FRAMES} of {FRAMES} frames swapped with")
    expect(page.locator("#video-cancel")).to_be_hidden()
    assert page.locator("#video-player video").evaluate("v => v.readyState > 0 || new Promise(r => v.onloadeddata = r)")
    with page.expect_download() as download:
        page.click("#video-download")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == "couple-swapped.mp4"
    check_swapped(file, couple)


def check_swapped(file: Path, clip: Path) -> None:
    """One face of the couple is another, the rest and the sound are the same, and the marks are there."""
    before, after = pictures(clip), pictures(file)
    assert len(after) == FRAMES and times(file) == times(clip)
    change = np.mean([np.abs(a.astype(int) - b).mean(2) for a, b in zip(before, after, strict=True)], axis=0)
    halves = float(change[90:190, 90:150].mean()), float(change[90:190, 300:400].mean())
    assert min(halves) < 3 and max(halves) > 5
    assert found_clicks(file) == pytest.approx(found_clicks(clip), abs=0.04)
    credentials = read_credentials(file)
    assert credentials is not None and credentials.valid
    assert find_mark(after[FRAMES // 2]) is not None


def test_the_slider_shows_its_frame_and_obeys_the_keyboard(page: Page, couple):
    choose(page, None, couple)
    page.locator("#video-time input[type=range]").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#video-frame img")).to_have_attribute("alt", "Frame at 0:00.4")
    page.locator("#video-start input[type=range]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#video-length")).to_contain_text("0.9 s selected, about 22 frames.")


def test_a_cancelled_job_leaves_nothing(page: Page, portraits, folder, tmp_path):
    clip = write_clip(tmp_path / "long.mp4", frames(12) * 25)
    page.check("#consent input")
    choose(page, portraits[4], clip)
    before = unfinished(folder)
    page.click("#video-swap")
    expect(page.locator("#video-running img")).to_have_count(1)
    expect(page.locator("#video-running")).to_contain_text("of 300 frames")
    page.click("#video-cancel")
    expect(page.locator("#video-running")).to_contain_text("Cancelled. Nothing was kept of it.")
    expect(page.locator("#video-swap")).to_be_enabled()
    wait_until_gone(folder, before)


def test_a_job_ends_when_its_visitor_leaves(browser: Browser, address: str, portraits, folder, tmp_path):
    clip = write_clip(tmp_path / "long.mp4", frames(12) * 25)
    with visit(browser, address, 1280, 900) as page:
        open_tab(page, "Video swap")
        page.check("#consent input")
        choose(page, portraits[4], clip)
        before = unfinished(folder)
        page.click("#video-swap")
        expect(page.locator("#video-running img")).to_have_count(1)
        assert set(unfinished(folder)) - set(before)
    wait_until_gone(folder, before)


def test_files_that_are_no_video_are_refused_in_words(page: Page, tmp_path):
    (tmp_path / "notes.mp4").write_text("not a video")
    page.set_input_files("#video-target input[type=file]", str(tmp_path / "notes.mp4"))
    expect(page.locator("#video-problem [role=alert]")).to_contain_text(
        "Video 'notes.mp4': this is not a readable video"
    )


def test_the_example_clip_is_a_click_away_and_gifs_stay_gifs(page: Page, tmp_path):
    page.check("#consent input")
    page.locator(".strip:visible button").first.click()
    page.locator(".strip:visible").nth(1).locator("button").first.click()
    expect(page.locator("#video-facts")).to_contain_text("640 × 360 pixels, 25 frames a second, 5.0 s")
    gif = Image.fromarray(frames(1)[0])
    gif.save(tmp_path / "in.gif", save_all=True, append_images=[Image.fromarray(frames(20)[-1])], duration=400)
    page.set_input_files('input[accept*=".gif"]', str(tmp_path / "in.gif"))
    expect(page.locator("#video-facts")).to_contain_text("480 × 270 pixels")
    page.click("#video-swap")
    expect(page.locator("#video-gif-result img")).to_have_count(1)
    with page.expect_download() as download:
        page.click("#video-download")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    with Image.open(file) as swapped:
        assert (file.name, swapped.format, swapped.n_frames) == ("in-swapped.gif", "GIF", 2)


def test_steps_are_numbered_as_they_are_shown(page: Page, couple):
    numbers = page.locator(".step:visible i")
    expect(numbers).to_have_count(3)  # source, video, result
    choose(page, None, couple)
    expect(numbers).to_have_count(5)
    styles = numbers.evaluate_all(
        "all => all.map(i => [getComputedStyle(i, '::before').content, getComputedStyle(i).counterIncrement])"
    )
    assert styles == [["counter(step)", "step 1"]] * 5


def test_further_videos_keep_their_own_parts_and_the_chosen_encoder(page: Page, couple, portraits, tmp_path, folder):
    second = write_clip(tmp_path / "second.mp4", frames(20))
    third = write_clip(tmp_path / "third.mp4", frames(10))
    page.check("#consent input")
    choose(page, portraits[4], couple)
    page.click("#video-further-box button")
    page.set_input_files("#video-further input[type=file]", [str(second), str(third)])
    expect(page.locator("#video-part-2")).to_contain_text("End of third.mp4")
    for at, value in enumerate(("0.2", "0.4")):
        page.locator("#video-part-1 input[type=number]").nth(at).fill(value)
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Video settings").click()
    page.locator("#video-encoder").get_by_label("H.265").check()
    page.click("#video-swap")
    expect(page.locator("#video-all-files")).to_contain_text("third-swapped")
    expect(page.locator("#video-swap")).to_have_text("Swap video")
    found = {}
    for path in (folder / "files").rglob("*-swapped.mp4"):
        with av.open(str(path)) as file:
            if file.streams.video[0].codec_context.name == "hevc":
                found[path.name] = len(pictures(path))
    assert found == {"couple-swapped.mp4": FRAMES, "second-swapped.mp4": 5, "third-swapped.mp4": 10}
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    open_tab(page, "Video swap")
    page.click("#video-further-box button")
    expect(page.locator("#video-part-1 input[type=number]").first).to_have_value("0.2")
    expect(page.locator("#video-part-1 input[type=number]").nth(1)).to_have_value("0.4")
    expect(page.locator("#video-stale .stale")).to_have_count(0)


def test_the_page_fits_a_phone(page: Page, couple):
    page.set_viewport_size({"width": 390, "height": 844})
    choose(page, None, couple)
    page.get_by_label("People I choose").check()
    expect(page.locator("#video-find")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_programs_swap_videos_too(address: str, couple, portraits, tmp_path):
    client = connect(address, tmp_path)
    source, target = handle_file(portraits[4]), handle_file(couple)
    people = [{"source": source, "reference": handle_file(portraits[0])}]
    path, report = client.predict([], target, consent=True, people=people, api_name="/swap_video")
    assert report["frames"] == report["swapped"] == FRAMES and report["warnings"] == []
    check_swapped(Path(path), couple)
    path, report = client.predict([source], target, consent=True, start=0.4, end=0.8, api_name="/swap_video")
    assert report["frames"] == 10
    for wrong, sentence in (
        ({"consent": False}, "Pass consent=True"),
        ({"source": []}, "Give at least one photo"),
        ({"people": [{"source": source}]}, "not a list of pairs"),
        (
            {"people": [{"source": "/etc/hostname", "reference": "/etc/hostname"}]},
            "not a list of pairs|not an uploaded file",
        ),
        ({"start": 2.0, "end": 1.0}, "not a part of a video"),
        ({"quality": 99}, "Give 0"),
    ):
        with pytest.raises(Exception, match=sentence):
            client.predict(**{"source": [source], "target": target, "consent": True, **wrong}, api_name="/swap_video")
