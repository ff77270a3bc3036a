"""Score a method on photographs of people no network has seen: ``python -m trainers evaluate --method M --data DIR``.

Cross-identity pairs of the ``val`` split, the same for every method and every run with one seed. Each swap goes
through ``FaceSwapper`` to the finished picture, landmarks measured anew, and the picture is scored.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from swapper.cli.options import add_engine_options, add_overwrite_option, engine_of
from swapper.methods.reference import BASELINE, UNCHANGED
from swapper.metrics.metric_list import METRICS
from swapper.metrics.report import (
    REPORTS,
    ScoreRow,
    contact_sheet,
    format_value,
    report_data,
    scores_table,
    write_report,
)
from swapper.restore.base import restorers
from swapper.runtime.memory import keep_freed_memory
from swapper.runtime.outputs import claim_outputs
from swapper.types import UserError
from trainers.data.faces import load_faces
from trainers.publish.scoring import SIDE, Split, people_labels, score_in_workers, shipped_evaluator
from trainers.publish.ways import Ways


@dataclass(frozen=True)
class Aim:
    """What a trained method should reach.

    Attributes:
        key: of the metric.
        limit: absolute, or a multiple of the unchanged target's or the baseline's value.
        of: the row that ``limit`` multiplies; empty for an absolute limit.
        above: the value must not be below the limit, instead of not above it.
    """

    key: str
    limit: float
    of: str = ""
    above: bool = False


AIMS = (
    Aim("retrieval", 0.85, above=True),
    Aim("gain", 0.60, above=True),
    Aim("pose", 2.5),
    Aim("gaze", 2.0, of=UNCHANGED),
    Aim("expression", 2.0, of=UNCHANGED),
    Aim("frechet", 1.0, of=BASELINE),
)


def add_evaluate_arguments(p: argparse.ArgumentParser) -> None:
    """Arguments of ``python -m trainers evaluate``."""
    p.add_argument("--method", required=True, help="method, as in python -m swapper image --method")
    p.add_argument("--restore", choices=restorers(), default="none", help="also score the method with a restoration")
    p.add_argument("--data", type=Path, required=True, help="folder of packed faces with a val split")
    p.add_argument("--pairs", type=int, default=300, help="swaps to score (default: 300)")
    p.add_argument("--out", type=Path, help="folder for report.json, report.md and the contact sheet")
    p.add_argument("--json", action="store_true", help="print JSON instead of a table")
    p.add_argument("--seed", type=int, default=0, help="of the pairs")
    p.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    p.add_argument(
        "--cache", type=Path, default=Path("runs/cache"), help="folder for decoded images, which are made once"
    )
    add_engine_options(p, "this one alone")
    add_overwrite_option(p)
    p.add_argument("--alone", action="store_true", help="without the rows of warp and of the pasted source")


def evaluate(args: argparse.Namespace) -> int:
    """Score a method and print, and write, its report; returns the exit code."""
    if args.pairs < 2:
        raise UserError(f"--pairs must be 2 or more, not {args.pairs}; 300 is better.")
    if args.out is not None:
        claim_outputs([args.out / name for name in REPORTS], [], args.overwrite)
    keep_freed_memory()
    ways, engine = Ways(args.method, args.device, args.alone, args.restore), engine_of(args)
    swaps = ways.swaps()  # a wrong name, or missing weights, end it here
    faces = load_faces(args.data, "val", SIDE, args.cache)
    people = people_labels(faces)
    pairs = draw_pairs(people, faces.padded.numpy(), args.pairs, args.seed)
    if engine is None:
        rows, pictures = shipped_evaluator(faces, args.device).score(swaps, pairs, args.seed)
    else:
        split = Split(args.data.absolute(), args.cache.absolute())
        rows, pictures = score_in_workers(ways, split, faces, pairs, args.seed, engine)
    about = {
        "method": args.method,
        "pairs": len(pairs),
        "seed": args.seed,
        "photos": f"{len(people)} of the val split, {len(np.unique(people))} people",
        "identity judge": "arcface-mobile, which also guides training and so flatters trained methods",
    }
    aims = check_aims(rows, args.method)
    if args.out is not None:
        labels = ("source", "target", *(row.name for row in rows if row.name != UNCHANGED))
        sheet = contact_sheet(pictures, labels)
        write_report(args.out, rows, {**about, "aims": aims}, sheet, aims_table(aims))
    if args.json:
        print(json.dumps(report_data(rows, {**about, "aims": aims}), indent=1, ensure_ascii=False))
    else:
        print(f"{scores_table(rows)}\n\n{aims_table(aims)}")
    return 0


def draw_pairs(
    people: Int64[np.ndarray, "n"], padded: Bool[np.ndarray, "n"], count: int, seed: int
) -> list[tuple[int, int]]:
    """Rows of source and target, two different people each; fewer pairs are the beginning of more.

    Every unpadded photo is a target once before any is one again.

    Args:
        people: label per photo.
        padded: photos that are mostly padding and no targets.
        count: pairs wanted.
        seed: of the random numbers.

    Raises:
        UserError: the split has no two people.
    """
    targets = np.flatnonzero(~padded)
    if not len(targets) or len(np.unique(people)) < 2:
        raise UserError("The val split shows fewer than two people. Give one with more.")
    order, choice = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        for target in order.permutation(targets)[: count - len(pairs)]:
            source = int(choice.integers(len(people)))
            while people[source] == people[target]:
                source = int(choice.integers(len(people)))
            pairs.append((source, int(target)))
    return pairs


def check_aims(rows: Sequence[ScoreRow], method: str) -> list[dict[str, Any]]:
    """What the method should reach, and whether it does; aims whose comparison was not measured are left out."""
    values = {row.name: row.values for row in rows}
    checks = []
    for aim in AIMS:
        if aim.key not in values[method] or (aim.of and (aim.of not in values or aim.of == method)):
            continue
        value = values[method][aim.key]
        limit = aim.limit * (values[aim.of][aim.key] if aim.of else 1.0)
        met = value >= limit if aim.above else value <= limit
        checks.append({"metric": aim.key, "value": value, "aim": limit, "above": aim.above, "met": bool(met)})
    return checks


def aims_table(checks: Sequence[Mapping[str, Any]]) -> str:
    """The aims in lines for a terminal."""
    lines = []
    for check in checks:
        metric = next(m for m in METRICS if m.key == check["metric"])
        value, limit = (format_value(ScoreRow("", {metric.key: check[k]}), metric) for k in ("value", "aim"))
        word = "at least" if check["above"] else "at most"
        lines.append(f"{'reached' if check['met'] else 'MISSED ':8}{metric.label}: {value}, aim {word} {limit}")
    return "\n".join(lines)
