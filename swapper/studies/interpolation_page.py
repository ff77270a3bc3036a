"""An interpolation as a part of a page: a slider through its pictures, a strip of faces, charts and figures."""

import html
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.faces.select import SAME_PERSON
from swapper.studies.charts import Axis, Series, around, chart, legend
from swapper.studies.interpolation_scores import PUBLISHED_NEIGHBOURS, InterpolationScores, explain, figures, headline
from swapper.studies.previews import data_uri

LABELS = {"arcface": "ArcFace", "smooth": "smooth embedder"}
SHOWN_SIDE = 720  # px, of the pictures in the page

LIKENESS = (
    "Likeness to A falls and to B rises, crossing in the middle; above the dashed line two photos count as one person."
)
PACE = "The dashed line is an even pace: below it the face lags behind the slider, above it the face runs ahead."
STEPS = "Share of the whole visible change that each step makes; equal bars mean a smooth interpolation."

SCRIPT = Path(__file__).with_name("interpolation.js").read_text(encoding="utf-8")
STYLE = Path(__file__).with_name("interpolation.css").read_text(encoding="utf-8")


def viewer(
    images: Sequence[UInt8[np.ndarray, "h w 3"]],
    crops: Sequence[UInt8[np.ndarray, "s s 3"]],
    scores: InterpolationScores,
) -> str:
    """HTML of the slider, its pictures, the strip and the score; ``SCRIPT`` and ``STYLE`` bring it to life.

    Args:
        images: RGB, one for each share, small enough for a page.
        crops: the faces in them.
        scores: of the interpolation.
    """
    chosen = _first_shown(scores)
    names = [f"{100 * share:.0f} % of the way" for share in scores.shares]
    pictures = "".join(
        f'<img src="{data_uri(image)}" alt="The target, {name} from A to B"{" class=on" if i == chosen else ""}>'
        for i, (image, name) in enumerate(zip(images, names, strict=True))
    )
    thumbs = "".join(
        f'<button type="button" data-share="{share}" aria-pressed="{"true" if i == chosen else "false"}" '
        f'aria-label="{name}"><img src="{data_uri(crop)}" alt=""></button>'
        for i, (share, crop, name) in enumerate(zip(scores.shares, crops, names, strict=True))
    )
    said = names[chosen]
    return (
        f'<div class="interpolation"><div class="stage">{pictures}</div>'
        f'<div class="scrub"><span>A</span><input type="range" min="0" max="{len(images) - 1}" value="{chosen}" '
        f'aria-label="From person A to person B" aria-valuetext="{said}"><span>B</span>'
        f"<output>{100 * scores.shares[chosen]:.0f} %</output></div>"
        f'<div class="thumbs">{thumbs}</div>{verdict(scores)}</div>'
    )


def measures(scores: InterpolationScores) -> str:
    """HTML of the charts and figures; a line in the charts follows the slider of ``viewer``.

    Args:
        scores: of the interpolation.
    """
    return (
        f'<div class="interpolation-measures" style="--start:{scores.shares[_first_shown(scores)]}">'
        f'<div class="charts">{"".join(_figure(*words) for words in draw_charts(scores))}</div>'
        f"{_list(figures(scores, LABELS))}</div>"
    )


def _first_shown(scores: InterpolationScores) -> int:
    """The picture in the middle."""
    return len(scores.shares) // 2


def verdict(scores: InterpolationScores) -> str:
    """HTML of the score and the sentence that explains it."""
    return f'<p class="score"><b>{headline(scores)}</b>{html.escape(explain(scores))}</p>'


def draw_charts(scores: InterpolationScores) -> list[tuple[str, str, str, str]]:
    """Title, sentence, SVG and legend of every chart of an interpolation.

    Args:
        scores: of the interpolation.
    """
    shares = [100 * share for share in scores.shares]
    x = Axis("way from A to B, %", 0, 100)
    name, first = next(iter(scores.curves.items()))
    likeness = [
        Series("to A", list(zip(shares, first.to_first, strict=True))),
        Series("to B", list(zip(shares, first.to_second, strict=True))),
    ]
    paces = [
        Series(LABELS.get(who, who), [(x, 100 * y) for x, y in zip(shares, curve.progress, strict=True)])
        for who, curve in scores.curves.items()
    ]
    even = Series("even pace", [(0, 0), (100, 100)], dashed=True)
    total = sum(scores.steps) or math.nan
    middles = [(a + b) / 2 for a, b in pairwise(shares)]
    parts = [100 * step / total for step in scores.steps]
    tips = [f"{a:.0f} to {b:.0f} %: {p:.1f} % of the change" for (a, b), p in zip(pairwise(shares), parts, strict=True)]
    steps = Series("step", list(zip(middles, parts, strict=True)), tips)
    likeness.append(Series("one person", [(0, SAME_PERSON), (100, SAME_PERSON)], dashed=True))
    lowest = min(0.0, *first.to_first, *first.to_second)
    cosines = Axis("cosine", lowest * 1.1, max(0.8, *first.to_first, *first.to_second) * 1.05)
    judge = LABELS.get(name, name)
    return [
        (f"Likeness, {judge}", LIKENESS, chart(LIKENESS, x, cosines, likeness, marker=True), legend(likeness[:2])),
        ("Pace", PACE, chart(PACE, x, Axis("identity moved, %", 0, 100), [*paces, even], marker=True), legend(paces)),
        ("Steps", STEPS, chart(STEPS, x, around("share of change, %", parts, zero=True), [steps], bars=True), ""),
    ]


def page(body: str, title: str) -> str:
    """A whole page that needs no other file.

    Args:
        body: from ``viewer`` and ``measures``.
        title: of the page.
    """
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>:root{{color-scheme:light dark}}body{{max-width:1080px;"
        f"margin:24px auto;padding:0 16px;font-family:system-ui,sans-serif}}{STYLE}</style>"
        f"<h1>{html.escape(title)}</h1>{body}<script>const element = document.body;{SCRIPT}</script></html>\n"
    )


def published_sentence() -> str:
    """What the paper says about people met, for reports."""
    return (
        f"Published for comparison (Smooth-Swap, CVPR 2022, nine steps among the photos of FFHQ): "
        f"{PUBLISHED_NEIGHBOURS['smooth']} photos met by the smooth embedder, {PUBLISHED_NEIGHBOURS['arcface']} by "
        "ArcFace."
    )


def _figure(title: str, sentence: str, drawing: str, names: str) -> str:
    return f"<figure><h3>{title}</h3><figcaption>{sentence}</figcaption>{drawing}{names}</figure>"


def _list(rows: Sequence[tuple[str, str, str]]) -> str:
    items = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd><dd>{html.escape(text)}</dd></div>"
        for name, value, text in rows
    )
    return f"<dl>{items}</dl>"
