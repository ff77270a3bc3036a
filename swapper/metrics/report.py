"""Scores as tables, JSON and a sheet of pictures; files are written whole or not at all."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float64, UInt8
from PIL import Image, ImageDraw, ImageFont

from swapper.images import write_image
from swapper.runtime.text_table import text_table
from swapper.runtime.whole_file import whole_file

REPORTS = ("report.json", "report.md", "contact_sheet.jpg")


@dataclass(frozen=True)
class Metric:
    """How one score is named and printed.

    Attributes:
        key: its name in the data.
        label: for a table's head.
        meaning: one sentence for users.
        better: ``high``, ``low``, ``one`` (nearest to 1) or empty where neither is.
        unit: written behind the figure.
        factor: the stored value times this is printed.
        digits: behind the point.
    """

    key: str
    label: str
    meaning: str
    better: str = ""
    unit: str = ""
    factor: float = 1.0
    digits: int = 2


METRICS: tuple[Metric, ...] = (
    Metric(
        "retrieval",
        "ID retrieval",
        "Share of results whose most similar photo shows the source person.",
        "high",
        "%",
        100,
        1,
    ),
    Metric("retrieval_smooth", "retrieval, smooth", "ID retrieval by the smooth embedder.", "high", "%", 100, 1),
    Metric(
        "gain", "ID gain", "Likeness gained, relative to the likeness of two photos of one person.", "high", "%", 100, 1
    ),
    Metric("id_source", "cos source", "Identity cosine of result and source.", "high", digits=3),
    Metric("id_target", "cos target", "Identity cosine of result and target.", "low", digits=3),
    Metric("pose", "pose", "Difference in head angles from the target.", "low", "°"),
    Metric(
        "expression",
        "expression",
        "Distance of lids, brows and lips from the target's, in eye distances.",
        "low",
        "%",
        100,
    ),
    Metric("gaze", "gaze", "Angle between the gaze and the target's.", "low", "°"),
    Metric(
        "eye_opening", "eye opening", "Difference in eye opening from the target's, in eye widths.", "low", "%", 100
    ),
    Metric(
        "shape_source",
        "shape to source",
        "Distance of the jawline from the source's, in eye distances.",
        "low",
        "%",
        100,
    ),
    Metric(
        "shape_target",
        "shape to target",
        "Distance of the jawline from the target's, in eye distances.",
        "",
        "%",
        100,
    ),
    Metric(
        "frechet",
        "FID-like",
        "Distance of the results' appearance from real photos'; our own features.",
        "low",
        digits=3,
    ),
    Metric("kernel", "KID-like", "The same without the bias of small samples.", "low", digits=3),
    Metric("sharpness", "sharpness", "Energy of fine detail, relative to the target's.", "one"),
    Metric("jitter", "added jitter", "Jitter added over time, in eye distances per frame squared.", "low", "‰", 1000),
    Metric(
        "milliseconds",
        "time",
        "Median time to swap one photo on this machine, without face detection; MobileFaceSwap generates a new "
        "network for each photo.",
        "low",
        "ms",
        1,
        0,
    ),
    Metric("fps", "speed", "Swaps per second at that time, on this machine.", "high", "/s", 1, 1),
    Metric(
        "params",
        "parameters",
        "Parameters of networks run per face; per-identity networks are excluded.",
        "",
        "M",
        1e-6,
    ),
    Metric("macs", "MACs", "Multiply-accumulates per face, in billions.", "", "G", 1e-9),
)


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


def bootstrap_interval(
    values: Float64[np.ndarray, "n"], generator: np.random.Generator, draws: int = 1000
) -> tuple[float, float]:
    """95 % interval of a mean, by drawing the pairs again.

    Equal to that of ``scipy.stats.bootstrap``, which is no shorter to call, as it refuses a single value.

    Args:
        values: one per pair; not a number where a pair has none.
        generator: random numbers.
        draws: resampled means.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13 (percentile interval).
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    means = known[generator.integers(0, len(known), (draws, len(known)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def best_rows(rows: Sequence[ScoreRow], metric: Metric) -> set[int]:
    """Which rows, references aside, have the best printed value of a metric; none where it has no better side."""
    values = {i: row.values.get(metric.key, np.nan) for i, row in enumerate(rows) if not row.reference}
    found = {i: value for i, value in values.items() if np.isfinite(value)}
    if not found or not metric.better:
        return set()
    cost = {"low": lambda v: v, "high": lambda v: -v, "one": lambda v: abs(np.log(max(v, 1e-9)))}[metric.better]
    rounded = {i: round(cost(round(v * metric.factor, metric.digits) / metric.factor), 9) for i, v in found.items()}
    return {i for i, v in rounded.items() if v == min(rounded.values())}


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
    text = f"{value * metric.factor:.{metric.digits}f}{' ' + metric.unit if metric.unit else ''}"
    if interval and metric.key in row.intervals:
        low, high = (f"{v * metric.factor:.{metric.digits}f}" for v in row.intervals[metric.key])
        text += f" [{low}, {high}]"
    return text


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
    rows: Sequence[Sequence[UInt8[np.ndarray, "h w 3"]]], labels: Sequence[str], side: int = 160
) -> UInt8[np.ndarray, "a b 3"]:
    """Pictures in rows under labelled columns.

    Args:
        rows: square RGB pictures, as many in each row as there are labels.
        labels: of the columns.
        side: of the pictures on the sheet, px.

    Raises:
        ValueError: no rows, or a row whose length differs.
    """
    if not rows or any(len(row) != len(labels) for row in rows):
        raise ValueError("a contact sheet needs rows, each with one picture per label")
    gap, head = 2, 22
    sheet = np.full((head + len(rows) * (side + gap), len(labels) * (side + gap), 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            shrink = cv2.INTER_AREA if len(picture) > side else cv2.INTER_CUBIC
            top, left = head + i * (side + gap), j * (side + gap)
            sheet[top : top + side, left : left + side] = cv2.resize(picture, (side, side), interpolation=shrink)
    page = Image.fromarray(sheet)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for j, label in enumerate(labels):
        draw.text((j * (side + gap) + 4, 3), label, fill=(30, 30, 30), font=font)
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
