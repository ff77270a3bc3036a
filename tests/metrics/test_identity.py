import numpy as np
import pytest

from swapper.metrics.identity import UNKNOWN, cosine, identity_gain, retrieved, same_identity_mean


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def people():
    """Twelve people with three photos each: embeddings and labels."""
    rng = np.random.default_rng(0)
    centres = unit(rng.normal(size=(12, 64)))
    labels = np.repeat(np.arange(12), 3)
    return unit(centres[labels] + 0.05 * rng.normal(size=(36, 64))), labels


def test_cosine_of_known_vectors():
    a = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    b = np.array([[1, 0], [1, 0], [-0.6, -0.8]], np.float32)
    np.testing.assert_allclose(cosine(a, b), [1, 0, -1], atol=1e-6)


def test_the_same_identity_mean_counts_pairs_of_one_person_only():
    embeddings = np.array([[1, 0], [0.6, 0.8], [0, 1], [0, 1], [1, 0]], np.float32)
    assert same_identity_mean(embeddings, np.array([0, 0, 1, 2, UNKNOWN])) == pytest.approx(0.6)
    assert same_identity_mean(embeddings, np.array([0, 0, 1, 1, UNKNOWN])) == pytest.approx((0.6 + 1) / 2)
    assert np.isnan(same_identity_mean(embeddings, np.arange(5)))
    assert np.isnan(same_identity_mean(embeddings, np.full(5, UNKNOWN)))


def test_an_unchanged_target_gains_nothing_and_another_photo_of_the_source_gains_all(people):
    embeddings, labels = people
    same = same_identity_mean(embeddings, labels)
    source, sibling, target = embeddings[0::3], embeddings[1::3], np.roll(embeddings[2::3], 5, axis=0)
    before = cosine(target, source)
    assert np.abs(identity_gain(cosine(target, source), before, same)).max() == 0
    pasted = identity_gain(cosine(sibling, source), np.zeros(12), same)
    assert pasted.mean() == pytest.approx(1, abs=0.05)


def test_the_source_is_retrieved_by_any_photo_of_the_person(people):
    embeddings, labels = people
    gallery, gallery_people = embeddings[1:], labels[1:]  # the first source's own photo is not in it
    assert retrieved(embeddings[:1], labels[:1], gallery, gallery_people).all()
    assert retrieved(embeddings, labels, embeddings, labels).all()


def test_an_unchanged_target_is_never_retrieved_as_the_source(people):
    embeddings, labels = people
    wanted = (labels + 3) % 12
    assert not retrieved(embeddings, wanted, embeddings, labels).any()


def test_results_that_show_nobody_are_retrieved_by_chance(people):
    embeddings, labels = people
    rng = np.random.default_rng(1)
    results = unit(rng.normal(size=(4000, 64)))
    wanted = rng.integers(0, 12, 4000)
    assert retrieved(results, wanted, embeddings, labels).mean() == pytest.approx(1 / 12, abs=0.02)
