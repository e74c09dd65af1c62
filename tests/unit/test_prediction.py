"""The model of increments, on problems that satisfy its assumptions and on some that do not."""

import warnings

import numpy as np
import pytest

from frequency_shortcuts.maps.methods.culling import surrogate
from frequency_shortcuts.maps.methods.culling.surrogate import REACH, Features, Model
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SHARE = np.array([0.1, 0.1, 0.3, 0.5])  # of 20 images in each group
SIZES = [(24, 33)]


class Problem:
    """Features of 20 images at every pair, and increments made of them: [groups, pairs].

    departure : [pairs], in units of |X||G|
    noise : [pairs], of single images, in units of |X||G|
    factor : [20, 1], of each image on what is linear in the features
    """

    def __init__(self, size=(32, 32), weights=(0.5, -0.2, 0.1, 0.4, 0.3), departure=0.0, noise=0.0, seed=0, factor=1.0):
        generator = np.random.default_rng(seed)
        self.pairs = ConjugatePairs(*size)
        count = len(self.pairs)
        strength = np.exp(generator.standard_normal(count))
        values = strength * np.exp(0.5 * generator.standard_normal((5, 20, count)))
        values[0] *= generator.choice([-1, 1], values[0].shape)
        values[3] *= generator.choice([-1, 1], values[3].shape)
        increment = factor * np.tensordot(weights, values, axes=1)
        increment += values[1] * (departure + noise * generator.standard_normal((20, count)))

        def grouped(values):
            return np.add.reduceat(values, [0, 2, 4, 10], axis=-2)

        self.table = grouped(increment) / 20
        self.features = Features(grouped(values) / 20, grouped(values**2) / 400, SHARE)
        # A third of the pairs is known in part, the first groups of images.
        self.level = np.where(generator.random(count) < 1 / 3, generator.integers(1, 4, count), 0)

    @property
    def truth(self):
        return self.table.sum(axis=0)

    def fit(self, scale=1.0, fits=5):
        """As a search does it: the model is fitted again and again."""
        features = Features(self.features.mean * scale, self.features.spread * scale**2, SHARE)
        model = Model(features, self.pairs)
        known = np.where(np.arange(4)[:, None] < self.level, self.table, 0.0)
        for _ in range(fits):
            self.prediction = model.fit(known * scale, self.level)
        return self.prediction.mean, self.prediction.deviation


def hill(pairs):
    """A departure that is large around the frequency (6, 4), and so around (-6, -4) as well."""
    v, u = pairs.frequencies.T
    return np.maximum(*(2 * np.exp(-0.5 * np.hypot(v - s * 6, u - s * 4) ** 2 / 9) for s in (-1, 1)))


@pytest.mark.parametrize("size", SIZES)
def test_known_increments_are_not_predicted(size):
    problem = Problem(size, noise=1.0)
    problem.level[:] = 4
    problem.level[3] = 3
    mean, deviation = problem.fit()
    whole = problem.level == 4
    np.testing.assert_array_equal(mean[whole], problem.truth[whole])
    assert (deviation[whole] == 0).all()
    assert deviation[3] > 0


@pytest.mark.parametrize("size", SIZES)
def test_increments_that_are_linear_in_the_features_are_found(size):
    """Within 3 % of their root mean square: the ridge pulls a little."""
    problem = Problem(size)
    mean, _ = problem.fit()
    assert np.sqrt(np.mean((mean - problem.truth) ** 2)) < 0.03 * np.sqrt(np.mean(problem.truth**2))


def test_a_factor_common_to_the_images_of_a_group_is_predicted_for_the_rest(monkeypatch):
    """The last ten images make three times as much of every removal. Of pairs that wait for these, the error is less
    than half of that without factors; where no image differs, factors cost less than a twentieth."""
    errors = {}
    for name, differ in (("with", 0.3), ("without", 1e-6)):
        monkeypatch.setattr(surrogate, "GROUPS_DIFFER", differ)
        for last in (1.0, 3.0):
            problem = Problem(noise=0.1, factor=np.r_[np.ones(10), np.full(10, last)][:, None])
            problem.level = np.random.default_rng(0).integers(0, 5, len(problem.pairs))
            wait = problem.level == 3
            errors[name, last] = np.abs(problem.fit()[0] - problem.truth)[wait].sum()
    assert errors["with", 3.0] < 0.5 * errors["without", 3.0]
    assert errors["with", 1.0] < 1.05 * errors["without", 1.0]


@pytest.mark.parametrize("size", SIZES)
def test_the_next_group_is_predicted_with_an_error_as_large_as_it_says(size):
    """Root mean square of the standardised errors over 10 draws: near 1. The steps add up to what lies ahead."""
    squares = []
    for seed in range(10):
        problem = Problem(size, noise=0.5, seed=seed)
        problem.fit()
        prediction, open_ = problem.prediction, np.flatnonzero(problem.level < 4)
        next_ = problem.table[problem.level[open_], open_]
        squares.append(np.mean(((next_ - prediction.next_mean[open_]) / prediction.next_deviation[open_]) ** 2))
        last = np.flatnonzero(problem.level == 3)
        known = problem.table[:3, last].sum(axis=0)
        np.testing.assert_allclose(known + prediction.next_mean[last], prediction.mean[last], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(prediction.next_deviation[last], prediction.deviation[last], rtol=1e-9)
        np.testing.assert_array_equal(prediction.level, problem.level)
    assert 0.8 < np.sqrt(np.mean(squares)) < 1.2


@pytest.mark.parametrize("size", SIZES)
def test_a_departure_of_neighbours_is_predicted_for_a_pair(size):
    """Near a smooth departure, the error is below half of a linear model's. Shuffled, it is at most 20 % larger."""
    problem = Problem(size, departure=hill(ConjugatePairs(*size)), noise=0.2)
    unknown = problem.level == 0
    linear = Problem(size, noise=0.2).truth  # the same draws, without the hill
    here = unknown & (hill(problem.pairs) > 0.5)
    mean, _ = problem.fit()
    assert here.sum() > 20
    assert np.abs(mean - problem.truth)[here].sum() < 0.5 * np.abs(linear - problem.truth)[here].sum()

    mixed = np.random.default_rng(1).permutation(hill(problem.pairs))
    problem = Problem(size, departure=mixed, noise=0.2)
    mean, _ = problem.fit()
    assert np.square(mean - problem.truth)[unknown].sum() < 1.2 * np.square(linear - problem.truth)[unknown].sum()


def test_the_error_is_as_large_as_that_of_the_neighbours():
    """Noise four times as large at high frequencies: deviations are at least twice as large (the mean counts, too)."""
    pairs = ConjugatePairs(32, 32)
    high = pairs.radius > 11
    problem = Problem(noise=np.where(high, 1.2, 0.3))
    _, deviation = problem.fit()
    unknown = problem.level == 0
    unit = np.sqrt(problem.features.spread[1].sum(axis=0))
    far = unknown & (np.abs(pairs.radius - 11) > 2 * REACH)  # from the step between them
    low_size, high_size = (np.sqrt(np.mean((deviation / unit)[far & part] ** 2)) for part in (~high, high))
    assert 2 < high_size / low_size < 4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("noise", "hilly"), [(0.1, True), (1.0, False)])
def test_errors_are_as_large_as_it_says(size, noise, hilly):
    """Root mean square of the standardised errors over 10 draws, where nothing is known and where a part is: near 1."""
    squares = []
    for seed in range(10):
        departure = hill(ConjugatePairs(*size)) / 2 if hilly else 0.0
        problem = Problem(size, departure=departure, noise=noise, seed=seed)
        mean, deviation = problem.fit()
        error = ((mean - problem.truth) / deviation) ** 2
        squares.append([error[part].mean() for part in (problem.level == 0, problem.level > 0)])
    unknown, in_part = np.sqrt(np.mean(squares, axis=0))
    assert 0.8 < unknown < 1.2
    assert 0.75 < in_part < 1.25


@pytest.mark.parametrize("noise", [0.1, 1.0])
def test_a_departure_found_in_a_few_noisy_pairs_is_not_taken_for_certain(noise):
    """As above after a pilot of a tenth of the images at 6 % of the pairs, without a departure."""
    squares = []
    for seed in range(5):
        problem = Problem((64, 64), noise=noise, seed=seed)
        problem.level = (np.random.default_rng(seed).random(len(problem.pairs)) < 0.06).astype(int)
        mean, deviation = problem.fit()
        squares.append(np.mean(((mean - problem.truth) / deviation)[problem.level == 0] ** 2))
    assert 0.8 < np.sqrt(np.mean(squares)) < 1.2


@pytest.mark.parametrize("size", [*SIZES, (1, 4), (5, 2), (9, 9)])
def test_neighbours_are_those_on_a_torus(size):
    """A slow sum over all positions, wrapped around: within 1e-12. Weights end at three standard deviations."""
    pairs = ConjugatePairs(*size)
    values = np.random.default_rng(0).random((2, len(pairs)))
    features = Features(np.zeros((5, 1, len(pairs))), np.zeros((5, 1, len(pairs))), np.ones(1))
    found = Model(features, pairs)._around(values)
    plane = pairs.scatter(values)
    reach = np.arange(-6, 7)
    weights = np.exp(-0.5 * (reach / REACH) ** 2)
    weights /= weights.sum()
    for pair, (row, column) in enumerate(pairs.positions[:, 0]):
        rows, columns = (row + reach) % size[0], (column + reach) % size[1]
        slow = weights @ plane[:, rows[:, None], columns] @ weights
        np.testing.assert_allclose(found[:, pair], slow, rtol=0, atol=1e-12)


def test_the_scale_is_carried_along():
    problem = Problem(departure=0.5, noise=0.5)
    for plain, scaled in zip(problem.fit(), problem.fit(1e-30), strict=True):
        np.testing.assert_allclose(scaled / 1e-30, plain, rtol=1e-6, atol=1e-9)


def test_uninformative_features_give_no_warning_and_no_certainty():
    problem = Problem()
    problem.features = Features(np.zeros_like(problem.features.mean), np.zeros_like(problem.features.spread), SHARE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, deviation = problem.fit()
    assert np.isfinite(mean).all()
    assert (deviation[problem.level < 4] > 0).all()
