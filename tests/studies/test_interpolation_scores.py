import json
import math
from dataclasses import replace

import numpy as np
import pytest

from swapper.interpolation import path_shares
from swapper.studies.embedding_paths import GALLERY, EmbeddingPath, PairScores
from swapper.studies.gallery import Gallery
from swapper.studies.interpolation_scores import (
    DrawnPath,
    InterpolationScores,
    explain,
    headline,
    score_interpolation,
)
from swapper.studies.interpolation_study import PathChoice
from swapper.types import Crop

EYE = np.eye(2, 3, dtype=np.float32)
SMOOTH = EmbeddingPath(0.6, 5, [0, 1, 2], [0.3, 0.2, 0.3], 0.9)
ARCFACE = EmbeddingPath(0.8, 4, [0, 0, 2], [0.3, 0.4, 0.3], 1.0)
PAIRS = PairScores(
    GALLERY, 100, {"smooth": 0.5, "arcface": 0.75}, {"smooth": 5.0, "arcface": 4.0}, (0.2, 0.3), (0.5, 1.5)
)
SCORES = InterpolationScores([0, 0.5, 1], 30, 30, {"smooth": SMOOTH, "arcface": ARCFACE}, None, [])


def test_the_headline_names_the_smoother_one_and_by_how_much():
    assert headline(SCORES) == "The smooth embedder is smoother: d_smooth 0.60 against 0.80 of ArcFace, 25 % lower"
    assert explain(SCORES) == [
        "On A and B alone; more people give an interval.",
        "Distinct identities on the way from A to B: 5 with the smooth embedder, 4 with ArcFace, of 9 possible.",
    ]
    turned = replace(SCORES, embedders={"smooth": ARCFACE, "arcface": SMOOTH})
    assert headline(turned).startswith("ArcFace is smoother: d_smooth 0.60 against 0.80 of the smooth embedder")


def test_several_pairs_speak_with_their_interval():
    several = replace(SCORES, pairs=PAIRS)
    assert headline(several).endswith("d_smooth 0.50 against 0.75 of ArcFace, 33 % lower")
    assert explain(several)[0] == (
        "Means over 100 pairs of the gallery's people; 95 % interval of the difference: 0.20 to 0.30. "
        "On A and B alone: 0.60 against 0.80."
    )
    unclear = replace(SCORES, pairs=replace(PAIRS, less=(-0.1, 0.3)))
    assert headline(unclear) == "No clear difference: d_smooth 0.50 of the smooth embedder against 0.75 of ArcFace"


def test_without_a_gallery_or_a_second_embedder_nobody_is_smoother():
    blind = replace(SMOOTH, d_smooth=math.nan, nearest=[])
    assert headline(replace(SCORES, embedders={"smooth": blind})) == "No gallery, so no smoothness"
    alone = replace(SCORES, embedders={"arcface": ARCFACE})
    assert headline(alone) == "One embedder only, so nothing to compare: d_smooth 0.80 of ArcFace"
    assert explain(alone) == []


@pytest.fixture(scope="module")
def photos(portraits, evaluators):
    from swapper.pipeline import FaceSwapper

    finder = FaceSwapper("warp", "cpu", restore="none", threads=1)
    return [finder.source_crop(path) for path in portraits[:2]]


def fade(photos, shares) -> list[Crop]:
    first, second = (photo.image.astype(float) for photo in photos)
    return [Crop(((1 - t) * first + t * second).round().astype(np.uint8), EYE) for t in shares]


def test_drawn_faces_are_measured_from_a_and_to_b(photos, evaluators):
    shares = path_shares(3)
    ends = {name: one.embed(photos) for name, one in evaluators.embedders.items()}
    paths = [
        DrawnPath(PathChoice("smoothswap", "smooth"), fade(photos, shares)),
        DrawnPath(PathChoice("ghost", "arcface"), [photos[int(t > 0.5)] for t in shares], 0.4),
    ]
    scores = score_interpolation(paths, shares, ends, evaluators)
    slow, jump = scores.paths
    assert (slow.judge, jump.judge, jump.fidelity) == ("smooth", "arcface", 0.4)
    for judge in ("smooth", "arcface"):
        assert abs(slow.from_a[judge][0]) < 1e-3 < slow.from_a[judge][-1]
        assert slow.to_b[judge][-1] == pytest.approx(0, abs=0.02)
    assert slow.largest_step < 0.4 and jump.largest_step == pytest.approx(1)
    assert list(scores.embedders) == ["smooth", "arcface"] and scores.embedders["smooth"].nearest == []
    data = json.loads(json.dumps(scores.data(), allow_nan=False))
    assert data["embedders"]["smooth"]["d_smooth"] is None and data["pairs"] is None
    assert data["paths"][1]["largest_step"] == 1 and data["headline"] == "No gallery, so no smoothness"


def test_a_gallery_is_looked_at_without_the_two_people(photos, evaluators):
    ends = {name: one.embed(photos) for name, one in evaluators.embedders.items()}
    rng = np.random.default_rng(0)
    strangers = {name: rng.normal(size=(20, rows.shape[1])).astype(np.float32) for name, rows in ends.items()}
    unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in strangers.items()}
    gallery = Gallery({name: np.concatenate([ends[name], rows]) for name, rows in unit.items()}, np.arange(22))
    path = DrawnPath(PathChoice("ghost", "arcface"), photos)
    scores = score_interpolation([path], [0.0, 1.0], ends, evaluators, gallery)
    assert (scores.photos, scores.people, list(scores.embedders)) == (20, 20, ["arcface", "smooth"])
    assert all(0 < one.d_smooth < 2 and 1 <= one.distinct <= 9 for one in scores.embedders.values())
    assert scores.pairs is not None and scores.pairs.count == 11
