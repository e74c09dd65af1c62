"""The recall of a screening, which follows from its last audit.

An audit evaluates a random sample of the pairs that the search left out. The pairs in it that belong to the top set
bound how many more of these were left out.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln  # scipy.stats takes each job half a second to import

from frequency_shortcuts.intervals import TAIL
from frequency_shortcuts.spectrum.arrays import FloatArray


def recall(
    top_size: npt.ArrayLike,
    left_out: npt.ArrayLike,
    audited: npt.ArrayLike,
    missed: npt.ArrayLike,
    audits: npt.ArrayLike = 1,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Recall of the top set by its last audit, with its 95 % interval: estimate, low, high, in the shape of the inputs.

    The audit drew `audited` of `left_out` pairs at random. `missed` of these belonged to the top set of `top_size`
    pairs, which now holds them. The hypergeometric distribution bounds how many more belong to it. It was audit number
    `audits`. The search goes on until an audit passes, and each audit could have been the last one: they share the 5 %
    (`_share_of_tail`), so that the interval holds whatever the search does between them.
    """
    arguments = (top_size, left_out, audited, missed, audits)
    inputs = np.broadcast_arrays(*(np.asarray(value, np.int64) for value in arguments))
    out = np.empty((3, *inputs[0].shape))
    for place in np.ndindex(inputs[0].shape):
        out[(slice(None), *place)] = _recall(*(int(value[place]) for value in inputs))
    return out[0], out[1], out[2]


def _share_of_tail(audits: npt.ArrayLike) -> FloatArray:
    """The share of the error probability that audit number 1, 2, ... may use [...]; all shares add up to 1.

    The first audit takes nearly everything, since most searches have no other.
    """
    k = np.asarray(audits, float)
    return np.where(k > 1, 0.01 / np.maximum(k * (k - 1), 1), 0.99)


@lru_cache(maxsize=1024)
def _recall(size: int, left: int, drawn: int, hit: int, audits: int) -> tuple[float, float, float]:
    if left == drawn:  # all pairs are evaluated
        return 1.0, 1.0, 1.0
    least, most = hypergeometric(left, drawn, hit, TAIL * float(_share_of_tail(audits)))  # before the audit
    low, estimate, high = (1 - min(1, (n - hit) / max(size, 1)) for n in (most, hit * left / max(drawn, 1), least))
    return estimate, low, high


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

    def ln_choose(of: npt.ArrayLike, k: npt.ArrayLike) -> FloatArray:
        return np.asarray(gammaln(np.add(of, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(of, k) + 1))

    hits = np.arange(drawn + 1)
    return np.exp(ln_choose(n, hits) + ln_choose(population - n, drawn - hits) - ln_choose(population, drawn))
