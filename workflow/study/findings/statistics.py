"""Intervals and p-values of claims: of a mean over networks, within a bound, of a count, and Holm's rule."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, stdtr  # scipy.stats takes each job half a second to import

from frequency_shortcuts.intervals import FEWEST_NETWORKS, Networks, clopper_pearson, over_networks
from frequency_shortcuts.spectrum.arrays import FloatArray

ROUNDING = 1e-12  # of equal values


def mean_over_networks(values: npt.ArrayLike) -> Networks:
    """As `intervals.over_networks`, of values [n] from -1 to 1; equal ones have an interval too.

    Its half width is the upper end of Clopper and Pearson for 0 of n networks that are different.
    """
    found = over_networks(values)
    numbers = np.asarray(values, float)
    if len(numbers) < FEWEST_NETWORKS or np.ptp(numbers) > ROUNDING:
        return found
    half = clopper_pearson(0, len(numbers))[1]
    return Networks(
        found.value, max(found.value - half, -1.0), min(found.value + half, 1.0), found.of
    )


def p_of_mean(values: FloatArray, threshold: float = 0.0) -> float:
    """p of the mean of values [n] at a threshold, by Student's t; NaN of fewer than five."""
    if len(values) < FEWEST_NETWORKS:
        return float("nan")
    return min(1.0, 2 * min(one_sided(values, threshold), one_sided(-values, -threshold)))


def p_of_equivalence(values: FloatArray, bound: float) -> float:
    """p that the mean of values [n] is not between -bound and bound; NaN of fewer than five.

    Two one-sided t-tests, each at a level of 0.025: the larger p is doubled, so that it is below 0.05 where the 95 %
    interval of the mean lies between -bound and bound, and is on the scale of the two-sided ones.
    """
    if len(values) < FEWEST_NETWORKS:
        return float("nan")
    return min(1.0, 2 * max(one_sided(values, bound), one_sided(-values, bound)))


def one_sided(values: FloatArray, threshold: float) -> float:
    """p that the mean of values [n] is not below a threshold, by Student's t: small where it is; 1 of one value."""
    n = len(values)
    if n < 2:
        return 1.0
    distance = float(np.mean(values)) - threshold
    error = np.std(values, ddof=1) / np.sqrt(n)
    if error < ROUNDING:
        return 0.0 if distance < -ROUNDING else 1.0
    return float(stdtr(n - 1, distance / error))


def p_of_count(hits: int, count: int, threshold: float) -> float:
    """p of `hits` among `count` at a share: twice the smaller tail of the binomial distribution."""
    below = bdtr(hits, count, threshold)
    above = 1 - (bdtr(hits - 1, count, threshold) if hits else 0.0)
    return float(min(1.0, 2 * min(below, above)))


def holm(p: Iterable[float]) -> FloatArray:
    """p-values [n], adjusted for their number (S. Holm, Scandinavian Journal of Statistics 6, 1979); NaN stays."""
    values = np.asarray(list(p), float)
    order = np.argsort(values)  # NaN comes last
    steps = values[order] * (len(values) - np.arange(len(values)))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
