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

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import nnls

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

REACH = (
    2.0  # cycles per image: standard deviation of the Gaussian weights of neighbouring frequencies
)
# Weights of two priors, in pairs that are known as well as the average pair:
DEPARTURE_PRIOR = 1.0  # no departure
TYPICAL = 3.0  # an error of the mean size
CLIP = 6.0  # limit of standardised residuals
RIDGE = 0.01
GROUPS_DIFFER = 0.3  # prior standard deviation of the factors of the groups around 1
TINY = np.finfo(float).tiny


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


class Model:
    """The model of one class."""

    def __init__(self, features: Features, pairs: ConjugatePairs) -> None:
        self._features, self._pairs = features.mean, pairs
        # Terms of the error: of single images (their variances add up) and of a whole group.
        self._spread = np.concatenate([features.spread, features.mean[1:2] ** 2])
        self._product_ahead, self._spread_ahead = _ahead(self._features[1]), _ahead(self._spread)
        # The prior values.
        self._trust = np.array([0.7, 0.0, 0.0, 0.7, 0.0])
        self._departure = np.zeros(len(pairs))
        self._error = np.array([0.1, 0.25, 0.0, 0.0, 0.0, 0.01])
        alone = np.zeros((pairs.height, pairs.width))
        alone[0, 0] = 1
        weight, (v, u) = _smooth(alone, REACH), 2 * pairs.frequencies.T
        # Weight of a pair in its own neighbourhood, which may also hold its partner.
        self._one = weight[0, 0]
        self._own = self._one + np.where(
            pairs.size == 2, weight[v % pairs.height, u % pairs.width], 0
        )

    def fit(self, exact: FloatArray, level: IntArray) -> Prediction:
        """Fit the model to the evaluations so far and predict every pair.

        exact : float64 [groups, pairs], the evaluated increments; 0 where there is none
        level : int64 [pairs], number of evaluated groups; these are the first ones
        """
        n_groups, n_pairs = exact.shape
        group, pair = np.nonzero(np.arange(n_groups)[:, None] < level)
        features, increment, spread = (
            self._features[:, group, pair],
            exact[group, pair],
            self._spread[:, group, pair],
        )
        product = features[1]  # |X||G|
        # A prediction is never certain, even if all features or all increments are zero.
        least = 1e-12 * np.mean(increment**2) + 1e-18 * np.mean(features**2) + TINY

        def by_pair(values: FloatArray) -> FloatArray:
            return np.bincount(pair, values, n_pairs).astype(float)

        for _ in range(2):  # each part needs the others
            precision = 1 / np.maximum(self._error @ spread, least)
            target = increment - self._departure[pair] * product
            # The weight of each feature, by least squares with a ridge towards those of the prior
            normal = (features * precision) @ features.T
            normal += np.diag(RIDGE * np.diag(normal) + TINY)
            moment = (features * precision) @ (target - self._trust @ features)
            weights = self._trust + np.linalg.solve(normal, moment)
            linear_term = weights @ features
            # Posterior mean of the factor of each group; the prior is a normal distribution around 1.
            above, below = (
                np.bincount(group, linear_term * precision * values, n_groups)
                for values in (target, linear_term)
            )
            factor = (above + GROUPS_DIFFER**-2) / (below + GROUPS_DIFFER**-2)
            residual = increment - factor[group] * linear_term
            # The departure of each pair, also as its neighbours alone predict it
            pull, certainty = (
                by_pair(product * precision * residual),
                by_pair(product**2 * precision),
            )
            pull_near, certainty_near = self._around(np.stack([pull, certainty]))
            started = np.unique(pair)
            total = (
                certainty_near + DEPARTURE_PRIOR * self._one * certainty.sum() / len(started) + TINY
            )
            self._departure = pull_near / total
            without_own = (pull_near - self._own * pull) / (total - self._own * certainty)
            # The size of each term of the error
            rest = residual - self._departure[pair] * product
            squares = np.minimum(rest**2 * precision, CLIP**2)
            self._error = nnls((spread * precision).T, squares)[0] + [1e-6, 1e-6, 0, 0, 0, 0]
        # Variance of the departure. Of all images: the square of a Gaussian is a narrower Gaussian.
        unsure = self._one / 2 * self._around(certainty, REACH / 2**0.5) / total / total
        # The mean squared error at each pair, predicted without itself, and its neighbours; 1 is expected.
        expected = by_pair(np.maximum(self._error @ spread, least))[started]
        rest = by_pair(residual - without_own[pair] * product)[started]
        size, count = np.zeros((2, n_pairs))
        size[started], count[started] = np.minimum(rest**2 / expected, CLIP**2), 1.0
        size_near, count_near = self._around(np.stack([size, count]))
        typical = TYPICAL * self._one
        local = (size_near + typical * size[started].mean()) / (count_near + typical)
        linear = factor[:, None] * np.tensordot(weights, self._features, axes=1)

        def moments(
            linear: FloatArray, product: FloatArray, spread: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            variance = local * (self._error @ spread + unsure * product**2)
            return linear + self._departure * product, np.sqrt(np.maximum(variance, least))

        every, following = np.arange(n_pairs), np.minimum(level, n_groups - 1)
        ahead, deviation = moments(
            _ahead(linear)[level, every],
            self._product_ahead[level, every],
            self._spread_ahead[:, level, every],
        )
        step, step_deviation = moments(
            linear[following, every],
            self._features[1, following, every],
            self._spread[:, following, every],
        )
        deviation = np.where(level < n_groups, deviation, 0.0)
        return Prediction(level.copy(), exact.sum(axis=0) + ahead, deviation, step, step_deviation)

    def _around(self, values: FloatArray, reach: float = REACH) -> FloatArray:
        """Means of each pair and its neighbours on the torus of frequencies, by their weights: [..., pairs]."""
        return self._pairs.gather(_smooth(self._pairs.scatter(values), reach))


def _smooth(planes: FloatArray, reach: float) -> FloatArray:
    """Means of each frequency and its neighbours [..., H, W]."""
    return gaussian_filter(planes, reach, mode="wrap", truncate=3, axes=(-2, -1))


def _ahead(values: FloatArray) -> FloatArray:
    """Sums over the groups from each one on, and 0 at the end: [..., groups, pairs] -> [..., groups + 1, pairs]."""
    end = np.zeros_like(values[..., :1, :])
    return np.concatenate([values[..., ::-1, :].cumsum(axis=-2)[..., ::-1, :], end], axis=-2)
