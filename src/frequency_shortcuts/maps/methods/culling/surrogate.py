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

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import nnls

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

REACH = 2.0  # cycles per image: standard deviation of the Gaussian weights of neighbouring frequencies
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
        self._one = weight[0, 0]  # weight of a pair in its own neighbourhood, which may also hold its partner
        self._own = self._one + np.where(pairs.size == 2, weight[v % pairs.height, u % pairs.width], 0)

    def fit(self, exact: FloatArray, level: IntArray) -> Prediction:
        """Fit the model to the evaluations so far and predict every pair.

        exact : float64 [groups, pairs], the evaluated increments; 0 where there is none
        level : int64 [pairs], number of evaluated groups; these are the first ones
        """
        groups, pairs = exact.shape
        group, pair = np.nonzero(np.arange(groups)[:, None] < level)
        x, y, spread = self._features[:, group, pair], exact[group, pair], self._spread[:, group, pair]
        product, started = x[1], level > 0
        # A prediction is never certain, even if all features or all increments are zero.
        least = 1e-12 * np.mean(y**2) + 1e-18 * np.mean(x**2) + TINY
        for _ in range(2):  # each part needs the others
            precision = 1 / np.maximum(self._error @ spread, least)
            normal = (x * precision) @ x.T
            normal += np.diag(RIDGE * np.diag(normal) + TINY)
            target = y - self._departure[pair] * product
            weights = self._trust + np.linalg.solve(normal, (x * precision) @ (target - self._trust @ x))
            linear_term = weights @ x
            # Posterior mean of the factor of each group; the prior is a normal distribution around 1.
            found, certain = (
                np.bincount(group, linear_term * precision * one, groups) for one in (target, linear_term)
            )
            factor = (found + GROUPS_DIFFER**-2) / (certain + GROUPS_DIFFER**-2)
            residual = y - factor[group] * linear_term
            pull = np.bincount(pair, product * precision * residual, pairs)
            known = np.bincount(pair, product**2 * precision, pairs).astype(float)
            pull_near, known_near = self._around(np.stack([pull, known]))
            held = known_near + DEPARTURE_PRIOR * self._one * known.sum() / started.sum() + TINY
            self._departure = pull_near / held
            rest = residual - self._departure[pair] * product
            squares = np.minimum(rest**2 * precision, CLIP**2)
            self._error = nnls((spread * precision).T, squares)[0] + [1e-6, 1e-6, 0, 0, 0, 0]
        # The size of the errors is estimated from the prediction of each pair without the pair itself.
        others = (pull_near - self._own * pull) / (held - self._own * known)
        rest = residual - others[pair] * product
        expected = np.bincount(pair, np.maximum(self._error @ spread, least), pairs)[started]
        size = np.zeros(pairs)
        size[started] = np.minimum(np.bincount(pair, rest, pairs)[started] ** 2 / expected, CLIP**2)
        size_near, count_near = self._around(np.stack([size, started.astype(float)]))
        typical = TYPICAL * self._one
        local = (size_near + typical * size[started].mean()) / (count_near + typical)
        # The variance of the departure, which all images share: the square of a Gaussian is a narrower Gaussian.
        unsure = self._one / 2 * self._around(known, REACH / 2**0.5) / held / held
        linear = factor[:, None] * np.tensordot(weights, self._features, axes=1)

        def said_of(linear_term: FloatArray, product: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
            variance = local * (self._error @ spread + unsure * product**2)
            return linear_term + self._departure * product, np.sqrt(np.maximum(variance, least))

        ahead, following = (level, np.arange(pairs)), (np.minimum(level, groups - 1), np.arange(pairs))
        rest, deviation = said_of(_ahead(linear)[ahead], self._product_ahead[ahead], self._spread_ahead[:, *ahead])
        step, step_deviation = said_of(linear[following], self._features[1, *following], self._spread[:, *following])
        deviation = np.where(level < groups, deviation, 0.0)
        return Prediction(level.copy(), exact.sum(axis=0) + rest, deviation, step, step_deviation)

    def _around(self, values: FloatArray, reach: float = REACH) -> FloatArray:
        """Means of each pair and its neighbours on the torus of frequencies, by their weights: [..., pairs]."""
        return self._pairs.gather(_smooth(self._pairs.scatter(values), reach))


def _smooth(planes: FloatArray, reach: float) -> FloatArray:
    """Means of each frequency and its neighbours [..., H, W]."""
    smooth: FloatArray = gaussian_filter(planes, reach, mode="wrap", truncate=3, axes=(-2, -1))
    return smooth


def _ahead(values: FloatArray) -> FloatArray:
    """Sums over the groups from each one on, and 0 at the end: [..., groups, pairs] -> [..., groups + 1, pairs]."""
    end = np.zeros_like(values[..., :1, :])
    return np.concatenate([values[..., ::-1, :].cumsum(axis=-2)[..., ::-1, :], end], axis=-2)
