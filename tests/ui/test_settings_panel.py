from dataclasses import fields

import gradio as gr
import pytest

from swapper.compose.settings import BlendSettings
from swapper.methods.base import default_method
from swapper.restore.default import default_restorer
from swapper.types import UserError
from swapper.ui.settings_panel import BLEND_WORDS, build_settings_panel, read


def test_every_mask_setting_has_words_and_its_own_range():
    assert set(BLEND_WORDS) == {field.name for field in fields(BlendSettings)}
    for name, (_, _, low, high) in BLEND_WORDS.items():
        if isinstance(getattr(BlendSettings(), name), bool | tuple):
            continue
        BlendSettings(**{name: low})
        BlendSettings(**{name: high})
        with pytest.raises(UserError, match=name):
            BlendSettings(**{name: high + 0.01})


@pytest.mark.parametrize("moving", [False, True])
def test_untouched_settings_are_the_defaults(moving: bool):
    with gr.Blocks():
        panel = build_settings_panel(moving)
    values = [component.value for component in panel.inputs]
    assert read(values) == (default_method(moving), default_restorer(moving), BlendSettings())
