import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, t

from swapper.metrics.intervals import bootstrap_interval, widening, wilson_interval


@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (6, 6), (0, 6), (3, 7), (190, 200)])
def test_shares_have_wilsons_interval(hits, count):
    theirs = binomtest(hits, count).proportion_ci(method="wilson")
    assert wilson_interval(hits, count) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_six_of_six_are_not_certain():
    low, high = wilson_interval(6, 6)
    assert 0.60 < low < 0.62 and high == 1


def test_the_interval_of_a_mean():
    values = np.random.default_rng(0).normal(3, 1, 400)
    low, high = bootstrap_interval(values, np.random.default_rng(1))
    assert low < 3 < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    assert bootstrap_interval(np.full(10, 2.0), np.random.default_rng(1)) == (2.0, 2.0)
    assert bootstrap_interval(np.array([2.0, np.nan]), np.random.default_rng(1)) == (2.0, 2.0)
    assert np.isnan(bootstrap_interval(np.array([np.nan]), np.random.default_rng(1))).all()


@pytest.mark.parametrize("count", [2, 3, 6, 300])
def test_it_is_that_of_scipy_widened_where_values_are_few(count):
    values = np.random.default_rng(count).gamma(2, 1, count)
    theirs = bootstrap((values,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(1))
    low, high = theirs.confidence_interval
    mean, factor = values.mean(), t.ppf(0.975, count - 1) / 1.959964 * np.sqrt(count / (count - 1))
    wanted = mean - factor * (mean - low), mean + factor * (high - mean)
    assert bootstrap_interval(values, np.random.default_rng(1)) == pytest.approx(wanted)


def test_few_values_widen_and_many_do_not():
    assert (
        widening(1) == 1
        and widening(3) == pytest.approx(2.69, abs=0.01)
        and widening(6) == pytest.approx(1.44, abs=0.01)
    )
    assert widening(10_000) == pytest.approx(1, abs=1e-3)


def test_intervals_of_six_hold_the_truth_about_as_often_as_they_say():
    rng, held = np.random.default_rng(5), []
    for _ in range(300):
        low, high = bootstrap_interval(rng.normal(0, 1, 6), rng, draws=300)
        held.append(low < 0 < high)
    assert 0.91 < np.mean(held) < 0.99


def test_the_interval_of_a_median_lies_around_it():
    values = np.array([1.0, 2, 3, 4, 100])
    low, high = bootstrap_interval(values, np.random.default_rng(0), median=True)
    assert low <= 3 <= high
