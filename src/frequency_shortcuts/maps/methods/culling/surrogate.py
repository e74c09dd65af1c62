"""What removing a pair will do to images that were not shown to the network without it, and how sure that is.

For one class, whose images come in groups. The increment of a pair over a group is taken to be

- a linear model of five features, all from gradients: the first-order change, the product of amplitudes |X||G| and the
  energy of the pair, what averaging the gradient over noisy copies of the image (SmoothGrad, Smilkov et al. 2017) adds
  to the first-order change, and how much that change differs from one copy to the next. A removal is a step of some
  length, on which a network of rectifiers has many kinks: what it meets there, a gradient at one point does not tell;
- a factor of each group on that: what its images make of a removal may be more, or less, throughout;
- a departure from it, in units of |X||G|, which changes slowly from one frequency to the next: what was found
  at the neighbours says what to expect here;
- an error, whose variance grows with the features' squares, and whose size, too, is like that of the neighbours.

All of it is fitted again whenever more is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import nnls

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

REACH = 2.0  # cycles per image: standard deviation of the Gaussian weights that neighbouring frequencies have
# What speaks against the neighbours, in pairs that are known as well as the mean one:
DEPARTURE_PRIOR = 1.0  # without a departure
TYPICAL = 3.0  # whose errors are of the mean size
CLIP = 6.0  # standardised residuals beyond this count as this
RIDGE = 0.01
GROUPS_DIFFER = 0.3  # standard deviation of the groups' factors around 1, before anything is known
TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Features:
    """What gradients tell of every pair, summed over each group of images and divided by their total number.

    mean : float64 [5, groups, pairs], the first-order change, |X||G|, the weighted energy, what smoothing adds to the
        first-order change, and the standard deviation of that change between noisy copies
    spread : float64 [5, groups, pairs], the sums of their squares, divided by the number squared
    share : float64 [groups], of the images in each group; it sums to 1
    """

    mean: FloatArray
    spread: FloatArray
    share: FloatArray


@dataclass(frozen=True)
class Prediction:
    """What is thought of every pair, each [pairs].

    level : int64, the groups that it was evaluated on
    mean, deviation : float64, of its increment; the standard deviation is 0 where all is known
    next_mean, next_deviation : float64, of what its next group will add; of no meaning where all is known
    """

    level: IntArray
    mean: FloatArray
    deviation: FloatArray
    next_mean: FloatArray
    next_deviation: FloatArray


class Model:
    """The prediction for one class."""

    def __init__(self, features: Features, pairs: ConjugatePairs) -> None:
        self._features, self._pairs = features.mean, pairs
        # The error: of single images (they add up as variances) and of a whole group.
        self._spread = np.concatenate([features.spread, features.mean[1:2] ** 2])
        self._product_ahead, self._spread_ahead = _ahead(self._features[1]), _ahead(self._spread)
        # What is thought before anything is known.
        self._trust = np.array([0.7, 0.0, 0.0, 0.7, 0.0])
        self._departure = np.zeros(len(pairs))
        self._error = np.array([0.1, 0.25, 0.0, 0.0, 0.0, 0.01])
        alone = np.zeros((pairs.height, pairs.width))
        alone[0, 0] = 1
        weight, (v, u) = _smooth(alone, REACH), 2 * pairs.frequencies.T
        self._one = weight[0, 0]  # a pair's weight in its own neighbourhood, of which its partner may be a part, too
        self._own = self._one + np.where(pairs.size == 2, weight[v % pairs.height, u % pairs.width], 0)

    def fit(self, exact: FloatArray, level: IntArray) -> Prediction:
        """What is to be expected of every pair.

        exact : float64 [groups, pairs], what was found; 0 where nothing was
        level : int64 [pairs], how many groups were evaluated, the first ones
        """
        groups, pairs = exact.shape
        group, pair = np.nonzero(np.arange(groups)[:, None] < level)
        x, y, spread = self._features[:, group, pair], exact[group, pair], self._spread[:, group, pair]
        product, started = x[1], level > 0
        # No prediction is certain, even where the features are all zero, or the increments.
        least = 1e-12 * np.mean(y**2) + 1e-18 * np.mean(x**2) + TINY
        for _ in range(2):  # each part needs the others
            precision = 1 / np.maximum(self._error @ spread, least)
            normal = (x * precision) @ x.T
            normal += np.diag(RIDGE * np.diag(normal) + TINY)
            target = y - self._departure[pair] * product
            weights = self._trust + np.linalg.solve(normal, (x * precision) @ (target - self._trust @ x))
            linear_term = weights @ x
            # The mean of a normal distribution, around 1 at first, after what was found in the group.
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
        # The size of errors is judged by what is said of a pair without it.
        others = (pull_near - self._own * pull) / (held - self._own * known)
        rest = residual - others[pair] * product
        expected = np.bincount(pair, np.maximum(self._error @ spread, least), pairs)[started]
        size = np.zeros(pairs)
        size[started] = np.minimum(np.bincount(pair, rest, pairs)[started] ** 2 / expected, CLIP**2)
        size_near, count_near = self._around(np.stack([size, started.astype(float)]))
        typical = TYPICAL * self._one
        local = (size_near + typical * size[started].mean()) / (count_near + typical)
        # The variance of the departure, which all images share: a Gaussian's square is one of less reach.
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
    return gaussian_filter(planes, reach, mode="wrap", truncate=3, axes=(-2, -1))


def _ahead(values: FloatArray) -> FloatArray:
    """Sums over the groups from each one on, and 0 at the end: [..., groups, pairs] -> [..., groups + 1, pairs]."""
    end = np.zeros_like(values[..., :1, :])
    return np.concatenate([values[..., ::-1, :].cumsum(axis=-2)[..., ::-1, :], end], axis=-2)
