import json

import numpy as np
import pytest
from scipy.stats import bootstrap

from swapper.metrics.report import (
    METRICS,
    ScoreRow,
    best_rows,
    bootstrap_interval,
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
    ScoreRow("floor", {"retrieval": 0.0, "pose": 0.2, "sharpness": 1.0}, reference=True),
    ScoreRow("warp", {"retrieval": 0.8, "pose": 2.345, "sharpness": 0.5}, {"retrieval": (0.75, 0.85)}),
    ScoreRow("other", {"retrieval": 0.9, "pose": float("nan"), "sharpness": 1.5}),
]


def test_keys_are_unique_and_explained():
    assert len(BY_KEY) == len(METRICS)
    assert all(metric.meaning.endswith(".") and metric.better in ("", "low", "high", "one") for metric in METRICS)


def test_the_best_row_follows_the_metric_and_is_no_reference():
    assert best_rows(ROWS, BY_KEY["retrieval"]) == {2}
    assert best_rows(ROWS, BY_KEY["pose"]) == {1}
    assert best_rows(ROWS, BY_KEY["sharpness"]) == {2}  # 1.5 is nearer to 1 than one half is
    assert best_rows(ROWS, BY_KEY["gaze"]) == set()
    assert best_rows(ROWS, BY_KEY["shape_target"]) == set()


def test_rows_that_print_alike_are_equally_good():
    rows = [ScoreRow("a", {"pose": 1.0001}), ScoreRow("b", {"pose": 1.0002}), ScoreRow("c", {"pose": 1.1})]
    assert best_rows(rows, BY_KEY["pose"]) == {0, 1}


def test_figures_are_printed_with_unit_and_interval():
    assert format_value(ROWS[1], BY_KEY["retrieval"], interval=True) == "80.0 % [75.0, 85.0]"
    assert format_value(ROWS[1], BY_KEY["pose"], interval=True) == "2.35 °"
    assert format_value(ROWS[2], BY_KEY["pose"]) == "–"
    assert format_value(ROWS[2], BY_KEY["gaze"]) == "–"


def test_tables_hold_what_was_measured():
    text = scores_table(ROWS).splitlines()
    assert len(text) == 4
    assert text[0].split() == ["floor", "warp", "other"]
    assert text[1].startswith("ID retrieval") and "[75.0, 85.0]" in text[1]
    markdown = markdown_table(ROWS).splitlines()
    assert markdown[0] == "| method | ID retrieval | pose | sharpness |"
    assert markdown[4] == "| other | **90.0 %** | – | **1.50** |"


def test_the_interval_of_a_mean():
    values = np.random.default_rng(0).normal(3, 1, 400)
    low, high = bootstrap_interval(values, np.random.default_rng(1))
    assert low < 3 < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    assert bootstrap_interval(np.full(10, 2.0), np.random.default_rng(1)) == (2.0, 2.0)
    assert bootstrap_interval(np.array([2.0, np.nan]), np.random.default_rng(1)) == (2.0, 2.0)
    assert np.isnan(bootstrap_interval(np.array([np.nan]), np.random.default_rng(1))).all()


@pytest.mark.parametrize("count", [2, 3, 300])
def test_the_interval_is_that_of_scipy(count):
    values = np.random.default_rng(count).gamma(2, 1, count)
    theirs = bootstrap((values,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(1))
    assert bootstrap_interval(values, np.random.default_rng(1)) == pytest.approx(tuple(theirs.confidence_interval))
    with pytest.raises(ValueError, match="two or more"):
        bootstrap((values[:1],), np.mean, method="percentile")


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
