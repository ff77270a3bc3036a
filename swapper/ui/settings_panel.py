"""The panel of swap settings: method, restoration, blending, and enlarging photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from gradio.components import Component

from swapper.compose.settings import KEPT_REGIONS, BlendSettings, check_blend_setting
from swapper.registry import find_method, find_restorer
from swapper.registry.upscalers import UPSCALERS
from swapper.restore.base import local_restorers
from swapper.restore.default import default_restorer
from swapper.restore.upscale import local_upscalers
from swapper.runtime import values
from swapper.types import UserError
from swapper.ui.languages import said, said_markup
from swapper.ui.layout import QUICK
from swapper.ui.presets import PresetPanel, Presets, build_preset_panel
from swapper.ui.swappers import check_upscaler, offered_methods
from swapper.ui.terms import is_published, licence, require_trust, shipped_method, trust_asked, trust_box

TITLE = "Settings"
METHOD = "Method"
RESTORE = "Restoration"
RESTORE_INFO = "Sharpens the swapped face."
RESTORE_NONE = "None"
UPSCALE = "Upscaling"
UPSCALE_INFO = "Enlarges the whole result; a large photo takes minutes without a GPU."
UPSCALE_GET = "To get an upscaler, run: python -m swapper weights pull {name}, then start the app again."
RESET = "Reset to defaults"
SHIPPED = "Use {method}, which ships with the app"
NO_SETTINGS = "Blend settings: {found} is not an object of settings by name. Choose from: {known}."
NO_SETTING = "Blend setting {name} does not exist. Choose from: {known}."
BLEND_WORDS = {  # label, what it does, lowest, highest
    "likeness": ("Likeness", "0 keeps the target's identity, 1 uses the source's; above 1 exaggerates it.", 0, 1.5),
    "expression": ("Match the expression", "In photos: how closely eyes, brows and lips follow the target's.", 0, 1),
    "feather": ("Soft edge", "Width of the blended edge.", 0, 3),
    "grow": ("Face area", "Above 0 moves the edge outwards, below 0 inwards.", -0.5, 0.5),
    "forehead": ("Forehead", "How far up it reaches: 0 is the brows, 1.2 the hairline.", 0, 1.2),
    "color": ("Colour match", "How closely it follows the target's colours.", 0, 1),
    "light": ("Light and shade", "How closely it follows the target's tint and, in photos, its light.", 0, 1),
    "detail": ("Fine detail", "How much of the target's pores and lashes it takes on.", 0, 1),
    "keep_mouth": ("Keep the mouth", "How much of the target's open mouth is kept.", 0, 1),
    "keep_eyes": ("Keep the eyes", "How much of the target's eyes is kept.", 0, 1),
    "occluders": (
        "Keep what is in front",
        "Glasses, hair, hands or a microphone stay in front of the face.",
        0,
        1,
    ),
    "keep": ("Keep from the target", "Whole parts of the target that stay as they are.", 0, 1),
    "adapt": ("Follow the face's shape", "Adapts the mask where the faces differ in width.", 0, 1),
}


KEPT_WORDS = {"eyes": "Eyes", "brows": "Brows", "nose": "Nose", "mouth": "Mouth", "skin": "Skin"}


@dataclass(frozen=True)
class SettingsPanel:
    """The panel's components.

    Attributes:
        method: name of the method.
        restore: name of the restoration.
        trust: says that unverified weights of any choice are trusted.
        blend: one component for each field of ``BlendSettings``, in their order.
        upscale: name of what enlarges the whole result; None for videos.
        reset: brings all of it back to what it was at first.
        saved: saves and loads settings.
    """

    method: gr.Dropdown
    restore: gr.Radio
    trust: gr.Checkbox
    blend: list[Component]
    upscale: gr.Radio | None
    reset: gr.Button
    saved: PresetPanel

    @property
    def inputs(self) -> list[Component]:
        """All components, for an event's inputs; ``read`` and ``read_upscaler`` take their values."""
        return [self.method, self.restore, self.trust, *self.blend, *([self.upscale] if self.upscale else [])]

    def wire(
        self, presets: Presets, more: Mapping[str, Component] | None = None, also: Sequence[Component] = ()
    ) -> None:
        """Let settings be saved, loaded and reset; called inside Blocks.

        Args:
            presets: of the page.
            more: other components that belong to the settings, by name of the setting.
            also: components that are reset with them, and are not saved.
        """
        names = ["method", "restore", *(field.name for field in fields(BlendSettings))]
        components = [self.method, self.restore, *self.blend]
        own = {"upscale": self.upscale} if self.upscale else {}
        settings = {**dict(zip(names, components, strict=True)), **own, **(more or {})}
        reset = [*settings.values(), *also]
        defaults = [component.value for component in reset]
        self.reset.click(lambda: defaults, outputs=reset, **QUICK)
        presets.wire(self.saved, settings)


def read(sent: list[Any]) -> tuple[str, str, BlendSettings]:
    """Method, restoration and blend settings from the values of ``SettingsPanel.inputs``.

    Raises:
        UserError: a value of the wrong kind, or out of its range, or weights that nobody trusts.
    """
    names = [field.name for field in fields(BlendSettings)]
    (method, restore, trust), blend = sent[:3], sent[3 : 3 + len(names)]
    settings = blend_settings(dict(zip(names, blend, strict=True)))
    method, restore = values.text("Method", method), values.text("Restoration", restore)
    require_trust(trust, [method], restore, read_upscaler(sent))
    return method, restore, settings


def read_upscaler(sent: list[Any]) -> str:
    """Name of the upscaler from the values of ``SettingsPanel.inputs``; ``none`` for videos.

    Raises:
        UserError: a value of the wrong kind, or an upscaler that this app does not have.
    """
    found = sent[3 + len(fields(BlendSettings)) :]
    return check_upscaler(values.text(UPSCALE, found[0])) if found else "none"


def blend_settings(sent: Any) -> BlendSettings:
    """Blend settings from their names and values, as a page or an endpoint receives them.

    Args:
        sent: anything; None stands for the defaults.

    Raises:
        UserError: there is no such setting, or its value is of the wrong kind or out of range.
    """
    if sent is None:
        return BlendSettings()
    known = [field.name for field in fields(BlendSettings)]
    if not isinstance(sent, dict):
        raise UserError(NO_SETTINGS.format(found=values.shown(sent), known=", ".join(known)))
    for name, value in sent.items():
        if name not in known:
            raise UserError(NO_SETTING.format(name=values.shown(name), known=", ".join(known)))
        check_blend_setting(name, value)
    return BlendSettings(**sent)


def build_settings_panel(moving: bool = False) -> SettingsPanel:
    """Lay out the panel; called inside Blocks. ``SettingsPanel.wire`` connects the last part of it.

    Args:
        moving: for videos.
    """
    restorations = local_restorers()
    with gr.Accordion(TITLE, open=False, elem_classes="settings"):
        method, trust = _method_chooser(moving)
        restore = gr.Radio(
            [(_restoration(name), name) for name in restorations],
            value=default_restorer(moving),
            label=RESTORE,
            info=RESTORE_INFO,
            visible=len(restorations) > 1,
        )
        with gr.Row(elem_classes="blend"):
            blend = [
                _blend_component(field.name, getattr(BlendSettings(), field.name)) for field in fields(BlendSettings)
            ]
        upscale = None if moving else _upscaler_chooser()
        reset = gr.Button(RESET, size="sm", variant="secondary", elem_classes="quiet")
        saved = build_preset_panel("video-" if moving else "")
    choosers = [method, restore, *([upscale] if upscale else [])]
    for chooser in choosers:
        chooser.change(trust_asked, choosers, trust, **QUICK)
    return SettingsPanel(method, restore, trust, blend, upscale, reset, saved)


def _method_chooser(moving: bool) -> tuple[gr.Dropdown, gr.Checkbox]:
    """The chooser with what is said below it: the licence, whom to trust, and the way back to what ships."""
    offered, shipped = offered_methods(moving), shipped_method(moving)
    first, name = next(iter(offered)), "video-" if moving else ""
    choices = [(label, name) for name, label in offered.items()]
    method = gr.Dropdown(choices, label=METHOD, info=_sentence(first), elem_id=f"{name}method")
    terms = gr.HTML(licence(first), elem_id=f"{name}licence")
    trust = trust_box([first], default_restorer(moving))
    back = gr.Button(
        SHIPPED.format(method=offered[shipped]),
        size="sm",
        variant="secondary",
        elem_classes="quiet",
        elem_id=f"{name}shipped",
        visible=is_published(first),
    )

    def chosen(name: str) -> tuple[gr.Dropdown, str, gr.Button]:
        return (
            gr.Dropdown(info=said(_sentence(name))),
            said_markup(licence(name)),
            gr.Button(visible=is_published(name)),
        )

    method.change(chosen, method, [method, terms, back], **QUICK)
    back.click(lambda: shipped, None, method, **QUICK)
    return method, trust


def _upscaler_chooser() -> gr.Radio:
    """The chooser of what enlarges the whole result; where none is on this machine, it says how to get one."""
    here = local_upscalers()
    return gr.Radio(
        [(UPSCALERS[name].label if name in UPSCALERS else RESTORE_NONE, name) for name in here],
        value="none",
        label=UPSCALE,
        info=UPSCALE_INFO if len(here) > 1 else UPSCALE_GET.format(name=next(iter(UPSCALERS))),
        elem_id="upscale",
    )


def _sentence(method: str) -> str:
    return find_method(method)[0].sentence


def _restoration(name: str) -> str:
    info = find_restorer(name)
    return info.label if info else RESTORE_NONE


def _blend_component(name: str, default: Any) -> Component:
    label, info, low, high = BLEND_WORDS[name]
    if isinstance(default, tuple):
        choices = [(KEPT_WORDS[region], region) for region in KEPT_REGIONS]
        return gr.CheckboxGroup(choices, label=label, info=info, elem_classes="whole")
    if isinstance(default, bool):
        return gr.Checkbox(default, label=label, info=info)
    return gr.Slider(low, high, default, step=0.05, label=label, info=info, buttons=[])
