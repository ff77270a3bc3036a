from dataclasses import asdict

import gradio as gr
import pytest
from clips import PORTRAITS

from swapper.compose.settings import BlendSettings
from swapper.runtime.limits import Limits
from swapper.types import UserError
from swapper.ui.live.settings import BLEND, build_live_panel, build_two_people, read
from swapper.ui.live.streams import LiveSettings

USUAL = tuple(asdict(BlendSettings())[name] for name in BLEND)


def test_what_the_panel_shows_at_first_is_the_usual():
    limits = Limits(max_live_side=600)
    with gr.Blocks():
        panel = build_live_panel(limits, *build_two_people(PORTRAITS.parent))
    assert [side for _, side in panel.side.choices] == [320, 480, 600]
    assert read(tuple(component.value for component in panel.inputs), limits) == LiveSettings(side=600)


def test_settings_are_read():
    changed = read((None, True, 320, 0.5, *USUAL[1:]), Limits())
    assert changed == LiveSettings("", True, 320, BlendSettings(likeness=0.5))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (({"path": "/etc/passwd"}, False, 320, *USUAL), "not an uploaded file"),
        ((None, "yes", 320, *USUAL), "Exchange who is whom"),
        ((None, False, 10_000, *USUAL), "Picture size"),
        ((None, False, 320, 9, *USUAL[1:]), "Blend setting likeness"),
    ],
)
def test_what_a_page_cannot_send_is_refused(uploads, sent, said):
    with pytest.raises(UserError, match=said):
        read(sent, Limits())
