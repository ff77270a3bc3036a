"""The Interpolation tab."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.runtime.limits import Limits
from swapper.studies.interpolation_page import SCRIPT, STYLE
from swapper.studies.interpolation_study import (
    NONE,
    OWN,
    SAME,
    choose_interpolating_method,
    choose_paths,
    interpolating_methods,
)
from swapper.types import UserError
from swapper.ui.callout import callout
from swapper.ui.consent import require_consent
from swapper.ui.interpolation.jobs import add_interpolation_endpoint, check_steps, draw_interpolation, read_request
from swapper.ui.languages import said_markup
from swapper.ui.layout import EXAMPLE, LENGTHY, PHOTO_HEIGHT, QUICK, Updates, build_photo, heading
from swapper.ui.progress import Tell
from swapper.ui.result_place import build_result_place
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import SwapperCache, offered_methods
from swapper.ui.terms import require_trust, trust_asked, trust_box
from swapper.ui.visits import Visits
from swapper.ui.work import Work

FIRST = ("Person A", "Where the interpolation starts.")
SECOND = ("Person B", "Where it ends.")
TARGET = ("Target", "The photo whose largest face turns from A into B.")
PATHS = ("Paths", "Two are drawn beside each other, one of each embedder.")
RESULT = ("Result", "Move the slider to go from A to B on both paths.")
MEASURES = ("Charts and figures", "A line in the charts follows the slider.")
INTERPOLATE = "Interpolate from A to B"
EMPTY = "The interpolation appears here."
NO_METHOD = (
    "Interpolation needs a learned method, and none has its weights on this machine yet. "
    "The warp cannot mix two people."
)
METHOD_INFO = "Draws the first path, in the identity space it was trained with."
BESIDE = "Beside it"
BESIDE_INFO = "The second path, on the other embedder: of the smooth embedder and ArcFace."
BESIDES = (
    ("A method of the other embedder", OWN),
    ("The same method, so that only the embedder differs", SAME),
    ("Nothing", NONE),
)
MORE = "More people, another gallery"
PEOPLE = "More people"
PEOPLE_INFO = (
    "Optional. Every two of A, B and these people are a pair, and the verdict is a mean over all pairs with its "
    "interval. Without them the pairs are people of the gallery."
)
GALLERY = "Gallery"
GALLERY_INFO = (
    "Optional. People who may be met on the way, instead of the app's own made-up people: photos or a folder of them, "
    "one person each, a ZIP in which each folder is one person, or a file that the gallery command wrote."
)
FOLDER = "Choose a folder"
STEPS_INFO = "Pictures between A and B; the paper uses nine."


@dataclass(frozen=True)
class InterpolationTab:
    """The tab's components and what happens when they are used.

    Attributes:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        most_steps: limit.
        box: holds the interpolation and its downloads.
        view: the interpolation.
        card: holds the measures.
        measures: charts and figures.
        clip: downloads the video.
        gif: downloads the same as an animated GIF.
        archive: downloads everything.
        notes: warnings.
    """

    swappers: SwapperCache
    evaluators: SharedEvaluators
    most_steps: int
    box: gr.Column
    view: gr.HTML
    card: gr.Column
    measures: gr.HTML
    clip: gr.DownloadButton
    gif: gr.DownloadButton
    archive: gr.DownloadButton
    notes: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        """All components that an interpolation fills."""
        return [self.view, self.measures, self.clip, self.gif, self.archive, self.notes]

    def interpolate(self, tell: Tell, agreed: Any, *sent: Any) -> Iterator[Updates]:
        """Interpolate and show it; ``sent`` are the values of ``build_interpolation_tab``'s inputs.

        Raises:
            UserError: something is missing or cannot be used.
        """
        require_consent(agreed)
        first, second, target, method, steps, against, trust, people, gallery = sent
        count = check_steps(steps, self.most_steps)
        request = read_request((first, second, target), people, gallery, method, against, count)
        require_trust(trust, request.methods)
        found = draw_interpolation(self.swappers, self.evaluators, request, tell)
        yield {
            self.box: gr.Column(visible=True),
            self.card: gr.Column(visible=True),
            self.view: said_markup(found.view),
            self.measures: said_markup(found.measures),
            self.clip: gr.DownloadButton(value=str(found.clip)),
            self.gif: gr.DownloadButton(value=str(found.gif)),
            self.archive: gr.DownloadButton(value=str(found.archive)),
            self.notes: callout(found.warnings),
        }


def build_interpolation_tab(
    swappers: SwapperCache,
    evaluators: SharedEvaluators,
    consent: gr.Checkbox,
    limits: Limits,
    examples: Path,
    visits: Visits,
) -> None:
    """Lay out the tab and wire it, and add ``/interpolate``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        consent: the page's checkbox.
        limits: what is allowed on this machine.
        examples: folder with ``portraits``; missing files are not shown.
        visits: remembers what is on the page.
    """
    add_interpolation_endpoint(swappers, evaluators, limits)
    if not interpolating_methods():
        gr.HTML(callout([NO_METHOD]))
        return
    portraits = sorted((examples / "portraits").glob("*.jpg"))
    with gr.Row(equal_height=True, elem_classes="inputs"):
        first = build_photo(FIRST, "interpolation-a", portraits)
        second = build_photo(SECOND, "interpolation-b", portraits[::-1])
        target = build_photo(TARGET, "interpolation-target", portraits)
        with gr.Column(min_width=240, elem_classes="card choices"):
            heading(PATHS)
            chosen = _choices(limits.max_interpolation_steps)
            button = gr.Button(INTERPOLATE, variant="primary", elem_id="interpolation-start")
            fill = gr.Button(EXAMPLE, size="sm", variant="secondary", elem_classes="quiet", visible=len(portraits) > 6)
    problem = gr.HTML(elem_id="interpolation-problem")
    more = _more()
    with gr.Column(elem_classes="card"):
        heading(RESULT)
        place = build_result_place("interpolation", EMPTY, low=True)
        with gr.Column(visible=False, elem_classes="shown") as box:
            view = gr.HTML(css_template=STYLE, js_on_load=SCRIPT, elem_id="interpolation-view")
            notes = gr.HTML()
            with gr.Row():
                clip = _download("clip (MP4)", "clip")
                gif = _download("clip (GIF)", "gif")
                archive = _download("all (ZIP)", "zip")
    with gr.Column(visible=False, elem_classes="card shown") as card:
        heading(MEASURES, numbered=False)
        measures = gr.HTML(css_template=STYLE, elem_id="interpolation-measures")
    most = limits.max_interpolation_steps
    tab = InterpolationTab(swappers, evaluators, most, box, view, card, measures, clip, gif, archive, notes)
    three = [str(path) for path in portraits[:7:3]]
    fill.click(lambda: three, None, [first, second, target], **QUICK)
    place = replace(place, boxes=[box, card])
    work = Work("interpolation", INTERPOLATE, button, problem, place, gr.State(""), visits)
    method, _steps, beside, trust = chosen
    for chooser in (method, beside):
        chooser.change(_trust_asked, [method, beside], trust, **QUICK)
    inputs = [first, second, target, *chosen, *more]
    work.wire(tab.interpolate, consent, inputs, tab.outputs, (LENGTHY, limits.concurrency))
    work.watch(inputs, shown=tab.outputs)


def _download(kind: str, name: str) -> gr.DownloadButton:
    return gr.DownloadButton(
        f"Download {kind}", size="md", min_width=120, elem_id=f"interpolation-{name}", elem_classes="download"
    )


def _choices(most: int) -> tuple[gr.Dropdown, gr.Slider, gr.Radio, gr.Checkbox]:
    labels, first = offered_methods(), choose_interpolating_method()
    offered = [(labels.get(name, name), name) for name in interpolating_methods()]
    method = gr.Dropdown(offered, value=first, label="Method", info=METHOD_INFO, elem_id="interpolation-method")
    beside = gr.Radio(BESIDES, value=OWN, label=BESIDE, info=BESIDE_INFO, elem_id="interpolation-beside")
    steps = gr.Slider(1, most, min(9, most), step=1, label="Steps", info=STEPS_INFO, buttons=[])
    return method, steps, beside, trust_box(_drawing(first, OWN))


def _trust_asked(method: Any, beside: Any) -> gr.Checkbox:
    return trust_asked(_drawing(method, beside))


def _drawing(method: Any, beside: Any) -> list[str]:
    """Names of the methods that draw the chosen paths; none where the choice is impossible."""
    try:
        return [choice.method for choice in choose_paths(method, beside)]
    except UserError:
        return []


def _more() -> tuple[gr.Gallery, gr.File]:
    with gr.Accordion(MORE, open=False, elem_classes="settings"), gr.Row(elem_classes="inputs"):
        with gr.Column(min_width=280):
            gr.HTML(f'<p class="hint"><b>{PEOPLE}.</b> <span>{PEOPLE_INFO}</span></p>')
            people = gr.Gallery(
                label=PEOPLE,
                interactive=True,
                sources=["upload", "clipboard"],
                file_types=["image"],
                columns=4,
                height=PHOTO_HEIGHT,
                object_fit="contain",
                buttons=[],
                elem_id="interpolation-people",
            )
        with gr.Column(min_width=280):
            gr.HTML(f'<p class="hint"><b>{GALLERY}.</b> <span>{GALLERY_INFO}</span></p>')
            gallery = gr.File(
                label=GALLERY,
                file_count="multiple",
                file_types=["image", ".zip", ".safetensors"],
                height=PHOTO_HEIGHT,
                elem_id="interpolation-gallery",
            )
            folder = gr.UploadButton(FOLDER, file_count="directory", size="sm", elem_id="interpolation-folder")
            folder.upload(lambda files: files, folder, gallery, **QUICK)
    return people, gallery
