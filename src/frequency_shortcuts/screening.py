"""Which pairs to evaluate, on which images, so that the best-ranked ones are found without evaluating all.

One class at a time. Its images come in groups, the most influential first, and a pair is evaluated group
by group. What the groups still to come will add is predicted from one gradient: a linear model of three
features (the first-order change, the product of amplitudes |X||G|, the energy of the pair), fitted
to all that was evaluated so far, with an error whose size is fitted too. Pairs that may belong to the top
set are taken further until so few may be missing that the target recall is met and the top set has
held; then a random sample of what was left out is evaluated, and if it holds too many of the top
pairs, the search goes on with a stricter aim.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls
from scipy.stats import beta, hypergeom, rankdata, t

from .spectrum import BoolArray, FloatArray, IntArray

log = logging.getLogger(__name__)

# Cumulative shares of a class's images after each group: a few influential ones carry most of the sum.
GROUPS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)
# Tails of the prediction's error, in degrees of freedom of Student's t: a few pairs are far off.
FREEDOM = 5
PILOT_BEST = PILOT_RANDOM = 0.05  # shares of the pairs that the model is first fitted to
AUDIT_SHARE, AUDIT_LEAST = 0.01, 8  # how many of the pairs that were left out an audit evaluates
SURPRISE = 3.0  # an audit whose errors are so many times as large as expected fails
CLIP = 6.0  # standardised residuals beyond this count as this
RIDGE = 0.02


@dataclass(frozen=True)
class Features:
    """What one gradient tells of every pair, summed over each group of images and divided by their total number.

    mean : float64 [3, groups, pairs], the first-order change, |X||G| and the weighted energy
    spread : float64 [3, groups, pairs], the sums of their squares, divided by the number squared
    share : float64 [groups], of the images in each group; it sums to 1
    """

    mean: FloatArray
    spread: FloatArray
    share: FloatArray


@dataclass(frozen=True)
class Screened:
    """What screening found for one class.

    increment : float64 [pairs], exact where `evaluated`, predicted elsewhere
    evaluated : bool [pairs]
    cost : filtered images that were shown to the network, as a share of those of all pairs
    expected_recall : share of the true top set in the one found, as the model expects it: what the search stops at
    left_out, audited, missed : pairs that the audits could draw from, drew, and found to belong to the top set, all
        audits together: one that failed counts as much as the last one, which passed
    audits : how many there were
    """

    increment: FloatArray
    evaluated: BoolArray
    cost: float
    expected_recall: float
    left_out: int
    audited: int
    missed: int
    audits: int


def group_bounds(n_images: int) -> IntArray:
    """First image of each group, and the end: 0 = b[0] < b[1] < ... = n_images."""
    ends = {min(n_images, max(1, int(np.ceil(share * n_images)))) for share in GROUPS}
    return np.array([0, *sorted(ends)])


def top(increment: FloatArray, size: IntArray, wanted: int) -> IntArray:
    """The best pairs, in order, that fill `wanted` positions; `size` [pairs] is what each fills."""
    order = np.argsort(-increment, kind="stable")
    return order[: int(np.searchsorted(np.cumsum(size[order]), wanted)) + 1]


def screen(
    features: Features,
    evaluate: Callable[[int, IntArray], FloatArray],
    size: IntArray,
    wanted: int,
    *,
    target_recall: float,
    patience: int,
    seed: int,
) -> Screened:
    """Find the top set of one class.

    Parameters
    ----------
    evaluate : (group, pairs [k]) -> float64 [k], the exact sums of the increments of the images of a
        group, divided by the number of all images
    size : int64 [pairs], positions of each pair
    wanted : positions that the top set fills
    target_recall : share of the true top set that is to be found
    patience : the top set must have held while so many pairs were taken further
    seed : of the pilot and of the audit's samples
    """
    search = _Search(features, evaluate, size, wanted, np.random.default_rng(seed))
    search.pilot()
    allowed = 1 - target_recall
    audits = audited = found = 0
    while True:
        expected_missing = search.settle(allowed, patience)
        left = np.flatnonzero(~search.evaluated)
        drawn = search.draw(left, max(AUDIT_LEAST, int(np.ceil(AUDIT_SHARE * len(left)))))
        surprise = search.finish(drawn)
        search.predict()
        missed = int(np.isin(drawn, search.top).sum())
        audits, audited, found = audits + 1, audited + len(drawn), found + missed
        wrongly = missed * len(left) > (1 - target_recall) * len(search.top) * len(drawn)
        if not wrongly and surprise <= SURPRISE:
            break
        if wrongly:
            allowed /= 2
            log.info("an audit found %d of %d pairs wrongly left out: the search goes on", missed, len(drawn))
        else:
            search.doubt *= surprise
            log.info("an audit found errors %.1f times as large as expected: the search goes on", surprise)
    return Screened(
        increment=lowered(search.mean, search.evaluated, size, wanted),
        evaluated=search.evaluated,
        cost=float(features.share @ (search.level > np.arange(len(features.share))[:, None]).mean(axis=1)),
        expected_recall=1 - min(1.0, expected_missing / len(search.top)),
        left_out=len(left) - len(drawn) + audited,
        audited=audited,
        missed=found,
        audits=audits,
    )


def lowered(increment: FloatArray, evaluated: BoolArray, size: IntArray, wanted: int) -> FloatArray:
    """The increments [pairs]; no prediction outranks one of the evaluated pairs that fill `wanted` positions."""
    exact = np.flatnonzero(evaluated)
    order = exact[np.argsort(-increment[exact], kind="stable")]
    filled = np.cumsum(size[order]) >= wanted
    last = order[np.argmax(filled)] if filled.any() else order[-1]
    # In the precision of the DFM file, so that the order survives being written.
    ceiling = np.nextafter(np.float32(increment[last]), np.float32(-np.inf))
    return np.where(evaluated, increment, np.minimum(increment, ceiling))


def recall(
    top_size: npt.ArrayLike, left_out: npt.ArrayLike, audited: npt.ArrayLike, missed: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Recall of the top set that an audit speaks for, and its 95 % interval: estimate, low, high, of the inputs' shape.

    Of `left_out` pairs, `audited` were drawn at random and `missed` of them belonged to the top set of
    `top_size` pairs, where they now are; how many more do is bounded by the hypergeometric distribution.
    Where a search went on after a failed audit, all audits count, though what they found made it stricter.
    """
    inputs = np.broadcast_arrays(*(np.asarray(value, np.int64) for value in (top_size, left_out, audited, missed)))
    out = np.empty((3, *inputs[0].shape))
    for place in np.ndindex(inputs[0].shape):
        out[(slice(None), *place)] = _recall(*(int(value[place]) for value in inputs))
    return out[0], out[1], out[2]


def recall_of_all(
    top_size: IntArray, left_out: IntArray, audited: IntArray, missed: IntArray
) -> tuple[float, float, float]:
    """As `recall`, of the top sets of several classes together, each [class]: estimate, low, high.

    The estimate adds up those of the classes. The bounds are Clopper-Pearson's of all draws, taken for the class
    of which each draw speaks for the most, and for the fewest, pairs.
    """
    rest, drawn = left_out - audited, int(audited.sum())
    if not rest.any():
        return 1.0, 1.0, 1.0
    if not audited[rest > 0].all():
        return 1.0, 0.0, 1.0
    hits, speaks_for = int(missed.sum()), rest / np.maximum(audited, 1)
    most = beta.ppf(0.975, hits + 1, drawn - hits) * drawn if hits < drawn else drawn
    least = beta.ppf(0.025, hits, drawn - hits + 1) * drawn if hits else 0.0
    missing = (missed * speaks_for).sum(), most * speaks_for.max(), least * speaks_for.min()
    estimate, low, high = (1 - min(1.0, float(n) / max(int(top_size.sum()), 1)) for n in missing)
    return estimate, low, high


@lru_cache(maxsize=1024)
def _recall(size: int, left: int, drawn: int, hit: int) -> tuple[float, float, float]:
    if left == drawn:  # nothing is left to be missing
        return 1.0, 1.0, 1.0
    possible = range(hit, left - drawn + hit + 1)  # how many there were, before the audit
    least = possible[bisect_left(possible, True, key=lambda n: hypergeom.sf(hit - 1, left, n, drawn) >= 0.025)]
    most = possible[bisect_left(possible, True, key=lambda n: hypergeom.cdf(hit, left, n, drawn) < 0.025) - 1]
    low, estimate, high = (1 - min(1, (n - hit) / max(size, 1)) for n in (most, hit * left / max(drawn, 1), least))
    return estimate, low, high


class _Search:
    """The state of one class: how far every pair is evaluated, and what is predicted of the rest."""

    def __init__(
        self,
        features: Features,
        evaluate: Callable[[int, IntArray], FloatArray],
        size: IntArray,
        wanted: int,
        generator: np.random.Generator,
    ) -> None:
        self.features, self.size, self.wanted = features, size, wanted
        self.generator, self._evaluate = generator, evaluate
        _, self.groups, pairs = features.mean.shape
        self.level = np.zeros(pairs, int)  # groups that each pair was evaluated on
        self.exact = np.zeros((self.groups, pairs))
        # The error: of single images (they add up as variances) and of a whole pair (which all images share).
        self._spread = np.concatenate([features.spread, features.mean[1:2] ** 2])
        self._error = np.array([0.1, 0.25, 0.0, 0.01])
        self._trust = np.array([0.7, 0.0, 0.0])  # of the features, before anything is known
        self.doubt = 1.0  # by which an audit found the error's size to be underestimated
        self.mean = self.deviation = np.empty(0)
        self.top = np.empty(0, int)

    @property
    def evaluated(self) -> BoolArray:
        return self.level == self.groups

    def advance(self, chosen: IntArray) -> None:
        """Evaluate each of the chosen pairs on its next group."""
        levels = self.level[chosen]
        for group in np.unique(levels):
            mine = chosen[levels == group]
            self.exact[group, mine] = self._evaluate(int(group), mine)
        self.level[chosen] += 1

    def finish(self, chosen: IntArray) -> float:
        """Evaluate the chosen pairs wholly; returns the size of the predictions' errors over the expected one."""
        predicted, expected = self.mean[chosen], self.deviation[chosen]
        rest = chosen
        while len(rest := rest[~self.evaluated[rest]]):
            self.advance(rest)
        if not len(chosen):
            return 0.0
        error = (self.exact.sum(axis=0)[chosen] - predicted) / expected
        # Student's t spreads by sqrt(f / (f - 2)) of its scale.
        return float(np.sqrt(np.mean(error**2) * (FREEDOM - 2) / FREEDOM))

    def draw(self, candidates: IntArray, count: int) -> IntArray:
        return np.sort(self.generator.choice(candidates, min(count, len(candidates)), replace=False))

    def pilot(self) -> None:
        """The first group of images, for the pairs that one of the two scores puts first, and for some at random."""
        pairs = len(self.level)
        slope, product, _ = self.features.mean.sum(axis=1)
        place = np.minimum(rankdata(-slope, method="ordinal"), rankdata(-product, method="ordinal"))
        order = np.argsort(place, kind="stable")
        best = max(AUDIT_LEAST, int(np.ceil(PILOT_BEST * pairs)))
        some = self.draw(order[best:], max(AUDIT_LEAST, int(np.ceil(PILOT_RANDOM * pairs))))
        self.advance(np.sort(np.concatenate([order[:best], some])))

    def settle(self, allowed: float, patience: int) -> float:
        """Go on until at most the `allowed` share of the top set may be missing; returns how many pairs that is."""
        held, before = 0, None
        while True:
            self.predict()
            inside = np.zeros(len(self.level), bool)
            inside[self.top] = True
            threshold = self.mean[self.top[-1]]
            with np.errstate(divide="ignore", invalid="ignore"):
                chance = t.sf((threshold - self.mean) / self.deviation, FREEDOM)
            open_ = ~self.evaluated
            outside = np.flatnonzero(open_ & ~inside)
            outside = outside[np.argsort(chance[outside], kind="stable")]
            may_miss = np.cumsum(chance[outside])
            stay = int(np.searchsorted(may_miss, allowed * len(self.top), side="right"))
            chosen = np.concatenate([np.flatnonzero(open_ & inside), outside[stay:]])
            if before is None or not np.array_equal(before, inside):
                held, before = 0, inside
            if not len(chosen):
                if held >= patience or not len(outside):
                    return float(may_miss[-1]) if len(outside) else 0.0
                chosen = outside[::-1][: patience - held]
            held += len(chosen)
            self.advance(np.sort(chosen))

    def predict(self) -> None:
        """Fit the model to what is known; set the mean and deviation of every pair's increment, and the top set."""
        known = np.arange(self.groups)[:, None] < self.level
        x, y = self.features.mean[:, known], self.exact[known]
        spread = self._spread[:, known]
        weights = self._trust
        # No prediction is certain, even where the features are all zero.
        least = 1e-12 * np.mean(y**2) + np.finfo(float).tiny
        for _ in range(2):  # the weights need the error's size, and it the weights
            precision = 1 / np.maximum(self._error @ spread, least)
            normal = (x * precision) @ x.T
            normal += np.diag(RIDGE * np.diag(normal) + np.finfo(float).tiny)
            weights = self._trust + np.linalg.solve(normal, (x * precision) @ (y - self._trust @ x))
            residual = np.minimum((y - weights @ x) ** 2 * precision, CLIP**2)
            self._error = nnls((spread * precision).T, residual)[0] + [1e-6, 1e-6, 0, 0]
        predicted = np.tensordot(weights, self.features.mean, axes=1)
        self.mean = np.where(known, self.exact, predicted).sum(axis=0)
        variance = np.maximum(np.tensordot(self._error, self._spread, axes=1), least)
        self.deviation = self.doubt * np.sqrt(np.where(known, 0, variance).sum(axis=0))
        self.top = top(self.mean, self.size, self.wanted)
