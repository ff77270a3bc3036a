"""An interpolation as a part of a page: verdict, slider, strips of faces, charts and figures."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from swapper.registry import find_method
from swapper.studies.charts import Axis, Series, chart, legend
from swapper.studies.embedding_paths import GALLERY, PHOTOS
from swapper.studies.gallery import Gallery
from swapper.studies.interpolation_scores import (
    LABELS,
    PUBLISHED,
    DrawnPath,
    DrawnScores,
    InterpolationScores,
    explain,
    headline,
)
from swapper.studies.previews import data_uri, shrink

THUMB = 144  # px, of the faces in the strips

TITLE_OF = "{method}, told the path of {embedder}"
TRANSLATED = (
    "This generator knows another embedder: the path was translated for it through the gallery's people, of whom it "
    "estimates a left-out one with cosine {fidelity}."
)
DRAWN, NEAREST = "Drawn", "Nearest in the gallery"
DISTANCES = "Cosine distance of the drawn faces from A's photo and to B's, by {judge}; the thin lines are equal steps."
STEPS = "Share of the whole visible change that each step makes; the thin line is equal steps."
OTHERS = "The same, judged by the other embedder"
OF_PHOTOS = "The embedders between A and B"
OF_PHOTOS_SAID = "This depends on the two photos and the gallery alone, and is the same whoever draws."
OF_DRAWN = "What was drawn"
D_SMOOTH, DISTINCT, APART = "d_smooth", "distinct identities", "cosine distance of A and B"
D_SMOOTH_SAID = "|Slerp(a, b; ½) − c| / |a − b|, c the gallery's nearest neighbour of the middle; lower is smoother."
DISTINCT_SAID = (
    "Different people among the nearest neighbours at 0.1, 0.2 … 0.9 of the way, 9 at most; more is smoother."
)
APART_SAID = "1 − cos(a, b), of the photos alone."
MEAN = "mean {what}"
PAIRS_OF = {GALLERY: "Over {count} pairs of the gallery's people.", PHOTOS: "Over {count} pairs of your people."}
LARGEST, MOVED = "largest step", "cosine distance moved"
LARGEST_SAID = "Its share of the sum of all visible changes (perceptual distances); equal steps: {even} %."
MOVED_SAID = "How much farther from A's photo the last drawn face is than the first, by the path's own embedder."

SCRIPT = Path(__file__).with_name("interpolation.js").read_text(encoding="utf-8")
STYLE = Path(__file__).with_name("interpolation.css").read_text(encoding="utf-8")

Pictures = Sequence[UInt8[np.ndarray, "h w 3"]]


@dataclass(frozen=True)
class ShownPath:
    """A path as it is shown.

    Attributes:
        title: which path, and who drew it.
        note: what else is to be said of it; empty as a rule.
        images: RGB, one for each share.
        faces: in them.
        nearest: faces of the gallery that are nearest to the path; none without a gallery.
        met: number of the person on each of these, 1 for the first one met.
        away: cosine distances to these.
    """

    title: str
    note: str
    images: Pictures
    faces: Sequence[UInt8[np.ndarray, "s s 3"]]
    nearest: Sequence[UInt8[np.ndarray, "t t 3"]] = ()
    met: Sequence[int] = ()
    away: Sequence[float] = ()


def strips(
    images: Sequence[Pictures], paths: Sequence[DrawnPath], scores: InterpolationScores, others: Gallery | None
) -> list[ShownPath]:
    """Put together what is shown of each path.

    Args:
        images: RGB, of each path, small enough for a page.
        paths: what was drawn.
        scores: of the interpolation.
        others: the gallery without the people of the path, as the scores number it.
    """
    found = []
    for pictures, path in zip(images, paths, strict=True):
        note = "" if path.fidelity is None else TRANSLATED.format(fidelity=f"{path.fidelity:.2f}")
        strip = ShownPath(
            title_of(path.choice.method, path.choice.embedder), note, pictures, [c.image for c in path.crops]
        )
        looked = scores.embedders.get(path.choice.embedder)
        if looked is not None and looked.nearest and others is not None and others.faces is not None:
            people = [int(others.people[row]) for row in looked.nearest]
            order = list(dict.fromkeys(people))
            met = [order.index(person) + 1 for person in people]
            near = [others.faces[row] for row in looked.nearest]
            strip = ShownPath(strip.title, note, pictures, strip.faces, near, met, looked.distances)
        found.append(strip)
    return found


def title_of(method: str, embedder: str) -> str:
    """Which path, and who drew it, for readers.

    Args:
        method: name.
        embedder: whose path.
    """
    info, member = find_method(method)
    return TITLE_OF.format(method=member or info.label.split(" (")[0], embedder=LABELS.get(embedder, embedder))


def viewer(shown: Sequence[ShownPath], scores: InterpolationScores) -> str:
    """HTML of the verdict, the slider, its pictures and the strips; ``SCRIPT`` and ``STYLE`` bring it to life.

    Args:
        shown: from ``strips``.
        scores: of the interpolation.
    """
    chosen = _first_shown(scores)
    names = [f"{100 * share:.0f} % of the way" for share in scores.shares]
    stages = "".join(_stage(strip, names, chosen) for strip in shown)
    films = "".join(_film(strip, scores, names, chosen) for strip in shown)
    return (
        f'<div class="interpolation">{verdict(scores)}<div class="stages">{stages}</div>'
        f'<div class="scrub"><span>A</span><input type="range" min="0" max="{len(names) - 1}" value="{chosen}" '
        f'aria-label="From person A to person B" aria-valuetext="{names[chosen]}"><span>B</span>'
        f"<output>{100 * scores.shares[chosen]:.0f} %</output></div>{films}</div>"
    )


def _stage(strip: ShownPath, names: Sequence[str], chosen: int) -> str:
    pictures = "".join(
        f'<img src="{data_uri(image)}" alt="The target, {name} from A to B"{" class=on" if i == chosen else ""}>'
        for i, (image, name) in enumerate(zip(strip.images, names, strict=True))
    )
    return f'<figure><div class="stage">{pictures}</div><figcaption>{html.escape(strip.title)}</figcaption></figure>'


def _film(strip: ShownPath, scores: InterpolationScores, names: Sequence[str], chosen: int) -> str:
    """One path as a row of drawn faces over the row of the gallery's nearest ones."""
    columns = []
    for i, (face, name, share) in enumerate(zip(strip.faces, names, scores.shares, strict=True)):
        near = ""
        if strip.nearest:
            near = (
                f'<span class="near" title="cosine distance {strip.away[i]:.2f}">'
                f'<img src="{data_uri(shrink(strip.nearest[i], THUMB))}" alt="nearest: person {strip.met[i]}">'
                f"<i>{strip.met[i]}</i></span>"
            )
        columns.append(
            f'<button type="button" data-share="{share}" aria-pressed="{"true" if i == chosen else "false"}">'
            f'<img src="{data_uri(shrink(face, THUMB))}" alt="{name}">{near}</button>'
        )
    rows = f"<span>{DRAWN}</span>" + (f"<span>{NEAREST}</span>" if strip.nearest else "")
    note = f"<p>{strip.note}</p>" if strip.note else ""
    return (
        f'<section><h3>{html.escape(strip.title)}</h3>{note}<div class="film"><div class="names">{rows}</div>'
        f'<div class="thumbs">{"".join(columns)}</div></div></section>'
    )


def verdict(scores: InterpolationScores) -> str:
    """HTML of the headline and the sentences that explain it."""
    said = " ".join(f"<span>{html.escape(sentence)}</span>" for sentence in explain(scores))
    return f'<p class="score"><b>{headline(scores)}</b>{said}</p>'


def measures(scores: InterpolationScores) -> str:
    """HTML of the charts and figures; a line in the charts follows the slider of ``viewer``.

    Args:
        scores: of the interpolation.
    """
    own, foreign = draw_charts(scores)
    more = f'<details><summary>{OTHERS}</summary><div class="charts">{_figures(foreign)}</div></details>'
    return (
        f'<div class="interpolation-measures" style="--start:{scores.shares[_first_shown(scores)]}">'
        f'<div class="charts">{_figures(own)}</div>{more if foreign else ""}'
        f"<h3>{OF_PHOTOS}</h3><p>{OF_PHOTOS_SAID} <span>{PUBLISHED}</span></p>{_of_photos(scores)}"
        f"<h3>{OF_DRAWN}</h3>{_of_drawn(scores)}</div>"
    )


def _first_shown(scores: InterpolationScores) -> int:
    """The picture in the middle."""
    return len(scores.shares) // 2


Drawing = tuple[str, str, str, str]  # title, sentence, SVG, legend


def draw_charts(scores: InterpolationScores) -> tuple[list[Drawing], list[Drawing]]:
    """The charts of an interpolation, and those of its distances by the other judge.

    Args:
        scores: of the interpolation.
    """
    own = [_distances(path, path.judge, scores) for path in scores.paths]
    foreign = [_distances(path, judge, scores) for path in scores.paths for judge in path.from_a if judge != path.judge]
    return [*own, *(_steps(path, scores) for path in scores.paths)], foreign


def _distances(path: DrawnScores, judge: str, scores: InterpolationScores) -> Drawing:
    last, rows = len(scores.shares) - 1, (path.from_a[judge], path.to_b[judge])
    everything = [v for one in scores.paths for side in (one.from_a, one.to_b) for row in side.values() for v in row]
    lines = [Series(name, list(enumerate(row))) for name, row in zip(("from A", "to B"), rows, strict=True)]
    even = [Series("equal steps", [(0, row[0]), (last, row[-1])], dashed=True) for row in rows]
    y, said = (
        Axis("cosine distance", min(0.0, *everything), max(everything) * 1.05),
        DISTANCES.format(judge=LABELS[judge]),
    )
    drawn = chart(said, Axis("step", 0, last), y, [*lines, *even], marker=True)
    return title_of(path.method, path.embedder), said, drawn, legend(lines)


def _steps(path: DrawnScores, scores: InterpolationScores) -> Drawing:
    total, count = sum(path.steps) or math.nan, len(path.steps)
    parts = [(i + 0.5, 100 * step / total) for i, step in enumerate(path.steps)]
    tips = [f"step {i + 1}: {share:.1f} % of the change" for i, (_, share) in enumerate(parts)]
    most = max((max(one.steps) / (sum(one.steps) or math.nan) for one in scores.paths), default=1.0)
    y = Axis("share of change, %", 0.0, 108 * most if math.isfinite(most) else 100.0)
    even = Series("equal steps", [(0, 100 / count), (count, 100 / count)], dashed=True)
    drawn = chart(STEPS, Axis("step", 0, count), y, [Series("step", parts, tips), even], bars=True)
    return title_of(path.method, path.embedder), STEPS, drawn, ""


def _of_photos(scores: InterpolationScores) -> str:
    """Table of what is known of the embedders, one column for each."""
    columns, looked = [LABELS[name] for name in scores.embedders], list(scores.embedders.values())
    rows = [(APART, APART_SAID, [f"{path.apart:.2f}" for path in looked])]
    if all(path.nearest for path in looked):
        rows = [
            (D_SMOOTH, D_SMOOTH_SAID, [f"{path.d_smooth:.2f}" for path in looked]),
            (DISTINCT, DISTINCT_SAID, [str(path.distinct) for path in looked]),
            *rows,
        ]
    pairs = scores.pairs
    if pairs is not None:
        over = PAIRS_OF[pairs.of].format(count=pairs.count)
        near, met = ([f"{rows[name]:.2f}" for name in scores.embedders] for rows in (pairs.d_smooth, pairs.distinct))
        rows += [(MEAN.format(what=D_SMOOTH), over, near), (MEAN.format(what=DISTINCT), over, met)]
    return _table(columns, rows)


def _of_drawn(scores: InterpolationScores) -> str:
    """Table of what is known of the drawn faces, one column for each path."""
    largest = ["–" if math.isnan(one.largest_step) else f"{100 * one.largest_step:.0f} %" for one in scores.paths]
    moved = [f"{one.from_a[one.judge][-1] - one.from_a[one.judge][0]:.2f}" for one in scores.paths]
    even = f"{100 / max(len(scores.shares) - 1, 1):.0f}"
    titles = [title_of(one.method, one.embedder) for one in scores.paths]
    return _table(titles, [(LARGEST, LARGEST_SAID.format(even=even), largest), (MOVED, MOVED_SAID, moved)])


def _table(columns: Sequence[str], rows: Sequence[tuple[str, str, Sequence[str]]]) -> str:
    heads = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}<small>{html.escape(said)}</small></th>'
        f"{''.join(f'<td>{html.escape(value)}</td>' for value in values)}</tr>"
        for name, said, values in rows
    )
    return f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table>"


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


def _figures(drawings: Sequence[Drawing]) -> str:
    return "".join(
        f"<figure><h3>{html.escape(title)}</h3><figcaption>{sentence}</figcaption>{drawing}{names}</figure>"
        for title, sentence, drawing, names in drawings
    )
