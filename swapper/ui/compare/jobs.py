"""Comparisons for the Compare tab and for the endpoint that does the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api

from swapper.hub.manifest import file_sha256
from swapper.images import read_image
from swapper.methods.reference import BASELINE, REFERENCES
from swapper.metrics.report import report_data
from swapper.runtime import values
from swapper.runtime.limits import Limits
from swapper.studies.clips import pack
from swapper.studies.comparison import FINISHED, Comparison, ComparisonProgress, FinishedSwap, compare
from swapper.studies.comparison_report import describe, write_comparison
from swapper.studies.previews import shrink
from swapper.studies.subjects import SIDE, choose_pairs, measure_people
from swapper.types import UserError
from swapper.ui.api import Upload
from swapper.ui.carried import Carried
from swapper.ui.consent import CONSENT_ARGUMENT, require_consent
from swapper.ui.files import new_folder, raises_sentences, upload_paths
from swapper.ui.gpu import on_gpu
from swapper.ui.layout import LENGTHY
from swapper.ui.shared_evaluators import SharedEvaluators
from swapper.ui.swappers import NOT_OFFERED, SwapperCache, offered_methods
from swapper.ui.terms import TRUST_ARGUMENT, require_trust

RESULT = "Result of Image swap"
NO_PHOTOS = "{what}: no photo yet. Add one, or fill in an example."
NO_CHOICE = "Methods: none selected. Tick at least one."
TOO_MANY = (
    "Comparison: {pairs} pairs times {rows} rows are {swaps} swaps, more than the {most} this app makes at once. "
    "Choose fewer photos or methods."
)


@dataclass(frozen=True)
class ComparisonRequest:
    """What is to be compared, checked.

    Attributes:
        sources: paths of photos.
        targets: paths of photos.
        methods: names that this app offers, the warp among them.
        carried: a result to be measured with them.
    """

    sources: list[str]
    targets: list[str]
    methods: list[str]
    carried: Carried | None = None


def read_request(
    sources: Any, targets: Any, methods: Any, most: int, carried: Carried | None = None
) -> ComparisonRequest:
    """Check what components or an endpoint received.

    Args:
        sources: uploads.
        targets: uploads.
        methods: names.
        most: swaps at once.
        carried: a result of the Image swap tab; passed over where its photos are not among these.

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
    return ComparisonRequest(*found, names, carried)


def run_comparison(
    swappers: SwapperCache, evaluators: SharedEvaluators, request: ComparisonRequest, progress: ComparisonProgress
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
    finished = carried_over(request, pairs)
    yield from compare(sources, targets, pairs, request.methods, swappers.get, evaluators.get(), progress, finished)


def carried_over(request: ComparisonRequest, pairs: list[tuple[int, int]]) -> FinishedSwap | None:
    """The carried result, if the photos that it was made from are among those to be compared.

    Args:
        request: with it.
        pairs: of a source and a target that are compared.
    """
    if request.carried is None:
        return None
    files = [[file_sha256(Path(path)) for path in paths] for paths in (request.sources, request.targets)]
    wanted = [file_sha256(Path(path)) for path in (request.carried.source, request.carried.target)]
    if any(one not in side for one, side in zip(wanted, files, strict=True)):
        return None
    pair = files[0].index(wanted[0]), files[1].index(wanted[1])
    if pair not in pairs:
        return None
    return FinishedSwap(pairs.index(pair), shrink(read_image(request.carried.result), SIDE), request.carried.method)


def labels_for(carried: Carried | None) -> dict[str, str]:
    """Names of rows for readers.

    Args:
        carried: a result of the Image swap tab.
    """
    return offered_methods() | ({FINISHED: f"{RESULT}: {carried.label}"} if carried is not None else {})


def comparable_methods() -> dict[str, str]:
    """Label by name of the methods that can be chosen; the reference is added by itself where there are others."""
    offered = offered_methods()
    return {name: label for name, label in offered.items() if len(offered) == 1 or name != BASELINE}


def usual_methods() -> list[str]:
    """Names of the methods that are compared unless others are chosen."""
    return list(comparable_methods())[:2]


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
        sources: list[Upload],
        targets: list[Upload],
        methods: list[str] | None = None,
        consent: bool = False,
        trust: bool = False,
    ) -> tuple[gr.FileData, dict]:
        """Measure methods on every pair of a source and a target; returns a ZIP with the report, and the figures.

        Args:
            sources: photos of people, one each.
            targets: photos whose largest face is swapped.
            methods: names of methods that this app offers, its usual ones when left out; the references are added.
            consent: True if everyone whose face is used has agreed; nothing is swapped otherwise.
            trust: True to use published weights that are unverified; nothing in them can run code.
        """
        require_consent(consent, CONSENT_ARGUMENT)
        chosen = usual_methods() if methods is None else methods
        request = read_request(sources, targets, chosen, limits.max_compared_swaps)
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
