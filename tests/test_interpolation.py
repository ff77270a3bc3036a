import numpy as np
import pytest

from swapper.interpolation import STEPS, distinct_neighbours, slerp, smoothness


def circle(degrees):
    radians = np.deg2rad(np.atleast_1d(degrees))
    return np.stack([np.cos(radians), np.sin(radians)], 1)


def test_slerp_walks_the_circle_at_even_speed():
    np.testing.assert_allclose(slerp(circle(10), circle(70), 0.25), circle(25), atol=1e-12)
    np.testing.assert_allclose(slerp(circle(10), circle(70), 0), circle(10), atol=1e-12)


def test_slerp_of_equal_vectors_stays():
    np.testing.assert_allclose(slerp(circle(10), circle(10), 0.3), circle(10), atol=1e-9)


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
