"""Find the best-ranked pairs of a class without evaluating all pairs on all images.

The images of a class form groups, the most influential first, and a pair is evaluated group by group. A model
(`surrogate.Model`) predicts the contribution of the remaining groups from a few gradients and from all evaluations so
far. Pairs that may belong to the top set are evaluated on further groups, the likeliest first. The search stops when
the target recall is expected and the top set is stable. Then an audit evaluates a random sample of the pairs that were
left out. If the sample holds too many of the top pairs, the search continues with a stricter target. The last audit
bounds how many more of them were left out, and so gives the recall.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, stdtr  # scipy.stats takes each job half a second to import

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
PILOT_BEST = PILOT_RANDOM = 0.03  # shares of the pairs in the first fit of the model
AT_ONCE = 0.5  # share of the possibly missing pairs to evaluate before the model is fitted again
# Share and least number of the left-out pairs that an audit evaluates.
AUDIT_SHARE, AUDIT_LEAST = (
    0.01,
    8,
)
MAX_ERROR_RATIO = 3.0  # an audit fails if its errors are this many times as large as expected


@dataclass(frozen=True)
class Screened:
    """The result of screening one class.

    increment : float64 [pairs], exact where `evaluated`, predicted elsewhere
    evaluated : bool [pairs]
    cost : filtered images that were shown to the network, as a share of those of an exact culling
    expected_recall : share of the true top set in the set that was found, as the model expects it
    left_out, audited, missed, audits : see `recall`; the last audit passed
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
    allowed, audits = 1 - target_recall, 0
    while True:
        audits += 1
        expected_missing = search.run(allowed, patience)
        left = np.flatnonzero(~search.evaluated)
        drawn = search.draw(left, max(AUDIT_LEAST, int(np.ceil(AUDIT_SHARE * len(left)))))
        error_ratio = search.finish(drawn)
        search.predict()
        # Ranked before the audit: its errors may raise the predictions of all other pairs.
        increment = cap_predictions(search.mean, search.evaluated, pairs.size, wanted)
        best = top_pairs(increment, pairs.size, wanted)
        missed = int(np.isin(drawn, best).sum())
        wrongly = missed * len(left) > (1 - target_recall) * len(best) * len(drawn)
        if not wrongly and error_ratio <= MAX_ERROR_RATIO:
            break
        if wrongly:
            allowed /= 2
            log.info(
                "an audit found %d of %d pairs wrongly left out: the search goes on",
                missed,
                len(drawn),
            )
        else:
            search.error_inflation *= error_ratio
            log.info(
                "an audit found errors %.1f times as large as expected: the search goes on",
                error_ratio,
            )
    return Screened(
        increment=increment,
        evaluated=search.evaluated,
        cost=float(
            np.average(
                (search.level > np.arange(search.groups)[:, None]).mean(axis=1),
                weights=features.share,
            )
        ),
        expected_recall=1.0
        if search.evaluated.all()
        else 1 - min(1.0, expected_missing / len(best)),
        left_out=len(left),
        audited=len(drawn),
        missed=missed,
        audits=audits,
    )


def cap_predictions(
    increment: FloatArray, evaluated: BoolArray, size: IntArray, wanted: int
) -> FloatArray:
    """The increments [pairs], with predictions capped below the evaluated pairs that fill `wanted` positions."""
    exact = np.flatnonzero(evaluated)
    order = exact[np.argsort(-increment[exact], kind="stable")]
    filled = np.cumsum(size[order]) >= wanted
    last = order[np.argmax(filled)] if filled.any() else order[-1]
    # In the precision of the DFM file, so that the order is the same after writing.
    ceiling = np.nextafter(np.float32(increment[last]), np.float32(-np.inf))
    return np.where(evaluated, increment, np.minimum(increment, ceiling))


class _Search:
    """The state of the search in one class: the evaluated groups of every pair, and the predictions of the others."""

    def __init__(
        self,
        features: Features,
        evaluate: Evaluate,
        pairs: ConjugatePairs,
        wanted: int,
        generator: np.random.Generator,
    ) -> None:
        self.features, self.size, self.wanted = features, pairs.size, wanted
        self.model = Model(features, pairs)
        self.generator, self._evaluate = generator, evaluate
        self.groups = len(features.share)
        self.level = np.zeros(len(pairs), int)  # groups that each pair was evaluated on
        self.exact = np.zeros((self.groups, len(pairs)))
        self.error_inflation = (
            1.0  # factor by which, according to an audit, the error was underestimated
        )
        self.prediction: Prediction | None = None
        # Predictions one group ahead, for the first group of a pair and for later groups: number of comparisons, and
        # sum of the squared errors in units of the expected ones.
        self.tried, self.errors = np.zeros(2), np.zeros(2)

    @property
    def evaluated(self) -> BoolArray:
        return self.level == self.groups

    def evaluate_next_group(self, chosen: IntArray) -> None:
        """Evaluate each of the chosen pairs on its next group."""
        levels = self.level[chosen]
        sums = self.exact[levels, chosen] = self._evaluate(levels, chosen)
        self.level[chosen] += 1
        if self.prediction:
            predicted = self.prediction.level[chosen] == levels
            error = (sums - self.prediction.next_mean[chosen]) / self.prediction.next_deviation[
                chosen
            ]
            later = (levels[predicted] > 0).astype(int)
            self.tried += np.bincount(later, minlength=2)
            self.errors += np.bincount(
                later, np.minimum(np.abs(error[predicted]), CLIP) ** 2, minlength=2
            )

    def finish(self, chosen: IntArray) -> float:
        """Evaluate the chosen pairs on all groups; returns the ratio of the prediction errors to the expected ones."""
        predicted, expected = self.mean[chosen], self.deviation[chosen]
        rest = chosen
        while len(rest := rest[~self.evaluated[rest]]):
            self.evaluate_next_group(rest)
        if not len(chosen):
            return 0.0
        error = (self.exact.sum(axis=0)[chosen] - predicted) / expected
        return float(np.sqrt(np.mean(error**2) / SPREAD))

    def draw(self, candidates: IntArray, count: int) -> IntArray:
        return np.sort(
            self.generator.choice(candidates, min(count, len(candidates)), replace=False)
        )

    def pilot(self) -> None:
        """Evaluate the first group of images for the best pairs by either of two scores, and for some random pairs."""
        pairs = len(self.level)
        places = np.argsort(np.argsort(-self.features.mean[:2].sum(axis=1), kind="stable"))
        order = np.argsort(places.min(axis=0), kind="stable")
        best = max(AUDIT_LEAST, int(np.ceil(PILOT_BEST * pairs)))
        drawn = self.draw(order[best:], max(AUDIT_LEAST, int(np.ceil(PILOT_RANDOM * pairs))))
        self.evaluate_next_group(np.sort(np.concatenate([order[:best], drawn])))

    def run(self, allowed: float, patience: int) -> float:
        """Search until at most the `allowed` share of the top set may be missing; returns that number of pairs."""
        stable_for, before = 0, None  # pairs that were evaluated since the top set last changed
        while True:
            self.predict()
            inside = np.zeros(len(self.level), bool)
            inside[self.top] = True
            threshold = self.mean[self.top[-1]]
            open_ = ~self.evaluated
            outside = np.flatnonzero(open_ & ~inside)
            chance = stdtr(FREEDOM, (self.mean[outside] - threshold) / self.deviation[outside])
            order = np.argsort(chance, kind="stable")
            outside, may_miss = outside[order], np.cumsum(chance[order])
            missing = float(may_miss[-1]) if len(outside) else 0.0
            stay = int(
                np.searchsorted(
                    may_miss, max(allowed * len(self.top), (1 - AT_ONCE) * missing), side="right"
                )
            )
            chosen = np.concatenate([np.flatnonzero(open_ & inside), outside[stay:]])
            if before is None or not np.array_equal(before, inside):
                stable_for, before = 0, inside
            if not len(chosen):
                if stable_for >= patience or not len(outside):
                    return missing
                chosen = outside[::-1][: patience - stable_for]
            stable_for += len(chosen)
            self.evaluate_next_group(np.sort(chosen))

    def predict(self) -> None:
        """Predict the mean and scale of the increment of every pair, and the top set, from the evaluations so far."""
        self.prediction = self.model.fit(self.exact, self.level)
        self.mean = self.prediction.mean
        size = np.sqrt(
            (self.errors / SPREAD + PRIOR_COMPARISONS) / (self.tried + PRIOR_COMPARISONS)
        )
        self.deviation = (
            self.error_inflation * size[np.minimum(self.level, 1)] * self.prediction.deviation
        )
        self.top = top_pairs(self.mean, self.size, self.wanted)


def recall(
    top_size: int, left_out: int, audited: int, missed: int, audits: int = 1
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
    share = 0.01 / (audits * (audits - 1)) if audits > 1 else 0.99
    least, most = hypergeometric(left_out, audited, missed, TAIL * share)  # before the audit
    expected = missed * left_out / max(audited, 1)
    low, estimate, high = (
        1.0 - min(1, (n - missed) / max(top_size, 1)) for n in (most, expected, least)
    )
    return estimate, low, high


def hypergeometric(population: int, drawn: int, hits: int, tail: float) -> tuple[int, int]:
    """How many members of a population have a property, if `hits` of those drawn at random have it: fewest and most.

    Each end has at most `tail` of the probability beyond it. All members that were not drawn may have it or not.
    """

    def ln_choose(n: npt.ArrayLike, k: npt.ArrayLike) -> FloatArray:
        return np.asarray(
            gammaln(np.add(n, 1)) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n, k) + 1)
        )

    def chances(n: int) -> FloatArray:
        """The chances [drawn + 1] that 0, 1, ... of n members are among those drawn."""
        among = np.arange(drawn + 1)
        return np.exp(
            ln_choose(n, among)
            + ln_choose(population - n, drawn - among)
            - ln_choose(population, drawn)
        )

    possible = range(hits, population - drawn + hits + 1)
    fewest = possible[bisect_left(possible, True, key=lambda n: chances(n)[hits:].sum() >= tail)]
    most = possible[
        bisect_left(possible, True, key=lambda n: chances(n)[: hits + 1].sum() < tail) - 1
    ]
    return fewest, most
