"""Charts as SVG: sharp at every size, readable without scripts, and in the colours of the page around them.

Text and lines take ``currentColor``; the series have the classes ``c1``, ``c2`` and so on, which a page may colour
anew. Every point has a tooltip, and the whole chart a sentence for screen readers.

Drawn by hand: one chart is 4 kB. Matplotlib's is 15, knows neither tooltips nor the page's colours, and would be 70 MB
more to install; Plotly's script alone adds 4.8 MB to every page.
"""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

COLORS = ("#0f755d", "#c2703d", "#5b7fb4", "#9a5f98", "#8a7f2f", "#b4544f", "#3f8f97", "#6f6a63")
WIDTH, HEIGHT = 366, 220  # units, about the pixels it is shown at, so that text keeps its size
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 10, 40


@dataclass(frozen=True)
class Series:
    """Points of one colour.

    Attributes:
        name: for the legend.
        points: (x, y); those that are not numbers are left out.
        labels: tooltips, one for each point; made of x and y when empty.
        line: joins the points.
        dashed: the line is there to be compared with: thin, in the colour of the text, its points are not drawn.
    """

    name: str
    points: Sequence[tuple[float, float]]
    labels: Sequence[str] = ()
    line: bool = True
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    """One direction of a chart.

    Attributes:
        label: what it shows, with its unit.
        low: where it begins.
        high: where it ends.
    """

    label: str
    low: float
    high: float

    def ticks(self) -> list[float]:
        """Round values, about five."""
        rough = (self.high - self.low) / 5
        power = 10 ** math.floor(math.log10(rough))
        step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [round(i * step, 10) for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def around(label: str, values: Sequence[float], zero: bool = False) -> Axis:
    """An axis that holds all values with a little room.

    Args:
        label: of the axis.
        values: at least one number among them.
        zero: begin at zero.
    """
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = (0.0 if zero else min(known)), max(known)
    room = 0.08 * (high - low) or 0.08 * abs(high) or 1.0
    return Axis(label, low if zero else low - room, high + room)


def chart(title: str, x: Axis, y: Axis, series: Sequence[Series], marker: bool = False, bars: bool = False) -> str:
    """Draw a chart.

    Args:
        title: one sentence that says what is shown.
        x: axis to the right.
        y: axis upwards.
        series: what is drawn; the first has the first colour.
        marker: add a line across that a page can move: class ``marker``, at the left end of the x axis.
        bars: draw the points as bars from below instead of dots and lines.

    Returns:
        An ``svg`` element.
    """
    places = _Places(x, y)
    drawn = [_bars(places, s, i) if bars and not s.dashed else _dots(places, s, i) for i, s in enumerate(series)]
    line = f'<line class="marker" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>' if marker else ""
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
        f"<style>.chart .grid{{stroke:currentColor;stroke-opacity:.14}}.chart .marker{{stroke:currentColor;"
        f"stroke-opacity:.55;stroke-dasharray:3 3}}.chart .s{{stroke-width:2;fill:none;stroke-linejoin:round}}</style>"
        f"{_grid(places)}{''.join(drawn)}{line}</svg>"
    )


def legend(series: Sequence[Series], shown: Sequence[int] | None = None) -> str:
    """HTML list that names the colours of a chart.

    Args:
        series: all of them, in the order of their colours.
        shown: numbers of those to name; all when None.
    """
    rows = "".join(
        f'<li><svg width="12" height="12" aria-hidden="true"><rect width="12" height="12" rx="3" {_look(i)}/></svg>'
        f"{html.escape(s.name)}</li>"
        for i, s in enumerate(series)
        if shown is None or i in shown
    )
    return f'<ul class="legend">{rows}</ul>'


@dataclass(frozen=True)
class _Places:
    x: Axis
    y: Axis

    def of(self, x: float, y: float) -> tuple[float, float]:
        """Values as coordinates of the picture."""
        right = (x - self.x.low) / (self.x.high - self.x.low)
        up = (y - self.y.low) / (self.y.high - self.y.low)
        return LEFT + right * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def _grid(places: _Places) -> str:
    parts = []
    for tick in places.y.ticks():
        _, top = places.of(places.x.low, tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top:.1f}" y2="{top:.1f}"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{top + 4:.1f}" text-anchor="end" opacity=".75">{tick:g}</text>')
    for tick in places.x.ticks():
        left, _ = places.of(tick, places.y.low)
        text = f'<text x="{left:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle" opacity=".75">{tick:g}</text>'
        parts.append(text)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 5}" text-anchor="middle">{html.escape(places.x.label)}</text>')
    height = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 12 {height})"'
    parts.append(f'<text x="12" y="{height}" text-anchor="middle" {turned}>{html.escape(places.y.label)}</text>')
    return "".join(parts)


def _known(series: Series) -> list[tuple[float, float, str]]:
    labels = series.labels or [f"{series.name}: {y:.3g} at {x:.3g}" for x, y in series.points]
    joined = zip(series.points, labels, strict=True)
    return [(x, y, label) for (x, y), label in joined if math.isfinite(x) and math.isfinite(y)]


def _dots(places: _Places, series: Series, index: int) -> str:
    found = _known(series)
    at = [places.of(x, y) for x, y, _ in found]
    path = " ".join(f"{left:.1f},{top:.1f}" for left, top in at)
    if series.dashed:
        return f'<polyline class="s" style="stroke-width:1" stroke="currentColor" opacity=".6" points="{path}"/>'
    look = f'class="s l{index % len(COLORS) + 1}" stroke="{COLORS[index % len(COLORS)]}"'
    line = f'<polyline {look} points="{path}"/>' if series.line and len(at) > 1 else ""
    size = 3.5 if series.line else 6
    dots = (
        f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{size}" {_look(index)}><title>{html.escape(label)}</title></circle>'
        for (left, top), (_, _, label) in zip(at, found, strict=True)
    )
    return line + "".join(dots)


def _bars(places: _Places, series: Series, index: int) -> str:
    parts = []
    width = 0.62 * (WIDTH - LEFT - RIGHT) / max(len(series.points), 1)
    for x, y, label in _known(series):
        left, top = places.of(x, y)
        _, floor = places.of(x, places.y.low)
        parts.append(
            f'<rect x="{left - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(floor - top, 0):.1f}" '
            f'rx="2" {_look(index)}><title>{html.escape(label)}</title></rect>'
        )
    return "".join(parts)


def _look(index: int) -> str:
    return f'class="c{index % len(COLORS) + 1}" fill="{COLORS[index % len(COLORS)]}"'


def stack(charts: Sequence[str]) -> str:
    """Charts below each other as one SVG file on white.

    Args:
        charts: from ``chart``.
    """
    height = len(charts) * (HEIGHT + 10)
    inner = "".join(
        svg.replace("<svg ", f'<svg y="{i * (HEIGHT + 10) + 5}" width="{WIDTH}" height="{HEIGHT}" ', 1)
        for i, svg in enumerate(charts)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" color="#1e1c19">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{inner}</svg>\n'
    )
