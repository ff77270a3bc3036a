import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from untranslated import untranslated

from swapper.metrics.measure import MeasuredFace
from swapper.metrics.metric_list import METRICS
from swapper.metrics.report import ScoreRow
from swapper.provenance import MarkSettings
from swapper.studies.comparison import FINISHED, Comparison
from swapper.studies.comparison_page import account, profile, published, scatter, side_by_side, table
from swapper.studies.comparison_report import describe, write_comparison
from swapper.studies.subjects import Subject
from swapper.types import Crop, Face

PICTURE = np.full((256, 256, 3), 120, np.uint8)
KEYS = ("id_source", "pose", "expression", "gaze")


def row(name: str, *values: float, reference: bool = False) -> ScoreRow:
    named = dict(zip(KEYS, values, strict=True))
    return ScoreRow(name, named, {key: (value * 0.9, value * 1.1) for key, value in named.items()}, reference)


ROWS = [
    row("target unchanged", 0.1, 0.1, 0.01, 0.1, reference=True),
    row("source pasted", 0.9, 4, 0.04, 4, reference=True),
    row("warp", 0.6, 2, 0.02, 3),
    row("mobile<b>", 0.75, 1.5, 0.01, 3),
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
    about = data["about"]
    assert about["pairs"] == 1 == describe(found)["pairs"] and "Wilson" in about["intervals"]
    assert about["identity judge"].startswith("arcface-mobile") and "flatters" in about["judges and training"]
    assert [set(method["intervals"]) for method in data["methods"]] == [set(KEYS)] * 4
    with (tmp_path / "r" / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert (
        rows[2]["method"] == "warp"
        and float(rows[2]["pose"]) == 2
        and float(rows[2]["pose_high"]) == pytest.approx(2.2)
    )
    page = (tmp_path / "r" / "report.html").read_text()
    assert "1 pair of 1 source and 1 target." in page and "Wilson" in page
    assert page.count("data:image/jpeg") == 4 and "mobile&lt;b&gt;" in page and "mobile<b>" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "cannot be compared" in (tmp_path / "r" / "report.md").read_text()
    with Image.open(tmp_path / "r" / "contact_sheet.jpg") as sheet:
        assert sheet.width > 3 * sheet.height


def test_best_values_are_marked_where_intervals_lie_apart():
    drawn = table(ROWS, {"warp": "Warp"})
    identity, kept = (part.split("<tr")[2:] for part in drawn.split("<h3>")[1:3])
    assert len(identity) == len(kept) == 4 and 'class="reference"' in identity[0] and "noise floor" in identity[0]
    assert [line.count('class="best"') for line in identity] == [0, 0, 0, 1]
    assert [line.count('class="best"') for line in kept] == [0, 0, 0, 2], "gaze is alike in both"
    assert "<small>1.35 to 1.65</small>" in kept[3] and "lies apart" in drawn
    close = [*ROWS[:3], row("other", 0.62, 1.9, 0.019, 3)]
    assert 'class="best"' not in table(close, {}) and "No value is marked as the best" in table(close, {})


def test_a_table_can_be_sorted_and_scrolled_by_everybody():
    drawn = table(ROWS, {})
    assert drawn.count('aria-sort="none"') == drawn.count("<button") == 6
    assert drawn.count('role="region" tabindex="0"') == 2 and drawn.count('<th scope="row"') == 8


def test_the_page_says_how_many_pairs_whose_judgement_and_which_intervals(found):
    said = account(found, {"warp": "Warp"})
    assert "1 pair of 1 source and 1 target." in said and "can be chance" in said and "Student" in said
    assert "ArcFace (arcface-mobile): none of these methods was trained with it" in said
    assert "the smooth embedder" not in said, "it has not judged"
    both = replace(found, rows=[*ROWS[:2], row("ghost", 0.6, 2, 0.02, 3), row("smoothswap", 0.5, 1, 0.02, 3)])
    seen = replace(both.sources[0], photos=[replace(both.sources[0].photos[0], smooth=np.zeros(512, np.float32))])
    said = account(replace(both, sources=[seen]), {"ghost": "GHOST", "smoothswap": "Smooth-Swap"})
    assert "ArcFace (arcface-mobile): it was in the training of GHOST, Smooth-Swap." in said
    assert "smooth-embedder-lite): it was in the training of Smooth-Swap." in said
    assert "A judge that a method was trained with flatters that method." in said


def test_faces_stand_side_by_side_with_their_names(found):
    shown = side_by_side(found, {"warp": "Warp"})
    assert shown.count("<img") == 4 and "1. somebody → somebody" in shown and "<dialog>" in shown
    assert 'aria-label="Warp, 1. somebody → somebody"' in shown
    without = replace(found, pictures={**found.pictures, FINISHED: [None]})
    assert side_by_side(without, {}).count("<img") == 4


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


def test_all_of_it_is_said_in_korean(found):
    keys = [metric.key for metric in METRICS if metric.key != "jitter"]
    values = dict.fromkeys(keys, 0.5)
    rows = [replace(one, values={**values, **one.values}) for one in found.rows]
    named = [replace(one, name=name) for one, name in zip(rows[2:], ("ghost", "smoothswap"), strict=True)]
    whole = replace(
        found, rows=[*rows[:2], ScoreRow(FINISHED, values, reference=True), *named], sources=found.sources * 2
    )
    labels = {"ghost": "GHOST", "smoothswap": "Smooth-Swap", FINISHED: "Result of Image swap: GHOST"}
    names = {"GHOST", "Smooth-Swap"}
    assert untranslated(account(whole, labels) + table(whole.rows, labels)) <= names
    assert untranslated(side_by_side(replace(whole, sources=found.sources), {"warp": "Warp (no learning)"})) <= {
        "1. somebody → somebody"
    }
