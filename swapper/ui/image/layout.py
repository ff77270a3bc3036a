"""The result of the Image swap tab as it lies on the page."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.ui.image.mask import MaskPanel, build_mask_panel
from swapper.ui.layout import FORMATS, build_photo, heading
from swapper.ui.marks_note import MarksNote, build_marks_note
from swapper.ui.sources import Sources, build_sources
from swapper.ui.work import Result, build_result_place

TARGET = ("2", "Target", "The photo to change. Only the faces change.")
RESULT = ("3", "Result", "Drag the handle to compare before and after.")
EMPTY = "Your picture appears here."
DOWNLOAD = "Download {kind}"
MEASURE = "Measure this"


@dataclass(frozen=True)
class ResultPanel:
    """Components that show the result.

    Attributes:
        place: where the work and its result are.
        box: holds the rest.
        slider: before and after.
        png: downloads the picture.
        jpeg: downloads it smaller.
        notes: warnings.
        summary: what was done, and how fast.
        measure: takes the picture to the Compare tab.
        carried: state of the session: what is taken there; None where it cannot be measured there.
        marks: says what the file says about itself.
        mask: shows what was replaced.
    """

    place: Result
    box: gr.Column
    slider: gr.ImageSlider
    png: gr.DownloadButton
    jpeg: gr.DownloadButton
    notes: gr.HTML
    summary: gr.HTML
    measure: gr.Button
    carried: gr.State
    marks: MarksNote
    mask: MaskPanel

    @property
    def outputs(self) -> list[Any]:
        """All components that a swap fills."""
        shown = [self.slider, self.png, self.jpeg, self.notes, self.summary]
        return [*shown, self.measure, self.carried, *self.marks.outputs, *self.mask.outputs]


def build_inputs(examples: Path) -> tuple[Sources, gr.Image]:
    """Lay out source and target.

    Args:
        examples: folder with ``portraits`` and group photos; missing files are not shown.
    """
    with gr.Row(equal_height=True, elem_classes="inputs"):
        sources = build_sources(examples)
        shown = [*sorted(examples.glob("*.jpg")), *sorted((examples / "portraits").glob("*.jpg"))[::-1]]
        target = build_photo(TARGET, "target", shown)
    return sources, target


def build_result() -> ResultPanel:
    """Lay out the result."""
    heading(RESULT)
    place = build_result_place("image", EMPTY)
    changed, asked = (gr.Textbox(visible="hidden", show_label=False, container=False) for _ in range(2))
    with gr.Column(visible=False, elem_classes="shown") as box:
        slider = gr.ImageSlider(
            interactive=False,
            type="filepath",
            show_label=False,
            max_height=620,
            buttons=["fullscreen"],
            elem_id="before-after",
        )
        notes = gr.HTML()
        with gr.Row():
            png, jpeg = (
                gr.DownloadButton(
                    DOWNLOAD.format(kind=kind), size="md", min_width=120, elem_id=kind.lower(), elem_classes="download"
                )
                for kind in FORMATS
            )
        marks = build_marks_note("image")
        mask = build_mask_panel(changed, asked)
        measure = gr.Button(MEASURE, size="md", visible=False, elem_id="measure")
        summary = gr.HTML(elem_id="summary")
    place = replace(place, boxes=[box])
    return ResultPanel(place, box, slider, png, jpeg, notes, summary, measure, gr.State(None), marks, mask)
