from dataclasses import replace

import numpy as np
import pytest

from swapper.metrics.measure import RetrievalGallery, SwapScores, pair_scores

RED, BLUE = (220, 60, 60), (60, 60, 220)
GALLERY_PEOPLE = np.array([0, 0, 1, 1])


@pytest.fixture
def photos(measurer, points, texture):
    """Two red and two blue photos: two people."""
    return [measurer.measure(texture(color, seed), points) for seed, color in enumerate((RED, RED, BLUE, BLUE))]


@pytest.fixture
def gallery(photos):
    return RetrievalGallery(np.stack([photo.embedding for photo in photos]), GALLERY_PEOPLE)


def test_a_measured_face_is_cut_by_its_landmarks(photos):
    found = photos[0]
    assert found.crop.image.shape == (256, 256, 3)
    assert found.landmarks.shape == (478, 3)
    assert np.linalg.norm(found.embedding) == pytest.approx(1, abs=1e-5)


def test_the_target_itself_keeps_everything_and_gains_nothing(photos):
    source, target = photos[0], photos[2]
    scores = pair_scores(source, target, target)
    assert scores["id_target"] == pytest.approx(1, abs=1e-5)
    assert scores["id_source"] == scores["id_before"]
    for key in ("pose", "expression", "eye_opening", "shape_target"):
        assert scores[key] == pytest.approx(0, abs=1e-6)
    assert scores["gaze"] == pytest.approx(0, abs=0.05)
    assert scores["sharpness"] == pytest.approx(1)


def test_a_second_embedder_says_who_it_takes_results_for(photos, gallery):
    second = [replace(photo, smooth=photo.embedding) for photo in photos]
    mistaken = replace(gallery, smooth=np.roll(gallery.embeddings, 2, axis=0))
    scores, rng = SwapScores("perfect"), np.random.default_rng(0)
    scores.add(second[0], second[2], second[1], person=0)
    assert scores.row(mistaken, None, rng).values["retrieval"] == 1
    assert scores.row(mistaken, None, rng).values["retrieval_smooth"] == 0
    assert scores.row(replace(gallery, smooth=gallery.embeddings), None, rng).values["retrieval_smooth"] == 1
    row = scores.row(gallery, None, rng)
    assert "retrieval_smooth" not in row.values
    assert row.values["id_source_smooth"] == pytest.approx(row.values["id_source"])


def test_results_that_show_the_source_are_retrieved_and_gain_all(photos, gallery):
    scores = SwapScores("perfect")
    scores.add(photos[0], photos[2], photos[1], person=0, milliseconds=10)
    scores.add(photos[2], photos[0], photos[3], person=1, milliseconds=30)
    row = scores.row(gallery, None, np.random.default_rng(0))
    assert row.name == "perfect" and not row.reference
    assert row.values["retrieval"] == 1
    assert row.values["gain"] == pytest.approx(1 - row_before(photos), abs=0.05)
    assert row.values["milliseconds"] == 20
    assert "frechet" not in row.values
    assert row.intervals["retrieval"] == pytest.approx((0.342, 1), abs=1e-3), "two of two is no certainty"
    assert row.intervals["pose"][0] >= 0
    low, high = row.intervals["milliseconds"]
    assert 10 <= low <= 20 <= high and row.intervals["fps"] == pytest.approx((1000 / high, 1000 / low))


def row_before(photos) -> float:
    """Likeness of the two people to begin with."""
    return float(photos[0].embedding @ photos[2].embedding)


def test_unchanged_targets_are_never_retrieved_and_gain_nothing(photos, gallery):
    scores = SwapScores("unchanged", reference=True)
    scores.add(photos[0], photos[2], photos[2], person=0)
    scores.add(photos[2], photos[1], photos[1], person=1)
    row = scores.row(gallery, None, np.random.default_rng(0))
    assert row.reference
    assert row.values["retrieval"] == 0
    assert row.values["gain"] == pytest.approx(0, abs=1e-6)
    assert row.values["sharpness"] == pytest.approx(1)
    assert "milliseconds" not in row.values


def test_scores_of_nothing_are_refused(gallery):
    with pytest.raises(ValueError, match="no swaps"):
        SwapScores("empty").row(gallery, None, np.random.default_rng(0))
