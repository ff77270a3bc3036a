import csv
import json

import numpy as np
import pytest
from PIL import Image

from swapper.metrics.measure import MeasuredFace
from swapper.metrics.report import ScoreRow
from swapper.provenance import MarkSettings
from swapper.studies.comparison import Comparison, Subject
from swapper.studies.comparison_page import profile, published, scatter, table
from swapper.studies.comparison_report import describe, write_comparison
from swapper.types import Crop, Face

PICTURE = np.full((256, 256, 3), 120, np.uint8)
KEYS = ("id_source", "pose", "expression", "gaze")


def row(name: str, *values: float, reference: bool = False) -> ScoreRow:
    named = dict(zip(KEYS, values, strict=True))
    return ScoreRow(name, named, {"pose": (values[1] / 2, values[1] * 2)}, reference)


ROWS = [
    row("target unchanged", 0.1, 0.1, 0.01, 0.1, reference=True),
    row("source pasted", 0.9, 4, 0.04, 4, reference=True),
    row("warp", 0.6, 2, 0.02, 3),
    row("mobile<b>", 0.7, 1.5, 0.01, 3),
]


@pytest.fixture
def found() -> Comparison:
    face = Face(np.zeros(4, np.float32), 1.0, np.zeros((5, 2), np.float32), np.zeros((478, 3), np.float32))
    photo = MeasuredFace(PICTURE, face, Crop(PICTURE, np.eye(2, 3, dtype=np.float32)), np.zeros(512, np.float32))
    somebody = Subject("somebody", [photo])
    pictures = {name: [PICTURE] for name in ("source pasted", "warp")}
    return Comparison([somebody], [somebody], [(0, 0)], ROWS, pictures)


def test_every_kind_of_report_is_written(found, tmp_path):
    assert write_comparison(tmp_path / "r", found, {"warp": "Warp"}, MarkSettings(mark=False)) == []
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert names == {"report.json", "report.md", "report.csv", "report.html", "contact_sheet.jpg"}
    data = json.loads((tmp_path / "r" / "report.json").read_text())
    assert [method["name"] for method in data["methods"]] == [row.name for row in ROWS]
    assert data["about"]["pairs"] == 1 == describe(found)["pairs"]
    with (tmp_path / "r" / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[2]["method"] == "warp" and float(rows[2]["pose"]) == 2 and float(rows[2]["pose_high"]) == 4
    page = (tmp_path / "r" / "report.html").read_text()
    assert page.count("data:image/jpeg") == 4 and "mobile&lt;b&gt;" in page and "mobile<b>" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "cannot be compared" in (tmp_path / "r" / "report.md").read_text()
    with Image.open(tmp_path / "r" / "contact_sheet.jpg") as sheet:
        assert sheet.width > 3 * sheet.height


def test_best_values_are_marked_outside_the_references():
    drawn = table(ROWS, {"warp": "Warp"})
    lines = [line for line in drawn.split("<tr") if "<td" in line]
    assert len(lines) == 4 and 'class="reference"' in lines[0] and "noise floor" in lines[0]
    assert lines[1].count('class="best"') == 0
    assert lines[2].count('class="best"') == 1  # gaze, alike in both
    assert lines[3].count('class="best"') == 4
    assert "<small>0.75 to 3.00</small>" in lines[3]


def test_the_scatter_needs_its_references():
    assert scatter(ROWS[:1], {}) == ""
    drawn = scatter(ROWS, {"warp": "Warp"})
    assert "Warp: cosine 0.600, attributes kept 42 %" in drawn and "source pasted: cosine 0.900" in drawn
    assert drawn.count("<circle") == 4


def test_the_radar_names_methods_in_the_colours_of_the_scatter():
    assert profile(ROWS[:2], {}) == ""
    drawn = profile(ROWS, {"warp": "Warp"})
    assert "Warp, likeness: 62 %" in drawn and "mobile&lt;b&gt;" in drawn and "source pasted:" not in drawn
    assert 'class="c3"' in drawn and 'class="c4"' in drawn and 'class="c1"' not in drawn


def test_published_figures_carry_their_protocol():
    assert "cannot be compared" in published() and "95.98 %" in published() and "CVPR 2022" in published()
