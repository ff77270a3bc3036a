"""Writing an interpolation to files: pictures, strip, clip, plot, page and figures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from swapper.metrics.report import contact_sheet, write_text
from swapper.provenance import MarkSettings, Origin, sign_file, write_marked_image
from swapper.provenance.watermark import add_mark
from swapper.studies.charts import stack
from swapper.studies.clips import beside, write_clip, write_gif
from swapper.studies.gallery import SIDE
from swapper.studies.interpolation_page import NEAREST, ShownPath, draw_charts, measures, page, viewer
from swapper.studies.interpolation_run import FinishedInterpolation
from swapper.types import Crop

TITLE = "From A to B"
REPORTS = CLIP, GIF, STRIP, PLOT, PAGE, REPORT = (
    "interpolation.mp4",
    "interpolation.gif",
    "strip.jpg",
    "plot.svg",
    "interpolation.html",
    "report.json",
)


def picture_name(path: int, number: int, suffix: str) -> str:
    """Name of the file with a picture: ``frame-03`` on the first path, ``beside-03`` on the second.

    Args:
        path: number of the path, from 0.
        number: of the picture, from 0.
        suffix: of the file.
    """
    return f"{('frame', 'beside')[path]}-{number:02d}{suffix}"


def write_interpolation(
    folder: Path,
    found: FinishedInterpolation,
    about: Mapping[str, Any],
    marks: MarkSettings | None = None,
) -> list[str]:
    """Write strip, clip (MP4 and GIF), plot, page and report of an interpolation; the caller writes its pictures.

    All that shows drawn faces carries the watermark, and all but the page is signed.

    Args:
        folder: exists.
        found: the interpolation.
        about: how it was made.
        marks: which marks; those of the environment when None.

    Returns:
        Sentences about marks that are missing.
    """
    marks = marks or MarkSettings.from_environment()
    scores, origins = found.scores, [Origin(path.choice.method, sources=2) for path in found.paths]
    rows = [
        replace(strip, images=[add_mark(image, origin.message) if marks.mark else image for image in strip.images])
        for strip, origin in zip(found.strips, origins, strict=True)
    ]
    sheet = _sheet(found.wanted.photos, rows, scores.shares)
    strip = write_marked_image(sheet, folder / STRIP, origins[0], 92, marks)
    frames = beside([row.images for row in rows], [row.title for row in rows])
    there_and_back = [*frames, *frames[-2:0:-1]]
    clips = write_clip(there_and_back, folder / CLIP), write_gif(there_and_back, folder / GIF)
    unsigned = [sign_file(clip, origins[0], marks) for clip in clips] if marks.mark else []
    own, foreign = draw_charts(scores)
    write_text(stack([drawing for _, _, drawing, _ in (*own, *foreign)]), folder / PLOT)
    write_text(page(viewer(rows, scores) + measures(scores), TITLE), folder / PAGE)
    said = {"about": dict(about), **scores.data()}
    write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", folder / REPORT)
    return [*strip.warnings, *filter(None, unsigned)]


def _sheet(photos: tuple[Crop, Crop], rows: Sequence[ShownPath], shares: Sequence[float]) -> UInt8[np.ndarray, "a b 3"]:
    """Both people and the faces between them, each path over those of the gallery that are nearest to it."""
    labels = ["person A", *(f"{100 * share:.0f} %" for share in shares), "person B"]
    blank = np.full((SIDE, SIDE, 3), 255, np.uint8)
    pictures, titles = [], []
    for row in rows:
        pictures.append([photos[0].image, *row.faces, photos[1].image])
        titles.append(row.title)
        if row.nearest:
            pictures.append([blank, *row.nearest, blank])
            titles.append(NEAREST)
    return contact_sheet(pictures, labels, titles=titles)
