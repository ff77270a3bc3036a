import numpy as np
import pytest

from swapper.interpolation import STEPS, path_shares
from swapper.studies.embedding_paths import GALLERY, PHOTOS, score_pairs, score_path
from swapper.studies.gallery import Gallery

SHARES = path_shares(9).tolist()


def circle(*degrees: float) -> np.ndarray:
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], 1).astype(np.float32)


def crowd(dense: int, sparse: int) -> Gallery:
    """The same people, close together for one network and in two places for the other."""
    angles = np.linspace(3, 87, dense)
    return Gallery(
        {"smooth": circle(*angles), "arcface": circle(*np.where(angles < 45, 5, 85))}, np.arange(dense) % sparse
    )


def test_a_path_through_a_crowd_is_smooth_and_meets_many():
    gallery = crowd(60, 60)
    smooth, arcface = (score_path(name, circle(0, 90), gallery, SHARES) for name in ("smooth", "arcface"))
    assert smooth.d_smooth < 0.02 < arcface.d_smooth
    assert smooth.distinct == len(STEPS) and arcface.distinct <= 2
    assert smooth.apart == pytest.approx(1, abs=1e-6)
    assert len(smooth.nearest) == len(SHARES) and max(smooth.distances) < 0.01
    assert smooth.nearest == sorted(smooth.nearest)


def test_people_are_counted_not_photos_and_few_people_say_nothing():
    gallery = crowd(60, 6)
    assert score_path("smooth", circle(0, 90), gallery, SHARES).distinct <= 6
    few = score_path("smooth", circle(0, 90), crowd(60, 2), SHARES)
    assert np.isnan(few.d_smooth) and few.distinct == 0 and few.nearest == []


def strangers() -> Gallery:
    rng = np.random.default_rng(0)
    rows = {name: rng.normal(size=(44, 64)) for name in ("smooth", "arcface")}
    rows["smooth"][:, 0] += 10  # all in one direction, so that somebody is always near
    unit = {name: (r / np.linalg.norm(r, axis=1, keepdims=True)).astype(np.float32) for name, r in rows.items()}
    return Gallery(unit, np.arange(44))


def test_several_people_make_pairs_with_an_interval():
    people = strangers()
    photos = {name: rows[:4] for name, rows in people.embeddings.items()}
    found = score_pairs(photos, people)
    assert found is not None and (found.of, found.count) == (PHOTOS, 6)
    assert found.d_smooth["smooth"] < found.d_smooth["arcface"] < 1.1
    assert found.less is not None and 0 < found.less[0] < found.less[1]
    assert found.more is not None and found.more[0] < found.more[1]


def test_two_people_alone_are_judged_by_pairs_of_the_gallery():
    people = strangers()
    found = score_pairs({name: rows[:2] for name, rows in people.embeddings.items()}, people)
    assert found is not None and (found.of, found.count) == (GALLERY, 22)
    assert found.less is not None and found.less[0] < found.less[1]


def test_one_network_or_hardly_anybody_cannot_be_compared():
    gallery = crowd(60, 60)
    assert score_pairs({"smooth": circle(0, 90)}, gallery) is None
    assert score_pairs({name: circle(0, 90) for name in gallery.embeddings}, crowd(60, 3)) is None
