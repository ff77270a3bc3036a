"""The named endpoints, called as other programs call them."""

import contextlib
import inspect
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from two_faces import draw

from swapper.provenance import Origin
from swapper.provenance.credentials import read_credentials
from swapper.provenance.detection import find_mark
from swapper.runtime.limits import Limits
from swapper.studies.interpolation_study import choose_interpolating_method
from swapper.ui.build import build_app, launch_options
from swapper.ui.compare.jobs import usual_methods
from swapper.ui.swappers import offered_methods
from swapper.ui.work import EMPTY


@pytest.fixture(scope="module")
def app(swappers, tmp_path_factory) -> Iterator[gr.Blocks]:
    folder = tmp_path_factory.mktemp("uploads")
    limits = Limits(max_upload_bytes=200_000, max_video_bytes=250_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        app = build_app(limits, swappers)
        app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(limits))
        yield app
        app.close()


@pytest.fixture(scope="module")
def client(app, tmp_path_factory) -> Client:
    return Client(app.local_url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> list[Any]:
    folder = tmp_path_factory.mktemp("pictures")
    return [handle_file(draw(folder / f"{name}.png", seed=seed)) for seed, name in enumerate(("source", "target"))]


def test_only_these_endpoints_are_public(client):
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/find_faces", "/swap_image", "/swap_video", "/interpolate", "/compare"}


def defaults(app: gr.Blocks, name: str) -> dict[str, Any]:
    """What an endpoint takes where a caller leaves it out."""
    event = next(fn for fn in app.fns.values() if fn.api_name == name)
    return {word: one.default for word, one in inspect.signature(event.fn).parameters.items()}  # type: ignore[arg-type]


def test_endpoints_take_what_the_page_shows_at_first(app):
    shown = {getattr(block, "label", None): block for block in app.blocks.values()}
    video, path, compared = (defaults(app, name) for name in ("swap_video", "interpolate", "compare"))
    assert (video["quality"], video["steadiness"]) == (shown["Picture quality"].value, shown["Steadiness"].value)
    assert video["rate"] is None and shown["Frame rate"].value == 0  # both stand for the video's own
    assert f".{video['file_format'].lower()}" == shown["File format"].value
    assert (path["steps"], path["against"]) == (shown["Steps"].value, shown["Beside it"].value)
    assert path["method"] == "" and choose_interpolating_method() == named(app, "interpolation-method").value
    assert compared["methods"] is None and usual_methods() == named(app, "compare-methods").value
    assert defaults(app, "swap_image")["method"] == "" == defaults(app, "swap_image")["restore"]
    assert named(app, "method").value in (None, next(iter(offered_methods())))


def named(app: gr.Blocks, name: str) -> Any:
    """A component by its id."""
    return next(block for block in app.blocks.values() if getattr(block, "elem_id", None) == name)


def test_find_faces(client, pictures):
    faces = client.predict(pictures[1], api_name="/find_faces")
    assert [face["number"] for face in faces] == [0, 1]
    assert faces[0]["box"] == [15, 10, 105, 110]
    assert all(-180 <= faces[0][angle] <= 180 for angle in ("yaw", "pitch", "roll"))


def test_swap_image_gives_a_picture_and_a_report(client, pictures, monkeypatch):
    monkeypatch.setenv("SWAPPER_MARK", "off")  # a watermark changes pixels everywhere
    source, target = pictures
    path, report = client.predict([source], target, consent=True, select="0", api_name="/swap_image")
    after, before = np.asarray(Image.open(path)), np.asarray(Image.open(target["path"]))
    assert Path(path).name == "target-swapped.png"
    assert after.shape == before.shape
    assert np.array_equal(after[:, 150:], before[:, 150:])
    assert not np.array_equal(after[:100, :100], before[:100, :100])
    assert (report["method"], report["faces"], report["swapped"]) == ("warp", 2, [0])
    assert report["milliseconds"]["swap"] > 0


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_results_say_that_they_were_swapped(client, pictures, file_format):
    source, target = pictures
    path, report = client.predict([source], target, consent=True, file_format=file_format, api_name="/swap_image")
    credentials, mark = read_credentials(path), find_mark(np.array(Image.open(path)))
    assert credentials is not None and credentials.valid and credentials.swap["method"] == "warp"
    assert mark is not None and mark.message == Origin("warp").message
    assert report["warnings"] == []


def test_swap_image_as_jpeg_with_blend_settings(client, pictures):
    source, target = pictures
    path, _ = client.predict(
        [source, source], target, consent=True, blend={"feather": 0.5}, file_format="JPEG", api_name="/swap_image"
    )
    with Image.open(path) as picture:
        assert (picture.format, picture.size) == ("JPEG", (300, 200))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"consent": False}, "Pass consent=True"),
        ({"select": "7"}, "2 faces were found"),
        ({"method": "onnx:inswapper_128"}, "is not available in this app"),
        ({"restore": "magic"}, "is not available in this app"),
        ({"blend": {"feather": 99}}, "Give 0 to 3"),
        ({"blend": {"softness": 1}}, "Blend setting 'softness' does not exist. Choose from: likeness"),
        ({"blend": {"feather": "wide"}}, "Blend setting feather: 'wide' is not a number. Give 0 to 3"),
        ({"file_format": "BMP"}, "Choose one of: PNG, JPEG"),
        ({"source": []}, "Give at least one photo"),
        ({"target": {"path": "/etc/hostname"}}, "not an uploaded file"),
    ],
)
def test_errors_are_sentences(client, pictures, changed: dict[str, Any], sentence: str):
    arguments = {"source": [pictures[0]], "target": pictures[1], "consent": True, **changed}
    with pytest.raises(AppError, match=sentence) as error:
        client.predict(**arguments, api_name="/swap_image")
    assert "Traceback" not in str(error.value)


def test_a_file_that_is_no_picture_is_named_without_the_servers_folders(client, tmp_path):
    (tmp_path / "notes.txt").write_text("not a picture")
    with pytest.raises(AppError, match=r"Picture 'notes\.txt': this is not a readable picture"):
        client.predict(handle_file(tmp_path / "notes.txt"), api_name="/find_faces")


def test_uploads_over_the_limit_are_refused(client, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(300_000))
    with pytest.raises(Exception, match=r"413|size"):
        client.predict(handle_file(tmp_path / "large.png"), api_name="/find_faces")


def test_files_outside_the_app_are_not_served(client):
    for path in ("/etc/hostname", str(Path(__file__))):
        request = urllib.request.Request(f"{client.src}gradio_api/file={path}")
        with pytest.raises(urllib.error.HTTPError) as refused, contextlib.closing(urllib.request.urlopen(request)):
            pass
        assert refused.value.code in (403, 404)


def test_no_work_starts_by_what_comes_back_after_a_reload(app):
    wired = [(target, event, block) for block in app.fns.values() for target, event in block.targets]
    loaded = [block.outputs for _, event, block in wired if (event, block.name) == ("load", "load")]
    back = {output._id for outputs in loaded for output in outputs}
    starting = {target for target, event, block in wired if event == "change" and block.name == "_begin"}
    assert back and starting and not starting & back


def test_nothing_about_visits_is_kept(client):
    with contextlib.closing(urllib.request.urlopen(f"{client.src}config")) as answer:
        config = json.load(answer)
    assert config["analytics_enabled"] is False


def test_swap_image_gives_people_named_by_photos_a_face_each(client, pictures):
    source, target = pictures
    pair = {"source": source, "reference": target}  # the largest face of the target
    arguments = {"target": target, "consent": True, "people": [pair], "api_name": "/swap_image"}
    _, alone = client.predict([], **arguments)
    assert 0 in alone["swapped"]
    _, everyone = client.predict([source], **arguments)
    assert everyone["swapped"] == [0, 1]
    with pytest.raises(AppError, match="this is not a list of pairs"):
        client.predict([], **{**arguments, "people": [{"source": source}]})


def test_what_a_change_says_is_not_cleared_by_the_same_change(app: gr.Blocks) -> None:
    """Both run at once on the page, and the words would be gone as soon as they came."""
    says, clears = set(), set()
    for event in app.fns.values():
        places = {(target, block.elem_id) for target in event.targets for block in event.outputs}
        problems = {(target, name) for target, name in places if name and name.endswith("problem")}
        (clears if event.js == EMPTY else says if event.fn else set()).update(problems)
    names = {block._id: f"{type(block).__name__} {block.elem_id}" for block in app.blocks.values()}
    both = [(names[target], event, place) for (target, event), place in says & clears if target is not None]
    assert says and clears and not both
