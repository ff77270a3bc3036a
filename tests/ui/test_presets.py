"""Saved settings that hold what the page does not offer."""

import gradio as gr
import pytest

from swapper.compose.preset import Preset
from swapper.ui import swappers
from swapper.ui.choices import chosen
from swapper.ui.presets import Presets, build_preset_panel
from swapper.ui.video.layout import build_settings
from swapper.ui.visits import properties


@pytest.mark.parametrize(
    ("name", "value", "label"), [("fps", 12.0, "12"), ("encoder", "vp9", "VP9"), ("quality", 20, "20")]
)
def test_what_will_be_used_is_shown_even_if_the_page_does_not_offer_it(name: str, value, label: str):
    with gr.Blocks():
        panel = build_settings()
        presets, saver = Presets(), build_preset_panel("")
    block = panel.saved[name]
    assert isinstance(block, gr.Radio)
    found = presets._use(saver, panel.saved, lambda: Preset.from_values({name: value}))
    shown = properties(found[block])
    assert shown["value"] == value and shown["choices"] == [*block.choices, (label, value)]
    assert panel.again({block: value})[block] == found[block]
    assert chosen(block, block.value) == block.value


def test_what_is_not_on_this_machine_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(swappers, "local_upscalers", lambda: ["none"])
    monkeypatch.setattr(swappers, "local_restorers", lambda: ["none"])
    with gr.Blocks():
        settings = {name: gr.Radio() for name in ("restore", "upscale")}
        presets, saver = Presets(), build_preset_panel("")
    for name, value in (("restore", "gfpgan"), ("upscale", "real_esrgan_x2")):
        found = presets._use(saver, settings, lambda one={name: value}: Preset.from_values(one))
        assert list(found) == [saver.note] and f"'{value}' is not available in this app" in found[saver.note].replace(
            "&#x27;", "'"
        )
