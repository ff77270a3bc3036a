"""Comparisons for the Compare tab and for the endpoint that does the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api

from swapper.images import write_image
from swapper.methods.reference import BASELINE, PASTED
from swapper.metrics.report import report_data
from swapper.provenance import Origin, write_marked_image
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.studies.comparison import (
    REFERENCES,
    Comparison,
    ComparisonProgress,
    choose_pairs,
    compare,
    measure_people,
)
from swapper.studies.comparison_report import describe, write_comparison
from swapper.studies.interpolation_report import pack
from swapper.types import UserError
from swapper.ui.api import Upload
from swapper.ui.consent import CONSENT_ARGUMENT, require_consent
from swapper.ui.files import new_folder, raises_sentences, upload_paths
from swapper.ui.gpu import on_gpu
from swapper.ui.layout import LENGTHY
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import NOT_OFFERED, SwapperCache, offered_methods
from swapper.ui.terms import TRUST_ARGUMENT, require_trust

NO_PHOTOS = "{what}: no photo yet. Add one, or fill in an example."
NO_CHOICE = "Methods: none selected. Tick at least one."
TOO_MANY = (
    "Comparison: {pairs} pairs times {rows} rows are {swaps} swaps, more than the {most} this app makes at once. "
    "Choose fewer photos or methods."
)


@dataclass(frozen=True)
class Request:
    """What is to be compared, checked.

    Attributes:
        sources: paths of photos.
        targets: paths of photos.
        methods: names that this app offers, the warp among them.
    """

    sources: list[str]
    targets: list[str]
    methods: list[str]


def read_request(sources: Any, targets: Any, methods: Any, most: int) -> Request:
    """Check what components or an endpoint received.

    Args:
        sources: uploads.
        targets: uploads.
        methods: names.
        most: swaps at once.

    Raises:
        UserError: something is missing, not offered, or too much.
    """
    found = upload_paths(sources, files=most), upload_paths(targets, files=most)
    for what, paths in zip(("Sources", "Targets"), found, strict=True):
        if not paths:
            raise UserError(NO_PHOTOS.format(what=what))
    offered = list(offered_methods())
    if not isinstance(methods, list) or not methods:
        raise UserError(NO_CHOICE)
    for name in methods:
        if values.text("Method", name) not in offered:
            raise UserError(NOT_OFFERED.format(name=name[:40], known=", ".join(offered)))
    names = list(dict.fromkeys([BASELINE, *methods]))
    pairs, rows = len(found[0]) * len(found[1]), len(names) + len(REFERENCES)
    if pairs * rows > most:
        raise UserError(TOO_MANY.format(pairs=pairs, rows=rows, swaps=pairs * rows, most=most))
    return Request(*found, names)


def run_comparison(
    swappers: SwapperCache, evaluators: SharedEvaluators, request: Request, progress: ComparisonProgress
) -> Iterator[Comparison]:
    """Compare; yields the rows so far after every method.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        request: what to compare.
        progress: told after every swap.

    Raises:
        UserError: a photo cannot be used.
    """
    people = ([(Path(path).stem, [Path(path)]) for path in paths] for paths in (request.sources, request.targets))
    finder = swappers.finder()
    sources, targets = (measure_people(found, finder, evaluators.get()) for found in people)
    pairs = choose_pairs(sources, targets, len(sources) * len(targets))
    yield from compare(sources, targets, pairs, request.methods, swappers.get, evaluators.get(), progress)


def write_pictures(found: Comparison, folder: Path, labels: dict[str, str]) -> list[tuple[str, str]]:
    """Write the faces for the gallery; returns paths and captions, row by row.

    Args:
        found: the comparison.
        folder: exists.
        labels: of the methods.
    """
    shown = []
    for number, row in enumerate(found.grid()):
        for column, face in zip(found.columns(), row, strict=True):
            path = folder / f"face-{number:02d}-{len(shown):03d}.jpg"
            if column in ("source", "target"):
                write_image(face, path, quality=90)
            else:
                write_marked_image(face, path, Origin("warp" if column == PASTED else column), 90)
            shown.append((str(path), labels.get(column, column)))
    return shown


def write_archive(found: Comparison, labels: dict[str, str]) -> tuple[Path, list[str]]:
    """Write the report as a ZIP; returns its path and sentences about marks that are missing.

    Args:
        found: the comparison.
        labels: of the methods.
    """
    folder = new_folder()
    warnings = write_comparison(folder, found, labels)
    return pack(sorted(folder.iterdir()), folder / "comparison.zip"), warnings


def add_compare_endpoint(swappers: SwapperCache, evaluators: SharedEvaluators, limits: Limits) -> None:
    """Add ``/compare``; called inside Blocks.

    Args:
        swappers: shared by all sessions.
        evaluators: shared by all sessions.
        limits: what is allowed on this machine.
    """

    def compare_methods(
        sources: list[Upload], targets: list[Upload], methods: list[str], consent: bool = False, trust: bool = False
    ) -> tuple[gr.FileData, dict]:
        """Measure methods on every pair of a source and a target; returns a ZIP with the report, and the figures.

        Args:
            sources: photos of people, one each.
            targets: photos whose largest face is swapped.
            methods: names of methods that this app offers; the references are added.
            consent: True if everyone whose face is used has agreed; nothing is swapped otherwise.
            trust: True to use published weights that are unverified; nothing in them can run code.
        """
        require_consent(consent, CONSENT_ARGUMENT)
        request = read_request(sources, targets, methods, limits.max_compared_swaps)
        require_trust(trust, request.methods, sentence=TRUST_ARGUMENT)
        *_, found = run_comparison(swappers, evaluators, request, lambda _done, _total, _what: None)
        archive, _ = write_archive(found, offered_methods())
        return gr.FileData(path=str(archive)), report_data(found.rows, describe(found))

    api(
        on_gpu(raises_sentences(compare_methods)),
        api_name="compare",
        concurrency_id=LENGTHY,
        concurrency_limit=limits.concurrency,
    )
