import json

import numpy as np
import pytest

from swapper.metrics.metric_list import GROUPS, METRICS
from swapper.metrics.report import (
    ScoreRow,
    best_rows,
    contact_sheet,
    format_value,
    markdown_table,
    report_data,
    scores_table,
    write_report,
    write_text,
)

BY_KEY = {metric.key: metric for metric in METRICS}
ROWS = [
    ScoreRow("floor", {"retrieval": 0.0, "pose": 0.2, "sharpness": 1.0}, {"pose": (0.1, 0.3)}, reference=True),
    ScoreRow(
        "warp",
        {"retrieval": 0.8, "pose": 2.345, "sharpness": 0.5},
        {"retrieval": (0.75, 0.85), "pose": (2, 3), "sharpness": (0.4, 0.6)},
    ),
    ScoreRow(
        "other",
        {"retrieval": 0.9, "pose": float("nan"), "sharpness": 1.5},
        {"retrieval": (0.86, 0.95), "sharpness": (1.3, 1.65)},
    ),
]


def test_keys_are_unique_and_explained():
    assert len(BY_KEY) == len(METRICS)
    assert all(metric.meaning.endswith(".") and metric.better in ("", "low", "high", "one") for metric in METRICS)
    assert {metric.group for metric in METRICS} == set(GROUPS)


def test_the_best_row_follows_the_metric_and_is_no_reference():
    assert best_rows(ROWS, BY_KEY["retrieval"]) == {2}
    assert best_rows(ROWS, BY_KEY["sharpness"]) == {2}  # 1.3 to 1.65 is nearer to 1 than 0.4 to 0.6 is
    assert best_rows(ROWS, BY_KEY["gaze"]) == set()
    assert best_rows(ROWS, BY_KEY["shape_target"]) == set()


def rows_of(*spans: tuple[float, float] | None) -> list[ScoreRow]:
    return [ScoreRow(f"m{i}", {"pose": 1.0 + i}, {"pose": span} if span else {}) for i, span in enumerate(spans)]


@pytest.mark.parametrize(
    ("spans", "best"),
    [
        ([(0.9, 1.1), (1.5, 2.5)], {0}),
        ([(0.5, 1.6), (1.5, 2.5)], set()),  # they overlap
        ([(0.9, 1.1), (1.5, 2.5), (1.0, 5.0)], set()),  # with the third one
        ([(0.9, 1.1), None], set()),  # nobody knows how far the other one is
        ([None, None], set()),
        ([(0.9, 1.1)], set()),  # nobody to be better than
    ],
)
def test_nothing_is_the_best_where_chance_may_have_made_it_so(spans, best):
    assert best_rows(rows_of(*spans), BY_KEY["pose"]) == best


def test_around_one_is_the_best_on_both_sides():
    spans = [(0.9, 1.2), (0.5, 0.7), (1.4, 1.9)]
    rows = [ScoreRow(f"m{i}", {"sharpness": sum(span) / 2}, {"sharpness": span}) for i, span in enumerate(spans)]
    assert best_rows(rows, BY_KEY["sharpness"]) == {0}


def test_figures_are_printed_with_unit_and_interval():
    assert format_value(ROWS[1], BY_KEY["retrieval"], interval=True) == "80.0 % [75.0, 85.0]"
    assert format_value(ROWS[1], BY_KEY["pose"]) == "2.35 °"
    assert format_value(ROWS[2], BY_KEY["pose"]) == "–"
    assert format_value(ROWS[2], BY_KEY["gaze"]) == "–"


def test_nothing_has_no_minus():
    row = ScoreRow("m", {"id_source": -0.0001}, {"id_source": (-0.0004, 0.2)})
    assert format_value(row, BY_KEY["id_source"], interval=True) == "0.000 [0.000, 0.200]"


def test_tables_hold_what_was_measured():
    text = scores_table(ROWS).splitlines()
    assert len(text) == 4
    assert text[0].split() == ["floor", "warp", "other"]
    assert text[1].startswith("ID retrieval") and "[75.0, 85.0]" in text[1]
    markdown = markdown_table(ROWS).splitlines()
    assert markdown[0] == "| method | ID retrieval | pose | sharpness |"
    assert markdown[4] == "| other | **90.0 %** | – | **1.50** |"


def test_json_has_no_bare_nan():
    data = report_data(ROWS, {"pairs": 3})
    text = json.dumps(data, allow_nan=False)
    assert json.loads(text)["methods"][2]["values"]["pose"] is None
    assert [metric["key"] for metric in data["metrics"]] == ["retrieval", "pose", "sharpness"]


def test_a_contact_sheet_shows_the_pictures_in_their_places():
    red, blue = (np.full((64, 64, 3), color, np.uint8) for color in ((200, 0, 0), (0, 0, 200)))
    sheet = contact_sheet([[red, blue], [blue, red]], ["first", "second"], side=32)
    assert sheet.shape == (22 + 2 * 34, 2 * 34, 3)
    assert sheet[22 + 16, 16].tolist() == [200, 0, 0]
    assert sheet[22 + 34 + 16, 34 + 16].tolist() == [200, 0, 0]
    assert (sheet[:22] < 128).any()  # the labels
    titled = contact_sheet([[red, blue], [blue, red]], ["first", "second"], side=32, titles=["one", "two"])
    assert titled.shape == (22 + 2 * 56, 2 * 34, 3) and titled[22 + 22 + 16, 16].tolist() == [200, 0, 0]
    with pytest.raises(ValueError, match="one picture per label"):
        contact_sheet([[red]], ["first", "second"])
    with pytest.raises(ValueError, match="needs rows"):
        contact_sheet([], [])


def test_a_report_is_written_whole(tmp_path):
    sheet = np.zeros((20, 30, 3), np.uint8)
    write_report(tmp_path / "new", ROWS, {"pairs": 3, "aims": [{"metric": "pose"}]}, sheet, "MISSED pose")
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"report.json", "report.md", "contact_sheet.jpg"}
    text = (tmp_path / "new" / "report.md").read_text(encoding="utf-8")
    assert "| **90.0 %** |" in text and "MISSED pose" in text and "- pairs: 3" in text and "aims" not in text
    assert json.loads((tmp_path / "new" / "report.json").read_text())["about"]["aims"] == [{"metric": "pose"}]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text("old", path)
    with pytest.raises(UnicodeEncodeError):
        write_text("half \ud800", path)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]
