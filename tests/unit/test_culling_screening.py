"""Screening on problems whose answer is known: what is evaluated is read from a table.

Sums are compared within 1e-12 of the largest increment, unless it says exactly.
"""

import numpy as np
import pytest
from method_problems import Problem
from scipy import stats

from frequency_shortcuts import dfm
from frequency_shortcuts.intervals import TAIL
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.screening import (
    AUDIT_LEAST,
    audited_recall,
    group_bounds,
)
from frequency_shortcuts.spectrum.masks import positions
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def test_groups_partition_the_images_and_the_first_are_small():
    for n in range(1, 301):
        bounds = group_bounds(n)
        assert (
            (bounds[0], bounds[-1]) == (0, n)
            and (np.diff(bounds) > 0).all()
            and 2 <= len(bounds) <= 15
        )
    assert group_bounds(13).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13]
    assert group_bounds(300).tolist() == [
        0,
        15,
        30,
        45,
        60,
        75,
        90,
        105,
        120,
        150,
        180,
        210,
        240,
        270,
        300,
    ]


def test_perfect_features_find_the_top_set_at_small_cost():
    problem = Problem(32, features="perfect")
    found = problem.screen()
    problem.check(found)
    assert problem.recall(found) == 1
    # The pilot is at least 16 pairs on 5 % of the images; then the set itself, the patience and one audit.
    assert found.cost < 2.5 * (problem.wanted / 2 + AUDIT_LEAST) / len(problem.pairs)
    assert found.expected_recall >= 0.98


def test_the_search_depends_on_the_seed():
    problems = [Problem(32) for _ in range(3)]
    found, again, _ = (
        problem.screen(seed=seed) for problem, seed in zip(problems, (1, 1, 2), strict=True)
    )
    np.testing.assert_equal(vars(found), vars(again))
    assert problems[0].evaluations == problems[1].evaluations != problems[2].evaluations


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("side", "n_images", "features"), [(1, 1, "good"), (2, 3, "perfect"), (3, 40, "random")]
)
def test_tiny_problems_are_evaluated_whole(side, n_images, features):
    """1, 4 and 5 pairs; 1 and more groups. The audit draws all remaining pairs."""
    problem = Problem(side, n_images, features)
    found = problem.screen()
    problem.check(found)
    assert found.evaluated.all() and found.audited == found.left_out
    assert (found.cost, found.expected_recall) == (pytest.approx(1), pytest.approx(1, abs=1e-3))


@pytest.mark.parametrize(
    ("side", "percent", "n_images", "target", "seeds"),
    [(32, 5, 40, 0.95, 6), (32, 20, 2, 0.95, 6), (16, 20, 40, 0.9, 30)],
)
def test_good_features_meet_the_target_on_average_and_the_expected_recall_is_the_true_one(
    side, percent, n_images, target, seeds
):
    """Means over the seeds, within 0.03; an uninformative model would find a tenth of them."""
    recalls, expected = [], []
    for seed in range(seeds):
        problem = Problem(side, n_images, seed=seed)
        found = problem.screen(percent, target_recall=target, seed=seed)
        problem.check(found)
        assert found.cost < 0.6 or side == 16
        recalls.append(problem.recall(found))
        expected.append(found.expected_recall)
    assert np.mean(recalls) >= target - 0.03
    assert target <= np.mean(expected) <= np.mean(recalls) + 0.03


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("scale", "features"), [(1e12, "good"), (0.0, "none")])
def test_the_search_ends_for_equal_increments(scale, features):
    problem = Problem(features=features)
    problem.table[:] = scale * problem.share[:, None]
    problem.check(problem.screen())


def test_a_target_of_1_or_the_whole_spectrum_finds_everything():
    for options in ({"target_recall": 1.0}, {"percent": 100}):
        problem = Problem(features="random")
        found = problem.screen(**options)
        problem.check(found)
        assert problem.recall(found) == 1
    assert found.evaluated.all() and found.cost == pytest.approx(1)


def searching(problem):
    of_problem = problem.features, problem.evaluate, problem.pairs
    search = screening._Search(*of_problem, positions(16, 16, 5), np.random.default_rng(0))
    search.pilot()
    search.predict()
    return search


@pytest.mark.parametrize("size", [0, 20])
def test_errors_one_group_ahead_scale_the_uncertainty_of_the_search(size):
    """Errors of so many times the expected size, at most CLIP, change the deviation of pairs at the same level."""
    search = searching(Problem())
    said, squares = search.prediction, 30 * min(size, screening.CLIP) ** 2
    search._evaluate = lambda group, index: (
        said.next_mean[index] + size * said.next_deviation[index]
    )
    search.evaluate_next_group(np.flatnonzero(search.level == 0)[:30])
    search.predict()
    assert search.tried.tolist() == [30, 0] and search.errors[0] == pytest.approx(
        squares, abs=1e-20
    )
    prior = screening.PRIOR_COMPARISONS
    scale = np.where(
        search.level == 0, np.sqrt((squares / screening.SPREAD + prior) / (30 + prior)), 1
    )
    np.testing.assert_allclose(search.deviation, scale * search.prediction.deviation)


@pytest.mark.parametrize(("side", "count"), [(8, 8), (32, 16), (48, 35)])
def test_the_pilot_takes_the_best_by_either_feature_and_as_many_at_random(side, count):
    """3 % of the pairs each, at least 8: those with the best place by the change or by the product, on one group."""
    problem = Problem(side)
    search = screening._Search(
        problem.features, problem.evaluate, problem.pairs, 5, np.random.default_rng(0)
    )
    search.pilot()
    change, product = (problem.features.mean[k].sum(axis=0) for k in (0, 1))
    places = np.array([stats.rankdata(-one, method="ordinal") for one in (change, product)])
    best = sorted(range(len(search.level)), key=lambda p: (places[:, p].min(), p))[:count]
    assert search.level[best].tolist() == [1] * count
    assert search.level.sum() == 2 * count and search.level.max() == 1


def test_the_error_ratio_of_an_audit_is_the_size_of_its_errors_in_units_of_the_expected_ones():
    problem = Problem()
    search = searching(problem)
    chosen = np.flatnonzero(search.level == 0)[::9]
    errors = [(problem.truth[p] - search.mean[p]) / search.deviation[p] for p in chosen]
    expected = np.sqrt(
        sum(error**2 for error in errors) / len(errors) / stats.t(screening.FREEDOM).var()
    )
    assert search.finish(chosen) == pytest.approx(expected)
    assert search.evaluated[chosen].all() and search.finish(np.empty(0, int)) == 0


def slow_step(search, allowed, patience, held):
    """The pairs to evaluate next, and the number of pairs of the top set that may be missing.

    All open pairs of the top set are next, and of the others the likeliest: the least likely ones stay while they hold,
    together, at most the allowed number of missing pairs, or half of all that may be missing.
    """
    last = search.mean[search.top[-1]]
    others = np.array(
        [p for p in np.flatnonzero(search.level < search.groups) if p not in search.top], int
    )
    chances = stats.t.cdf(
        (search.mean[others] - last) / search.deviation[others], screening.FREEDOM
    )
    chance = dict(zip(others.tolist(), chances.tolist(), strict=True))
    may_miss = sum(chance.values())
    least, stays = 0.0, set()
    for p in sorted(chance, key=lambda p: (chance[p], p)):
        least += chance[p]
        if least > max(allowed * len(search.top), may_miss / 2):
            break
        stays.add(p)
    chosen = {p for p in search.top if search.level[p] < search.groups} | (set(chance) - stays)
    if not chosen:  # what is left of the patience goes to the likeliest
        chosen = set(sorted(chance, key=lambda p: (chance[p], p))[::-1][: max(0, patience - held)])
    return chosen, may_miss


@pytest.mark.parametrize(
    ("patience", "allowed", "features"),
    [(0, 0.02, "good"), (30, 0.3, "good"), (100, 0.3, "random")],
)
def test_each_step_takes_the_top_set_and_the_likeliest_of_the_others(patience, allowed, features):
    """Against a slow reference, step by step to the end, which says how many pairs may be missing."""
    search = searching(Problem(features=features))
    advance, held, before, steps = search.evaluate_next_group, 0, None, 0

    def count_held():
        nonlocal held, before
        if before != (top := set(search.top.tolist())):
            held, before = 0, top

    def checking(chosen):
        nonlocal held, steps
        count_held()
        expected, _ = slow_step(search, allowed, patience, held)
        assert chosen.tolist() == sorted(expected)
        held, steps = held + len(chosen), steps + 1
        advance(chosen)

    search.evaluate_next_group = checking
    missing = search.run(allowed, patience)
    count_held()
    expected, may_miss = slow_step(search, allowed, patience, held)
    assert steps > 2 and not expected
    assert missing == pytest.approx(may_miss) and missing <= allowed * len(search.top)


def protected(increment, evaluated, pairs, percent):
    """The exactly evaluated pairs that fill the top percentage, by a slow loop over the stored ranks."""
    rank, filled, chosen = dfm.rank(increment), 0, []
    for p in sorted(np.flatnonzero(evaluated), key=lambda p: rank[p]):
        if filled >= positions(pairs.height, pairs.width, percent):
            break
        chosen.append(p)
        filled += pairs.size[p]
    return rank, chosen


@pytest.mark.parametrize(("percent", "scale"), [(1, 1e-6), (5, 1.0), (20, 1e-42), (60, 1.0)])
def test_no_estimate_outranks_a_protected_pair_even_as_stored(percent, scale):
    generator, pairs = np.random.default_rng(0), ConjugatePairs(8, 8)
    for trial in range(40):
        increment = generator.standard_normal((1, len(pairs))).round(trial % 3) * scale  # many ties
        evaluated = generator.random((1, len(pairs))) < 0.3
        evaluated[0, trial % len(pairs)] = True
        stored = screening.cap_predictions(
            increment[0], evaluated[0], pairs.size, positions(8, 8, percent)
        )
        assert (stored[evaluated[0]] == increment[0][evaluated[0]]).all() and (
            stored <= increment[0]
        ).all()
        rank, chosen = protected(stored, evaluated[0], pairs, percent)
        assert rank[~evaluated[0]].min(initial=999) > rank[chosen].max()


# Pairs of the top set, left out, audited, and of the top set that are left out.
LARGE = [(1254, 20_000, 200, missing) for missing in (0, 25, 400)]  # 224 x 224, top 5 %
SMALL = [(10, 10, 8, 2), (10, 9, 8, 1), (10, 100, 50, 5)]  # all that the audit did not draw counts


@pytest.mark.parametrize("audit", [*LARGE, *SMALL], ids=str)
def test_the_interval_covers_the_true_recall(audit):
    """At least 95 % of 4000 audits, less 0.01 for the chance of the draw. The estimate is right on average: to 0.01."""
    top_size, left_out, audited, missing = audit
    missed = np.random.default_rng(0).hypergeometric(missing, left_out - missing, audited, 4000)
    known = {hits: audited_recall(top_size, left_out, audited, hits) for hits in np.unique(missed)}
    true, (estimate, low, high) = (
        1 - (missing - missed) / top_size,
        np.transpose([known[hits] for hits in missed]),
    )
    assert np.mean((low <= true + 1e-12) & (true <= high + 1e-12)) >= 0.94
    assert audit in SMALL or abs(np.mean(estimate - true)) < 0.01
    assert ((low >= 0) & (low <= estimate + 1e-12) & (estimate <= high + 1e-12) & (high <= 1)).all()


def test_recall_without_an_audit_is_certain_only_where_nothing_was_left_out():
    assert audited_recall(10, 0, 0, 0) == (1, 1, 1) and audited_recall(10, 4, 0, 0)[1:] == (
        pytest.approx(0.6),
        1,
    )


def test_all_audits_that_there_could_be_share_the_error(monkeypatch):
    """At most all of it, however many there are; one audit takes nearly everything."""
    tails = []
    with monkeypatch.context() as patch:
        patch.setattr(screening, "hypergeometric", lambda *audit: tails.append(audit[-1]) or (0, 0))
        for audits in range(1, 20_001):
            audited_recall(1000, 20_000, 200, 0, audits)
    shares = np.array(tails) / TAIL
    assert shares[0] == 0.99 and (np.diff(shares) < 0).all() and 0.9999 < shares.sum() <= 1
    lows = [audited_recall(1000, 20_000, 200, 0, k)[1] for k in (1, 2, 3, 30)]
    assert lows == sorted(lows, reverse=True) and lows[-1] < lows[0] - 0.3
    assert audited_recall(1000, 400, 40, 40, 1)[2] < audited_recall(1000, 400, 40, 40, 2)[2]


@pytest.mark.parametrize(("ratio", "audits"), [(2.99, 1), (3.01, 2)])
def test_an_audit_fails_if_its_errors_are_three_times_as_large_as_expected(
    monkeypatch, ratio, audits
):
    """Although it finds no pair that was wrongly left out. Then the search counts with the larger errors."""
    ratios, finish, inflations = iter([ratio, 0.0]), screening._Search.finish, []

    def measured(search, chosen):
        finish(search, chosen)
        inflations.append(search.error_inflation)
        return next(ratios)

    monkeypatch.setattr(screening._Search, "finish", measured)
    problem = Problem(32, features="perfect")
    found = problem.screen()
    assert (found.audits, found.missed) == (audits, 0)
    assert inflations == [1, ratio][:audits]


@pytest.mark.parametrize(
    ("population", "drawn", "tail"),
    [(9, 4, 0.025), (30, 8, 0.001), (60, 60, 0.025), (600, 8, 0.01)],
)
def test_the_hypergeometric_interval_is_found_by_trying_every_number(population, drawn, tail):
    for hits in range(drawn + 1):
        possible = range(hits, population - drawn + hits + 1)
        inside = [
            n for n in possible
            if stats.hypergeom.sf(hits - 1, population, n, drawn) >= tail
            and stats.hypergeom.cdf(hits, population, n, drawn) >= tail
        ]  # fmt: skip
        assert screening.hypergeometric(population, drawn, hits, tail) == (inside[0], inside[-1])
