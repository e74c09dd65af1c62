"""The intervals of the findings against scipy's distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frequency_shortcuts.findings import spread


@given(st.integers(0, 50), st.integers(1, 50), st.floats(1e-6, 0.2))
def test_the_interval_of_a_share_is_that_of_jeffreys_and_reaches_the_ends(hits, images, tail):
    hits = min(hits, images)
    low, high = spread.jeffreys(hits / images, images, tail)
    beta = stats.beta(hits + 0.5, images - hits + 0.5)
    assert low == (0 if hits == 0 else pytest.approx(beta.ppf(tail), rel=1e-6))
    assert high == (1 if hits == images else pytest.approx(beta.ppf(1 - tail), rel=1e-6))


@pytest.mark.parametrize(("hits", "images"), [(0, 7), (3, 7), (50, 50)])
def test_the_quantiles_of_jeffreys_are_those_of_the_beta_distribution(hits, images):
    expected = stats.beta(hits + 0.5, images - hits + 0.5).ppf([0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(spread.jeffreys_quantiles(hits, images, 5), expected, rtol=1e-6)


def test_the_interval_of_a_mean_is_students_t_and_that_of_a_sum_is_welchs():
    error = spread.standard_error([0.3, 0.3, np.nan], [9, 1, 0])
    assert error == pytest.approx([0.1, 0, 0])
    assert spread.students_t(0.1, 9, 0.01) == pytest.approx(stats.t.ppf(0.99, 8) * 0.1)
    one, other = (0.04, 2), (0.01, 4)
    assert spread.welch([]) == 0 and spread.welch([one]) == pytest.approx(stats.t.ppf(0.975, 2) * 0.2)
    freedom = 0.05**2 / (0.04**2 / 2 + 0.01**2 / 4)
    assert spread.welch([one, other]) == pytest.approx(stats.t.ppf(0.975, freedom) * np.sqrt(0.05))
