import base64
from pathlib import Path
from threading import Event

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from waiting import PATIENCE, wait_for

from swapper.types import UserError
from swapper.ui import files


@pytest.mark.parametrize("payload", [None, []])
def test_nothing_uploaded(payload):
    assert files.upload_paths(payload) == []


def test_paths_of_every_kind_of_upload(uploads: Path):
    a, b = str(uploads / "h" / "a.png"), str(uploads / "b.jpg")
    assert files.upload_paths({"path": a}) == [a]
    assert files.upload_paths([{"path": a}, {"path": b}]) == [a, b]
    assert files.upload_paths([{"image": {"path": a}, "caption": None}, {"video": {"path": b}}]) == [a, b]


@pytest.mark.parametrize(
    "payload", ["/etc/passwd", {"path": "/etc/passwd"}, {"path": None}, {"image": "x"}, [3], {"path": "relative.png"}]
)
def test_other_files_of_the_machine_are_refused(uploads: Path, payload):
    with pytest.raises(UserError, match="not an uploaded file"):
        files.upload_paths(payload)


def test_leaving_the_upload_folder_is_refused(uploads: Path):
    with pytest.raises(UserError, match="not an uploaded file"):
        files.upload_paths({"path": f"{uploads}/../secret.png"})


def test_what_tools_of_language_models_send_in_a_list(uploads: Path):
    inside = "data:image/png;base64," + base64.b64encode(b"picture").decode()
    before = uploads / "h" / "a b.png"
    path, same = files.upload_paths([inside, f"http://127.0.0.1:7860/some/gradio_api/file={uploads}/h/a%20b.png"])
    assert Path(path).is_relative_to(uploads) and Path(path).suffix == "" and Path(path).read_bytes() == b"picture"
    assert same == str(before)
    with pytest.raises(UserError, match=r"File 'photo': it has .* more than the limit"):
        files.upload_paths([inside], 4)


@pytest.mark.parametrize(
    "address",
    [
        "data:image/png,plain",
        "data:image/png;base64,n*t",
        "http://127.0.0.1/gradio_api/file=/etc/passwd",
        "http://127.0.0.1/gradio_api/file={uploads}/../secret.png",
        "http://127.0.0.1/gradio_api/file={uploads}/%2e%2e/secret.png",
        "http://127.0.0.1/a.png",
        "file:///etc/passwd",
    ],
)
def test_other_addresses_are_refused(uploads: Path, address: str):
    with pytest.raises(UserError, match="not an uploaded file"):
        files.upload_paths([address.format(uploads=uploads)])
    assert files.uploaded_path(address.format(uploads=uploads)) is None


def test_a_file_over_its_limit_is_refused(uploads: Path, monkeypatch):
    (uploads / "a.png").write_bytes(bytes(3_000_000))
    payload = {"path": str(uploads / "a.png")}
    assert files.upload_paths(payload) and files.upload_paths(payload, 3_000_000)
    with pytest.raises(
        UserError, match=r"File 'a\.png': it has 2\.9 MB, more than the limit of 1 MB.*set SWAPPER_MAX_VIDEO_BYTES"
    ):
        files.upload_paths(payload, 2**20)
    monkeypatch.setenv("SWAPPER_MAX_UPLOAD_BYTES", "1000000")
    with pytest.raises(UserError, match=r"more than the limit of 1 MB\. .* set SWAPPER_MAX_UPLOAD_BYTES\.$"):
        files.upload_paths(payload)


def test_folders_are_new_and_inside_the_uploads(uploads: Path):
    first, second = files.new_folder(), files.new_folder()
    assert first != second
    assert first.is_dir() and first.parent == uploads


def test_old_files_are_deleted_and_examples_stay(uploads: Path):
    leftover, example = files.new_folder() / "face-1.jpg", uploads / ("0" * 64) / "01.jpg"
    example.parent.mkdir()
    for path in (leftover, example):
        path.write_bytes(b"x")
    files.delete_leftovers(60, {str(example)})
    assert leftover.is_file(), "it is new"
    files.delete_leftovers(0, {str(example)})
    assert example.is_file() and not leftover.parent.exists()


def test_leftovers_go_while_nobody_visits(uploads: Path):
    leftover, stop = files.new_folder(), Event()
    thread = files.keep_deleting(gr.Blocks(), 0.05, stop, older_than=0.1)
    wait_for("the leftover gone", lambda: not leftover.exists())
    stop.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/tmp/x/holiday.jpeg", "holiday-swapped.png"),
        ("/tmp/x/a b;rm -rf.png", "a_b_rm_-rf-swapped.png"),
        ("/tmp/x/....png", "image-swapped.png"),
        ("/tmp/x/" + "n" * 300 + ".png", "n" * 60 + "-swapped.png"),
    ],
)
def test_result_name(target: str, name: str):
    assert files.result_name(target, ".png") == name


def test_previews_are_reduced_and_keep_their_shape(tmp_path: Path):
    large = np.zeros((30, 4096, 3), np.uint8)
    assert Image.open(files.write_preview(large, tmp_path / "a.png")).size == (2048, 15)
    small = np.zeros((30, 40, 3), np.uint8)
    assert Image.open(files.write_preview(small, tmp_path / "b.png")).size == (40, 30)


def test_sentences_hide_the_servers_folders_and_markup(uploads: Path):
    error = UserError(f"Picture '{uploads}/0a1b2c/<b>me.jpg': it is damaged.")
    assert files.plain_sentence(error) == "Picture '&lt;b&gt;me.jpg': it is damaged."


def test_endpoints_report_user_errors_only():
    def handler(error: Exception) -> None:
        raise error

    with pytest.raises(gr.Error, match="Plain sentence"):
        files.raises_sentences(handler)(UserError("Plain sentence."))
    with pytest.raises(ZeroDivisionError):
        files.raises_sentences(handler)(ZeroDivisionError())
