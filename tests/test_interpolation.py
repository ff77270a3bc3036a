import numpy as np
import pytest

from swapper.interpolation import (
    STEPS,
    angles,
    detour,
    distinct_neighbours,
    evenness,
    forwardness,
    linearity,
    path_shares,
    progress,
    slerp,
    smoothness,
)


def circle(degrees):
    radians = np.deg2rad(np.atleast_1d(degrees))
    return np.stack([np.cos(radians), np.sin(radians)], 1)


def test_slerp_follows_the_circle_at_even_speed():
    np.testing.assert_allclose(slerp(circle(10), circle(70), 0.25), circle(25), atol=1e-12)
    np.testing.assert_allclose(slerp(circle(10), circle(70), 0), circle(10), atol=1e-12)


def test_slerp_of_equal_vectors_stays():
    np.testing.assert_allclose(slerp(circle(10), circle(10), 0.3), circle(10), atol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 512])
@pytest.mark.parametrize("off", [0.0, 1e-9, 1e-5])
def test_slerp_of_opposite_vectors_goes_round_the_sphere_at_even_speed(size, off):
    rng = np.random.default_rng(size)
    first = rng.normal(size=(3, size))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = -first + off * rng.normal(size=first.shape)
    second /= np.linalg.norm(second, axis=1, keepdims=True)
    path = np.stack([slerp(first, second, share) for share in np.linspace(0, 1, 7)])
    np.testing.assert_allclose(np.linalg.norm(path, axis=-1), 1, atol=1e-9)
    np.testing.assert_allclose(path[0], first, atol=1e-9)
    np.testing.assert_allclose(path[-1], second, atol=1e-3)
    for row in range(3):
        np.testing.assert_allclose(angles(path[:-1, row], path[1:, row]), 30, atol=0.1)


def test_slerp_of_opposite_rows_leaves_the_others_alone():
    first, second = circle([10, 20]), circle([70, 200])
    np.testing.assert_allclose(slerp(first, second, 0.25)[0], circle(25)[0], atol=1e-12)
    one = slerp(first[0], -first[0], 0.5)
    assert one.shape == (2,) and abs(one @ first[0]) < 1e-9


def test_a_gallery_on_the_path_is_smooth_and_one_beside_it_is_not():
    first, second = circle([0, 0]), circle([60, 60])
    assert smoothness(first, second, circle([30])) == pytest.approx([0, 0], abs=1e-6)
    ends = smoothness(first, second, circle([0, 60]))
    assert ends == pytest.approx(2 * np.sin(np.deg2rad(15)) / 1.0)


def test_neighbours_are_counted_by_label():
    gallery = circle(np.arange(0, 91, 9))
    path = (circle([0]), circle([90]))
    assert distinct_neighbours(*path, gallery, np.arange(len(gallery))) == [len(STEPS)]
    assert distinct_neighbours(*path, gallery, np.arange(len(gallery)) // 6) == [2]


def test_a_path_has_both_ends():
    np.testing.assert_allclose(path_shares(9)[1:-1], STEPS)
    assert path_shares(0).tolist() == [0, 1]


def test_small_angles_are_kept():
    assert angles(circle(10), circle(10.001)) == pytest.approx(0.001, rel=1e-4)
    assert angles(circle(0), circle(180)) == pytest.approx(180)


def test_evenness_counts_equal_steps():
    assert evenness(np.full(10, 0.3)) == pytest.approx(1)
    assert evenness(np.array([0, 0, 5.0, 0])) == pytest.approx(1 / 4)
    assert evenness(np.array([1.0, 1, 0, 0])) == pytest.approx(1 / 2)
    assert np.isnan(evenness(np.zeros(3)))


def test_a_straight_path_makes_no_detour():
    assert detour(np.array([1.0, 2, 1]), 4) == pytest.approx(1)
    assert detour(np.array([1.0, 1]), 1) == pytest.approx(2)
    assert np.isnan(detour(np.zeros(2), 0))


def test_progress_follows_an_even_interpolation():
    shares = path_shares(9)
    found = progress(circle(20 + 60 * shares))
    np.testing.assert_allclose(found, shares, atol=1e-9)
    assert linearity(found, shares) == pytest.approx(1)
    assert forwardness(found) == pytest.approx(1)


def test_a_jump_is_neither_linear_nor_a_way_back():
    shares = path_shares(99)
    jump = progress(circle(np.where(shares > 0, 60, 0)))
    assert linearity(jump, shares) == pytest.approx(0, abs=0.02)
    assert linearity(progress(circle(np.where(shares > 0.5, 60, 0))), shares) == pytest.approx(0.5, abs=0.02)
    assert forwardness(jump) == pytest.approx(1)
    assert forwardness(np.array([0, 0.5, 0.25, 1])) == pytest.approx(1.25 / 1.5)


def test_equal_ends_leave_nothing_to_measure():
    found = progress(circle([10, 30, 10]))
    assert np.isnan(found).all()
    assert np.isnan(linearity(found, path_shares(1))) and np.isnan(forwardness(found))
