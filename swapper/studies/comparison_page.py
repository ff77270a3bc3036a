"""A comparison as pieces of a page: a table that sorts itself, a scatter plot, pictures, and the papers' figures."""

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.methods.reference import PASTED, UNCHANGED
from swapper.metrics.intervals import METHOD
from swapper.metrics.metric_list import GROUPS, Metric
from swapper.metrics.report import ScoreRow, best_rows, format_value, measured, printed
from swapper.studies.charts import Series, around, chart, legend
from swapper.studies.comparison import FINISHED, Comparison, attributes_kept
from swapper.studies.judges import verdicts
from swapper.studies.previews import data_uri
from swapper.studies.profile import SENTENCE, qualities, radar
from swapper.studies.published import PROTOCOL, PUBLISHED

TITLE = "Methods compared"
SCATTER = (
    "Identity against attributes: to the right the results look more like the source, upwards they keep more of the "
    "target's pose, expression and gaze: 100 % for the unchanged target, 0 % for the pasted source."
)
BEST = "Marked as the best: a value whose 95 % interval lies apart from those of all other methods."
NO_BEST = (
    "No value is marked as the best: every leading value's 95 % interval overlaps with another method's, or is unknown."
)
MARKED = "the best"
PAIRS = "{pairs} of {sources} and {targets}."
FEW = "With so few pairs differences can be chance: the intervals below show how wide the possible values are."
INTERVALS = f"Small figures are intervals, {METHOD}."
_DIALOG = '<dialog><button type="button" aria-label="Close">×</button><figure></figure></dialog>'
SIDEWAYS = "Scroll sideways for more columns →"
FEW_PAIRS = 30
NOTES = {
    UNCHANGED: "re-encoded: the noise floor",
    PASTED: "reference",
    FINISHED: "one pair, for reference",
}
ARROWS = {"high": "↑", "low": "↓", "one": "→ 1"}

SCRIPT = Path(__file__).with_name("comparison.js").read_text(encoding="utf-8")
STYLE = Path(__file__).with_name("comparison.css").read_text(encoding="utf-8")


def table(rows: Sequence[ScoreRow], labels: Mapping[str, str]) -> str:
    """HTML tables, methods in rows, one for each group of figures; a click on a heading sorts all of them.

    Args:
        rows: the scores.
        labels: of the methods, for readers.
    """
    parts = []
    for group, title in GROUPS.items():
        metrics = [metric for metric in measured(rows) if metric.group == group]
        if metrics:
            parts.append(_part(title, rows, metrics, labels))
    any_best = any(best_rows(rows, metric) for metric in measured(rows))
    return f'<div class="scores">{"".join(parts)}<p class="note">{BEST if any_best else NO_BEST}</p></div>'


def _part(title: str, rows: Sequence[ScoreRow], metrics: Sequence[Metric], labels: Mapping[str, str]) -> str:
    best = {metric.key: best_rows(rows, metric) for metric in metrics}
    heads = "".join(_head(f"{metric.label} {ARROWS.get(metric.better, '')}", metric.meaning) for metric in metrics)
    body = []
    for i, row in enumerate(rows):
        note = f"<small>{NOTES[row.name]}</small>" if row.name in NOTES else ""
        name = html.escape(labels.get(row.name, row.name))
        cells = "".join(_cell(row, metric, i in best[metric.key]) for metric in metrics)
        kind = ' class="reference"' if row.reference else ""
        body.append(f'<tr{kind} data-row="{i}"><th scope="row" data-value="{name}">{name}{note}</th>{cells}</tr>')
    return (
        f'<h3>{title}</h3><p class="sideways" hidden>{SIDEWAYS}</p>'
        f'<div class="sheet" role="region" tabindex="0" aria-label="{title}"><table><thead><tr>{_head("Method")}{heads}'
        f"</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _head(label: str, meaning: str = "") -> str:
    title = f' title="{html.escape(meaning)}"' if meaning else ""
    return f'<th scope="col" aria-sort="none"><button type="button"{title}>{html.escape(label.strip())}</button></th>'


def _cell(row: ScoreRow, metric: Metric, best: bool) -> str:
    value = row.values.get(metric.key, math.nan)
    if not math.isfinite(value):
        return '<td data-value="">–</td>'
    interval = ""
    if metric.key in row.intervals:
        low, high = (printed(end, metric) for end in row.intervals[metric.key])
        interval = f"<small>{low} to {high}</small>"
    kind, said = (' class="best"', f'<span class="sr-only">{MARKED}</span>') if best else ("", "")
    return f'<td{kind} data-value="{value:.6g}">{format_value(row, metric)}{said}{interval}</td>'


def account(found: Comparison, labels: Mapping[str, str]) -> str:
    """HTML that says what the figures rest on: how many pairs, whose judgement, which intervals.

    Args:
        found: the comparison.
        labels: of the methods, for readers.
    """
    sizes = len(found.pairs), len(found.sources), len(found.targets)
    pairs = PAIRS.format(
        pairs=_count(sizes[0], "pair"), sources=_count(sizes[1], "source"), targets=_count(sizes[2], "target")
    )
    few = f"<b>{FEW}</b>" if len(found.pairs) < FEW_PAIRS else ""
    said = "".join(f"<li>{html.escape(line)}</li>" for line in verdicts(found.judges(), found.compared(), labels))
    return f'<div class="account"><p><b>{pairs}</b> {few}</p><ul>{said}</ul><p>{INTERVALS}</p></div>'


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def side_by_side(found: Comparison, labels: Mapping[str, str]) -> str:
    """HTML of the faces: source, target and every result of each of the first pairs; a click enlarges one.

    Args:
        found: the comparison, with its marks.
        labels: of the methods, for readers.
    """
    names, pairs = found.columns(), []
    rows = {row.name: row for row in found.rows}
    for number, faces in enumerate(found.grid()):
        source, target = (
            people[i].name for people, i in zip((found.sources, found.targets), found.pairs[number], strict=True)
        )
        title = f"{number + 1}. {source} → {target}"
        shown = [
            _figure(face, labels.get(name, name), title, bool(name in rows and not rows[name].reference))
            for name, face in zip(names, faces, strict=True)
            if face is not None
        ]
        pairs.append(f'<section class="pair"><h3>{html.escape(title)}</h3><div>{"".join(shown)}</div></section>')
    return f'<div class="pairs">{"".join(pairs)}{_DIALOG}</div>'


def _figure(face: UInt8[np.ndarray, "s s 3"], name: str, title: str, method: bool) -> str:
    said, kind = html.escape(f"{name}, {title}"), ' class="method"' if method else ""
    return (
        f'<figure{kind}><button type="button" aria-label="{said}"><img alt="" src="{data_uri(face)}"></button>'
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
    )


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
        f'<tr><th scope="row">{p.method}<small>{p.paper}</small></th><td>{p.retrieval:.2f} %</td>'
        f"<td>{'–' if p.pose is None else f'{p.pose:.2f}'}</td></tr>"
        for p in PUBLISHED
    )
    return (
        f'<div><h3>What the papers report</h3><p>{PROTOCOL}</p><div class="scores"><div class="sheet"><table><thead>'
        f'<tr><th scope="col">Method</th><th scope="col">ID retrieval ↑</th><th scope="col">pose ↓</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></div></div>"
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
        found: the comparison, with its marks.
        about: how it was made.
        labels: of the methods, for readers.
    """
    made = "".join(f"<li>{html.escape(str(key))}: {html.escape(str(value))}</li>" for key, value in about.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{TITLE}</title><style>:root{{color-scheme:light dark}}body{{max-width:1280px;margin:24px auto;"
        f"padding:0 16px;font-family:system-ui,sans-serif}}li{{line-height:1.5}}{STYLE}</style><h1>{TITLE}</h1>"
        f"{account(found, labels)}{table(found.rows, labels)}<h2>Side by side</h2>{side_by_side(found, labels)}"
        f"<h2>Plots and papers</h2>{plots(found.rows, labels)}<h2>What the columns mean</h2>{meanings(found.rows)}"
        f"<h2>How it was made</h2><ul>{made}</ul><script>const element = document.body;{SCRIPT}</script></html>\n"
    )
