"""A model that predicts the increments that were not evaluated, and the error of its predictions.

It is fitted for one class, whose images form groups. The increment of a pair over a group is modelled as the sum of

- a linear term in five features, all from gradients: the first-order change, the product of amplitudes |X||G|, the
  energy of the pair, the change of the first-order term when the gradient is averaged over noisy copies of the image
  (SmoothGrad, Smilkov et al. 2017), and the standard deviation of the first-order term over these copies. The copies
  are needed because a removal is a long step, and a network of rectifiers has many kinks along it, which the gradient
  at one point does not show. A factor of each group multiplies this term: the images of a group may respond more, or
  less, to all removals;
- a departure from the linear term, in units of |X||G|, which changes slowly from one frequency to the next, so that
  the neighbours of a pair predict it;
- an error, whose variance grows with the squares of the features, and whose size is similar at neighbouring pairs.

The whole model is fitted again after each evaluation.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import nnls

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

# Standard deviation of the Gaussian weights of neighbouring frequencies, in cycles per image.
NEIGHBOUR_REACH = 2.0
# Weights of two priors, in pairs that are known as well as the average pair:
DEPARTURE_PRIOR = 1.0  # no departure
TYPICAL = 3.0  # an error of the mean size
CLIP = 6.0  # limit of standardised residuals
RIDGE = 0.01
GROUPS_DIFFER = 0.3  # prior standard deviation of the factors of the groups around 1
TINY = np.finfo(float).tiny
# Prior weights of the five features.
PRIOR_WEIGHTS = np.array([0.7, 0.0, 0.0, 0.7, 0.0])
# Sizes of the six terms of the error, at first and at least.
FIRST_ERROR = np.array([0.1, 0.25, 0.0, 0.0, 0.0, 0.01])
LEAST_ERROR = np.array([1e-6, 1e-6, 0.0, 0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Features:
    """The features of every pair, summed over each group of images and divided by the number of all images.

    mean : float64 [5, groups, pairs], the first-order change, |X||G|, the weighted energy, the change of the first one
        by smoothing, and the standard deviation of the first one over noisy copies
    spread : float64 [5, groups, pairs], the sums of their squares, divided by the square of the number of images
    share : float64 [groups], share of the images in each group; it sums to 1
    """

    mean: FloatArray
    spread: FloatArray
    share: FloatArray


@dataclass(frozen=True)
class Prediction:
    """The prediction for every pair, each [pairs].

    level : int64, number of groups that the pair was evaluated on
    mean, deviation : float64, of its increment; the standard deviation is 0 if all groups were evaluated
    next_mean, next_deviation : float64, of the contribution of its next group; without meaning if there is none
    """

    level: IntArray
    mean: FloatArray
    deviation: FloatArray
    next_mean: FloatArray
    next_deviation: FloatArray


class _Known(NamedTuple):
    """The evaluated increments, each of a group of images at a pair.

    group, pair : int64 [k]
    increment : float64 [k]
    features : float64 [5, k], as in `Features`
    spread : float64 [6, k], terms of the variance of the error
    started : int64, the pairs that were evaluated on some group
    n_groups, n_pairs : of which these are some
    """

    group: IntArray
    pair: IntArray
    increment: FloatArray
    features: FloatArray
    spread: FloatArray
    started: IntArray
    n_groups: int
    n_pairs: int

    @property
    def product(self) -> FloatArray:
        """|X||G|, [k]."""
        product: FloatArray = self.features[1]
        return product

    def least_variance(self) -> float:
        """A prediction is never certain, even if all features or all increments are zero."""
        of_increments = 1e-12 * np.mean(self.increment**2)
        of_features = 1e-18 * np.mean(self.features**2)
        return float(of_increments + of_features + TINY)


class _Departure(NamedTuple):
    """The departure of every pair from the linear term, each float64 [pairs].

    mean : posterior mean
    without_own : the same as the neighbours alone predict it
    certainty : what the evaluations of the pair itself say of it, an inverse variance
    total : that of its neighbourhood and of the prior
    """

    mean: FloatArray
    without_own: FloatArray
    certainty: FloatArray
    total: FloatArray


class Model:
    """The model of one class."""

    def __init__(self, features: Features, pairs: ConjugatePairs) -> None:
        self._pairs = pairs
        self._features = features.mean
        # Terms of the error: of single images (their variances add up) and of a whole group.
        self._spread = np.concatenate([features.spread, features.mean[1:2] ** 2])
        self._product_ahead = _ahead(self._features[1])
        self._spread_ahead = _ahead(self._spread)
        self._departure = np.zeros(len(pairs))
        self._error = FIRST_ERROR
        alone = np.zeros((pairs.height, pairs.width))
        alone[0, 0] = 1
        weight = _smooth(alone, NEIGHBOUR_REACH)
        u, v = 2 * pairs.frequencies.T
        of_partner = weight[u % pairs.height, v % pairs.width]
        # Weight of a position in its own neighbourhood, and of a pair, whose partner may be in it, too.
        self._position_weight = weight[0, 0]
        self._pair_weight = self._position_weight + np.where(pairs.size == 2, of_partner, 0)

    def fit(self, exact: FloatArray, level: IntArray) -> Prediction:
        """Fit the model to the evaluations so far and predict every pair.

        exact : float64 [groups, pairs], the evaluated increments; 0 where there is none
        level : int64 [pairs], number of evaluated groups; these are the first ones
        """
        known = self._known(exact, level)
        least = known.least_variance()
        for _ in range(2):  # each step needs the results of the others
            precision = 1 / np.maximum(self._error @ known.spread, least)
            target = known.increment - self._departure[known.pair] * known.product
            weights = _fit_weights(known, precision, target)
            linear_term = weights @ known.features
            factor = _fit_factors(known, precision, target, linear_term)
            residual = known.increment - factor[known.group] * linear_term
            departure = self._fit_departure(known, precision, residual)
            self._departure = departure.mean
            rest = residual - departure.mean[known.pair] * known.product
            self._error = _fit_error(known, precision, rest)
        linear = factor[:, None] * np.tensordot(weights, self._features, axes=1)
        departure_variance = self._departure_variance(departure)
        without_own = residual - departure.without_own[known.pair] * known.product
        error_size = self._local_error_size(known, without_own, least)

        def moments(
            linear: FloatArray, product: FloatArray, spread: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            """Mean and standard deviation of what some groups of each pair contribute."""
            mean = linear + self._departure * product
            variance = error_size * (self._error @ spread + departure_variance * product**2)
            return mean, np.sqrt(np.maximum(variance, least))

        pair = np.arange(known.n_pairs)
        ahead, deviation = moments(
            _ahead(linear)[level, pair],
            self._product_ahead[level, pair],
            self._spread_ahead[:, level, pair],
        )
        following = np.minimum(level, known.n_groups - 1)
        next_mean, next_deviation = moments(
            linear[following, pair],
            self._features[1, following, pair],
            self._spread[:, following, pair],
        )
        return Prediction(
            level=level.copy(),
            mean=exact.sum(axis=0) + ahead,
            deviation=np.where(level < known.n_groups, deviation, 0.0),
            next_mean=next_mean,
            next_deviation=next_deviation,
        )

    def _known(self, exact: FloatArray, level: IntArray) -> _Known:
        n_groups, n_pairs = exact.shape
        group, pair = np.nonzero(np.arange(n_groups)[:, None] < level)
        return _Known(
            group,
            pair,
            exact[group, pair],
            self._features[:, group, pair],
            self._spread[:, group, pair],
            np.flatnonzero(level),
            n_groups,
            n_pairs,
        )

    def _fit_departure(
        self, known: _Known, precision: FloatArray, residual: FloatArray
    ) -> _Departure:
        """The departure of each pair, which its neighbours share."""
        pull = _sums(known.pair, known.n_pairs, known.product * precision * residual)
        certainty = _sums(known.pair, known.n_pairs, known.product**2 * precision)
        pull_near, certainty_near = self._around(np.stack([pull, certainty]))
        prior = DEPARTURE_PRIOR * self._position_weight * certainty.sum() / len(known.started)
        total = certainty_near + prior + TINY
        others_pull = pull_near - self._pair_weight * pull
        others_total = total - self._pair_weight * certainty
        return _Departure(pull_near / total, others_pull / others_total, certainty, total)

    def _departure_variance(self, departure: _Departure) -> FloatArray:
        """The variance of each departure, [pairs]: the square of a Gaussian is a narrower Gaussian."""
        near = self._around(departure.certainty, NEIGHBOUR_REACH / 2**0.5)
        return self._position_weight / 2 * near / departure.total / departure.total

    def _local_error_size(self, known: _Known, rest: FloatArray, least: float) -> FloatArray:
        """The mean squared error at each pair and its neighbours, where 1 is expected: [pairs].

        rest : [k], what is left of each increment if its departure is predicted from the neighbours alone
        """
        started = known.started
        n_pairs = known.n_pairs
        variance = np.maximum(self._error @ known.spread, least)
        expected = _sums(known.pair, n_pairs, variance)[started]
        error = _sums(known.pair, n_pairs, rest)[started]
        size = np.zeros(n_pairs)
        size[started] = np.minimum(error**2 / expected, CLIP**2)
        count = np.zeros(n_pairs)
        count[started] = 1.0
        size_near, count_near = self._around(np.stack([size, count]))
        prior = TYPICAL * self._position_weight
        return (size_near + prior * size[started].mean()) / (count_near + prior)

    def _around(self, values: FloatArray, reach: float = NEIGHBOUR_REACH) -> FloatArray:
        """Means of each pair and its neighbours on the torus of frequencies, by their weights: [..., pairs]."""
        return self._pairs.gather(_smooth(self._pairs.scatter(values), reach))


def _fit_weights(known: _Known, precision: FloatArray, target: FloatArray) -> FloatArray:
    """The weight of each feature [5], by least squares with a ridge towards the prior weights."""
    weighted = known.features * precision
    normal = weighted @ known.features.T
    normal += np.diag(RIDGE * np.diag(normal) + TINY)
    moment = weighted @ (target - PRIOR_WEIGHTS @ known.features)
    return PRIOR_WEIGHTS + np.linalg.solve(normal, moment)


def _fit_factors(
    known: _Known, precision: FloatArray, target: FloatArray, linear_term: FloatArray
) -> FloatArray:
    """Posterior mean of the factor of each group [groups]; the prior is a normal distribution around 1."""
    prior = GROUPS_DIFFER**-2
    weighted = linear_term * precision
    above = _sums(known.group, known.n_groups, weighted * target)
    below = _sums(known.group, known.n_groups, weighted * linear_term)
    return (above + prior) / (below + prior)


def _fit_error(known: _Known, precision: FloatArray, rest: FloatArray) -> FloatArray:
    """The size of each term of the error [6]; rest : [k], what the model does not explain."""
    squares = np.minimum(rest**2 * precision, CLIP**2)
    size, _ = nnls((known.spread * precision).T, squares)
    return size + LEAST_ERROR


def _sums(place: IntArray, count: int, values: FloatArray) -> FloatArray:
    """Sums of values [k] at each place from 0 to count - 1: place int64 [k] -> [count]."""
    return np.bincount(place, values, count).astype(float)


def _smooth(planes: FloatArray, reach: float) -> FloatArray:
    """Means of each frequency and its neighbours [..., H, W]."""
    return gaussian_filter(planes, reach, mode="wrap", truncate=3, axes=(-2, -1))


def _ahead(values: FloatArray) -> FloatArray:
    """Sums over the groups from each one on, and 0 at the end: [..., groups, pairs] -> [..., groups + 1, pairs]."""
    from_last = np.flip(values, axis=-2).cumsum(axis=-2)
    ahead = np.flip(from_last, axis=-2)
    end = np.zeros_like(values[..., :1, :])
    return np.concatenate([ahead, end], axis=-2)
