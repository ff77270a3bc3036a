import numpy as np
import pytest

from swapper.interpolation import STEPS, distinct_neighbours, nearest_neighbours, path_shares, slerp, smoothness


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
        chords = np.linalg.norm(path[1:, row] - path[:-1, row], axis=-1)
        np.testing.assert_allclose(np.degrees(2 * np.arcsin(chords / 2)), 30, atol=0.1)


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


def test_the_nearest_are_named_at_any_share():
    gallery = circle([0, 30, 60])
    found = nearest_neighbours(circle([0, 60]), circle([60, 0]), gallery, [0, 0.3, 0.6, 1])
    assert found.tolist() == [[0, 1, 1, 2], [2, 1, 1, 0]]


def test_a_path_has_both_ends():
    np.testing.assert_allclose(path_shares(9)[1:-1], STEPS)
    assert path_shares(0).tolist() == [0, 1]
