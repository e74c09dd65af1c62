"""The p-values of the findings, against those of scipy and slow loops."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings, strategies
from scipy import stats

from frequency_shortcuts.findings import significance
from frequency_shortcuts.intervals import over_networks

VALUES = [np.random.default_rng(seed).normal(0.03, 0.05, 5 + seed) for seed in range(8)]


@pytest.mark.parametrize("values", VALUES)
def test_p_of_a_mean_is_that_of_scipy_and_agrees_with_the_interval(values):
    for threshold in (-0.1, 0.0, 0.05):
        assert significance.p_of_mean(values, threshold) == pytest.approx(stats.ttest_1samp(values, threshold).pvalue)
    _, low, high, _ = over_networks(values)
    assert (significance.p_of_mean(values, 0) < 0.05) == (low > 0 or high < 0)


@pytest.mark.parametrize("values", VALUES)
def test_p_of_equivalence_is_the_larger_of_two_one_sided_ones_doubled(values):
    for bound in (0.02, 0.06, 0.1):
        below = stats.ttest_1samp(values, bound, alternative="less").pvalue
        above = stats.ttest_1samp(values, -bound, alternative="greater").pvalue
        found = significance.p_of_equivalence(values, bound)
        assert found == pytest.approx(min(1, 2 * max(below, above)))
        _, low, high, _ = over_networks(values)
        assert (found < 0.05) == (-bound < low and high < bound)


def test_four_networks_have_no_p_and_equal_values_are_certain():
    assert np.isnan(significance.p_of_mean(np.ones(4), 0)) and np.isnan(significance.p_of_equivalence(np.ones(4), 1))
    for equal in (np.full(5, 0.25), np.full(20, 0.1)):  # the second has a standard deviation that is rounding
        value = equal[0]
        assert [significance.p_of_mean(equal, value + more) for more in (-0.2, 0, 0.1)] == [0, 1, 0]
        assert [significance.p_of_equivalence(equal, value + more) for more in (-0.05, 0, 0.1)] == [1, 1, 0]


@pytest.mark.parametrize("count", [1, 2, 11])
def test_p_of_a_count_at_one_half_is_the_exact_binomial_one(count):
    for hits in range(count + 1):
        assert significance.p_of_count(hits, count, 0.5) == pytest.approx(stats.binomtest(hits, count, 0.5).pvalue)


@settings(max_examples=15, deadline=None)
@given(strategies.lists(strategies.integers(0, 4), min_size=2, max_size=5), strategies.randoms())
def test_p_of_few_classes_is_the_share_of_all_their_orders(x, random):
    y = [random.randint(0, 4) for _ in x]
    found = significance.p_of_order(np.array(x, float), np.array(y, float))
    if len(set(x)) < 2 or len(set(y)) < 2:
        assert np.isnan(found)
        return
    here = abs(stats.spearmanr(x, y).statistic)
    orders = [abs(stats.spearmanr(x, order).statistic) >= here - 1e-9 for order in permutations(y)]
    assert found == pytest.approx(np.mean(orders))


def test_p_of_many_classes_is_by_random_orders_and_never_zero():
    x = np.arange(30.0)
    assert significance.p_of_order(x, x) == significance.p_of_order(x, -x) == pytest.approx(1 / 10_001)
    y = x + np.random.default_rng(1).normal(0, 25, 30)
    expected = stats.spearmanr(x, y).pvalue
    assert 0.001 < expected < 0.2
    error = (expected / 10_000) ** 0.5
    assert significance.p_of_order(x, y) == pytest.approx(expected, abs=5 * error + 0.1 * expected)
    assert significance.p_of_order(x, y) == significance.p_of_order(x, y)


def test_of_an_irrelevant_order_of_ten_classes_five_percent_are_below_one_in_twenty():
    generator, x = np.random.default_rng(0), np.arange(10.0)
    p = np.array([significance.p_of_order(x, generator.permutation(x), seed) for seed in range(200)])
    assert abs((p < 0.05).mean() - 0.05) < 3 * (0.05 * 0.95 / 200) ** 0.5


def test_all_means_are_below_a_threshold_if_each_is_and_one_is_above_it_if_one_is():
    low, middle, high = (np.linspace(-0.02, 0.02, 6) + mean for mean in (0.02, 0.07, 0.2))
    below = [stats.ttest_1samp(of, 0.1, alternative="less").pvalue for of in (low, middle)]
    assert significance.p_of_largest([low, middle], 0.1) == (pytest.approx(2 * max(below)), 1)
    above = stats.ttest_1samp(high, 0.1, alternative="greater").pvalue
    assert significance.p_of_largest([low, high, middle], 0.1) == (1, pytest.approx(2 * 3 * above))
    assert significance.p_of_largest([low, np.array([0.01])], 0.1) == (1, 1)  # one network shows nothing
    assert significance.p_of_largest([low, high[:4]], 0.1, fewest=5) == (1, 1)


@settings(max_examples=30, deadline=None)
@given(strategies.lists(strategies.floats(0, 1), min_size=1, max_size=9))
def test_holm_rejects_what_his_steps_reject(p):
    """Step by step: the smallest p against level / n, the next against level / (n - 1), until one fails."""
    level, adjusted, rejected = 0.05, significance.holm(p), set()
    for step, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if not p[i] * (len(p) - step) < level:
            break
        rejected.add(i)
    assert {i for i in range(len(p)) if adjusted[i] < level} == rejected
