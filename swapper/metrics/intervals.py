"""95 % intervals as wide as a few pairs deserve."""

import numpy as np
from jaxtyping import Float64
from scipy.special import stdtrit

CONFIDENCE = 0.95
_Z = 1.959964  # standard normal, 97.5 %
METHOD = (
    "95 %: Wilson's for shares; bootstrap over the pairs for all else, widened for few pairs as Student's t is; "
    "none for means of fewer than three pairs"
)
"""How the intervals of a comparison are made, for readers."""


def wilson_interval(hits: float, count: int) -> tuple[float, float]:
    """95 % interval of a share, which is never a single point: 6 of 6 leave room for 61 %.

    Args:
        hits: how many of them, 0 to ``count``.
        count: 1 and up.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    share, square = hits / count, _Z**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z / (1 + square / count) * np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def bootstrap_interval(
    values: Float64[np.ndarray, "n"], generator: np.random.Generator, draws: int = 1000, median: bool = False
) -> tuple[float, float]:
    """95 % interval of a mean, by drawing the pairs again, widened where they are few.

    Drawn again, n values scatter less than n new ones would, by the root of (n - 1) / n, and their spread is not known
    better than Student's t allows; both widen the interval: 2.7 times for 3 values, 1.4 times for 6, not at all for
    many. Before that the ends are those of ``scipy.stats.bootstrap`` (the tests compare), which has no answer for a
    single value and takes 0.4 s to load.

    Args:
        values: one per pair; not a number where a pair has none.
        generator: random numbers.
        draws: resampled means.
        median: of the median instead of the mean.

    Returns:
        Lower and upper end; NaN where nothing is known, a single point where only one value is.

    Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13 (percentile interval);
    Hesterberg, "What teachers should know about the bootstrap", 2015, section 4.1 (the two corrections).
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    middle = np.median if median else np.mean
    found = middle(known[generator.integers(0, len(known), (draws, len(known)))], axis=1)
    low, high = np.percentile(found, [2.5, 97.5])
    centre, factor = float(middle(known)), widening(len(known))
    return centre - factor * (centre - float(low)), centre + factor * (float(high) - centre)


def widening(count: int) -> float:
    """How much wider an interval of so few values is than their bootstrap says, 1 and up.

    Args:
        count: of values, 1 and up.
    """
    if count < 2:
        return 1.0
    return float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2)) / _Z * float(np.sqrt(count / (count - 1)))
