import json
import math
from dataclasses import replace

import numpy as np
import pytest

from swapper.interpolation import path_shares
from swapper.studies.interpolation_scores import explain, figures, headline, score_interpolation
from swapper.types import Crop

EYE = np.eye(2, 3, dtype=np.float32)


@pytest.fixture
def photos(student, portraits):
    return tuple(student.source_crop(path) for path in portraits[:2])


def fade(photos, shares):
    first, second = (photo.image.astype(float) for photo in photos)
    return [Crop(((1 - t) * first + t * second).round().astype(np.uint8), EYE) for t in shares]


def test_a_slow_fade_is_smooth_and_reaches_the_other(photos, evaluators):
    shares = path_shares(5)
    scores = score_interpolation(fade(photos, shares), shares, photos, evaluators)
    assert scores.judge is scores.curves["arcface"]
    assert scores.evenness > 0.9 and scores.detour >= 1
    assert scores.judge.reach == pytest.approx(1, abs=1e-3)
    assert scores.judge.to_first[0] == pytest.approx(1, abs=1e-4) and scores.judge.to_second[-1] > 0.99
    assert 40 < scores.score < 100
    assert scores.judge.neighbours is None and math.isnan(scores.judge.smoothness)
    assert headline(scores).startswith("Smoothness ") and "of 100" in headline(scores)
    assert explain(scores).startswith("The face changes")


def test_a_jump_is_not(photos, evaluators):
    shares = path_shares(5)
    jump = score_interpolation([photos[int(t > 0.5)] for t in shares], shares, photos, evaluators)
    assert jump.evenness == pytest.approx(1 / 6)
    assert jump.score < 40
    assert explain(jump).startswith("Most of the change happens in one place: the largest step, from 50 to 67 %")


def test_standing_still_has_no_score(photos, evaluators):
    shares = path_shares(2)
    scores = score_interpolation([photos[0]] * 4, shares, photos, evaluators)
    assert math.isnan(scores.score) and headline(scores) == "No score"
    assert "cover 0 % of the distance" in explain(scores)
    assert json.loads(json.dumps(scores.data(), allow_nan=False))["score"] is None
    assert next(value for _, value, _ in figures(scores, {})) == "–"


def test_a_gallery_counts_the_people_met_but_not_the_two(photos, evaluators, student, portraits):
    others = [student.source_crop(path) for path in portraits]
    gallery = {"arcface": evaluators.embedders["arcface"].embed(others)}
    shares = path_shares(1)
    scores = score_interpolation(fade(photos, shares), shares, photos, evaluators, gallery)
    assert scores.judge.gallery == len(portraits) - 2
    assert scores.judge.neighbours is not None and 1 <= scores.judge.neighbours <= 9
    assert scores.judge.smoothness > 0
    labels = [label for label, _, _ in figures(scores, {"arcface": "ArcFace"})]
    assert "People met, ArcFace" in labels
    few = {"arcface": gallery["arcface"][:5]}  # three without the two, too few to mean anything
    assert score_interpolation(fade(photos, shares), shares, photos, evaluators, few).judge.neighbours is None


def test_uneven_steps_are_said(photos, evaluators):
    shares = path_shares(3)
    scores = score_interpolation(fade(photos, shares), shares, photos, evaluators)
    uneven = replace(scores, steps=[1.0, 1.0, 2.0, 1.0])
    assert explain(uneven).startswith("The face changes all the way, but not evenly: the largest step, from 50 to 75 %")
