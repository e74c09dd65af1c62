"""All confidence intervals: of shares, of differences on the same images, of one network, and of several networks.

- A share in a table: `shares`, Wilson's interval.
- TPR - FPR of one mask: `minus`, from their intervals; `half_width_of_difference`, for a mean over networks.
- Two masks on the same images of one network: `paired`; TPR and FPR are of different images, `joined` takes both.
- A mask and one more of several random ones: `reach_of_one_more`.
- Any other number of one network: `bootstrap` of its images within each class.
- Networks of one kind: `over_networks`, and `ratio` of two means.
- A count of networks or classes: `clopper_pearson`.
- Worse, as well or better than a reference: `compared`, from the interval of the difference.

docs/method.md has the coverage and the power of each at the sizes of the study.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

# What scipy.stats calls as well, which takes each job half a second to import.
from scipy.special import betaincinv, ndtri, stdtrit

from .spectrum.arrays import FloatArray, IntArray

TAIL = (1 - 0.95) / 2  # probability beyond each end of an interval
NORMAL: float = ndtri(1 - TAIL)  # standard errors from the mean to an end, of a normal distribution
FEWEST_NETWORKS = 5  # below, an interval holds for these networks, not for networks of their kind


class Estimate(NamedTuple):
    """A value and the ends of its 95 % interval, each [...]."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


class Paired(NamedTuple):
    """A mean difference on the same images, the centre of its interval, and the variance about it, each [...]."""

    value: FloatArray
    centre: FloatArray
    variance: FloatArray


class Networks(NamedTuple):
    """A mean over networks, the ends of its 95 % interval, and what the interval speaks of."""

    value: float
    low: float
    high: float
    of: str


def shares(hits: npt.ArrayLike, count: npt.ArrayLike) -> FloatArray:
    """Shares of `hits` [...] among `count` [...] (at least 1) and Wilson's interval: share, low, high [3, ...].

    >>> shares(12, 20).round(2)
    array([0.6 , 0.39, 0.78])
    """
    n = np.asarray(count)
    share = np.asarray(hits) / n
    low, high = wilson(share, n)
    return np.stack([share, low, high])


def wilson(share: npt.ArrayLike, count: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Wilson's interval of shares [...] among so many images [...]: the lower and the upper ends [...].

    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    p = np.asarray(share, float)
    n = np.asarray(count, float)
    low = _lower_end_of_wilson(p, n)
    high = 1 - _lower_end_of_wilson(1 - p, n)
    return low, high


def _lower_end_of_wilson(p: FloatArray, n: FloatArray) -> FloatArray:
    """It is (middle - half) / (1 + z^2 / n), but exactly 0 at a share of 0."""
    z = NORMAL
    middle = p + z**2 / (2 * n)
    variance = p * (1 - p) / n
    correction = z / (2 * n)
    half = z * np.sqrt(variance + correction**2)
    return p**2 / (middle + half)


def minus(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two shares of different images [...], from their Wilson intervals.

    R. G. Newcombe, Statistics in Medicine 17, 873 (1998), method 10. Without a second share (NaN) it is the first one.

    >>> tpr, fpr = Estimate(*shares(45, 50)), Estimate(*shares(9, 450))
    >>> np.round(minus(tpr, fpr), 2)
    array([0.88, 0.77, 0.94])
    """
    value, low, high = first
    subtracted, least, most = map(np.nan_to_num, second)
    difference = value - subtracted
    below = np.hypot(value - low, most - subtracted)
    above = np.hypot(high - value, subtracted - least)
    return Estimate(difference, difference - below, difference + above)


def half_width_of_difference(width: npt.ArrayLike, subtracted: npt.ArrayLike) -> FloatArray:
    """Half the width of the interval of a difference of two shares of different images [...], from their widths [...].

    A share without an interval (NaN) adds nothing.

    >>> float(half_width_of_difference(0.3, 0.4))
    0.25
    """
    squares = np.nan_to_num(width) ** 2 + np.nan_to_num(subtracted) ** 2
    return np.sqrt(squares) / 2


def paired(differences: npt.ArrayLike) -> Paired:
    """The mean of differences [..., n] on n images, each from -1 to 1; the value is NaN of no image.

    Two masks on one image differ by 1, 0 or -1: one hits and the other does not, or both do the same. A mask and the
    mean of several can differ by any number between. Adjusted Wald: one half is added to each cell of the 2 x 2 table
    (A. Agresti and Y. Min, Statistics in Medicine 24, 2005).

    >>> float(paired([1, 1, 0, 0, 0, -1, 1, 0]).centre)
    0.2
    """
    e = np.asarray(differences, float)
    n = e.shape[-1]
    total = e.sum(axis=-1)
    squares = (e**2).sum(axis=-1)
    value = np.full_like(total, np.nan)
    if n:
        value = total / n
    count = n + 2
    centre = total / count
    about_centre = squares + 1 - total**2 / count
    variance = about_centre / count**2
    return Paired(
        np.asarray(value),
        np.asarray(centre),
        np.asarray(variance),
    )


def joined(
    tpr: Paired, fpr: Paired | None = None, of_draws: npt.ArrayLike = 0.0, draws: int = 2
) -> Estimate:
    """The difference of TPR minus that of FPR [...], which are of different images: their variances add up.

    of_draws, draws : where one mask is a mean over random ones, see `reach`

    >>> tpr, fpr = paired([1] * 30 + [0] * 20), paired([0] * 440 + [1] * 10)
    >>> np.round(joined(tpr, fpr), 2)
    array([0.58, 0.41, 0.69])
    """
    value, centre, variance = tpr
    if fpr is not None:
        value = value - fpr.value
        centre = centre - fpr.centre
        variance = variance + fpr.variance
    half = reach(variance, of_draws, draws)
    return Estimate(value, centre - half, centre + half)


def reach(variance: npt.ArrayLike, of_draws: npt.ArrayLike = 0.0, draws: int = 2) -> FloatArray:
    """The half width of an interval [...] from the variance of its centre.

    variance : [...], of the images, which counts as known
    of_draws : [...], of a mean over `draws` random masks: their variance divided by their number. Where it is not 0,
        the width is Student's t, with the degrees of freedom of F. E. Satterthwaite, Biometrics Bulletin 2 (1946)

    >>> float(reach(0.01).round(2)), float(reach(0.01, 0.01, draws=5).round(2))
    (0.2, 0.3)
    """
    of_draws = np.asarray(of_draws, float)
    total = variance + of_draws
    has_draws = of_draws > 0
    divisor = np.where(has_draws, of_draws, total)
    freedom = (draws - 1) * (total / divisor) ** 2
    of_student = stdtrit(freedom, 1 - TAIL)
    standard_errors = np.where(has_draws, of_student, NORMAL)
    return standard_errors * np.sqrt(total)


def reach_of_one_more(draws: npt.ArrayLike) -> FloatArray:
    """The half width of the interval about the mean of draws [..., n] that holds one more draw [...].

    It is the prediction interval of a normal distribution: t(n - 1) SD sqrt(1 + 1 / n).

    >>> float(reach_of_one_more([0.1, 0.2, 0.3, 0.2, 0.2]).round(2))
    0.22
    """
    x = np.asarray(draws, float)
    n = x.shape[-1]
    deviation = x.std(axis=-1, ddof=1)
    one_more = np.sqrt(1 + 1 / n)
    return _student(n) * deviation * one_more


def _student(n: int) -> float:
    """Standard errors from the mean of n values to an end of its interval."""
    return stdtrit(n - 1, 1 - TAIL)


def compared(low: float, high: float, bound: float) -> str:
    """The word for an interval from `low` to `high` of a difference from a reference.

    `as well` if the whole interval lies within `bound` of 0, also where it does not hold 0; else `better` or `worse`
    if it is above or below 0; else `undecided`, also where an end is missing (NaN).

    >>> [compared(*ends, bound=0.1) for ends in ((-0.06, 0.04), (0.02, 0.2), (-0.3, 0.1))]
    ['as well', 'better', 'undecided']
    """
    if -bound <= low and high <= bound:
        return "as well"
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "undecided"


def bootstrap(
    strata: npt.ArrayLike,
    statistic: Callable[[FloatArray], FloatArray],
    *,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile interval of a number of one network: its images are drawn anew within each class.

    strata : class of each image [n]
    statistic : turns weights [draws, n], how often each image was drawn, into the number [draws]

    Images that all do the same show no spread: then it has no ends (NaN).

    >>> hits = np.array([1, 1, 0, 1, 0, 0, 1, 1])
    >>> bootstrap([0] * 4 + [1] * 4, lambda weights: weights @ hits / 8)
    (0.25, 0.875)
    """
    generator = np.random.default_rng(seed)
    strata = np.asarray(strata)
    weights = np.empty((draws, len(strata)))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        weights[:, members] = _times_drawn(len(members), draws, generator)
    numbers = statistic(weights)
    low, high = np.quantile(numbers, [TAIL, 1 - TAIL])
    if high - low <= 1e-12:  # rounding
        return np.nan, np.nan
    return float(low), float(high)


def _times_drawn(n: int, draws: int, generator: np.random.Generator) -> IntArray:
    """How often each of n images is among n that are drawn with replacement, [draws, n]."""
    drawn = generator.integers(n, size=(draws, n))
    first = n * np.arange(draws)
    places = drawn + first[:, None]
    counts = np.bincount(places.ravel(), minlength=drawn.size)
    return counts.reshape(drawn.shape)


def over_networks(values: npt.ArrayLike, half_widths: npt.ArrayLike | None = None) -> Networks:
    """The mean of one number [n] of each of n networks of a kind. A NaN makes all NaN.

    From five networks on, its interval is Student's t over the networks. Below, it is over the images of these
    networks: its half width is the mean of those of the networks' own intervals [n], since all are tested on the same
    images and may err together. Without them it has no ends (NaN).

    >>> value, low, high, of = over_networks([0.2, 0.3, 0.25, 0.2, 0.3])
    >>> f"{value:.2f} [{low:.2f}, {high:.2f}] of {of}"
    '0.25 [0.19, 0.31] of networks'
    """
    x = np.asarray(values, float)
    n = len(x)
    value = half = np.nan
    about = "these networks"
    if n:
        value = x.mean()
    if n >= FEWEST_NETWORKS:
        half = _student(n) * x.std(ddof=1) / np.sqrt(n)
        about = "networks"
    elif n and half_widths is not None:
        half = np.asarray(half_widths, float).mean()
    low = value - half
    high = value + half
    return Networks(float(value), float(low), float(high), about)


def ratio(numerators: npt.ArrayLike, denominators: npt.ArrayLike) -> Networks:
    """The ratio of the means of two numbers, each [n], of each of n networks of a kind, with Fieller's interval.

    It holds each r for which the interval of `over_networks` of numerators - r denominators holds 0. Below five
    networks, or if the mean of the denominators may be 0, it has no ends (NaN).

    E. C. Fieller, J. R. Stat. Soc. B 16 (1954).

    >>> ratio([0.4, 0.5, 0.6, 0.5, 0.5], [0.7, 0.8, 0.8, 0.7, 0.8]).low.round(2)
    0.57
    """
    x = np.asarray(numerators, float)
    y = np.asarray(denominators, float)
    n = len(x)
    mean_x = x.mean()
    mean_y, low_y, high_y, about = over_networks(y)
    value = np.nan
    if mean_y:
        value = float(mean_x / mean_y)
    if n < FEWEST_NETWORKS or low_y <= 0 <= high_y:
        return Networks(value, np.nan, np.nan, about)
    spread = _student(n) ** 2 * np.cov(x, y) / n
    # r of which (mean x - r mean y)^2 = t^2 (variance of x - r y) / n: the roots of a r^2 - 2 b r + c.
    a = mean_y * mean_y - spread[1, 1]
    b = mean_x * mean_y - spread[0, 1]
    c = mean_x * mean_x - spread[0, 0]
    discriminant = b**2 - a * c
    root = np.sqrt(max(0.0, discriminant))
    low = (b - root) / a
    high = (b + root) / a
    return Networks(value, float(low), float(high), about)


def clopper_pearson(hits: int, count: int, tail: float = TAIL) -> tuple[float, float]:
    """Clopper and Pearson's interval of the share of `hits` among `count`: its ends."""
    missed = count - hits
    low = 0.0
    high = 1.0
    if hits:
        low = betaincinv(hits, missed + 1, tail)
    if missed:
        high = 1 - betaincinv(missed, hits + 1, tail)
    return float(low), float(high)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """The rank correlation of two sequences; NaN if one side has no order."""
    # Of pandas, since scipy.stats takes each job half a second to import.
    table = pd.DataFrame({"x": np.asarray(x, float), "y": np.asarray(y, float)})
    return float(table.rank().corr(min_periods=len(table)).loc["x", "y"])
