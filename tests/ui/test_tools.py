"""What language models are handed."""

from pathlib import Path

import pytest
from PIL import Image

from swapper.ui.tools import SIDE, apart, hand_over_pictures, small_picture

FILE = {"path": "/any/a.png", "url": None, "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize("data", [[(FILE, {"faces": 1})], [[FILE, {"faces": 1}]], [FILE, {"faces": 1}]])
def test_files_are_told_apart_from_reports(data):
    assert apart(data) == [FILE, {"faces": 1}]


@pytest.mark.parametrize("data", [[[{"number": 0}, {"number": 1}]], ["text"], []])
def test_other_answers_stay_as_they_are(data):
    assert apart(data) == data


def test_large_pictures_are_shown_reduced_in_their_own_format(tmp_path: Path):
    Image.new("RGB", (3 * SIDE, 300)).save(tmp_path / "a.jpg")
    (tmp_path / "b.mp4").write_bytes(b"film")
    shown = small_picture(str(tmp_path / "a.jpg"))
    assert shown is not None and shown.size == (SIDE, 100) and shown.format == "JPEG"
    assert small_picture(str(tmp_path / "b.mp4")) is None and small_picture(str(tmp_path / "gone.png")) is None


def test_gradio_hands_pictures_over(tmp_path: Path, monkeypatch):
    mcp = pytest.importorskip("gradio.mcp", reason="comes with gradio[mcp]")
    for name in ("postprocess_output_data", "get_image"):  # put back after the test
        monkeypatch.setattr(mcp.GradioMCPServer, name, vars(mcp.GradioMCPServer)[name])
    hand_over_pictures()
    Image.new("RGB", (60, 40), (255, 0, 0)).save(tmp_path / "a.png")
    server = mcp.GradioMCPServer.__new__(mcp.GradioMCPServer)
    server.types = mcp.types if hasattr(mcp, "types") else __import__("mcp").types
    file = {**FILE, "path": str(tmp_path / "a.png")}
    shown = server.postprocess_output_data([(file, {"faces": 1})], "http://127.0.0.1")
    assert [part.type for part in shown] == ["image", "text", "text"] and shown[0].mimeType == "image/png"
