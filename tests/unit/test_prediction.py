"""The model of increments, on problems that satisfy its assumptions or do not, and against a slow reference."""

import numpy as np
import pytest
from scipy.optimize import nnls

from frequency_shortcuts.maps.methods.culling.surrogate import Features, Model
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SHARE = np.array([0.1, 0.1, 0.3, 0.5])  # of 20 images in each group


class Problem:
    """Features of 20 images at every pair, and increments made of them: [groups, pairs].

    departure : [pairs], in units of |X||G|
    noise : [pairs], of single images, in units of |X||G|
    """

    def __init__(self, size=(32, 32), departure=0.0, noise=0.0, seed=0):
        generator = np.random.default_rng(seed)
        self.pairs = ConjugatePairs(*size)
        count = len(self.pairs)
        strength = np.exp(generator.standard_normal(count))
        values = strength * np.exp(0.5 * generator.standard_normal((5, 20, count)))
        values[0] *= generator.choice([-1, 1], values[0].shape)
        values[3] *= generator.choice([-1, 1], values[3].shape)
        increment = np.tensordot((0.5, -0.2, 0.1, 0.4, 0.3), values, axes=1)
        increment += values[1] * (departure + noise * generator.standard_normal((20, count)))

        def grouped(values):
            return np.add.reduceat(values, [0, 2, 4, 10], axis=-2)

        self.table = grouped(increment) / 20
        self.features = Features(grouped(values) / 20, grouped(values**2) / 400, SHARE)
        # A third of the pairs is known in part, the first groups of images.
        self.level = np.where(generator.random(count) < 1 / 3, generator.integers(1, 4, count), 0)

    def fit(self, scale=1.0):
        """As a search does it: the model is fitted again and again."""
        features = Features(self.features.mean * scale, self.features.spread * scale**2, SHARE)
        model = Model(features, self.pairs)
        known = np.where(np.arange(4)[:, None] < self.level, self.table, 0.0)
        for _ in range(5):
            prediction = model.fit(known * scale, self.level)
        return prediction.mean, prediction.deviation


def test_the_scale_is_carried_along():
    problem = Problem(departure=0.5, noise=0.5)
    for plain, scaled in zip(problem.fit(), problem.fit(1e-30), strict=True):
        np.testing.assert_allclose(scaled / 1e-30, plain, rtol=1e-6, atol=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("scale", "least"), [(0, 0), (1e-12, 1e-5)])
def test_features_that_say_nothing_beside_the_increments_give_no_warning_and_no_certainty(
    scale, least
):
    problem = Problem()
    problem.features = Features(
        problem.features.mean * scale, problem.features.spread * scale**2, SHARE
    )
    mean, deviation = problem.fit()
    assert np.isfinite(mean).all()
    assert (deviation[problem.level < 4] > least * np.std(problem.table.sum(axis=0))).all()


def gaussian(reach):
    """Normalised weights at distances of up to three standard deviations: distance -> weight."""
    most = int(3 * reach + 0.5)
    weights = {d: np.exp(-0.5 * (d / reach) ** 2) for d in range(-most, most + 1)}
    return {d: weight / sum(weights.values()) for d, weight in weights.items()}


def neighbourhood(pairs, reach):
    """The weight of every pair in the mean around every pair, on the torus of positions: [pairs, pairs]."""
    height, width = pairs.height, pairs.width
    pair_at, weights, found = (
        pairs.scatter(np.arange(len(pairs))),
        gaussian(reach),
        np.zeros((len(pairs),) * 2),
    )
    for p, (row, column) in enumerate(pairs.positions[:, 0]):
        for down, one in weights.items():
            for right, other in weights.items():
                found[p, pair_at[(row + down) % height, (column + right) % width]] += one * other
    return found


class SlowModel:
    """What the docstrings of `surrogate` say, term by term. Priors: see its constants."""

    trust = np.array([0.7, 0, 0, 0.7, 0])

    def __init__(self, features, pairs):
        self.mean, self.pairs = features.mean, pairs
        self.spread = np.array(
            [*features.spread, features.mean[1] ** 2]
        )  # terms of the variance of an error
        self.error, self.departure = np.array([0.1, 0.25, 0, 0, 0, 0.01]), np.zeros(len(pairs))
        self.near, self.nearer = neighbourhood(pairs, 2.0), neighbourhood(pairs, 2.0 / np.sqrt(2))
        side = [
            sum(w for d, w in gaussian(2.0).items() if d % n == 0)
            for n in (pairs.height, pairs.width)
        ]
        self.one = side[0] * side[1]  # of a position in its own neighbourhood

    def variance(self, g, p):
        return max(self.error @ self.spread[:, g, p], self.least)

    def fit(self, exact, level):
        groups, count = exact.shape
        done = [(g, p) for g in range(groups) for p in range(count) if g < level[p]]
        x = np.array([self.mean[:, g, p] for g, p in done])
        y = np.array([exact[g, p] for g, p in done])
        self.least = 1e-12 * np.mean(y**2) + 1e-18 * np.mean(x**2)
        started = sorted({p for _, p in done})
        for _ in range(2):
            weight = np.array([1 / self.variance(g, p) for g, p in done])
            target = np.array([y[i] - self.departure[p] * x[i, 1] for i, (_, p) in enumerate(done)])
            # Weighted least squares, drawn a little towards the trusted coefficients.
            ridge = np.sqrt(0.01 * (weight[:, None] * x**2).sum(axis=0))
            rows = np.concatenate([np.sqrt(weight)[:, None] * x, np.diag(ridge)])
            coefficients = np.linalg.lstsq(
                rows, [*(np.sqrt(weight) * target), *(ridge * self.trust)], rcond=None
            )[0]
            linear = x @ coefficients
            above, below = np.full(groups, 0.3**-2), np.full(groups, 0.3**-2)
            for i, (g, _) in enumerate(done):
                above[g] += weight[i] * linear[i] * target[i]
                below[g] += weight[i] * linear[i] ** 2
            factor = above / below
            residual = np.array([y[i] - factor[g] * linear[i] for i, (g, _) in enumerate(done)])
            pull, known = np.zeros(count), np.zeros(count)
            for i, (_, p) in enumerate(done):
                pull[p] += weight[i] * x[i, 1] * residual[i]
                known[p] += weight[i] * x[i, 1] ** 2
            held = self.near @ known + self.one * sum(known) / len(started)
            self.departure = self.near @ pull / held
            rest = np.array(
                [residual[i] - self.departure[p] * x[i, 1] for i, (_, p) in enumerate(done)]
            )
            terms = np.array([weight[i] * self.spread[:, g, p] for i, (g, p) in enumerate(done)])
            self.error = nnls(terms, np.minimum(weight * rest**2, 36))[0] + [1e-6, 1e-6, 0, 0, 0, 0]
        own = np.diag(self.near)
        others = (self.near @ pull - own * pull) / (held - own * known)
        size, known_here = np.zeros(count), np.zeros(count)
        for p in started:
            mine = [i for i, (_, q) in enumerate(done) if q == p]
            error = sum(residual[i] - others[p] * x[i, 1] for i in mine)
            size[p] = min(error**2 / sum(self.variance(*done[i]) for i in mine), 36)
            known_here[p] = 1
        typical = 3 * self.one
        local = (self.near @ size + typical * size[started].mean()) / (
            self.near @ known_here + typical
        )
        unsure = self.one / 2 * (self.nearer @ known) / held**2

        def said(p, some):
            """Mean and standard deviation of the sum over some groups of a pair."""
            product = sum(self.mean[1, g, p] for g in some)
            mean = (
                sum(factor[g] * (coefficients @ self.mean[:, g, p]) for g in some)
                + self.departure[p] * product
            )
            spread = self.error @ sum(self.spread[:, g, p] for g in some)
            return mean, np.sqrt(max(local[p] * (spread + unsure[p] * product**2), self.least))

        whole, step = np.zeros((2, count)), np.zeros((2, count))
        for p in range(count):
            if level[p] < groups:
                whole[:, p], step[:, p] = said(p, range(level[p], groups)), said(p, [level[p]])
        return exact.sum(axis=0) + whole[0], whole[1], step[0], step[1]


@pytest.mark.parametrize(("size", "departure"), [((7, 8), 0.0), ((14, 5), 0.8)])
def test_the_model_equals_a_slow_reference_fit_after_fit(size, departure):
    """Within 1e-7 of the largest value; the second and third fit start from the one before, as in a search."""
    problem = Problem(size, departure=departure, noise=0.5)
    pairs, features = problem.pairs, Features(problem.features.mean, problem.features.spread, SHARE)
    model, slow = Model(features, pairs), SlowModel(features, pairs)
    generator = np.random.default_rng(1)
    level = np.where(generator.random(len(pairs)) < 0.6, generator.integers(1, 4, len(pairs)), 0)
    for _ in range(3):
        known = np.where(np.arange(4)[:, None] < level, problem.table, 0.0)
        found, expected = model.fit(known, level), slow.fit(known, level)
        np.testing.assert_array_equal(found.level, level)
        open_ = level < 4
        for one, other in zip((found.mean, found.deviation), expected[:2], strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-7 * np.abs(other).max())
        for one, other in zip((found.next_mean, found.next_deviation), expected[2:], strict=True):
            np.testing.assert_allclose(
                one[open_], other[open_], rtol=0, atol=1e-7 * np.abs(other).max()
            )
        level = np.minimum(4, level + (generator.random(len(pairs)) < 0.3))
