"""The page that swaps in the browser, in a real browser whose camera shows a clip."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from clips import background, lay, portrait
from fake_camera import FRAMES, SIZE, camera_browser, camera_frames, write_camera
from live_site import serve_page, write_people
from playwright.sync_api import Browser, Page, expect
from served_app import END_TO_END, ROOT, be_patient, visit

from swapper.faces.align import align_matrix, transform_points
from swapper.faces.landmarks import five_points

FRESH = re.compile(r"^\d+\.\d frames/s · latency \d+ ms · on the processor$")
SERIOUS = ("serious", "critical")
CHANGED = 4  # mean change of a face's pixels that no codec makes

pytestmark = END_TO_END


@pytest.fixture(scope="module")
def person(tmp_path_factory) -> Path:
    return write_people(tmp_path_factory.mktemp("person"))


@pytest.fixture(scope="module")
def site(person: Path) -> Iterator[str]:
    with serve_page(person.parent) as site:
        yield site


@pytest.fixture(scope="module")
def address(site: str) -> str:
    return f"{site}?lang=en"


@pytest.fixture(scope="module")
def camera(browser: Browser, tmp_path_factory) -> Iterator[Browser]:
    with camera_browser(browser, write_camera(tmp_path_factory.mktemp("camera") / "clip.mjpeg")) as camera:
        yield camera


def pixels(page: Page) -> np.ndarray:
    """What the visitor sees, height x width x 4."""
    url = page.evaluate("document.getElementById('stage').toDataURL('image/png')")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA)


def labelled(page: Page) -> np.ndarray:
    """The same as soon as it says that a face was swapped, which a frame whose face was lost does not."""
    for _ in range(50):
        shown = pixels(page)
        if shown[-22:-8, 8:110, :3].min() < 100 and shown[-22:-8, 8:110, :3].max() > 240:
            return shown
        page.wait_for_timeout(200)
    raise AssertionError("no words are drawn into the picture")


def test_faces_are_aligned_as_the_package_aligns_them(browser: Browser, site: str):
    mesh = np.random.default_rng(0).uniform(50, 400, (478, 2)).astype(np.float32)
    places = mesh[:5]
    with visit(browser, site, 640, 480) as page:
        ours = """async ([name, exported, values]) => {
            const module = await import(name);
            return module[exported](...values);
        }"""
        points = page.evaluate(ours, ["/live/align.js", "fivePoints", [mesh.tolist()]])
        np.testing.assert_allclose(points, five_points(mesh), rtol=1e-5)
        for template in ("ffhq", "tight", "arcface"):
            a, b, e, f = page.evaluate(ours, ["/live/align.js", "alignment", [points, 96, template]])
            matrix = align_matrix(five_points(mesh - 0.5), 96, template)
            centred = transform_points(places - 0.5, matrix) + 0.5  # a canvas counts from the corner of a pixel
            moved = places @ np.array([[a, b], [-b, a]]) + [e, f]
            np.testing.assert_allclose(moved, centred, atol=1e-3)


def test_a_face_takes_on_the_light_of_the_place(browser: Browser, site: str):
    face = np.random.default_rng(0).uniform(0.3, 0.7, (3, 256))
    lit = face * np.array([[1.0], [0.9], [0.8]]) + np.array([[0.0], [0.05], [0.0]])
    with visit(browser, site, 640, 480) as page:
        ours = """async ([face, target, area, opacity]) => {
            const {ColorMatch} = await import('/live/colors.js');
            const colors = new ColorMatch();
            const found = [colors.update(face, target, area, opacity), colors.update(face, face, area, opacity)];
            return [...found, new ColorMatch().update(face, target, area, opacity.map(() => 0))];
        }"""
        values = [face.ravel().tolist(), lit.ravel().tolist(), 256, [255] * 256]
        first, second, unseen = page.evaluate(ours, values)
    np.testing.assert_allclose(first, [[1.0, 0.0], [0.9, 0.05], [0.8, 0.0]], atol=1e-6)
    np.testing.assert_allclose(second, np.array(first) * 0.7 + np.array([1, 0]) * 0.3, atol=1e-6)
    assert unseen == [[1, 0]] * 3


def test_a_face_is_swapped_in_the_browser(camera: Browser, address: str, person: Path):
    with visit(camera, address, 1280, 900) as page:
        assert page.evaluate("crossOriginIsolated")
        problem, numbers = page.locator("#problem"), page.locator("#numbers")
        page.click("#start")
        expect(problem).to_have_text("Consent has not been given yet. Tick the box, then start.")
        expect(numbers).to_have_text("")
        page.check("#consent")
        page.set_input_files("#file", str(ROOT / "weights" / "geometry-lite.onnx"))
        expect(problem).to_contain_text("geometry-lite.onnx: this is not a person’s file.")
        expect(numbers).to_have_text("")
        page.set_input_files("#file", str(person))
        expect(numbers).to_have_text("Ready. Press Start.")
        expect(page.locator("#people li")).to_contain_text("face.onnx")
        expect(problem).to_be_hidden()
        page.click("#start")
        expect(numbers).to_have_text(FRESH)
        shown = labelled(page)[:, ::-1, :3].astype(int)  # it is mirrored
        assert shown.shape == (480, 640, 3)
        seen = np.stack(camera_frames()).astype(int)
        face, above, beside = (
            np.abs(seen[:, *place] - shown[place]).mean((1, 2, 3)).min()  # from the most similar frame
            for place in (np.s_[200:280, 280:360], np.s_[:60, :], np.s_[:400, :90])
        )
        assert max(above, beside) < 8  # the camera's colours are not quite the clip's
        assert face > 2 * max(above, beside)
        page.click("#language")
        expect(page.locator("#start")).to_have_text("중지")
        page.click("#start")
        expect(numbers).to_have_text("중지되었습니다.")
        assert not pixels(page).any()


def test_somebody_virtual_is_tried_and_recorded_with_sound(camera: Browser, address: str, tmp_path: Path):
    with visit(camera, address, 390, 844) as page:
        page.check("#consent")
        page.click("#start")  # nobody is chosen
        expect(page.locator("#people li")).to_have_text(re.compile("Synthetic person 1"))
        expect(page.locator("#numbers")).to_have_text(FRESH)
        page.get_by_role("button", name="Synthetic person 2", exact=True).first.click()
        expect(page.locator("#people li")).to_have_text(re.compile("Synthetic person 2"))
        page.click("#record")
        expect(page.locator("#record")).to_have_text("End the recording")
        page.wait_for_timeout(2000)
        page.click("#record")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        with page.expect_download() as download:
            page.click("#recording")
        assert download.value.suggested_filename == "swapped.webm"
        download.value.save_as(tmp_path / "swapped.webm")
        page.select_option("#size", "320 × 240")
        expect(page.locator("#stage")).to_have_attribute("width", "320")
        page.click("#start")
        expect(page.locator("#numbers")).to_have_text("Stopped.")
    with av.open(str(tmp_path / "swapped.webm")) as file:
        assert {stream.type for stream in file.streams} == {"video", "audio"}
        frame = next(file.decode(video=0))
        assert (frame.width, frame.height) == (640, 480)


def two_people() -> list[np.ndarray]:
    """What a camera with two people before it sees."""
    image = background(*SIZE)
    for number, x in ((3, 170), (6, 470)):
        lay(image, portrait(number), (x, 240), 260)
    return [image] * FRAMES


def test_two_faces_become_two_people_who_can_be_exchanged(browser: Browser, address: str, person: Path, tmp_path: Path):
    clip = write_camera(tmp_path / "two.mjpeg", two_people())
    halves = np.s_[:, :320, :3], np.s_[:, 320:, :3]
    with camera_browser(browser, clip) as camera, visit(camera, address, 1280, 900) as page:
        page.check("#consent")
        page.set_input_files("#file", [str(person), str(person.parent / "people" / "01.onnx")])
        expect(page.locator("#people li")).to_have_count(2)
        page.click("#start")
        expect(page.locator("#numbers[data-faces='2']")).to_be_attached()
        page.wait_for_timeout(1000)
        before = labelled(page).astype(int)
        page.click("#exchange")
        expect(page.locator("#people li").first).to_contain_text("01.onnx")
        page.wait_for_timeout(1000)
        after = labelled(page).astype(int)
        for half in halves:
            assert np.abs(after[half] - before[half])[160:320, 80:240].mean() > CHANGED
        strength = page.locator("#strength")
        page.evaluate("document.getElementById('settings').open = true")
        strength.fill("0")
        page.wait_for_timeout(1000)
        seen = two_people()[0][:, ::-1].astype(int)  # nothing of the new faces shows
        assert np.abs(pixels(page)[..., :3] - seen)[160:320].mean() < 8
        page.click("#defaults")
        expect(strength).to_have_value("1")


def test_a_graphics_card_finds_what_the_processor_finds(browser: Browser, site: str, person: Path):
    with browser.browser_type.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
    ) as graphics:
        page = graphics.new_page()
        page.goto(f"{site}?device=webgpu")
        ours = """async () => {
            const {Runtime} = await import('/live/runtime.js');
            const runtime = await Runtime.load();
            const bytes = new Uint8Array(await (await fetch('/face.onnx')).arrayBuffer());
            const values = new Float32Array(3 * 64 * 64).map((_, i) => 0.5 + 0.4 * Math.sin(i / 37));
            const target = new runtime.Tensor('float32', values, [1, 3, 64, 64]), found = [];
            const first = await runtime.openFirst(bytes, {target}), device = runtime.device;
            runtime.device = 'wasm';
            for (const session of [first, await runtime.open(bytes)]) {
                found.push(Array.from((await session.run({target})).face.data));
            }
            return [device, ...found];
        }"""
        device, first, second = page.evaluate(ours)
    assert device == "webgpu"
    np.testing.assert_allclose(first, second, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("&face=nowhere/face.onnx", "face.onnx: it could not be loaded."),
        ("&face=https://example.org/face.onnx", "Address “face”: it leads to another server."),
        ("&face=face.onnx", None),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(browser: Browser, address: str, options: str, said: str | None):
    with visit(browser, address + options, 390, 844) as page:
        if said:
            expect(page.locator("#problem")).to_contain_text(said)
            expect(page.locator("#numbers")).to_have_text("")
        else:
            expect(page.locator("#people")).to_contain_text("face.onnx")
            expect(page.locator("#numbers")).to_have_text("Ready. Press Start.")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, address: str, scheme):
    page = browser.new_page(color_scheme=scheme)
    be_patient(page)
    page.goto(address)
    page.locator("#virtual button").first.click()
    expect(page.locator("#numbers")).to_have_text("Ready. Press Start.")
    page.click("#start")
    expect(page.locator("#problem")).to_be_visible()
    for details in page.locator("summary").all():
        details.click()
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found if rule["impact"] in SERIOUS] == []
    page.close()


def test_a_runtime_that_is_not_here_is_asked_for_elsewhere_once_allowed(browser: Browser, site: str):
    page = browser.new_page()
    asked: list[str] = []
    page.route("**/live/ort/*", lambda route: route.fulfill(status=404))
    page.route("https://cdn.jsdelivr.net/**", lambda route: (asked.append(route.request.url), route.abort()))
    page.goto(f"{site}?lang=en&face=face.onnx")
    expect(page.locator("#problem")).to_contain_text("ONNX Runtime 1.30.0: it is not on this page’s server.")
    expect(page.locator("#numbers")).to_have_text("")
    assert not asked
    page.click("#allow")
    expect(page.locator("#problem")).to_contain_text("it could not be loaded whole from https://cdn.jsdelivr.net/")
    expect(page.locator("#numbers")).to_have_text("")
    expect(page.locator("#allow")).to_be_hidden()
    assert len(asked) == 2 and all("onnxruntime-web@1.30.0" in url for url in asked)
    page.close()
