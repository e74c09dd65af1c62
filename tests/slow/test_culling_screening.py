"""Screening on problems whose answer is known: what is evaluated is read from a table.

Sums are compared within 1e-12 of the largest increment, unless it says exactly."""

import warnings

import numpy as np
import pytest
from screening_problems import Problem


@pytest.mark.parametrize(("percent", "n_images"), [(1, 9), (5, 1), (5, 40), (20, 2)])
def test_good_features_meet_the_target_on_average(percent, n_images):
    """Mean over 6 seeds at a target of 0.95, within 0.03; an uninformative model would find a tenth of them."""
    recalls = []
    for seed in range(6):
        problem = Problem(32, n_images, seed=seed)
        found = problem.screen(percent, target_recall=0.95, seed=seed)
        problem.check(found)
        assert found.cost < 0.6
        recalls.append(problem.recall(found))
    assert np.mean(recalls) >= 0.92


def test_the_expected_recall_is_the_true_recall_where_the_assumptions_hold():
    """Mean expected against mean true recall over 30 seeds, within 0.03."""
    both = []
    for seed in range(30):
        problem = Problem(seed=seed)
        found = problem.screen(20, target_recall=0.9, seed=seed)
        both.append((found.expected_recall, problem.recall(found)))
    expected, true = np.mean(both, axis=0)
    assert expected <= true + 0.03
    assert expected >= 0.9


@pytest.mark.parametrize(("scale", "features"), [(1e-30, "good"), (1e12, "random")])
def test_the_scale_of_the_loss_changes_nothing(scale, features):
    """The scale does not change the evaluated pairs; only rounding may change the search."""
    plain, scaled = Problem(features=features), Problem(features=features, scale=scale)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, other = plain.screen(), scaled.screen()
    scaled.check(other)
    assert abs(found.cost - other.cost) < 0.02
    assert abs(plain.recall(found) - scaled.recall(other)) <= 1 / 7  # one pair of the top set


@pytest.mark.parametrize(
    ("scale", "features"), [(0.0, "good"), (1e12, "good"), (0.0, "none"), (1e-12, "none")]
)  # fmt: skip
def test_the_search_ends_for_equal_increments(scale, features):
    problem = Problem(features=features, equal=True)
    problem.table *= scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem.check(problem.screen())


@pytest.mark.parametrize("features", ["good", "random"])
def test_a_target_of_1_or_the_whole_spectrum_finds_everything(features):
    problem = Problem(features=features)
    found = problem.screen(target_recall=1.0)
    problem.check(found)
    assert problem.recall(found) == 1
    problem = Problem(features=features)
    found = problem.screen(percent=100)
    problem.check(found)
    assert found.evaluated.all()
    assert found.cost == pytest.approx(1)
