"""The result of the Image swap tab as it lies on the page."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from swapper.ui.callout import callout
from swapper.ui.image.mask import MaskPanel, build_mask_panel
from swapper.ui.image.several import WHO, SwappedPhotos
from swapper.ui.layout import FORMATS, Updates, build_photo, heading
from swapper.ui.marks_note import MarksNote, build_marks_note
from swapper.ui.plan import EVERYONE
from swapper.ui.result_place import Result, build_result_place
from swapper.ui.sources import Sources, build_sources

TARGET = ("Target", "The photo to change. Only the faces change.")
RESULT = ("Result", "Drag the handle to compare before and after.")
EMPTY = "Your picture appears here."
DOWNLOAD = "Download {kind}"
FURTHER, FURTHER_HINT = "More photos at once", "The same people are swapped in each of these, one photo after another."
FURTHER_HEIGHT = 168  # px
FURTHER_WHO = "Faces to swap in them"
ALL_RESULTS = "All results"
ARCHIVE = "Download all (ZIP)"
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
        single: holds all that belongs to the target alone.
        several: shows the results of further photos.
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
    single: gr.Column
    several: "SeveralResults"

    @property
    def outputs(self) -> list[Any]:
        """All components that a swap fills."""
        shown = [self.slider, self.png, self.jpeg, self.notes, self.summary, self.single]
        own = [self.measure, self.carried, *self.marks.outputs, *self.mask.outputs]
        return [*shown, *own, *self.several.outputs]


@dataclass(frozen=True)
class SeveralResults:
    """Components that show the results of several photos.

    Attributes:
        box: holds the rest; hidden where there was one photo.
        gallery: the pictures.
        archive: downloads all of them.
        notes: which photos were left out, and warnings.
    """

    box: gr.Column
    gallery: gr.Gallery
    archive: gr.DownloadButton
    notes: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """All components."""
        return [self.box, self.gallery, self.archive, self.notes]

    def show(self, finished: SwappedPhotos, archive: Path | None = None) -> Updates:
        """Show what came of the photos so far.

        Args:
            finished: that.
            archive: holds all of it; None while there are more to come.
        """
        return {
            self.box: gr.Column(visible=True),
            self.gallery: list(finished.shown),
            self.archive: gr.DownloadButton(value=str(archive) if archive else None, interactive=archive is not None),
            self.notes: callout(finished.notes),
        }


@dataclass(frozen=True)
class Further:
    """Components that take further photos.

    Attributes:
        photos: the photos.
        who: which of their faces are swapped.
    """

    photos: gr.Gallery
    who: gr.Radio

    @property
    def inputs(self) -> list[Component]:
        """All components."""
        return [self.photos, self.who]


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


def build_further() -> Further:
    """Lay out what takes further photos, closed at first."""
    with gr.Accordion(FURTHER, open=False, elem_classes="settings further", elem_id="further-box"):
        gr.HTML(f'<p class="hint">{FURTHER_HINT}</p>')
        photos = gr.Gallery(
            label="Photos",
            show_label=False,
            interactive=True,
            sources=["upload", "clipboard"],
            file_types=["image"],
            columns=4,
            height=FURTHER_HEIGHT,
            object_fit="cover",
            buttons=[],
            elem_id="further",
        )
        who = gr.Radio(WHO, value=EVERYONE, label=FURTHER_WHO, elem_id="further-who")
    return Further(photos, who)


def _build_several() -> SeveralResults:
    with gr.Column(visible=False) as box:
        gr.HTML(f'<h3 class="part">{ALL_RESULTS}</h3>')
        gallery = gr.Gallery(
            interactive=False,
            show_label=False,
            columns=3,
            height="auto",
            object_fit="contain",
            buttons=["fullscreen"],
            elem_id="all-results",
        )
        archive = gr.DownloadButton(ARCHIVE, size="md", elem_id="zip", elem_classes="download")
        notes = gr.HTML(elem_id="several-notes")
    return SeveralResults(box, gallery, archive, notes)


def build_result() -> ResultPanel:
    """Lay out the result."""
    heading(RESULT)
    place = build_result_place("image", EMPTY)
    changed, asked = (gr.Textbox(visible="hidden", show_label=False, container=False) for _ in range(2))
    with gr.Column(visible=False, elem_classes="shown") as box:
        with gr.Column(elem_classes="shown") as single:
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
                        DOWNLOAD.format(kind=kind),
                        size="md",
                        min_width=120,
                        elem_id=kind.lower(),
                        elem_classes="download",
                    )
                    for kind in FORMATS
                )
            marks = build_marks_note("image")
            mask = build_mask_panel(changed, asked)
            measure = gr.Button(MEASURE, size="md", visible=False, elem_id="measure")
            summary = gr.HTML(elem_id="summary")
        several = _build_several()
    place = replace(place, boxes=[box])
    return ResultPanel(
        place, box, slider, png, jpeg, notes, summary, measure, gr.State(None), marks, mask, single, several
    )
