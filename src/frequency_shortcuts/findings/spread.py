"""Intervals of shares and of means that the findings of the present form use; `intervals` has the rule for all else.

Findings that follow that rule need none of these functions, and take this module with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, stdtrit  # scipy.stats takes each job half a second to import

from frequency_shortcuts.intervals import TAIL
from frequency_shortcuts.spectrum.arrays import FloatArray


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
