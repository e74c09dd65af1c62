"""All confidence intervals of shares, and the intervals of means over random masks or seeds.

Tables of rates show `shares`, which is Wilson's interval. Verdicts use `wilson` and `newcombe`. Both have a width also
at a share of 0 or 1, where a bootstrap has none. Findings use `jeffreys`. `clopper_pearson` and `hypergeometric` bound
the members that an audit did not draw. `students_t` and `welch` are for means, not for shares. docs/statistics.md has
the coverage of each.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import (  # scipy.stats takes each job half a second to import
    betaincinv,
    gammaln,
    ndtri,
    stdtrit,
)

from .spectrum.arrays import FloatArray

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2  # probability beyond each end
NORMAL = ndtri(1 - TAIL)  # standard errors of a normal distribution from its mean to the end of its interval


def shares(hits: npt.ArrayLike, count: npt.ArrayLike) -> FloatArray:
    """Shares of `hits` [...] among `count` [...] (at least 1) and Wilson's interval: share, low, high [3, ...].

    >>> shares(12, 20).round(2)
    array([0.6 , 0.39, 0.78])
    """
    n = np.asarray(count)
    p = np.asarray(hits) / n
    return np.stack([p, *wilson(p, n)])


def wilson(share: npt.ArrayLike, count: npt.ArrayLike, confidence: float = CONFIDENCE) -> tuple[FloatArray, FloatArray]:
    """Wilson's interval of shares [...] among so many images [...]: the lower and the upper ends [...].

    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    p, n = np.asarray(share, float), np.asarray(count, float)
    z: float = ndtri((1 + confidence) / 2)

    def low(p: FloatArray) -> FloatArray:
        middle, reach = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
        end: FloatArray = p**2 / (middle + reach)  # is (middle - reach) / (1 + z**2 / n), but exactly 0 at a share of 0
        return end

    return low(p), 1 - low(1 - p)


def newcombe(
    tpr: npt.ArrayLike, images: npt.ArrayLike, fpr: npt.ArrayLike, negatives: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """TPR - FPR [...] and how far its interval reaches below and above it, each [...].

    Newcombe's interval of the difference of two independent shares, from Wilson's interval of each: method 10 of
    R. G. Newcombe, Statistics in Medicine 17 (1998). Where no FPR was measured (NaN), it is TPR alone.
    """
    tpr, fpr = np.asarray(tpr, float), np.asarray(fpr, float)
    low, high = wilson(tpr, images)
    measured = ~np.isnan(fpr)
    least, most = wilson(np.where(measured, fpr, 0), np.where(measured, negatives, 1))
    fpr = np.where(measured, fpr, 0)
    below = np.hypot(tpr - low, np.where(measured, most - fpr, 0))
    above = np.hypot(high - tpr, np.where(measured, fpr - least, 0))
    return tpr - fpr, below, above


@lru_cache(maxsize=4096)
def jeffreys(share: float, images: float, tail: float = TAIL) -> tuple[float, float]:
    """Jeffreys' interval of a share that was measured on so many images, `tail` of the probability beyond each end.

    It is that of Beta(k + 1/2, n - k + 1/2) for k of n images. It reaches 0 from a share of 0 and 1 from a share of 1
    (Brown, Cai and DasGupta 2001).
    """
    hits = share * images
    ends = betaincinv(hits + 0.5, images - hits + 0.5, np.array([tail, 1 - tail]))
    return float(0 if hits <= 0 else ends[0]), float(1 if hits >= images else ends[1])


@lru_cache(maxsize=4096)
def jeffreys_quantiles(hits: int, images: int, count: int) -> FloatArray:
    """Quantiles [count] of the distribution of `jeffreys` at the middles of `count` equal steps of probability."""
    quantiles: FloatArray = betaincinv(hits + 0.5, images - hits + 0.5, (np.arange(count) + 0.5) / count)
    return quantiles


def clopper_pearson(hits: int, count: int, tail: float = TAIL) -> tuple[float, float]:
    """Clopper and Pearson's interval of the share of `hits` among `count`, at most `tail` beyond each end: its ends."""
    low = betaincinv(hits, count - hits + 1, tail) if hits else 0.0
    high = 1 - betaincinv(count - hits, hits + 1, tail) if hits < count else 1.0
    return float(low), float(high)


def hypergeometric(population: int, drawn: int, hits: int, tail: float = TAIL) -> tuple[int, int]:
    """How many members of a population have a property, if `hits` of those drawn at random have it: fewest and most.

    Each end has at most `tail` of the probability beyond it. All members that were not drawn may have it or not.
    """
    possible = range(hits, population - drawn + hits + 1)

    def chances(n: int) -> FloatArray:
        return hypergeometric_chances(population, n, drawn)

    fewest = possible[bisect_left(possible, True, key=lambda n: chances(n)[hits:].sum() >= tail)]
    most = possible[bisect_left(possible, True, key=lambda n: chances(n)[: hits + 1].sum() < tail) - 1]
    return fewest, most


def hypergeometric_chances(population: int, n: int, drawn: int) -> FloatArray:
    """The chances [drawn + 1] that 0, 1, ... of n members are among those drawn from a population."""

    def ln_choose(of: npt.ArrayLike, some: npt.ArrayLike) -> FloatArray:
        return np.asarray(gammaln(np.add(of, 1)) - gammaln(np.add(some, 1)) - gammaln(np.subtract(of, some) + 1))

    hits = np.arange(drawn + 1)
    return np.exp(ln_choose(n, hits) + ln_choose(population - n, drawn - hits) - ln_choose(population, drawn))


def standard_error(deviation: npt.ArrayLike, draws: npt.ArrayLike) -> FloatArray:
    """SD / sqrt(draws) [...] of the mean over draws; 0 where there is a single draw, or none."""
    deviation, draws = np.asarray(deviation, float), np.asarray(draws, float)
    return np.where(draws > 1, deviation / np.sqrt(np.maximum(draws, 1)), 0)


def students_t(error: npt.ArrayLike, draws: npt.ArrayLike, tail: float = TAIL) -> FloatArray:
    """Half the interval [...] of a mean over draws with this standard error, `tail` beyond each end: Student's t."""
    reach: FloatArray = stdtrit(np.maximum(np.asarray(draws, float) - 1, 1), 1 - tail) * np.asarray(error, float)
    return reach


def welch(spread: Sequence[tuple[float, int]]) -> float:
    """Half the interval of a sum of means, each with its variance and degrees of freedom (Welch and Satterthwaite)."""
    variance = sum(of_mean for of_mean, _ in spread)
    if variance == 0:
        return 0.0
    freedom = variance**2 / sum(of_mean**2 / degrees for of_mean, degrees in spread)
    return float(stdtrit(freedom, 1 - TAIL) * np.sqrt(variance))
