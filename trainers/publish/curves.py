"""Draw the losses and scores of runs over training into one page, to compare recipes."""

import argparse
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from swapper.cli.options import add_overwrite_option
from swapper.runtime.outputs import claim_outputs, files_of
from swapper.runtime.whole_file import check_place, whole_file
from swapper.studies.charts import Series, around, chart, legend
from swapper.types import UserError

BINS = 40  # means over equal parts of the longest run, since single batches jump

Points = Sequence[tuple[float, float]]


def add_curves_arguments(p: argparse.ArgumentParser) -> None:
    """Add the arguments of ``python -m trainers curves``."""
    p.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders; a run's name is its folder's")
    p.add_argument("--terms", nargs="+", default=["id"], help="columns of log.jsonl, for instance id change val_gain")
    p.add_argument("--out", type=Path, required=True, help="HTML page")
    add_overwrite_option(p)


def curves(args: argparse.Namespace) -> int:
    """Write the page; returns the exit code.

    Raises:
        UserError: a run without a log, or a term that no run has.
    """
    check_place(args.out)
    claim_outputs([args.out], [file for run in args.runs for file in files_of(run)], args.overwrite)
    logs = {run.name: read_log(run) for run in args.runs}
    parts = [section(term, {name: series_of(rows, term) for name, rows in logs.items()}) for term in args.terms]
    style = "body{font:15px system-ui,sans-serif;max-width:46rem;margin:2rem auto}.legend{list-style:none;padding:0}"
    with whole_file(args.out) as path:
        path.write_text(
            f"<!doctype html><html lang=en><meta charset=utf-8><title>Training curves</title>"
            f"<style>{style}</style>{''.join(parts)}</html>\n",
            encoding="utf-8",
        )
    print(f"Curves of {len(logs)} runs are in {args.out}")
    return 0


def read_log(run: Path) -> list[dict[str, float]]:
    """Rows of a run's log.

    Raises:
        UserError: there is none.
    """
    path = run / "log.jsonl"
    if not path.is_file():
        raise UserError(f"Run '{run}': it has no log.jsonl. Give a run folder written by a trainer.")
    return [json.loads(line) for line in path.read_text().splitlines()]


def series_of(rows: Sequence[Mapping[str, float]], term: str) -> Points:
    """One term over thousand images: scores as they are, losses as means of parts of the run."""
    found = [(row["kimg"], row[term]) for row in rows if term in row and math.isfinite(row[term])]
    if term.startswith("val_") or not found:
        return found
    width = max(found[-1][0] / BINS, 1e-9)
    parts: dict[int, list[tuple[float, float]]] = {}
    for kimg, value in found:
        parts.setdefault(min(int(kimg / width), BINS - 1), []).append((kimg, value))
    return [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts.values()]


def section(term: str, found: Mapping[str, Points]) -> str:
    """A term's chart with its legend, as HTML.

    Raises:
        UserError: no run has the term.
    """
    known = [point for points in found.values() for point in points]
    if not known:
        raise UserError(f"Unknown term '{term}'. Choose a column of the runs' log.jsonl.")
    series = [Series(name, points) for name, points in found.items()]
    x = around("thousand images", [x for x, _ in known], zero=True)
    drawn = chart(f"{term} over training", x, around(term, [y for _, y in known]), series)
    return f"<h2>{html.escape(term)}</h2>{drawn}{legend(series)}"
