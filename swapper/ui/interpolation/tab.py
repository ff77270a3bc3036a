"""The Interpolation tab."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.studies.interpolation_page import SCRIPT, STYLE
from swapper.studies.interpolation_study import interpolating_methods
from swapper.ui.callout import callout
from swapper.ui.consent import require_consent
from swapper.ui.interpolation.jobs import add_interpolation_endpoint, check_steps, draw_interpolation, read_photos
from swapper.ui.languages import said_markup
from swapper.ui.layout import EXAMPLE, LENGTHY, QUICK, Updates, build_photo, heading
from swapper.ui.progress import Tell
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import SwapperCache, offered_methods
from swapper.ui.terms import require_trust, trust_asked, trust_box
from swapper.ui.visits import Visits
from swapper.ui.work import Work, build_result_place

FIRST = ("1", "Person A", "Where the interpolation starts.")
SECOND = ("2", "Person B", "Where it ends.")
TARGET = ("3", "Target", "The photo whose largest face turns from A into B.")
RESULT = ("4", "Result", "Move the slider to go from A to B.")
MEASURES = ("", "How smooth it is", "A line in the charts follows the slider.")
INTERPOLATE = "Interpolate from A to B"
EMPTY = "The interpolation appears here."
NO_METHOD = (
    "Interpolation needs a learned method, and none has its weights on this machine yet. "
    "The warp cannot mix two people."
)
METHOD_INFO = "Each interpolates in the identity space it was trained with."
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

    def interpolate(
        self, tell: Tell, agreed: Any, first: Any, second: Any, target: Any, method: Any, steps: Any, trust: Any
    ) -> Iterator[Updates]:
        """Interpolate and show it; the photos come as Gradio sends them.

        Raises:
            UserError: something is missing or cannot be used.
        """
        require_consent(agreed)
        paths = read_photos(first, second, target)
        count, name = check_steps(steps, self.most_steps), values.text("Method", method)
        require_trust(trust, [name])
        found = draw_interpolation(self.swappers, self.evaluators, paths, name, count, tell)
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
    with gr.Row(elem_classes="workspace"):
        with gr.Column(scale=10, min_width=320):
            with gr.Row(equal_height=True, elem_classes="inputs"):
                first, second = (
                    build_photo(FIRST, "interpolation-a", portraits),
                    build_photo(SECOND, "interpolation-b", portraits[::-1]),
                )
            target = build_photo(TARGET, "interpolation-target", portraits)
            method, steps, trust = _choices(limits.max_interpolation_steps)
            button = gr.Button(INTERPOLATE, variant="primary", elem_id="interpolation-start")
            fill = gr.Button(EXAMPLE, size="sm", variant="secondary", elem_classes="quiet", visible=len(portraits) > 6)
            problem = gr.HTML(elem_id="interpolation-problem")
        with gr.Column(scale=11, min_width=320, elem_classes="card result"):
            heading(RESULT)
            place = build_result_place("interpolation", EMPTY)
            with gr.Column(visible=False, elem_classes="shown") as box:
                view = gr.HTML(css_template=STYLE, js_on_load=SCRIPT, elem_id="interpolation-view")
                notes = gr.HTML()
                with gr.Row():
                    clip = _download("clip (MP4)", "clip")
                    gif = _download("clip (GIF)", "gif")
                    archive = _download("all (ZIP)", "zip")
    with gr.Column(visible=False, elem_classes="card shown") as card:
        heading(MEASURES)
        measures = gr.HTML(css_template=STYLE, elem_id="interpolation-measures")
    most = limits.max_interpolation_steps
    tab = InterpolationTab(swappers, evaluators, most, box, view, card, measures, clip, gif, archive, notes)
    chosen = [str(path) for path in portraits[:7:3]]
    fill.click(lambda: chosen, None, [first, second, target], **QUICK)
    place = replace(place, boxes=[box, card])
    work = Work("interpolation", INTERPOLATE, button, problem, place, gr.State(""), visits)
    method.change(trust_asked, method, trust, **QUICK)
    inputs = [first, second, target, method, steps, trust]
    work.wire(tab.interpolate, consent, inputs, tab.outputs, (LENGTHY, limits.concurrency))
    work.watch(inputs, shown=tab.outputs)


def _download(kind: str, name: str) -> gr.DownloadButton:
    return gr.DownloadButton(
        f"Download {kind}", size="md", min_width=120, elem_id=f"interpolation-{name}", elem_classes="download"
    )


def _choices(most: int) -> tuple[gr.Dropdown, gr.Slider, gr.Checkbox]:
    labels = offered_methods()
    offered = [(labels.get(name, name), name) for name in interpolating_methods()]
    with gr.Row(elem_classes="card choices"):
        method = gr.Dropdown(
            offered, value=offered[0][1], label="Method", info=METHOD_INFO, elem_id="interpolation-method"
        )
        steps = gr.Slider(1, most, min(9, most), step=1, label="Steps", info=STEPS_INFO, buttons=[])
    return method, steps, trust_box([offered[0][1]])
