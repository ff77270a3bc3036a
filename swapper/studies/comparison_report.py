"""Writing a comparison down: JSON, Markdown, CSV, a page of its own, and a sheet of pictures."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from swapper.methods.reference import PASTED
from swapper.metrics import report
from swapper.metrics.intervals import METHOD
from swapper.metrics.report import contact_sheet, measured, write_report, write_text
from swapper.provenance import MarkSettings, Origin, write_marked_image
from swapper.provenance.watermark import add_mark
from swapper.studies.comparison import FINISHED, Comparison
from swapper.studies.comparison_page import BEST, page
from swapper.studies.judges import judged_by, verdicts
from swapper.studies.published import PROTOCOL, PUBLISHED

BLANK = np.full((256, 256, 3), 235, np.uint8)  # where a row has no picture of a pair
REPORTS = (*report.REPORTS, "report.csv", "report.html")


def describe(found: Comparison) -> dict[str, Any]:
    """How a comparison was made, for reports.

    Args:
        found: the comparison.
    """
    judges = [f"{judge.weights} ({judge.label})" for judge in judged_by(found.judges())]
    return {
        "sources": len(found.sources),
        "targets": len(found.targets),
        "pairs": len(found.pairs),
        "identity judge": judges[0],
        "second judge": judges[1] if len(judges) > 1 else "none, its weights are not on this machine",
        "judges and training": " ".join(verdicts(found.judges(), found.compared(), {})),
        "intervals": METHOD,
        "best": BEST,
    }


def write_comparison(
    folder: Path, found: Comparison, labels: Mapping[str, str], marks: MarkSettings | None = None
) -> list[str]:
    """Write the files that ``REPORTS`` names.

    Args:
        folder: made when missing.
        found: the comparison, all its rows.
        labels: of the methods, for readers.
        marks: which marks pictures get; those of the environment when None.

    Returns:
        Sentences about marks that are missing.
    """
    marks = marks or MarkSettings.from_environment()
    about, shown = describe(found), marked(found, marks)
    notes = "\n".join(
        [
            f"  {PROTOCOL}",
            *(
                f"  {p.method} ({p.paper}): ID retrieval {p.retrieval} %"
                + (f", pose {p.pose}" if p.pose is not None else "")
                for p in PUBLISHED
            ),
        ]
    )
    write_report(folder, found.rows, about, verdict=notes)
    write_text(_table(found), folder / "report.csv")
    write_text(page(shown, about, labels), folder / "report.html")
    sheet = contact_sheet([[BLANK if face is None else face for face in row] for row in shown.grid()], shown.columns())
    learned = [name for name in found.pictures if name not in (PASTED, FINISHED)]
    return write_marked_image(sheet, folder / "contact_sheet.jpg", Origin(learned[-1]), 90, marks).warnings


def marked(found: Comparison, marks: MarkSettings | None = None) -> Comparison:
    """The same with the watermark in all results.

    Args:
        found: the comparison.
        marks: whether there is to be one; as the environment says when None.
    """
    marks = marks or MarkSettings.from_environment()
    if not marks.mark:
        return found
    drawn_by = {PASTED: "warp", FINISHED: found.finished_by}
    pictures = {
        name: [face if face is None else add_mark(face, Origin(drawn_by.get(name, name)).message) for face in faces]
        for name, faces in found.pictures.items()
    }
    return replace(found, pictures=pictures)


def _table(found: Comparison) -> str:
    file, metrics = io.StringIO(), measured(found.rows)
    writer = csv.writer(file, lineterminator="\n")
    ends = [f"{metric.key}_{end}" for metric in metrics for end in ("low", "high")]
    writer.writerow(["method", "reference", *(metric.key for metric in metrics), *ends])
    for row in found.rows:
        values = [row.values.get(metric.key, "") for metric in metrics]
        intervals = [end for metric in metrics for end in row.intervals.get(metric.key, ("", ""))]
        writer.writerow([row.name, row.reference, *values, *intervals])
    return file.getvalue()
