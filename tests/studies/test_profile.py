import pytest

from swapper.metrics.report import ScoreRow
from swapper.studies.profile import qualities, radar

ERRORS = ("pose", "expression", "gaze", "eye_opening")
UNCHANGED = ScoreRow("u", {"id_source": 0.1, "shape_source": 0.2, **dict.fromkeys(ERRORS, 0.1)}, reference=True)
PASTED = ScoreRow("p", {"id_source": 0.9, "shape_source": 0.05, **dict.fromkeys(ERRORS, 2.0)}, reference=True)


def test_shares_lie_between_the_references():
    values = {"id_source": 0.5, "retrieval": 0.8, "shape_source": 0.1, "sharpness": 2.0, **dict.fromkeys(ERRORS, 0.5)}
    found = qualities(ScoreRow("m", values), UNCHANGED, PASTED)
    assert found == pytest.approx(
        {"likeness": 0.5, "retrieval": 0.8, "face shape": 0.5, "sharpness": 0.5}
        | dict.fromkeys(("pose", "expression", "gaze", "eyes"), 0.75)
    )
    worse = qualities(ScoreRow("m", values | {"pose": 9.0, "id_source": -1.0}), UNCHANGED, PASTED)
    assert (worse["pose"], worse["likeness"]) == (0, 0)
    assert "sharpness" not in qualities(ScoreRow("m", {"id_source": 0.5}), UNCHANGED, PASTED)


def test_a_radar_has_a_shape_and_points_for_each_method():
    shares = {"a": 1.0, "b": 0.5, "c & d": 0.0}
    drawn = radar("All of it", [("first<", 2, shares), ("second", 3, shares)])
    assert drawn.count("<circle") == 6 and drawn.count("<title>") == 6
    assert "first&lt;, b: 50 %" in drawn and "c &amp; d" in drawn and 'class="l3"' in drawn and 'class="l4"' in drawn
