"""The running app against hostile callers: addresses, paths, names, bombs, and files that should be gone."""

import contextlib
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from hostile.pictures import thin_png
from two_faces import draw
from waiting import PATIENCE, wait_for

from swapper.runtime.limits import Limits
from swapper.ui.build import build_app, launch_options
from swapper.ui.files import keep_deleting
from swapper.ui.guard import guard


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def app(swappers, folder) -> Iterator[gr.Blocks]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        limits = Limits(max_upload_bytes=400_000)
        app = build_app(limits, swappers)
        guard(app)
        app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(limits))
        yield app
        app.close()


@pytest.fixture(scope="module")
def client(app, tmp_path_factory) -> Client:
    return Client(app.local_url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> str:
    return draw(tmp_path_factory.mktemp("pictures") / "source.png")


@pytest.fixture
def neighbour() -> Iterator[tuple[str, list[str]]]:
    """Another web server on this machine, and the paths that were asked of it."""
    asked: list[str] = []

    class Listen(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listen)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret.png", asked
    server.shutdown()
    server.server_close()


def as_file(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def refused(client: Client, target: Any) -> str:
    """What a caller of ``/find_faces`` is told."""
    with pytest.raises(AppError) as error:
        client.predict(target, api_name="/find_faces")
    assert "Traceback" not in str(error.value)
    return str(error.value)


def post(client: Client, target: Any) -> str:
    """The same by hand, past everything that Gradio's own client checks."""
    call = httpx.post(f"{client.src}gradio_api/call/find_faces", json={"data": [target]}, timeout=30)
    if call.status_code != 200:
        return call.text
    answer = httpx.get(f"{client.src}gradio_api/call/find_faces/{call.json()['event_id']}", timeout=60)
    return answer.text


@pytest.mark.parametrize("host", ["own", "http://example.com/a.png", "https://example.com/a.png"])
def test_addresses_are_not_fetched(client, neighbour, host: str):
    address, asked = neighbour
    answer = post(client, as_file(address if host == "own" else host))
    assert "web addresses are not fetched" in answer and "event: error" in answer
    assert "event: complete" not in post(client, as_file("/nowhere.png", url=address))
    assert asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/proc/self/environ",
        "{folder}/../../etc/passwd",
        "{folder}/x/../../../../../../etc/passwd",
        "..\\..\\etc\\passwd",
        "file:///etc/passwd",
        "~/.ssh/id_rsa",
        "",
        "\0",
    ],
)
def test_no_path_leads_out_of_the_uploads(client, folder, path: str):
    answer = post(client, as_file(path.format(folder=folder)))
    assert "event: complete" not in answer and "root:" not in answer and "Traceback" not in answer


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "{folder}/../../../../etc/passwd", "{folder}%2F..%2F..%2F..%2Fetc/passwd", "..%2f..%2fetc/passwd"],
)
def test_no_address_serves_other_files(client, folder, path: str):
    for start in ("file=", "file/"):
        request = urllib.request.Request(f"{client.src}gradio_api/{start}{path.format(folder=folder)}")
        with pytest.raises(urllib.error.HTTPError) as answer, contextlib.closing(urllib.request.urlopen(request)):
            pass
        assert answer.value.code in (400, 403, 404, 405)


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.png",
        "..%2f..%2fevil.png",
        "/etc/cron.d/evil.png",
        "C:\\evil.png",
        "<img src=x onerror=alert(1)>.png",
        "a;rm -rf ~;.png",
        "$(touch evil).png",
        "ㅎㅏㄴ글‮gnp.png",
        "n" * 300 + ".png",
        ".png",
        "CON.png",
        "new\nline.png",
    ],
)
def test_hostile_names_stay_names(client, folder, source, name: str):
    upload = httpx.post(
        f"{client.src}gradio_api/upload", files={"files": (name, Path(source).read_bytes(), "image/png")}, timeout=30
    )
    assert upload.status_code == 200, "a name is cleaned, not refused"
    (path,) = upload.json()
    assert Path(path).resolve().is_relative_to(folder.resolve()) and Path(path).is_file()
    result, report = client.predict([as_file(path)], as_file(path), consent=True, api_name="/swap_image")
    assert report["swapped"] == [0, 1]
    assert Path(result).suffix == ".png" and set("<>;$\\\n") & set(Path(result).name) == set()
    escaped = [folder.parent / "evil.png", folder / "evil.png", Path("/etc/cron.d/evil.png"), Path("evil.png")]
    assert not [found for found in [*escaped, Path("evil")] if found.exists()]


def test_bombs_are_refused_before_they_unpack(client, tmp_path):
    (tmp_path / "bomb.png").write_bytes(thin_png(30_000, 30_000))
    begin = time.monotonic()
    assert "more than the limit of" in refused(client, handle_file(tmp_path / "bomb.png"))
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
        ("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"),
        ("list.png", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"),
        ("document.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n"),
        ("old.pcx", b"\x0a\x05\x01\x08" + bytes(124)),
        ("paint.psd", b"8BPS\0\1" + bytes(60)),
    ],
)
def test_only_listed_formats_are_opened(client, tmp_path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    assert "not a readable picture" in refused(client, handle_file(tmp_path / name))


def test_pickled_or_deep_json_does_no_harm(client):
    odd = json.dumps({"data": [{"path": {"path": ["x"]}}]}).encode()
    for body, status, said in (
        (b"\x80\x04\x95", 400, "error parsing the body"),
        (b"[" * 50_000, 400, "error parsing the body"),
        (odd, 200, "event_id"),  # refused when it is that event's turn
    ):
        answer = httpx.post(
            f"{client.src}gradio_api/call/find_faces", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == status and said in answer.text and "Traceback" not in answer.text
    assert httpx.get(client.src).status_code == 200


def test_uploads_and_results_are_deleted_after_the_time(app, client, folder, source):
    upload = httpx.post(
        f"{client.src}gradio_api/upload", files={"files": ("gone.png", Path(source).read_bytes(), "image/png")}
    )
    (path,) = upload.json()
    client.predict([as_file(path)], as_file(path), consent=True, api_name="/swap_image")
    assert list(folder.rglob("gone*.png"))
    stop = Event()
    deleting = keep_deleting(app, 0.2, stop, older_than=1)
    wait_for("both files gone", lambda: not list(folder.rglob("gone*.png")))
    stop.set()
    deleting.join(PATIENCE)
    assert list(folder.rglob("01.jpg")), "the examples stay"
