"""Settings that are kept by name in the browser, or handed over as a file that the command line takes, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from swapper.compose.preset import Preset, read_preset
from swapper.types import UserError
from swapper.ui.callout import callout
from swapper.ui.choices import chosen
from swapper.ui.files import upload_path
from swapper.ui.languages import said
from swapper.ui.layout import QUICK, Updates
from swapper.ui.many import upload_name
from swapper.ui.swappers import NOT_OFFERED, check_restoration, check_upscaler, offered_methods

TITLE = "Saved settings"
SAVED, SAVED_INFO = "Saved in this browser", "Choose some to use them."
NAME, NAME_INFO = "Name", "To save what is set above under."
SAVE, DELETE = "Save", "Delete"
TO_FILE, FROM_FILE = "Save as a file", "Open a file"
NO_NAME = "Settings: there is no name yet. Type one, then save."
TOO_MANY = "Settings: {most} are saved already. Delete some first."
OPENED = "Opened “{name}”."
DONE = "Saved as “{name}”."
NO_UPLOAD = "Settings: no file was chosen. Choose one that was saved here."
KEY = "swapper-settings"  # in the browser's storage, where nothing of it is secret
_MOST, _LONGEST = 40, 40
_SUFFIX = ".json"
# The browser itself makes the file, so nothing is left on the server.
HAND_OUT = """(text, name) => {
  if (!text) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = ((name ?? '').replace(/[^\\p{L}\\p{N}_.-]+/gu, '_') || 'swapper-settings') + '.json';
  link.click();
  URL.revokeObjectURL(link.href);
}"""


@dataclass(frozen=True)
class PresetPanel:
    """Components that save and load settings.

    Attributes:
        saved: names of those that the browser keeps.
        name: to save under.
        save: keeps what is set.
        delete: forgets the chosen ones.
        to_file: hands out what is set as a file.
        text: what is in that file.
        from_file: takes such a file.
        note: says what was done or is wrong.
    """

    saved: gr.Dropdown
    name: gr.Textbox
    save: gr.Button
    delete: gr.Button
    to_file: gr.Button
    text: gr.Textbox
    from_file: gr.UploadButton
    note: gr.HTML


class Presets:
    """All panels of a page and what the browser keeps for them; one for each page."""

    def __init__(self) -> None:
        """Called inside Blocks."""
        self._kept = gr.BrowserState({}, storage_key=KEY, secret=KEY)
        self._panels: list[PresetPanel] = []

    def wire(self, panel: PresetPanel, settings: Mapping[str, Component]) -> None:
        """Connect a panel; called inside Blocks.

        Args:
            panel: its components.
            settings: components by name of the setting.
        """
        names, components = list(settings), list(settings.values())
        self._panels.append(panel)

        def save(kept: Any, name: Any, *values: Any) -> Updates:
            try:
                word = _word(name)
                if word not in (known := _known(kept)) and len(known) >= _MOST:
                    raise UserError(TOO_MANY.format(most=_MOST))
                preset = Preset.from_values(dict(zip(names, values, strict=True)))
            except UserError as error:
                return {panel.note: callout([error], error=True)}
            return {
                self._kept: {**known, word: preset.values()},
                panel.saved: gr.Dropdown(choices=sorted({*known, word}), value=word),
                panel.name: "",
                panel.note: callout([DONE.format(name=word)]),
            }

        def delete(kept: Any, name: Any) -> Updates:
            left = {word: values for word, values in _known(kept).items() if word != name}
            shown = gr.Dropdown(choices=sorted(left), value=None)
            return {self._kept: left, panel.saved: shown, panel.note: ""}

        def use(kept: Any, name: Any) -> Updates:
            chosen = _known(kept).get(name)
            return self._use(panel, settings, lambda: Preset.from_values(chosen)) if chosen else {panel.note: ""}

        def opened(payload: Any) -> Updates:
            found = self._use(panel, settings, lambda: read_preset(Path(upload_path(payload, NO_UPLOAD))))
            failed = list(found) == [panel.note]
            return found if failed else {**found, panel.note: callout([OPENED.format(name=upload_name(payload))])}

        def written(*values: Any) -> Updates:
            try:
                preset = Preset.from_values(dict(zip(names, values, strict=True)))
            except UserError as error:
                return {panel.note: callout([error], error=True)}
            return {panel.text: preset.text(), panel.note: ""}

        panel.save.click(
            save, [self._kept, panel.name, *components], [self._kept, panel.saved, panel.name, panel.note], **QUICK
        )
        panel.delete.click(delete, [self._kept, panel.saved], [self._kept, panel.saved, panel.note], **QUICK)
        panel.saved.input(use, [self._kept, panel.saved], [*components, panel.note], preprocess=False, **QUICK)
        panel.from_file.upload(opened, panel.from_file, [*components, panel.note], preprocess=False, **QUICK)
        panel.to_file.click(written, components, [panel.text, panel.note], **QUICK).then(
            None, [panel.text, panel.saved], None, js=HAND_OUT, **QUICK
        )

    def load(self, app: gr.Blocks) -> None:
        """Show what the browser keeps when the page is loaded, and whenever that changes; called inside Blocks.

        Args:
            app: those Blocks.
        """
        shown = [panel.saved for panel in self._panels]

        def names(kept: Any) -> Updates:
            return {dropdown: gr.Dropdown(choices=sorted(_known(kept))) for dropdown in shown}

        app.load(names, self._kept, shown, **QUICK)
        self._kept.change(names, self._kept, shown, **QUICK)

    @staticmethod
    def _use(panel: PresetPanel, settings: Mapping[str, Component], read: Any) -> Updates:
        try:
            found = {name: value for name, value in read().values().items() if name in settings and value != ""}
            if found.get("method", "") not in ("", *offered_methods()):
                raise UserError(NOT_OFFERED.format(name=found["method"], known=", ".join(offered_methods())))
            check_restoration(found.get("restore", "none"))
            check_upscaler(found.get("upscale", "none"))
        except UserError as error:
            return {panel.note: callout([error], error=True)}
        return {**{settings[name]: chosen(settings[name], value) for name, value in found.items()}, panel.note: ""}


def build_preset_panel(name: str) -> PresetPanel:
    """Lay out a panel; ``Presets.wire`` connects it.

    Args:
        name: stands before the components' ids.
    """
    gr.HTML(f'<h3 class="part">{TITLE}</h3>')
    with gr.Row(elem_classes="presets"):
        saved = gr.Dropdown([], value=None, label=SAVED, info=SAVED_INFO, elem_id=f"{name}saved", min_width=200)
        word = gr.Textbox(label=NAME, info=NAME_INFO, max_length=_LONGEST, elem_id=f"{name}preset-name", min_width=200)
    with gr.Row(elem_classes="links"):
        save = gr.Button(SAVE, size="sm", elem_classes="quiet", elem_id=f"{name}preset-save")
        delete = gr.Button(DELETE, size="sm", elem_classes="quiet", elem_id=f"{name}preset-delete")
        to_file = gr.Button(TO_FILE, size="sm", elem_classes="quiet", elem_id=f"{name}preset-file")
        from_file = gr.UploadButton(
            FROM_FILE, file_types=[_SUFFIX], size="sm", elem_classes="quiet", elem_id=f"{name}preset-open"
        )
    text = gr.Textbox(visible="hidden", show_label=False, container=False)
    return PresetPanel(saved, word, save, delete, to_file, text, from_file, gr.HTML(elem_id=f"{name}preset-note"))


def _word(name: Any) -> str:
    word = " ".join(name.split())[:_LONGEST] if isinstance(name, str) else ""
    if not word:
        raise UserError(said(NO_NAME))
    return word


def _known(kept: Any) -> dict[str, Any]:
    """What the browser keeps; whatever else may be in its place is passed over."""
    if not isinstance(kept, dict):
        return {}
    return {name: values for name, values in kept.items() if isinstance(values, dict)}
