"""A comparison as pieces of a page: a table that sorts itself, a scatter plot, pictures, and the papers' figures."""

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.metrics.report import Metric, ScoreRow, best_rows, format_value, measured
from swapper.previews import data_uri
from swapper.studies.charts import Series, around, chart, legend
from swapper.studies.comparison import PASTED, UNCHANGED, Comparison, attributes_kept
from swapper.studies.published import PROTOCOL, PUBLISHED

TITLE = "Methods compared"
SCATTER = (
    "Identity against attributes: to the right the results look more like the source, upwards they keep more of the "
    "target's pose, expression and gaze: 100 % for the unchanged target, 0 % for the pasted source."
)
NOTES = {UNCHANGED: "re-encoded: the noise floor", PASTED: "reference"}
ARROWS = {"high": "↑", "low": "↓", "one": "→ 1"}

SCRIPT = """
element.addEventListener('click', event => {
  const button = event.target.closest('.scores th button');
  if (!button) return;
  const head = button.closest('th'), table = head.closest('table'), body = table.tBodies[0];
  const column = head.cellIndex, down = head.getAttribute('aria-sort') !== 'descending';
  for (const other of head.parentNode.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const value = row => {
    const text = row.cells[column].dataset.value;
    return column === 0 ? text : text === '' ? (down ? -Infinity : Infinity) : Number(text);
  };
  [...body.rows].sort((a, b) => (value(a) < value(b) ? 1 : value(a) > value(b) ? -1 : 0) * (down ? 1 : -1))
    .forEach(row => body.append(row));
});
"""
STYLE = """
.scores { overflow-x: auto; }
.scores table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
.scores th, .scores td { padding: 8px 10px; text-align: right; white-space: nowrap; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent); }
.scores th:first-child, .scores td:first-child { text-align: left; position: sticky; left: 0; z-index: 1;
  background: var(--block-background-fill, Canvas); }
.scores th { font-weight: 600; vertical-align: bottom; }
.scores th button { all: unset; cursor: pointer; }
.scores th button:hover { text-decoration: underline; }
.scores th button:focus-visible { outline: 2px solid #238f74; outline-offset: 2px; }
.scores th[aria-sort] button { color: #238f74; }
.scores small { display: block; font-size: 12px; opacity: .7; font-weight: 400; }
.scores tr.reference td { opacity: .72; }
.scores td.best { font-weight: 700; background: color-mix(in srgb, #238f74 16%, transparent); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 26px; }
.plots h3 { margin: 0 0 2px; font-size: 15px; font-weight: 700; }
.plots p { margin: 0 0 6px; font-size: 14px; line-height: 1.35; opacity: .75; }
.plots .chart { display: block; width: 100%; max-width: 440px; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 4px 0 0; padding: 0; list-style: none;
  font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; margin: 0; padding: 0; }
.grid-of-faces { overflow-x: auto; }
.grid-of-faces td { padding: 2px; border: 0; }
.grid-of-faces th { padding: 4px; font-size: 13px; text-align: left; }
.grid-of-faces img { display: block; width: 150px; aspect-ratio: 1; border-radius: 8px; }
"""


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
    heads = "".join(f"<th>{html.escape(labels.get(name, name))}</th>" for name in found.columns())
    cells = "".join(f"<tr>{''.join(map(_picture, row))}</tr>" for row in found.grid())
    made = "".join(f"<li>{html.escape(str(key))}: {html.escape(str(value))}</li>" for key, value in about.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{TITLE}</title><style>:root{{color-scheme:light dark}}body{{max-width:1280px;margin:24px auto;"
        f"padding:0 16px;font-family:system-ui,sans-serif}}li{{line-height:1.5}}{STYLE}</style><h1>{TITLE}</h1>"
        f"{table(found.rows, labels)}<h2>Plots and papers</h2>"
        f'<div class="plots">{scatter(found.rows, labels)}{published()}</div>'
        f'<h2>Pictures</h2><div class="grid-of-faces"><table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody>'
        f"</table></div><h2>What the columns mean</h2>{meanings(found.rows)}<h2>How it was made</h2><ul>{made}</ul>"
        f"<script>const element = document.body;{SCRIPT}</script></html>\n"
    )


def _picture(face: UInt8[np.ndarray, "s s 3"]) -> str:
    return f'<td><img alt="" src="{data_uri(face)}"></td>'
