"""The page that swaps in the browser, in a real browser whose camera shows a clip.

It needs ONNX Runtime's browser build, which is too large for the repository. Where there is a package index:

    mkdir -p build && npm pack --pack-destination build onnxruntime-web@1.30.0
    tar -xzf build/onnxruntime-web-1.30.0.tgz -C build

or set SWAPPER_ORT to a folder with its ``dist`` files.
"""

import base64
import functools
import os
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from clips import portrait
from fake_camera import camera_browser, camera_frames, write_camera
from playwright.sync_api import Browser, Page, expect
from random_student import write_student
from served_app import END_TO_END, ROOT, visit

from swapper import hub
from swapper.faces.align import align_matrix, transform_points
from swapper.faces.landmarks import five_points
from swapper.hub import files
from swapper.methods.mobilefaceswap import MobileFaceSwapMethod
from swapper.models.mobilefaceswap import MobileFaceSwap
from swapper.pipeline import FaceSwapper

ORT = Path(os.environ.get("SWAPPER_ORT", ROOT / "build" / "package" / "dist"))
FRESH = re.compile(r"^\d+\.\d frames/s · latency \d+ ms$")

pytestmark = END_TO_END


class Handler(SimpleHTTPRequestHandler):
    """The repository's page, its landmark network and ONNX Runtime, isolated as a static Space isolates them."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".js": "text/javascript"}

    def translate_path(self, path: str) -> str:
        name = path.split("?")[0].lstrip("/")
        if name.startswith("ort/"):
            return str(ORT / name.removeprefix("ort/"))
        if name == "geometry-lite.onnx":
            return str(ROOT / "weights" / name)
        return str((Path(self.directory) if name.endswith(".onnx") else ROOT / "examples") / name)

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def person(tmp_path_factory) -> Path:
    """The network of one person, written by a student with random weights."""
    folder = tmp_path_factory.mktemp("person")
    path = write_student(folder)
    listed = hub.entries
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "entries", lambda: [row for row in listed() if row.name != path.stem])
        patch.setenv("SWAPPER_WEIGHTS", str(folder))
        network = hub.load(MobileFaceSwap, path.stem)
    method = MobileFaceSwapMethod(torch.device("cpu"), network, template="tight", size=64)
    method.export(FaceSwapper(method, "cpu").identify(portrait(0)), folder / "face.onnx", half=True)
    return folder / "face.onnx"


@pytest.fixture(scope="module")
def site(person: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(person.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/live.html"
    server.shutdown()


@pytest.fixture(scope="module")
def address(site: str) -> str:
    if not (ORT / "ort.wasm.bundle.min.mjs").is_file():
        pytest.skip("onnxruntime-web is not on this machine; this file's beginning says how to get it")
    return f"{site}?ort=ort/&lang=en"


@pytest.fixture(scope="module")
def camera(browser: Browser, tmp_path_factory) -> Iterator[Browser]:
    with camera_browser(browser, write_camera(tmp_path_factory.mktemp("camera") / "clip.mjpeg")) as camera:
        yield camera


def pixels(page: Page) -> np.ndarray:
    """What the visitor sees, height x width x 4."""
    url = page.evaluate("document.getElementById('stage').toDataURL('image/png')")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA)


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
        page.check("#consent")
        page.click("#start")
        expect(problem).to_contain_text("Person: no network yet.")
        page.set_input_files("#file", str(ROOT / "weights" / "geometry-lite.onnx"))
        expect(problem).to_contain_text("geometry-lite.onnx: this is no network of a person.")
        page.set_input_files("#file", str(person))
        expect(page.locator("#chosen")).to_have_text(re.compile(r"face\.onnx: 64 px, \d\.\d MB"))
        expect(problem).to_be_hidden()
        page.click("#start")
        expect(numbers).to_have_text(FRESH)
        shown = pixels(page)[:, ::-1, :3].astype(int)  # it is mirrored
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


def test_what_is_wrong_is_said_in_one_sentence(browser: Browser, address: str):
    for options, said in (
        ("&face=nowhere/face.onnx", "face.onnx: it could not be loaded."),
        ("&ort=nowhere/&face=face.onnx", "ONNX Runtime 1.30.0: it could not be loaded whole from"),
        ("&ort=https://example.org/&face=face.onnx", "Address “ort”: it leads to another server."),
        ("&face=face.onnx", None),
    ):
        base = address.replace("ort=ort/&", "") if "ort=" in options else address
        with visit(browser, base + options, 390, 844) as page:
            if said:
                expect(page.locator("#problem")).to_contain_text(said)
            else:
                expect(page.locator("#chosen")).to_contain_text("face.onnx")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
