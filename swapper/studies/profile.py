"""A radar chart of methods: one axis per quality, the outer edge is the best that a swap could do."""

import html
import math
from collections.abc import Mapping, Sequence

from swapper.metrics.report import ScoreRow
from swapper.studies.charts import COLORS

SENTENCE = (
    "Every axis ends at the best that a swap could do. Likeness and face shape are measured against the pasted source "
    "and the unchanged target; pose, expression, gaze and eyes against the pasted source, which keeps nothing of them."
)
WIDTH, HEIGHT, RADIUS = 366, 290, 96
_RINGS = (0.25, 0.5, 0.75, 1.0)
_KEPT = {"pose": "pose", "expression": "expression", "gaze": "gaze", "eye_opening": "eyes"}


def qualities(row: ScoreRow, unchanged: ScoreRow, pasted: ScoreRow) -> dict[str, float]:
    """Shares from 0 to 1 of the best a swap could do, by the names of the axes.

    Args:
        row: of a method.
        unchanged: of the re-encoded targets.
        pasted: of the pasted sources.
    """
    found = {}
    if {"id_source"} <= set(row.values) & set(pasted.values):
        low, high = unchanged.values["id_source"], pasted.values["id_source"]
        found["likeness"] = (row.values["id_source"] - low) / max(high - low, 1e-9)
    if "retrieval" in row.values:
        found["retrieval"] = row.values["retrieval"]
    for key, name in _KEPT.items():
        if key in row.values and key in pasted.values:
            found[name] = 1 - row.values[key] / max(pasted.values[key], 1e-9)
    if "shape_source" in row.values and "shape_source" in unchanged.values:
        found["face shape"] = 1 - row.values["shape_source"] / max(unchanged.values["shape_source"], 1e-9)
    if "sharpness" in row.values:
        ratio = max(row.values["sharpness"], 1e-9)
        found["sharpness"] = min(ratio, 1 / ratio)
    return {name: min(max(share, 0.0), 1.0) for name, share in found.items() if math.isfinite(share)}


def radar(title: str, shares: Sequence[tuple[str, int, Mapping[str, float]]]) -> str:
    """Draw a radar chart.

    Args:
        title: one sentence that says what is shown.
        shares: name, number of its colour, and 0..1 by axis of each method; all have the same axes, three or more.

    Returns:
        An ``svg`` element.
    """
    axes = list(shares[0][2])
    rings = "".join(
        f'<polygon class="grid" fill="none" points="{_path(axes, dict.fromkeys(axes, r))}"/>' for r in _RINGS
    )
    shapes = "".join(_shape(axes, *method) for method in shares)
    return (
        f'<svg class="chart radar" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
        f"<style>.radar .grid{{stroke:currentColor;stroke-opacity:.16}}</style>"
        f"{rings}{''.join(_axis(axes, i) for i in range(len(axes)))}{shapes}</svg>"
    )


def _place(axes: Sequence[str], index: int, share: float) -> tuple[float, float]:
    angle = 2 * math.pi * index / len(axes) - math.pi / 2
    return WIDTH / 2 + RADIUS * share * math.cos(angle), HEIGHT / 2 + RADIUS * share * math.sin(angle)


def _path(axes: Sequence[str], shares: Mapping[str, float]) -> str:
    return " ".join("{:.1f},{:.1f}".format(*_place(axes, i, shares[axis])) for i, axis in enumerate(axes))


def _axis(axes: Sequence[str], index: int) -> str:
    (left, top), (x, y) = _place(axes, index, 1.0), _place(axes, index, 1.14)
    side = x - WIDTH / 2
    anchor = "middle" if abs(side) < 12 else "start" if side > 0 else "end"
    return (
        f'<line class="grid" x1="{WIDTH / 2}" y1="{HEIGHT / 2}" x2="{left:.1f}" y2="{top:.1f}"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{html.escape(axes[index])}</text>'
    )


def _shape(axes: Sequence[str], name: str, color: int, shares: Mapping[str, float]) -> str:
    number, tone = color % len(COLORS) + 1, COLORS[color % len(COLORS)]
    points = "".join(
        '<circle cx="{:.1f}" cy="{:.1f}" r="3.5" class="c{}" fill="{}"><title>{}</title></circle>'.format(
            *_place(axes, i, shares[axis]), number, tone, html.escape(f"{name}, {axis}: {100 * shares[axis]:.0f} %")
        )
        for i, axis in enumerate(axes)
    )
    path = _path(axes, shares)
    return (
        f'<polygon class="c{number}" fill="{tone}" fill-opacity=".13" points="{path}"/>'
        f'<polygon class="l{number}" stroke="{tone}" stroke-width="2" stroke-linejoin="round" fill="none" '
        f'points="{path}"/>{points}'
    )
