from dataclasses import fields

import gradio as gr
import pytest

from swapper.compose.preset import Preset
from swapper.compose.settings import BlendSettings
from swapper.methods.base import default_method
from swapper.restore.default import default_restorer
from swapper.types import UserError
from swapper.ui.settings_panel import BLEND_WORDS, build_settings_panel, read
from swapper.ui.video.layout import build_settings
from swapper.video.encode import format_of


def test_every_mask_setting_has_words_and_its_own_range():
    assert set(BLEND_WORDS) == {field.name for field in fields(BlendSettings)}
    for name, (_, _, low, high) in BLEND_WORDS.items():
        if isinstance(getattr(BlendSettings(), name), bool | tuple):
            continue
        BlendSettings(**{name: low})
        BlendSettings(**{name: high})
        with pytest.raises(UserError, match=name):
            BlendSettings(**{name: high + 0.01})


def test_how_a_video_is_written_is_saved_with_the_look():
    with gr.Blocks():
        panel = build_settings()
    saved = panel.saved
    assert Preset.from_values({name: block.value for name, block in saved.items()}) == Preset()
    assert {"steadiness", "quality", "fps", "encoder"} == set(saved)
    for name in ("quality", "fps", "encoder"):
        offered = [value for _, value in saved[name].choices]
        assert len(offered) > 2 and all(Preset.from_values({name: value}) for value in offered)
    assert all(format_of(".mp4", value) for _, value in panel.encoder.choices)


@pytest.mark.parametrize("moving", [False, True])
def test_untouched_settings_are_the_defaults(moving: bool):
    with gr.Blocks():
        panel = build_settings_panel(moving)
    values = [component.value for component in panel.inputs]
    assert read(values) == (default_method(moving), default_restorer(moving), BlendSettings())


@pytest.mark.parametrize("keep", [(), ("eyes", "mouth")])
def test_what_a_preset_fills_in_is_read_as_the_settings_that_it_holds(keep: tuple[str, ...]):
    with gr.Blocks():
        panel = build_settings_panel(moving=True)
    preset = Preset(blend=BlendSettings(keep=keep, likeness=0.4))
    names = [field.name for field in fields(BlendSettings)]
    shown = [block.postprocess(preset.values()[name]) for name, block in zip(names, panel.blend, strict=True)]
    assert read(["warp", "none", False, *shown]) == ("warp", "none", preset.blend)
