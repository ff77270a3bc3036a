"""Writing a comparison down: JSON, Markdown, CSV, a page of its own, and a sheet of pictures."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from swapper.methods.reference import PASTED
from swapper.metrics import report
from swapper.metrics.report import contact_sheet, measured, write_report, write_text
from swapper.provenance import MarkSettings, Origin, write_marked_image
from swapper.provenance.watermark import add_mark
from swapper.studies.comparison import Comparison
from swapper.studies.comparison_page import page
from swapper.studies.published import PROTOCOL, PUBLISHED

REPORTS = (*report.REPORTS, "report.csv", "report.html")
JUDGE = "arcface-mobile, which also guides training and so flatters trained methods"


def describe(found: Comparison) -> dict[str, Any]:
    """How a comparison was made, for reports.

    Args:
        found: the comparison.
    """
    return {
        "sources": len(found.sources),
        "targets": len(found.targets),
        "pairs": len(found.pairs),
        "identity judge": JUDGE,
        "intervals": "95 %, bootstrap over the pairs",
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
    about, marked = describe(found), _marked(found, marks)
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
    write_text(page(marked, about, labels), folder / "report.html")
    sheet = contact_sheet(marked.grid(), marked.columns())
    learned = [name for name in found.pictures if name != PASTED]
    return write_marked_image(sheet, folder / "contact_sheet.jpg", Origin(learned[-1]), 90, marks).warnings


def _marked(found: Comparison, marks: MarkSettings) -> Comparison:
    """The same with the watermark in all results."""
    if not marks.mark:
        return found
    pictures = {
        name: [add_mark(face, Origin(name if name != PASTED else "warp").message) for face in faces]
        for name, faces in found.pictures.items()
    }
    return Comparison(found.sources, found.targets, found.pairs, found.rows, pictures)


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
