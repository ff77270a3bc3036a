import shutil
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import gradio as gr
import onnx
import pytest
from random_student import offer_student, write_student

from swapper.types import UserError
from swapper.ui.live.export import FaceExport, page_link
from swapper.ui.progress import Tell


@pytest.fixture
def export(loading, tmp_path, monkeypatch) -> FaceExport:
    offer_student(write_student(tmp_path / "weights").parent, monkeypatch)
    with gr.Blocks():
        parts = gr.DownloadButton(), gr.HTML(), gr.Column()
    return FaceExport(loading, True, *parts)


def upload(path: str | Path) -> dict:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def test_a_network_is_written_where_nobody_can_guess_it(export, portraits, uploads):
    photo = shutil.copy(portraits[0], uploads)
    files = []
    for _ in range(2):
        (answer,) = export.make(Tell(), True, upload(photo))
        files.append(Path(answer[export.download].value["path"]))
        assert files[-1].name == "face.onnx" and files[-1].stat().st_size < 2e6
        address = answer[export.link].value.split('href="')[1].split('"')[0]
        (face,) = parse_qs(urlsplit(address).query)["face"]
        assert address.startswith("browser/live.html?") and face == f"../gradio_api/file={files[-1]}"
    assert files[0].parent != files[1].parent
    said = {row.key: row.value for row in onnx.load(str(files[0])).metadata_props}
    assert (said["method"], said["template"], said["size"]) == ("mobilefaceswap", "tight", "64")


@pytest.mark.parametrize(
    ("agreed", "given", "said"),
    [(False, None, "Consent has"), (True, None, "no photo yet"), (True, upload("/etc/passwd"), "not an uploaded file")],
)
def test_what_is_missing_is_said(export, uploads, agreed, given, said):
    with pytest.raises(UserError, match=said):
        list(export.make(Tell(), agreed, given))


def test_links_hold_any_path():
    link = page_link("Open", Path('/tmp/a "b" & c/face.onnx'))
    assert (
        unquote(link.split('href="')[1].split('"')[0].partition("=")[2])
        == '../gradio_api/file=/tmp/a "b" & c/face.onnx'
    )
    assert page_link("Open") == '<a class="opens" href="browser/live.html" target="_blank" rel="noopener">Open</a>'
