"""Scores as tables, JSON and a sheet of pictures; files are written whole or not at all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from swapper.images import write_image
from swapper.metrics.metric_list import METRICS, Metric
from swapper.runtime.text_table import text_table
from swapper.runtime.whole_file import whole_file

REPORTS = ("report.json", "report.md", "contact_sheet.jpg")


@dataclass(frozen=True)
class ScoreRow:
    """One method's scores.

    Attributes:
        name: of the method.
        values: by a metric's key; metrics that were not measured are left out.
        intervals: lower and upper end of the 95 % interval, where there is one.
        reference: the row is there to be compared with and never marked as the best.
    """

    name: str
    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reference: bool = False


def best_rows(rows: Sequence[ScoreRow], metric: Metric) -> set[int]:
    """The row with the best value of a metric, if its 95 % interval lies apart from those of all others.

    References do not count. Where the metric has no better side, a row has no interval, or intervals overlap, no row is
    the best.

    Args:
        rows: the scores.
        metric: which of them.
    """
    spans = {
        i: row.intervals.get(metric.key)
        for i, row in enumerate(rows)
        if not row.reference and np.isfinite(row.values.get(metric.key, np.nan))
    }
    costs = {i: _costs(ends, metric) for i, ends in spans.items() if ends is not None}
    if len(costs) < 2 or len(costs) < len(spans) or not metric.better:
        return set()
    first = min(costs, key=lambda i: costs[i])
    others = min(better for i, (better, _) in costs.items() if i != first)
    return {first} if costs[first][1] < others else set()


def _costs(ends: tuple[float, float], metric: Metric) -> tuple[float, float]:
    """An interval turned so that less is better: its better end and its worse one."""
    if metric.better == "one":
        found = [abs(float(np.log(max(end, 1e-9)))) for end in ends]
        return (0.0 if ends[0] <= 1 <= ends[1] else min(found)), max(found)
    return (-ends[1], -ends[0]) if metric.better == "high" else ends


def format_value(row: ScoreRow, metric: Metric, interval: bool = False) -> str:
    """A figure as it stands in a table; a dash where it was not measured.

    Args:
        row: the scores.
        metric: which of them.
        interval: add the 95 % interval where there is one.
    """
    value = row.values.get(metric.key, float("nan"))
    if not np.isfinite(value):
        return "–"
    text = f"{printed(value, metric)}{' ' + metric.unit if metric.unit else ''}"
    if interval and metric.key in row.intervals:
        low, high = (printed(end, metric) for end in row.intervals[metric.key])
        text += f" [{low}, {high}]"
    return text


def printed(value: float, metric: Metric) -> str:
    """A figure in its unit, without a minus before nothing.

    Args:
        value: as it is stored.
        metric: which it is.
    """
    return f"{round(value * metric.factor, metric.digits) + 0.0:.{metric.digits}f}"


def measured(rows: Sequence[ScoreRow]) -> list[Metric]:
    """The metrics that at least one row has, in order."""
    return [metric for metric in METRICS if any(metric.key in row.values for row in rows)]


def scores_table(rows: Sequence[ScoreRow]) -> str:
    """Aligned columns for a terminal: one line per metric, one column per row of scores, 95 % intervals below.

    Args:
        rows: the scores; at least one.
    """
    cells = [[m.label, *(format_value(row, m, interval=True) for row in rows)] for m in measured(rows)]
    return text_table(["", *(row.name for row in rows)], cells)


def markdown_table(rows: Sequence[ScoreRow]) -> str:
    """The same as a Markdown table, methods in rows, the best figure of each metric in bold.

    Args:
        rows: the scores; at least one.
    """
    metrics = measured(rows)
    head = f"| method | {' | '.join(metric.label for metric in metrics)} |"
    lines = [head, "|---|" + "---:|" * len(metrics)]
    best = {metric.key: best_rows(rows, metric) for metric in metrics}
    for i, row in enumerate(rows):
        cells = [format_value(row, metric) for metric in metrics]
        marked = [f"**{c}**" if i in best[m.key] else c for c, m in zip(cells, metrics, strict=True)]
        lines.append(f"| {row.name} | {' | '.join(marked)} |")
    return "\n".join(lines) + "\n"


def contact_sheet(
    rows: Sequence[Sequence[UInt8[np.ndarray, "_ _ 3"]]],
    labels: Sequence[str],
    side: int = 160,
    titles: Sequence[str] = (),
) -> UInt8[np.ndarray, "a b 3"]:
    """Pictures in rows under labelled columns.

    Args:
        rows: square RGB pictures of any size, as many in each row as there are labels.
        labels: of the columns.
        side: of the pictures on the sheet, px.
        titles: of the rows, one for each or none.

    Raises:
        ValueError: no rows, or a row whose length differs.
    """
    if not rows or any(len(row) != len(labels) for row in rows):
        raise ValueError("a contact sheet needs rows, each with one picture per label")
    gap, head = 2, 22
    high = side + gap + (head if titles else 0)
    sheet = np.full((head + len(rows) * high, len(labels) * (side + gap), 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            shrink = cv2.INTER_AREA if len(picture) > side else cv2.INTER_CUBIC
            top, left = head + (i + 1) * high - side - gap, j * (side + gap)
            sheet[top : top + side, left : left + side] = cv2.resize(picture, (side, side), interpolation=shrink)
    page = Image.fromarray(sheet)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for j, label in enumerate(labels):
        draw.text((j * (side + gap) + 4, 3), label, fill=(30, 30, 30), font=font)
    for i, title in enumerate(titles):
        draw.text((4, head + i * high + 3), title, fill=(30, 30, 30), font=font)
    return np.asarray(page)


def write_text(text: str, path: Path) -> Path:
    """Write a text file in UTF-8, whole or not at all.

    Args:
        text: its content.
        path: an existing file is replaced; the folder must exist.
    """
    with whole_file(path) as fresh:
        fresh.write_text(text, encoding="utf-8")
    return path


def report_data(rows: Sequence[ScoreRow], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as plain values for JSON; what is not a number becomes null.

    Args:
        rows: the scores.
        about: how they were made (seed, pairs, data, evaluators).
    """

    def plain(value: float) -> float | None:
        return round(float(value), 6) if np.isfinite(value) else None

    methods = [
        {
            "name": row.name,
            "reference": row.reference,
            "values": {key: plain(value) for key, value in row.values.items()},
            "intervals": {key: [plain(low), plain(high)] for key, (low, high) in row.intervals.items()},
        }
        for row in rows
    ]
    metrics = [{"key": m.key, "label": m.label, "meaning": m.meaning, "better": m.better} for m in measured(rows)]
    return {"about": dict(about), "metrics": metrics, "methods": methods}


def write_report(
    folder: Path,
    rows: Sequence[ScoreRow],
    about: Mapping[str, Any],
    sheet: UInt8[np.ndarray, "h w 3"] | None = None,
    verdict: str = "",
) -> None:
    """Write the files that ``REPORTS`` names, the last one where there are pictures.

    Args:
        folder: made when missing.
        rows: the scores.
        about: how they were made; lists and the like go into the JSON only.
        sheet: from ``contact_sheet``.
        verdict: lines that follow the table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = report_data(rows, about)
    write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", folder / "report.json")
    notes = "".join(f"- **{metric.label}**: {metric.meaning}\n" for metric in measured(rows))
    made = "".join(f"- {key}: {value}\n" for key, value in about.items() if isinstance(value, str | int | float))
    said = f"```\n{verdict}\n```\n\n" if verdict else ""
    write_text(f"{markdown_table(rows)}\n{said}{notes}\n{made}", folder / "report.md")
    if sheet is not None:
        write_image(sheet, folder / "contact_sheet.jpg", quality=90)
