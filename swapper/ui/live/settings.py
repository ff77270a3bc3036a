"""What a visitor may change while the server swaps live: how faces are blended in, the picture's size, two people."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from swapper.compose.settings import BlendSettings
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.ui.files import upload_paths
from swapper.ui.layout import PHOTO_HEIGHT, QUICK, example_strip
from swapper.ui.live.streams import LiveSettings
from swapper.ui.settings_panel import BLEND_WORDS, RESET, blend_settings

TITLE = "Settings"
SIZE, SIZE_INFO = "Picture size", "Smaller pictures come faster."
PIXELS = "{side} pixels"
TWO = "Two people in the picture"
SECOND = "Photo for the second person"
EXCHANGE = "Exchange who is whom"
EXCHANGE_INFO = "At first the left one gets the first photo."
SIDES = (320, 480, 640, 960, 1280)  # px
BLEND = ("likeness", "keep_mouth", "keep_eyes", "grow", "feather", "forehead", "occluders")


@dataclass(frozen=True)
class LivePanel:
    """The components.

    Attributes:
        second: photo of a second person.
        exchanged: who is whom the other way round.
        side: longer side of the pictures, px.
        blend: one for each name in ``BLEND``.
        reset: brings all but the photo back to what it was at first.
    """

    second: gr.Image
    exchanged: gr.Checkbox
    side: gr.Radio
    blend: list[Component]
    reset: gr.Button

    @property
    def inputs(self) -> list[Component]:
        """All that can be changed; ``read`` takes their values."""
        return [self.second, self.exchanged, self.side, *self.blend]

    def wire(self, keep: Callable[..., None], inputs: list[Component]) -> None:
        """Let settings be reset and remembered; called inside Blocks.

        Args:
            keep: remembers the values of components.
            inputs: those components.
        """
        changed = self.inputs[1:]
        defaults = [component.value for component in changed]
        self.reset.click(lambda: defaults, None, changed, **QUICK)
        events = [component.change for component in self.inputs]  # pyright: ignore[reportAttributeAccessIssue]
        gr.on(events, keep, inputs, None, preprocess=False, trigger_mode="always_last", **QUICK)


def read(sent: tuple[Any, ...], limits: Limits) -> LiveSettings:
    """Settings from the values of ``LivePanel.inputs``.

    Args:
        sent: these values, as a page sends them.
        limits: what is allowed on this machine.

    Raises:
        UserError: a value of the wrong kind, or out of its range, or a photo that cannot be used.
    """
    second, exchanged, side, *blend = sent
    return LiveSettings(
        next(iter(upload_paths(second, files=1)), ""),
        values.switch(EXCHANGE, exchanged),
        values.whole(SIZE, side, 1, limits.max_live_side),
        blend_settings(dict(zip(BLEND, blend, strict=True))),
    )


def build_two_people(examples: Path) -> tuple[gr.Image, gr.Checkbox]:
    """Lay out the photo of a second person, and who is whom; called inside Blocks.

    Args:
        examples: folder with ``portraits``; missing files are not shown.
    """
    with gr.Accordion(TWO, open=False, elem_classes="settings", elem_id="live-two"):
        sources: Any = ["upload", "clipboard"]
        second = gr.Image(
            label=SECOND, type="filepath", sources=sources, height=PHOTO_HEIGHT, buttons=[], elem_id="live-second"
        )
        example_strip(sorted((examples / "portraits").glob("*.jpg")), second, many=False)
        exchanged = gr.Checkbox(label=EXCHANGE, info=EXCHANGE_INFO, elem_id="live-exchange")
    return second, exchanged


def build_live_panel(limits: Limits, second: gr.Image, exchanged: gr.Checkbox) -> LivePanel:
    """Lay out the settings; called inside Blocks. ``LivePanel.wire`` connects them.

    Args:
        limits: what is allowed on this machine.
        second: photo of a second person.
        exchanged: who is whom the other way round.
    """
    sides = [side for side in SIDES if side < limits.max_live_side] + [limits.max_live_side]
    with gr.Accordion(TITLE, open=False, elem_classes="settings", elem_id="live-settings"):
        choices = [(PIXELS.format(side=side), side) for side in sides]
        size = gr.Radio(choices, value=sides[-1], label=SIZE, info=SIZE_INFO, elem_id="live-size")
        with gr.Row(elem_classes="blend"):
            blend = [_slider(name) for name in BLEND]
        reset = gr.Button(RESET, size="sm", variant="secondary", elem_classes="quiet", elem_id="live-reset")
    return LivePanel(second, exchanged, size, blend, reset)


def _slider(name: str) -> Component:
    label, info, low, high = BLEND_WORDS[name]
    default = getattr(BlendSettings(), name)
    if isinstance(default, bool):
        return gr.Checkbox(default, label=label, info=info, elem_id=f"live-{name}")
    return gr.Slider(low, high, default, step=0.05, label=label, info=info, buttons=[], elem_id=f"live-{name}")
