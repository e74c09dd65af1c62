"""Areas under the curve: how well a number tells the images of a class from the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import NORMAL
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray


def area(scores: FloatArray, own: BoolArray, factor: float = 1.0) -> tuple[float, float, float]:
    """The area under the curve of scores [n], of images that are `own` [n] against the others, and its interval.

    The variance is DeLong's (Biometrics 44, 1988), or that of `auc_interval` where that is larger, times a factor.

    >>> value, low, high = area(scores, labels == 3)
    """
    n, m = int(own.sum()), int((~own).sum())
    ranks = _ranks(scores)
    above = (ranks[own] - _ranks(scores[own])) / m
    below = (ranks[~own] - _ranks(scores[~own])) / n
    value = float(above.mean())
    return value, *auc_interval(value, n, m, float(above.var() / n + below.var() / m), factor)


def auc_interval(area: float, own: int, others: int, variance: float = 0.0, factor: float = 1.0) -> tuple[float, float]:
    """The interval of an area under the curve, of so many images of a class and others: its ends.

    A score interval, as Wilson's of a share: the areas whose standard error, after Hanley and McNeil, reaches the one
    that was found (R. Newcombe, Statistics in Medicine 25, 2006, method 5). variance : the least that is
    assumed. factor : of the variance, for scores that are not independent

    >>> auc_interval(0.5, 100, 900)
    """
    rest, pairs = (own + others) / 2 - 1, own * others
    ends = []
    for end in (0.0, 1.0):
        inside, outside = area, end
        for _ in range(40):
            middle = (inside + outside) / 2
            spread = middle * (1 - middle) * (1 + rest * ((1 - middle) / (2 - middle) + middle / (1 + middle))) / pairs
            if abs(area - middle) <= NORMAL * np.sqrt(factor * max(spread, variance)):
                inside = middle
            else:
                outside = middle
        ends.append(inside)
    return ends[0], ends[1]


def _ranks(values: FloatArray) -> FloatArray:
    ranks: FloatArray = pd.Series(values).rank().to_numpy()  # scipy.stats takes each job half a second to import
    return ranks
