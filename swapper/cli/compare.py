"""The ``compare`` command: several methods on the same photos, with figures."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from swapper.cli.options import (
    add_device_option,
    add_engine_options,
    add_mark_options,
    add_overwrite_option,
    add_trust_option,
    add_weights_option,
    engine_of,
    mark_settings,
    settle_choices,
)
from swapper.errors import UserError
from swapper.registry import METHODS, find_method, method_choices

if TYPE_CHECKING:
    from swapper.studies.comparison import Comparison


def add_compare_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``compare``; it sets ``run``, a function that returns the exit code."""
    p = commands.add_parser("compare", help="measure several methods on the same photos")
    p.add_argument(
        "--sources",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with a photo, or a folder of photos, for each person",
    )
    p.add_argument("--targets", type=Path, required=True, metavar="DIR", help="photos whose largest face is swapped")
    p.add_argument("--methods", required=True, metavar="M,M", help=f"of {method_choices()}")
    p.add_argument(
        "-o", "--output", type=Path, required=True, metavar="REPORT_DIR", help="folder to write, created if missing"
    )
    p.add_argument(
        "--pairs", type=int, default=200, help="at most so many; evenly selected where there are more (default: 200)"
    )
    p.add_argument(
        "--result",
        type=Path,
        metavar="FILE",
        help="a picture that was swapped before, from the only source into the only target, to be measured, too",
    )
    add_weights_option(p, "compared as well; may be given several times", several=True)
    add_trust_option(p)
    add_device_option(p)
    add_engine_options(p, "this one alone")
    add_mark_options(p)
    add_overwrite_option(p)
    p.set_defaults(run=run_compare)


def run_compare(args: argparse.Namespace) -> int:
    """Measure, and write the report."""
    from swapper.images import read_image
    from swapper.methods.reference import BASELINE
    from swapper.runtime.outputs import claim_outputs
    from swapper.runtime.there import make_folder
    from swapper.runtime.threads import settle_threads
    from swapper.studies.comparison import FinishedSwap, compare
    from swapper.studies.comparison_report import REPORTS, write_comparison
    from swapper.studies.comparison_swaps import SwapperChoice, measure_people_in_workers
    from swapper.studies.evaluators import load_evaluators
    from swapper.studies.previews import shrink
    from swapper.studies.subjects import SIDE, choose_pairs, measure_people, people_in

    marks, names = mark_settings(args), [name.strip() for name in args.methods.split(",") if name.strip()]
    if args.pairs < 1:
        raise UserError(f"--pairs must be 1 or more, not {args.pairs}.")
    people = people_in(args.sources), people_in(args.targets)
    photos = [file for side in people for _, files in side for file in files]
    claim_outputs([args.output / name for name in REPORTS], photos, args.overwrite)
    settle_choices(args.trust, names)
    result = None if args.result is None else shrink(read_image(args.result), SIDE)
    settle_threads()
    own = _own_swappers(args.weights)
    names += own

    engine, build = engine_of(args), SwapperChoice(args.device, own)
    for name in names:
        build(name)  # a wrong name, or missing weights, end it here and not an hour later
    finder = build(BASELINE)
    make_folder(args.output)
    evaluators = load_evaluators(finder.device)

    if engine is None:
        sources, targets = (measure_people(found, finder, evaluators, _left_out) for found in people)
    else:
        sources, targets = (measure_people_in_workers(found, engine, build, _left_out) for found in people)
    pairs = choose_pairs(sources, targets, args.pairs)
    print(f"{len(pairs)} pairs of {len(sources)} sources and {len(targets)} targets", file=sys.stderr)
    labels = {name: find_method(name)[0].label for name in [*METHODS, *own]}
    if result is not None and len(pairs) != 1:
        raise UserError(f"--result: there are {len(pairs)} pairs, and it is of one. Give one source and one target.")
    finished = None if result is None else FinishedSwap(0, result, names[0])
    *_, found = compare(sources, targets, pairs, names, build, evaluators, _tell, finished, engine)
    for warning in write_comparison(args.output, found, labels, marks):
        print(f"warning: {warning}", file=sys.stderr)
    _say_found(found, labels)
    print(f"\n{args.output}: {len(found.rows)} rows over {len(pairs)} pairs")
    return 0


def _say_found(found: "Comparison", labels: dict[str, str]) -> None:
    from swapper.metrics.report import scores_table
    from swapper.studies.comparison_page import INTERVALS
    from swapper.studies.judges import verdicts

    said = [*verdicts(found.judges(), found.compared(), labels), INTERVALS]
    print(scores_table(found.rows), *said, sep="\n")


def _left_out(sentence: str) -> None:
    print(f"left out: {sentence}", file=sys.stderr)


def _tell(done: int, total: int, what: str) -> None:
    if done % 10 == 0:
        print(f"swap {done + 1} of {total}: {what}", file=sys.stderr, flush=True)


def _own_swappers(files: list[Path]) -> dict[str, Path]:
    """The user's weights files by the name that the report gives their method."""
    from swapper.methods.weights import find_weights, weights_system

    own: dict[str, Path] = {}
    for path in map(find_weights, files):
        name = f"{weights_system(path)}@{path.stem}"
        if name in own:
            raise UserError(f"--weights: {own[name]} and {path} would both be called '{name}'. Rename one of them.")
        own[name] = path
    return own
