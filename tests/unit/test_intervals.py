"""Intervals and p-values against slow references: scipy, tables of 2 x 2 cells, loops over draws, and steps by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from frequency_shortcuts import intervals
from study.findings import claims


@pytest.mark.parametrize("count", [1, 2, 8, 11, 100])
def test_intervals_and_p_of_a_share_are_scipys(count):
    share, low, high = intervals.shares(np.arange(count + 1), count)
    np.testing.assert_array_equal(share, np.arange(count + 1) / count)
    assert low[0] == 0 and high[-1] == 1
    for hits in range(count + 1):
        expected = stats.binomtest(hits, count, 0.5)
        np.testing.assert_allclose(
            (low[hits], high[hits]), expected.proportion_ci(method="wilson"), rtol=0, atol=1e-15
        )
        exact = expected.proportion_ci(method="exact")
        assert intervals.clopper_pearson(hits, count) == pytest.approx(
            (exact.low, exact.high), rel=1e-9
        )
        assert claims.p_of_count(hits, count, 0.5) == pytest.approx(expected.pvalue)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_a_paired_difference_is_that_of_the_2_x_2_table_with_one_half_in_each_cell(images):
    cells = {(one, other): 0.5 for one in (True, False) for other in (True, False)}
    for image in images:
        cells[image] += 1
    n, only_one, only_other = sum(cells.values()), cells[True, False], cells[False, True]
    found = intervals.paired([int(one) - int(other) for one, other in images])
    assert found.centre == pytest.approx((only_one - only_other) / n, abs=1e-12)
    assert found.variance == pytest.approx(
        ((only_one + only_other) - (only_one - only_other) ** 2 / n) / n**2
    )
    if images:
        assert found.value == pytest.approx(
            np.mean([one for one, _ in images]) - np.mean([two for _, two in images])
        )
    else:
        assert np.isnan(found.value) and found.variance == 0.25


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (-0.1, 0.1, "as well"),  # the bound belongs to it
        (0.02, 0.06, "as well"),  # clearly above 0, and yet within the bound
        (0.02, 0.11, "better"),
        (-0.11, -0.02, "worse"),
        (0.0, 0.11, "undecided"),
        (-0.11, 0.0, "undecided"),
        (np.nan, 0.05, "undecided"),
        (np.nan, np.nan, "undecided"),
    ],
)
def test_as_well_is_said_only_of_an_interval_within_the_bound(low, high, word):
    assert intervals.compared(low, high, 0.1) == word


def test_the_bootstrap_draws_images_within_their_classes_and_takes_percentiles():
    """Against a loop over the draws, and, for a mean, against the normal distribution, to 0.01."""
    generator, drawn = np.random.default_rng(0), []
    strata = generator.permutation(np.repeat([3, 7, 9], [40, 1, 160]))
    values = generator.random(201)

    def mean(weights):
        drawn.append(weights)
        return weights @ values / 201

    low, high = intervals.bootstrap(strata, mean, draws=1000, seed=1)
    (weights,) = drawn
    for one in weights:
        chosen = np.repeat(np.arange(201), one.astype(int))
        assert np.array_equal(np.sort(strata[chosen]), np.sort(strata))
    means = [np.mean(np.repeat(values, one.astype(int))) for one in weights]
    assert (low, high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))
    error = (
        np.sqrt(sum(values[strata == one].var() * (strata == one).sum() for one in (3, 7, 9))) / 201
    )
    assert (low, high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.01
    )
    assert (low, high) == intervals.bootstrap(strata, mean, draws=1000, seed=1)
    assert (low, high) != intervals.bootstrap(strata, mean, draws=1000, seed=2)
    assert np.isnan(
        intervals.bootstrap(strata, lambda weights: weights @ np.full(201, 0.1) / 201)
    ).all()  # no spread


def test_networks_have_students_interval_from_five_on_and_fewer_one_over_their_images():
    values = np.random.default_rng(5).random(5)
    found = intervals.over_networks(values, np.ones(5))
    assert found[:3] == pytest.approx(
        (values.mean(), *stats.t.interval(0.95, 4, values.mean(), stats.sem(values)))
    )
    assert found.of == "networks" and np.isnan(intervals.over_networks([*values, np.nan])[:3]).all()
    found = intervals.over_networks([0.1, 0.5], [0.3, 0.4])
    assert found == (
        pytest.approx(0.3),
        pytest.approx(-0.05),
        pytest.approx(0.65),
        "these networks",
    )
    assert np.isnan(intervals.over_networks([0.1, 0.5])[1:3]).all()
    assert np.isnan(intervals.over_networks([], [])[:3]).all()


def test_the_ratio_of_two_means_has_fiellers_interval():
    """Its ends are where the interval of the differences x - r y begins or ends at 0, to 1e-9."""
    generator = np.random.default_rng(2)
    y = generator.normal(0.7, 0.1, 6)
    x = 0.8 * y + generator.normal(0, 0.05, 6)
    value, low, high, of = intervals.ratio(x, y)
    assert value == pytest.approx(x.mean() / y.mean()) and low < value < high and of == "networks"
    assert intervals.over_networks(x - low * y).low == pytest.approx(0, abs=1e-9)
    assert intervals.over_networks(x - high * y).high == pytest.approx(0, abs=1e-9)
    assert intervals.ratio(np.zeros(6), y)[:3] == (0, 0, 0)


@pytest.mark.parametrize("cost", [[0.5, 0.6, 0.5, 0.6], [0.1, -0.1, 0.1, -0.1, 0.1], [0.0] * 5])
def test_a_ratio_has_no_ends_of_few_networks_or_if_it_may_be_one_to_nothing(cost):
    value, *ends, _ = intervals.ratio(cost, cost)
    assert np.isnan(ends).all() and (value == 1 if any(cost) else np.isnan(value))


def test_four_networks_have_no_p_and_equal_values_are_certain():
    assert np.isnan(claims.p_of_mean(np.ones(4), 0)) and np.isnan(
        claims.p_of_equivalence(np.ones(4), 1)
    )
    for equal in (
        np.full(5, 0.25),
        np.full(20, 0.1),
    ):  # the second has a standard deviation that is rounding
        value = equal[0]
        assert [claims.p_of_mean(equal, value + more) for more in (-0.2, 0, 0.1)] == [0, 1, 0]
        assert [claims.p_of_equivalence(equal, value + more) for more in (-0.05, 0, 0.1)] == [
            1,
            1,
            0,
        ]
