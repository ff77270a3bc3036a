"""A comparison as pieces of a page: a table that sorts itself, a scatter plot, pictures, and the papers' figures."""

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.methods.reference import PASTED, UNCHANGED
from swapper.metrics.report import Metric, ScoreRow, best_rows, format_value, measured
from swapper.studies.charts import Series, around, chart, legend
from swapper.studies.comparison import Comparison, attributes_kept
from swapper.studies.previews import data_uri
from swapper.studies.profile import SENTENCE, qualities, radar
from swapper.studies.published import PROTOCOL, PUBLISHED

TITLE = "Methods compared"
SCATTER = (
    "Identity against attributes: to the right the results look more like the source, upwards they keep more of the "
    "target's pose, expression and gaze: 100 % for the unchanged target, 0 % for the pasted source."
)
NOTES = {UNCHANGED: "re-encoded: the noise floor", PASTED: "reference"}
ARROWS = {"high": "↑", "low": "↓", "one": "→ 1"}

SCRIPT = Path(__file__).with_name("comparison.js").read_text(encoding="utf-8")
STYLE = Path(__file__).with_name("comparison.css").read_text(encoding="utf-8")


def table(rows: Sequence[ScoreRow], labels: Mapping[str, str]) -> str:
    """HTML table, methods in rows: the best value of each column marked, sorted by a click on its head.

    Args:
        rows: the scores.
        labels: of the methods, for readers.
    """
    metrics = measured(rows)
    best = {metric.key: best_rows(rows, metric) for metric in metrics}
    heads = "".join(
        f'<th scope="col"><button type="button" title="{html.escape(metric.meaning)}">{html.escape(metric.label)} '
        f"{ARROWS.get(metric.better, '')}</button></th>"
        for metric in metrics
    )
    body = []
    for i, row in enumerate(rows):
        note = f"<small>{NOTES[row.name]}</small>" if row.name in NOTES else ""
        name = html.escape(labels.get(row.name, row.name))
        cells = "".join(_cell(row, metric, i in best[metric.key]) for metric in metrics)
        kind = ' class="reference"' if row.reference else ""
        body.append(f'<tr{kind}><td data-value="{name}">{name}{note}</td>{cells}</tr>')
    return (
        f'<div class="scores"><table><thead><tr><th scope="col"><button type="button">Method</button></th>{heads}</tr>'
        f"</thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(row: ScoreRow, metric: Metric, best: bool) -> str:
    value = row.values.get(metric.key, math.nan)
    if not math.isfinite(value):
        return '<td data-value="">–</td>'
    interval = ""
    if metric.key in row.intervals:
        low, high = (f"{end * metric.factor:.{metric.digits}f}" for end in row.intervals[metric.key])
        interval = f"<small>{low} to {high}</small>"
    kind = ' class="best"' if best else ""
    return f'<td{kind} data-value="{value:.6g}">{format_value(row, metric)}{interval}</td>'


def scatter(rows: Sequence[ScoreRow], labels: Mapping[str, str]) -> str:
    """HTML of the identity-versus-attributes plot; empty before the references are there.

    Args:
        rows: the scores.
        labels: of the methods, for readers.
    """
    pasted = next((row for row in rows if row.name == PASTED), None)
    if pasted is None:
        return ""
    series = []
    for row in rows:
        name, x, y = labels.get(row.name, row.name), row.values["id_source"], 100 * attributes_kept(row, pasted)
        series.append(Series(name, [(x, y)], [f"{name}: cosine {x:.3f}, attributes kept {y:.0f} %"], line=False))
    drawn = chart(
        SCATTER,
        around("identity: cosine to the source", [row.values["id_source"] for row in rows]),
        around("attributes kept, %", [y for s in series for _, y in s.points]),
        series,
    )
    return f"<div><h3>Identity against attributes</h3><p>{SCATTER}</p>{drawn}{legend(series)}</div>"


def profile(rows: Sequence[ScoreRow], labels: Mapping[str, str]) -> str:
    """HTML of the radar chart of all methods, in the colours of ``scatter``; empty before a method is done.

    Args:
        rows: the scores.
        labels: of the methods, for readers.
    """
    references = {row.name: row for row in rows if row.reference}
    if not {UNCHANGED, PASTED} <= set(references):
        return ""
    shares = [
        (labels.get(row.name, row.name), number, qualities(row, references[UNCHANGED], references[PASTED]))
        for number, row in enumerate(rows)
        if not row.reference
    ]
    if not shares or len(shares[0][2]) < 3:
        return ""
    named = [Series(labels.get(row.name, row.name), []) for row in rows]
    keys = legend(named, [number for _, number, _ in shares])
    return f"<div><h3>All qualities at once</h3><p>{SENTENCE}</p>{radar(SENTENCE, shares)}{keys}</div>"


def plots(rows: Sequence[ScoreRow], labels: Mapping[str, str]) -> str:
    """HTML of both charts and of the papers' figures, beside each other where there is room.

    Args:
        rows: the scores.
        labels: of the methods, for readers.
    """
    return f'<div class="plots">{scatter(rows, labels)}{profile(rows, labels)}{published()}</div>'


def published() -> str:
    """HTML table of the papers' figures, with their protocol."""
    rows = "".join(
        f"<tr><td>{p.method}<small>{p.paper}</small></td><td>{p.retrieval:.2f} %</td>"
        f"<td>{'–' if p.pose is None else f'{p.pose:.2f}'}</td></tr>"
        for p in PUBLISHED
    )
    return (
        f'<div><h3>What the papers report</h3><p>{PROTOCOL}</p><div class="scores"><table><thead><tr><th>Method</th>'
        f"<th>ID retrieval ↑</th><th>pose ↓</th></tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def meanings(rows: Sequence[ScoreRow]) -> str:
    """HTML list of what each column means.

    Args:
        rows: the scores.
    """
    items = "".join(f"<li><b>{html.escape(m.label)}</b>: {html.escape(m.meaning)}</li>" for m in measured(rows))
    return f'<ul class="meanings">{items}</ul>'


def page(found: Comparison, about: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """A whole page that needs no other file.

    Args:
        found: the comparison.
        about: how it was made.
        labels: of the methods, for readers.
    """
    names = [labels.get(name, name) for name in found.columns()]
    cells = "".join(
        f"<tr>{''.join(_picture(face, f'{name}, pair {i}') for face, name in zip(row, names, strict=True))}</tr>"
        for i, row in enumerate(found.grid(), 1)
    )
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    made = "".join(f"<li>{html.escape(str(key))}: {html.escape(str(value))}</li>" for key, value in about.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{TITLE}</title><style>:root{{color-scheme:light dark}}body{{max-width:1280px;margin:24px auto;"
        f"padding:0 16px;font-family:system-ui,sans-serif}}li{{line-height:1.5}}{STYLE}</style><h1>{TITLE}</h1>"
        f"{table(found.rows, labels)}<h2>Plots and papers</h2>{plots(found.rows, labels)}"
        f'<h2>Pictures</h2><div class="grid-of-faces"><table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody>'
        f"</table></div><h2>What the columns mean</h2>{meanings(found.rows)}<h2>How it was made</h2><ul>{made}</ul>"
        f"<script>const element = document.body;{SCRIPT}</script></html>\n"
    )


def _picture(face: UInt8[np.ndarray, "s s 3"], said: str) -> str:
    return f'<td><img alt="{html.escape(said)}" src="{data_uri(face)}"></td>'
