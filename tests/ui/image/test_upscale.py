"""Enlarging in the app: what is offered, what it makes, and what is said where there is none."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from two_faces import draw
from upscaler_stand_ins import upscaler_files

from swapper.compose.preset import Preset
from swapper.images import read_image
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.api import add_endpoints
from swapper.ui.assignment import PEOPLE
from swapper.ui.assignment_panel import build_assignment_panel
from swapper.ui.image.image import ImageTab
from swapper.ui.image.layout import build_result
from swapper.ui.image.several import EVERYONE
from swapper.ui.languages import korean
from swapper.ui.progress import Tell
from swapper.ui.settings_panel import build_settings_panel, read, read_upscaler
from swapper.ui.sources import build_sources
from swapper.ui.swappers import SwapperCache
from swapper.ui.visits import properties

X2 = "real_esrgan_x2"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with stand-ins for all upscalers."""
    upscaler_files(tmp_path, monkeypatch)


@pytest.fixture
def none_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any."""
    monkeypatch.setenv("SWAPPER_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("swapper.hub.files.find_cached", lambda row: None)


def sent_at_first(upscaler: str) -> list[Any]:
    with gr.Blocks():
        values = [component.value for component in build_settings_panel().inputs]
    return ["warp", "none", False, *values[3:-1], upscaler]


def test_what_is_here_is_offered_for_photos(here: None) -> None:
    with gr.Blocks():
        photos, videos = build_settings_panel(), build_settings_panel(moving=True)
    assert photos.upscale is not None and photos.upscale.value == "none" and videos.upscale is None
    assert [name for _, name in photos.upscale.choices] == ["none", X2, "real_esrgan_x4", "real_esrgan_general_x4"]
    assert "Enlarges" in photos.upscale.info and all(korean(label) != label for label, _ in photos.upscale.choices)
    assert read_upscaler(sent_at_first(X2)) == X2 and read_upscaler([one.value for one in videos.inputs]) == "none"


def test_where_none_is_here_one_sentence_says_how_to_get_one(none_here: None) -> None:
    with gr.Blocks():
        chooser = build_settings_panel().upscale
    assert chooser is not None and [name for _, name in chooser.choices] == ["none"]
    assert chooser.info == (
        "To get an upscaler, run: python -m swapper weights pull real_esrgan_x2, then start the app again."
    )
    assert korean(chooser.info) != chooser.info
    with pytest.raises(UserError, match=r"Upscaler 'real_esrgan_x2' is not available in this app\. Choose one of: no"):
        read(sent_at_first(X2))
    with pytest.raises(UserError, match="Upscaling"):
        read(sent_at_first(7))  # type: ignore[arg-type]


def test_saved_settings_remember_it() -> None:
    assert Preset.from_values({"upscale": X2}).values()["upscale"] == X2 and Preset().upscale == "none"
    with pytest.raises(UserError, match="Unknown upscaler 'lanczos'"):
        Preset.from_values({"upscale": "lanczos"})


def test_the_tab_makes_a_larger_picture(swappers: SwapperCache, here: None, uploads: Path, photo: str) -> None:
    with gr.Blocks():
        faces = build_assignment_panel(build_sources(Path("nowhere")), "Face {face} becomes")
        tab = ImageTab(swappers, faces, build_result(), gr.HTML(), Limits())
    paths = [draw(uploads / f"{n}.png", seed=n) for n in (1, 2)]
    source, more = ({"image": {"path": path, "orig_name": Path(path).name}, "caption": None} for path in paths)
    inputs, shown = [[source], *[None] * (len(PEOPLE) - 1), *sent_at_first(X2)], {}
    target = {"path": photo, "orig_name": "photo.png"}
    for answer in tab.swap(Tell(), True, target, None, None, [more], EVERYONE, *inputs):
        shown |= {block: properties(update) for block, update in answer.items()}
    height, width = read_image(photo).shape[:2]
    assert read_image(shown[tab.result.png]["value"]).shape == (2 * height, 2 * width, 3)
    before, after = (read_image(path) for path in shown[tab.result.slider]["value"])
    assert before.shape == after.shape == (2 * height, 2 * width, 3)
    assert shown[tab.result.carried]["value"] is None, "the Compare tab measures results of their targets' size"
    pictures = [read_image(path) for path, _ in shown[tab.result.several.gallery]["value"]]
    assert [one.shape for one in pictures] == [(2 * height, 2 * width, 3)] * 2


def test_the_endpoint_takes_it(swappers: SwapperCache, here: None, uploads: Path, photo: str) -> None:
    with gr.Blocks() as page:
        add_endpoints(swappers, Limits())
    endpoint = next(fn.fn for fn in page.fns.values() if fn.api_name == "swap_image")
    source = {"path": draw(uploads / "source.png", seed=1), "meta": {"_type": "gradio.FileData"}}
    asked = {"source": [source], "target": {**source, "path": photo}, "consent": True, "method": "warp"}
    small, large = (endpoint(**asked, restore="none", **more)[0].path for more in ({}, {"upscale": X2}))
    assert np.array_equal(np.multiply(read_image(small).shape[:2], 2), read_image(large).shape[:2])
