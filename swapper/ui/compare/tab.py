"""The Compare tab."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from swapper.runtime.limits import Limits
from swapper.studies.comparison import Comparison
from swapper.studies.comparison_page import SCRIPT, STYLE, account, meanings, plots, side_by_side, table
from swapper.studies.comparison_report import marked
from swapper.ui.callout import callout
from swapper.ui.carried import Carried
from swapper.ui.compare.jobs import (
    add_compare_endpoint,
    comparable_methods,
    labels_for,
    read_request,
    run_comparison,
    usual_methods,
    write_archive,
)
from swapper.ui.consent import require_consent
from swapper.ui.files import plain_sentence
from swapper.ui.languages import said, said_markup
from swapper.ui.layout import EXAMPLE, LENGTHY, PHOTO_HEIGHT, QUICK, Updates, example_strip, heading, say_filled
from swapper.ui.progress import Tell
from swapper.ui.result_place import build_result_place
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import SwapperCache, offered_methods
from swapper.ui.terms import require_trust, trust_asked, trust_box
from swapper.ui.visits import Visits
from swapper.ui.work import Work

SOURCES = ("Sources", "Photos of the people whose faces are used, one photo each.")
TARGETS = ("Targets", "Photos whose largest face is swapped.")
METHODS = ("Methods", "Each is measured on every pair of source and target.")
COMPARE = "Compare"
ALWAYS = "The unchanged target, the pasted source and the warp are always included, as references."
TABLE = (
    "Figures",
    "Arrows show which way is better; click a heading to sort.",
)
PLOTS = (
    "Strengths and weaknesses",
    "A good swap takes the source's identity and leaves everything else as in the target.",
)
PICTURES = ("Side by side", "Click a face to enlarge it; the arrow keys go from method to method.")
CARRIED = "Also measured, while its two photos are here: the result of Image swap, made with {label}."
LEAVE_OUT = "Leave it out"
MEANINGS = "What the columns mean"
EMPTY = "The figures appear here, method by method."
DOWNLOAD = "Download report (ZIP)"


@dataclass(frozen=True)
class CompareTab:
    """The tab's components and what happens when they are used.

    Attributes:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        most: swaps at once.
        box: holds the figures and the report.
        table: figures.
        cards: the other parts of the result, hidden until there are some.
        plots: both charts and the papers' figures.
        pictures: the faces, pair by pair.
        notes: warnings.
        archive: downloads the report.
    """

    swappers: SwapperCache
    evaluators: SharedEvaluators
    most: int
    box: gr.Column
    table: gr.HTML
    cards: list[gr.Column]
    plots: gr.HTML
    pictures: gr.HTML
    notes: gr.HTML
    archive: gr.DownloadButton

    @property
    def outputs(self) -> list[Any]:
        """All components that a comparison fills."""
        return [self.table, self.plots, self.pictures, self.notes, self.archive]

    def compare(
        self, tell: Tell, agreed: Any, sources: Any, targets: Any, methods: Any, trust: Any, carried: Carried | None
    ) -> Iterator[Updates]:
        """Compare, showing each row when it is done.

        Raises:
            UserError: something is missing or cannot be used.
        """
        require_consent(agreed)
        request, labels = read_request(sources, targets, methods, self.most, carried), labels_for(carried)
        require_trust(trust, request.methods)
        tell(0.0, said("Measuring the photos"))

        def told(done: int, total: int, what: str) -> None:
            tell(0.9 * done / total, said(f"{labels.get(what, what)}: swap {done + 1} of {total}"))

        found = None
        for found in run_comparison(self.swappers, self.evaluators, request, told):
            yield {
                self.box: gr.Column(visible=True),
                self.table: said_markup(table(found.rows, labels)),
                self.archive: gr.DownloadButton(visible=False),
                self.notes: "",
            }
        assert found is not None, "there are always the references"
        tell(0.95, said("Writing the report"))
        yield self._finished(found, labels)

    def _finished(self, found: Comparison, labels: dict[str, str]) -> Updates:
        archive, warnings = write_archive(found, labels)
        columns = f"<details><summary>{MEANINGS}</summary>{meanings(found.rows)}</details>"
        return {
            **{card: gr.Column(visible=True) for card in (self.box, *self.cards)},
            self.table: said_markup(account(found, labels) + table(found.rows, labels) + columns),
            self.plots: said_markup(plots(found.rows, labels)),
            self.pictures: said_markup(side_by_side(marked(found), labels)),
            self.notes: callout(warnings),
            self.archive: gr.DownloadButton(value=str(archive), visible=True),
        }


@dataclass(frozen=True)
class CompareInputs:
    """What a comparison is made from, for another tab to fill.

    Attributes:
        sources: photos.
        targets: photos.
        methods: names.
        trust: the box that unverified weights ask for.
        carried: the result of the Image swap tab that is measured, too.
        note: says so.
        leave_out: takes it out again.
    """

    sources: gr.Gallery
    targets: gr.Gallery
    methods: gr.CheckboxGroup
    trust: gr.Checkbox
    carried: gr.State
    note: gr.HTML
    leave_out: gr.Button

    @property
    def all(self) -> list[Any]:
        """In the order in which a comparison takes them."""
        return [self.sources, self.targets, self.methods, self.trust, self.carried]

    @property
    def filled(self) -> list[Any]:
        """What ``fill`` changes."""
        return [*self.all, self.note, self.leave_out]

    def fill(self, carried: Carried | None) -> Updates:
        """Take over a result of the Image swap tab, its two photos and its method.

        Args:
            carried: the result.
        """
        if carried is None:
            return {self.note: gr.skip()}
        offered = offered_methods()
        return {
            self.sources: [carried.source],
            self.targets: [carried.target],
            self.methods: [carried.method] if carried.method in offered else gr.skip(),
            self.carried: carried,
            **self.shown(carried),
        }

    def shown(self, carried: Carried | None) -> Updates:
        """Say which result is measured, too.

        Args:
            carried: the result.
        """
        words = CARRIED.format(label=said(carried.label)) if carried is not None else ""
        return {
            self.note: f'<p class="hint">{plain_sentence(said(words))}</p>' if words else "",
            self.leave_out: gr.Button(visible=carried is not None),
        }


def build_compare_tab(
    swappers: SwapperCache,
    evaluators: SharedEvaluators,
    consent: gr.Checkbox,
    limits: Limits,
    examples: Path,
    visits: Visits,
) -> CompareInputs:
    """Lay out the tab and wire it, and add ``/compare``; called inside Blocks; returns its inputs.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        consent: the page's checkbox.
        limits: what is allowed on this machine.
        examples: folder with ``portraits``; missing files are not shown.
        visits: remembers what is on the page.
    """
    add_compare_endpoint(swappers, evaluators, limits)
    portraits = sorted((examples / "portraits").glob("*.jpg"))
    with gr.Row(equal_height=True, elem_classes="inputs"):
        sources = _photos(SOURCES, "compare-sources", portraits)
        targets = _photos(TARGETS, "compare-targets", portraits[::-1])
        with gr.Column(min_width=240, elem_classes="card"):
            heading(METHODS)
            choices, ticked = [(label, name) for name, label in comparable_methods().items()], usual_methods()
            methods = gr.CheckboxGroup(choices, value=ticked, show_label=False, elem_id="compare-methods")
            trust = trust_box(ticked)
            gr.HTML(f'<p class="hint">{ALWAYS}</p>')
            note = gr.HTML(elem_id="compare-carried")
            leave_out = gr.Button(LEAVE_OUT, size="sm", variant="secondary", elem_classes="quiet", visible=False)
            button = gr.Button(COMPARE, variant="primary", elem_id="compare")
            fill = gr.Button(EXAMPLE, size="sm", variant="secondary", elem_classes="quiet", visible=len(portraits) > 7)
    problem = gr.HTML(elem_id="compare-problem")
    with gr.Column(elem_classes="card"):
        heading(TABLE, numbered=False)
        place = build_result_place("compare", EMPTY, low=True)
        with gr.Column(visible=False, elem_classes="shown") as box:
            figures = gr.HTML(css_template=STYLE, js_on_load=SCRIPT, elem_id="compare-table")
            notes = gr.HTML()
            archive = gr.DownloadButton(
                DOWNLOAD, size="md", visible=False, elem_id="compare-zip", elem_classes="download"
            )
    with gr.Column(visible=False, elem_classes="card shown") as pictures:
        heading(PICTURES, numbered=False)
        faces = gr.HTML(css_template=STYLE, js_on_load=SCRIPT, elem_id="compare-pictures")
    with gr.Column(visible=False, elem_classes="card shown") as views:
        heading(PLOTS, numbered=False)
        drawn = gr.HTML(css_template=STYLE, elem_id="compare-plots")
    most, cards = limits.max_compared_swaps, [pictures, views]
    tab = CompareTab(swappers, evaluators, most, box, figures, cards, drawn, faces, notes, archive)
    inputs = CompareInputs(sources, targets, methods, trust, gr.State(None), note, leave_out)
    leave_out.click(
        lambda: {inputs.carried: None, **inputs.shown(None)}, None, [inputs.carried, note, leave_out], **QUICK
    )
    chosen = [[str(portraits[index]) for index in some] for some in ((0, 3), (1, 5, 7))] if len(portraits) > 7 else []
    say_filled(fill.click(lambda: chosen, None, [sources, targets], **QUICK), [sources, targets])
    place = replace(place, boxes=[box, *cards])
    work = Work("compare", COMPARE, button, problem, place, gr.State(""), visits)
    methods.change(trust_asked, methods, trust, **QUICK)
    work.wire(tab.compare, consent, inputs.all, tab.outputs, (LENGTHY, limits.concurrency))
    work.watch(
        inputs.all, again=lambda values: inputs.shown(values.get(inputs.carried)), shown=[*tab.outputs, note, leave_out]
    )
    return inputs


def _photos(words: tuple[str, str], name: str, examples: list[Path]) -> gr.Gallery:
    with gr.Column(min_width=240, elem_classes="card"):
        heading(words)
        photos = gr.Gallery(
            label="Photos",
            interactive=True,
            sources=["upload", "webcam", "clipboard"],
            file_types=["image"],
            columns=3,
            height=PHOTO_HEIGHT,
            object_fit="contain",
            buttons=[],
            elem_id=name,
        )
        example_strip(examples, photos, many=True, adds=True)
    return photos
