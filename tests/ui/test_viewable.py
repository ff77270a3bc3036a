"""Uploads that browsers do not show are answered as JPEGs where they are shown, and as they are elsewhere."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from two_faces import draw

from swapper.images import read_image
from swapper.ui.viewable import Viewable, as_jpeg

SHOWN = {"accept": "image/avif,image/webp,*/*;q=0.8"}


def client() -> TestClient:
    return TestClient(Viewable(Starlette(routes=[Route("/{any:path}", lambda _request: PlainTextResponse("itself"))])))


def test_a_tiff_is_shown_as_a_jpeg_and_downloaded_as_it_is(uploads: Path):
    photo = draw(uploads / "50% of me.tiff")
    address = f"/gradio_api/file={photo.replace('%', '%25')}"
    shown = client().get(address, headers=SHOWN)
    assert shown.headers["content-type"] == "image/jpeg" and "private" in shown.headers["cache-control"]
    found = np.asarray(Image.open(io.BytesIO(shown.content)))
    assert np.abs(found.astype(int) - read_image(photo)).mean() < 3
    assert client().get(address, headers={"accept": "*/*"}).text == "itself"
    assert client().post(address, headers=SHOWN).status_code == 405


def test_what_is_shown_already_cannot_be_read_or_is_no_upload_is_left_alone(uploads: Path, tmp_path: Path):
    (uploads / "broken.heic").write_bytes(b"nothing")
    outside = draw(tmp_path / "outside.tiff")
    for path in (draw(uploads / "a.png"), str(uploads / "broken.heic"), str(uploads / "gone.heic"), outside):
        assert client().get(f"/gradio_api/file={path}", headers=SHOWN).text == "itself", path
    assert client().get("/photo.heic", headers=SHOWN).text == "itself"
    assert as_jpeg("") is None and as_jpeg("x\0.heic") is None
