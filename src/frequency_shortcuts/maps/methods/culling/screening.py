"""Find the best-ranked pairs of a class without evaluating all pairs on all images.

The images of a class form groups, the most influential first, and a pair is evaluated group by group. A model
(`surrogate.Model`) predicts the contribution of the remaining groups from a few gradients and from all evaluations so
far. Pairs that may belong to the top set are evaluated on further groups, the likeliest first. The search stops when
the target recall is expected and the top set is stable. Then an audit evaluates a random sample of the pairs that were
left out. If the sample holds too many of the top pairs, the search continues with a stricter target. The last audit
bounds how many more of them were left out, and so gives the recall.
"""

import logging
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

from frequency_shortcuts.intervals import TAIL
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.masks import top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .surrogate import CLIP, Features, Model, Prediction

log = logging.getLogger(__name__)

Evaluate = Callable[[IntArray, IntArray], FloatArray]  # see `screen`

# Cumulative shares of the images of a class after each group: a few influential images give most of the sum.
GROUPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
# Tails of the prediction error, in degrees of freedom of Student's t: a few predictions are far off.
FREEDOM = 8
SPREAD = FREEDOM / (FREEDOM - 2)  # variance of that distribution
PRIOR_COMPARISONS = 50.0  # weight of the prior, in comparisons: a scale of one standard deviation, which is cautious
PILOT_SHARE = (
    0.03  # of the pairs in the first fit of the model: the best ones, and as many at random
)
AT_ONCE = 0.5  # share of the possibly missing pairs to evaluate before the model is fitted again
# Share and least number of the left-out pairs that an audit evaluates.
AUDIT_SHARE = 0.01
AUDIT_LEAST = 8
MAX_ERROR_RATIO = 3.0  # an audit fails if its errors are this many times as large as expected


@dataclass(frozen=True)
class Screened:
    """The result of screening one class.

    increment : float64 [pairs], exact where `evaluated`, predicted elsewhere
    evaluated : bool [pairs]
    cost : filtered images that were shown to the network, as a share of those of an exact culling
    expected_recall : share of the true top set in the set that was found, as the model expects it
    left_out, audited, missed, audits : see `audited_recall`; the last audit passed
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
    counts = np.ceil(np.multiply(GROUPS, n_images))
    ends = np.clip(counts, 1, n_images).astype(int)
    return np.array([0, *np.unique(ends)])


def screen(
    features: Features,
    evaluate: Evaluate,
    pairs: ConjugatePairs,
    wanted: int,
    *,
    target_recall: float,
    patience: int,
    seed: int | Sequence[int],
) -> Screened:
    """Find the top set of one class.

    Parameters
    ----------
    evaluate : (groups [k], pairs [k]) -> float64 [k], the exact sums of the increments of each pair over the images
        of its group, divided by the number of all images
    wanted : positions that the top set fills
    target_recall, patience : see `method.Settings`
    seed : of the pilot and of the audits; another one for each class, or their audits depend on each other
    """
    search = _Search(features, evaluate, pairs, wanted, np.random.default_rng(seed))
    search.pilot()
    missing_share = 1 - target_recall
    allowed = missing_share
    audits = 0
    while True:
        audits += 1
        expected_missing = search.run(allowed, patience)
        audit = search.audit()
        too_many = missing_share * audit.top_size * audit.audited
        if audit.missed * audit.left_out > too_many:
            allowed /= 2
        elif audit.error_ratio > MAX_ERROR_RATIO:
            search.error_inflation *= audit.error_ratio
        else:
            break
        log.info(
            "the search goes on: an audit found %d of %d pairs wrongly left out, and errors %.1f times as large as "
            "expected",
            audit.missed,
            audit.audited,
            audit.error_ratio,
        )
    expected_recall = 1.0
    if not search.evaluated.all():
        expected_recall -= min(1.0, expected_missing / audit.top_size)
    return Screened(
        increment=audit.increment,
        evaluated=search.evaluated,
        cost=search.cost(),
        expected_recall=expected_recall,
        left_out=audit.left_out,
        audited=audit.audited,
        missed=audit.missed,
        audits=audits,
    )


def cap_predictions(
    increment: FloatArray, evaluated: BoolArray, size: IntArray, wanted: int
) -> FloatArray:
    """The increments [pairs], with predictions capped below the evaluated pairs that fill `wanted` positions."""
    exact = np.flatnonzero(evaluated)
    best = exact[top_pairs(increment[exact], size[exact], wanted)]
    last = best[-1]
    # In the precision of the DFM file, so that the order is the same after writing.
    ceiling = np.nextafter(np.float32(increment[last]), np.float32(-np.inf))
    return np.where(evaluated, increment, np.minimum(increment, ceiling))


class _Audit(NamedTuple):
    """The evaluation of a random sample of the pairs that were left out.

    left_out, audited : pairs that it could draw from, and drew
    missed : drawn pairs that belong to the top set
    top_size : pairs in the top set
    error_ratio : size of the prediction errors of the drawn pairs, where 1 is expected
    increment : float64 [pairs], see `Screened`
    """

    left_out: int
    audited: int
    missed: int
    top_size: int
    error_ratio: float
    increment: FloatArray


class _Search:
    """The state of the search in one class: the evaluated groups of every pair, and the predictions of the others.

    level : int64 [pairs], groups that each pair was evaluated on
    mean, deviation : float64 [pairs], of the predicted increments
    top : int64, the pairs of the top set by these predictions, the best first
    error_inflation : factor by which, according to an audit, the error was underestimated
    """

    def __init__(
        self,
        features: Features,
        evaluate: Evaluate,
        pairs: ConjugatePairs,
        wanted: int,
        generator: np.random.Generator,
    ) -> None:
        self.features = features
        self.size = pairs.size
        self.wanted = wanted
        self.generator = generator
        self._evaluate = evaluate
        self.model = Model(features, pairs)
        self.groups = len(features.share)
        self.level = np.zeros(len(pairs), int)
        self.exact = np.zeros((self.groups, len(pairs)))
        self.error_inflation = 1.0
        self.prediction: Prediction | None = None
        # Predictions one group ahead, for the first group of a pair and for later groups: number of comparisons, and
        # sum of the squared errors in units of the expected ones.
        self.tried = np.zeros(2)
        self.errors = np.zeros(2)

    @property
    def evaluated(self) -> BoolArray:
        return self.level == self.groups

    def cost(self) -> float:
        """Filtered images so far, as a share of those of an exact culling."""
        done = self.level > np.arange(self.groups)[:, None]
        return float(np.average(done.mean(axis=1), weights=self.features.share))

    def evaluate_next_group(self, chosen: IntArray) -> None:
        """Evaluate each of the chosen pairs on its next group."""
        levels = self.level[chosen]
        sums = self._evaluate(levels, chosen)
        self.exact[levels, chosen] = sums
        self.level[chosen] += 1
        if self.prediction is not None:
            self._compare(self.prediction, levels, chosen, sums)

    def _compare(
        self, prediction: Prediction, levels: IntArray, chosen: IntArray, sums: FloatArray
    ) -> None:
        """Count the errors of the predictions of pairs that were evaluated at these levels: each [k]."""
        error = (sums - prediction.next_mean[chosen]) / prediction.next_deviation[chosen]
        was_next = prediction.level[chosen] == levels
        squared_error = np.minimum(np.abs(error[was_next]), CLIP) ** 2
        is_later = (levels[was_next] > 0).astype(int)
        self.tried += np.bincount(is_later, minlength=2)
        self.errors += np.bincount(is_later, squared_error, minlength=2)

    def finish(self, chosen: IntArray) -> float:
        """Evaluate the chosen pairs on all groups; returns the ratio of the prediction errors to the expected ones."""
        if not len(chosen):
            return 0.0
        predicted = self.mean[chosen]
        expected = self.deviation[chosen]
        rest = chosen[~self.evaluated[chosen]]
        while len(rest):
            self.evaluate_next_group(rest)
            rest = rest[~self.evaluated[rest]]
        error = (self.exact.sum(axis=0)[chosen] - predicted) / expected
        return float(np.sqrt(np.mean(error**2) / SPREAD))

    def draw(self, candidates: IntArray, count: int) -> IntArray:
        """Some of the candidates at random, as many as `count`, or all if these are fewer."""
        count = min(count, len(candidates))
        return np.sort(self.generator.choice(candidates, count, replace=False))

    def pilot(self) -> None:
        """Evaluate the first group of images for the best pairs by either of two scores, and for some random pairs."""
        count = max(AUDIT_LEAST, math.ceil(PILOT_SHARE * len(self.level)))
        change_and_product = self.features.mean[:2].sum(axis=1)
        places = np.argsort(np.argsort(-change_and_product, kind="stable"))
        order = np.argsort(places.min(axis=0), kind="stable")
        drawn = self.draw(order[count:], count)
        chosen = np.concatenate([order[:count], drawn])
        self.evaluate_next_group(np.sort(chosen))

    def run(self, allowed: float, patience: int) -> float:
        """Search until at most the `allowed` share of the top set may be missing; returns that number of pairs."""
        stable_for = 0  # pairs that were evaluated since the top set last changed
        before = np.zeros(0, bool)
        while True:
            self.predict()
            inside = np.zeros(len(self.level), bool)
            inside[self.top] = True
            if not np.array_equal(before, inside):
                stable_for = 0
                before = inside
            unfinished = ~self.evaluated
            outside, chance = self._by_chance(np.flatnonzero(unfinished & ~inside))
            may_miss = np.cumsum(chance)
            missing = float(may_miss[-1]) if len(outside) else 0.0
            tolerated = max(allowed * len(self.top), (1 - AT_ONCE) * missing)
            likely = outside[np.searchsorted(may_miss, tolerated, side="right") :]
            chosen = np.concatenate([np.flatnonzero(unfinished & inside), likely])
            if not len(chosen):
                if stable_for >= patience or not len(outside):
                    return missing
                chosen = outside[::-1][: patience - stable_for]
            stable_for += len(chosen)
            self.evaluate_next_group(np.sort(chosen))

    def _by_chance(self, outside: IntArray) -> tuple[IntArray, FloatArray]:
        """Pairs outside the top set and their chances to belong to it, the least likely first."""
        distance = self.mean[outside] - self.mean[self.top[-1]]
        chance = stdtr(FREEDOM, distance / self.deviation[outside])
        order = np.argsort(chance, kind="stable")
        return outside[order], chance[order]

    def predict(self) -> None:
        """Predict the mean and scale of the increment of every pair, and the top set, from the evaluations so far."""
        self.prediction = self.model.fit(self.exact, self.level)
        self.mean = self.prediction.mean
        squared_error = self.errors / SPREAD + PRIOR_COMPARISONS
        error_size = np.sqrt(squared_error / (self.tried + PRIOR_COMPARISONS))
        is_later = np.minimum(self.level, 1)
        self.deviation = self.error_inflation * error_size[is_later] * self.prediction.deviation
        self.top = top_pairs(self.mean, self.size, self.wanted)

    def audit(self) -> _Audit:
        """Evaluate a random sample of the pairs that were left out."""
        left = np.flatnonzero(~self.evaluated)
        count = math.ceil(AUDIT_SHARE * len(left))
        drawn = self.draw(left, max(AUDIT_LEAST, count))
        error_ratio = self.finish(drawn)
        self.predict()
        # Capped, since errors that the audit found may raise the predictions of all other pairs.
        increment = cap_predictions(self.mean, self.evaluated, self.size, self.wanted)
        top = top_pairs(increment, self.size, self.wanted)
        missed = int(np.isin(drawn, top).sum())
        return _Audit(
            left_out=len(left),
            audited=len(drawn),
            missed=missed,
            top_size=len(top),
            error_ratio=error_ratio,
            increment=increment,
        )


def audited_recall(
    top_size: int,
    left_out: int,
    audited: int,
    missed: int,
    audits: int = 1,
) -> tuple[float, float, float]:
    """Recall of the top set by its last audit, with its 95 % interval: estimate, low, high.

    The audit drew `audited` of `left_out` pairs at random. `missed` of these belonged to the top set of `top_size`
    pairs, which now holds them. The hypergeometric distribution bounds how many more belong to it. It was audit number
    `audits`. The search goes on until an audit passes, and each audit could have been the last one: they share the 5 %,
    so that the interval holds whatever the search does between them. Most searches have only the first audit.
    """
    if left_out == audited:  # all pairs are evaluated
        return 1.0, 1.0, 1.0
    # Of the 5 %; all of them sum to 1.
    share = 0.99
    if audits > 1:
        share = 0.01 / (audits * (audits - 1))
    # Members of the top set that were left out before the audit.
    fewest, most = hypergeometric(left_out, audited, missed, TAIL * share)
    expected = missed * left_out / max(audited, 1)

    def recall_for(members: float) -> float:
        return 1.0 - min(1, (members - missed) / max(top_size, 1))

    return recall_for(expected), recall_for(most), recall_for(fewest)


def hypergeometric(population: int, drawn: int, hits: int, tail: float) -> tuple[int, int]:
    """How many members of a population have a property, if `hits` of those drawn at random have it: fewest and most.

    Each end has at most `tail` of the probability beyond it. All members that were not drawn may have it or not.
    """
    from scipy.stats import hypergeom  # here, since it takes half a second to import

    def chance_of_more(members: int) -> float:
        return float(hypergeom.sf(hits - 1, population, members, drawn))

    def too_many(members: int) -> bool:
        return bool(hypergeom.cdf(hits, population, members, drawn) < tail)

    possible = range(hits, population - drawn + hits + 1)
    fewest = bisect_left(possible, tail, key=chance_of_more)
    most = bisect_left(possible, True, key=too_many) - 1
    return possible[fewest], possible[most]
