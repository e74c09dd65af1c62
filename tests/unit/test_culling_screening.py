"""Screening on problems whose answer is known: what is evaluated is read from a table.

Sums are compared within 1e-12 of the largest increment, unless it says exactly.
"""

import warnings

import numpy as np
import pytest
from scipy.stats import rankdata

from frequency_shortcuts import dfm
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.screening import (
    AUDIT_LEAST,
    GROUPS,
    group_bounds,
    screen,
)
from frequency_shortcuts.maps.methods.culling.surrogate import Features
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


class Problem:
    """Increments of every image at every pair of a side x side spectrum, and features that predict them.

    features: `perfect` (the first is the increment itself), `good` (as on real networks), `random`, or `none` (all 0).
    `evaluations` holds the evaluated (group, pair) in order.
    """

    def __init__(self, side=16, n_images=40, features="good", seed=0, scale=1.0, equal=False):
        generator = np.random.default_rng(seed)
        self.pairs, self.evaluations = ConjugatePairs(side, side), []
        count = len(self.pairs)
        strength = np.exp(1.5 * generator.standard_normal(count))
        slope = strength * np.exp(0.5 * generator.standard_normal((n_images, count)))
        product, energy = (slope * np.exp(generator.normal(0, s, slope.shape)) for s in (0.3, 1.0))
        increment = slope + 0.3 * product * generator.standard_t(3, slope.shape)
        if equal:
            increment = np.ones_like(slope)
        # The last two add nothing: the search does not use the features of noisy images, only the model does.
        values = [increment if features == "perfect" else slope, product, energy, 0 * slope, 0 * slope]
        if features == "random":
            values = [one[:, generator.permutation(count)] for one in values]
        values = np.zeros((5, n_images, count)) if features == "none" else np.stack(values)
        bounds = group_bounds(n_images)

        def grouped(by_image):
            return np.add.reduceat(by_image, bounds[:-1], axis=-2)

        self.table = grouped(increment * scale) / n_images
        self.share = np.diff(bounds) / n_images
        self.features = Features(
            grouped(values * scale) / n_images, grouped((values * scale) ** 2) / n_images**2, self.share
        )

    @property
    def truth(self):
        return self.table.sum(axis=0)

    def evaluate(self, group, index):
        self.evaluations += zip(group.tolist(), index.tolist(), strict=True)
        return self.table[group, index]

    def screen(self, percent=5.0, wanted=None, target_recall=0.98, patience=20, seed=0):
        self.wanted = wanted or positions(self.pairs.height, self.pairs.width, percent)
        options = {"target_recall": target_recall, "patience": patience, "seed": seed}
        return screen(self.features, self.evaluate, self.pairs, self.wanted, **options)

    def recall(self, found):
        """The share of the true top set that is in the best of the evaluated pairs."""
        best = top_pairs(np.where(found.evaluated, found.increment, -np.inf), self.pairs.size, self.wanted)
        return np.isin(top_pairs(self.truth, self.pairs.size, self.wanted), best).mean()

    def check(self, found):
        """Every search satisfies this, however good its features are."""
        assert len(set(self.evaluations)) == len(self.evaluations)  # nothing is evaluated twice
        levels = np.zeros(len(self.pairs), int)
        for group, pair in self.evaluations:
            assert group == levels[pair]  # the groups of a pair in order
            levels[pair] += 1
        np.testing.assert_array_equal(found.evaluated, levels == len(self.share))
        done = found.evaluated
        scale = np.abs(self.truth).max()
        np.testing.assert_allclose(found.increment[done], self.truth[done], rtol=0, atol=1e-12 * scale)
        assert np.isfinite(found.increment).all()
        cost = sum(self.share[group] for group, _ in self.evaluations) / len(self.pairs)
        assert abs(found.cost - cost) < 1e-12
        assert 0 <= found.expected_recall <= 1
        assert 0 <= found.missed <= found.audited <= found.left_out <= len(self.pairs)
        assert (found.left_out == 0) == (found.audited == 0)
        assert done.sum() >= len(self.pairs) - found.left_out + found.audited


def test_groups_partition_the_images_and_the_first_are_small():
    for n in range(1, 301):
        bounds = group_bounds(n)
        assert bounds[0] == 0
        assert bounds[-1] == n
        assert (np.diff(bounds) > 0).all()
        assert 2 <= len(bounds) <= len(GROUPS) + 1
        slow = {min(end for end in range(1, n + 1) if end >= share * n - 1e-9) for share in GROUPS}
        # A product may round up past a whole number of images: at most one image later.
        assert all(min(abs(end - other) for other in slow) <= 1 for end in bounds[1:])
    assert group_bounds(300).tolist() == [0, 15, 30, 45, 60, 75, 90, 105, 120, 150, 180, 210, 240, 270, 300]


@pytest.mark.parametrize("side", [16, 32])
@pytest.mark.parametrize("seed", range(5))
def test_perfect_features_find_the_top_set_at_small_cost(side, seed):
    problem = Problem(side, features="perfect", seed=seed)
    found = problem.screen(seed=seed)
    problem.check(found)
    assert problem.recall(found) == 1
    # The pilot is at least 16 pairs on 5 % of the images; then the set itself, the patience and one audit.
    assert found.cost < 2.5 * (problem.wanted / 2 + AUDIT_LEAST) / len(problem.pairs)
    assert found.expected_recall >= 0.98


@pytest.mark.parametrize("percent", [1, 5, 20])
@pytest.mark.parametrize("n_images", [1, 2, 9, 40])
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


@pytest.mark.parametrize("features", ["random", "none"])
@pytest.mark.parametrize("seed", range(3))
def test_useless_features_still_give_exact_values(features, seed):
    problem = Problem(features=features, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem.check(problem.screen(seed=seed))


def test_more_is_evaluated_with_weaker_features():
    costs = [Problem(32, features=features).screen().cost for features in ("perfect", "good", "random")]
    assert costs == sorted(costs)


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


@pytest.mark.parametrize("patience", [0, 20, 100, 10**6])
def test_patience_counts_the_pairs_evaluated_since_the_set_last_changed(monkeypatch, patience):
    """Counted outside of the search: pairs evaluated between the last change of the set and the end of the search."""
    log, problem = [], Problem(32)
    predict, advance, run = (getattr(screening._Search, name) for name in ("predict", "evaluate_next_group", "run"))

    def noting_predict(search):
        predict(search)
        log.append(("set", frozenset(search.top.tolist())))

    def noting_advance(search, chosen):
        advance(search, chosen)
        log.append(("further", len(chosen)))

    def noting_settle(search, *args):
        log.clear()
        missing = run(search, *args)
        held, current = 0, None
        for kind, value in log:
            if kind == "set" and value != current:
                held, current = 0, value
            elif kind == "further":
                held += value
        assert held >= patience or search.evaluated[np.setdiff1d(np.arange(len(problem.pairs)), search.top)].all()
        assert search.evaluated[search.top].all()
        return missing

    for name, method in (("predict", noting_predict), ("evaluate_next_group", noting_advance), ("run", noting_settle)):
        monkeypatch.setattr(screening._Search, name, method)
    found = problem.screen(patience=patience)
    problem.check(found)
    assert found.evaluated.all() == (patience == 10**6)


def test_more_patience_never_costs_less():
    costs = [Problem(32).screen(patience=patience).cost for patience in (0, 20, 100, 10**6)]
    assert costs == sorted(costs)
    assert costs[-1] == 1


@pytest.mark.slow
def test_the_likeliest_pairs_are_evaluated_first(monkeypatch):
    """The search takes more and smaller steps than with all candidates at once, and no more passes."""
    steps, costs, advance = {}, {}, screening._Search.evaluate_next_group

    def counting(search, chosen):
        steps[at_once] += 1
        advance(search, chosen)

    monkeypatch.setattr(screening._Search, "evaluate_next_group", counting)
    for at_once in (screening.AT_ONCE, 1.0):
        monkeypatch.setattr(screening, "AT_ONCE", at_once)
        steps[at_once] = 0
        costs[at_once] = np.mean([Problem(32, seed=seed).screen(20, seed=seed).cost for seed in range(10)])
    few, many = costs
    assert steps[few] > steps[many]
    assert costs[few] <= costs[many]


class Fooled(Problem):
    """Some pairs have features of no influence and are in fact the top."""

    def __init__(self, hidden, **options):
        super().__init__(**options)
        self.hidden = np.random.default_rng(5).choice(len(self.pairs), hidden, replace=False)
        self.table[:, self.hidden] += 50 * self.table.max() * self.share[:, None]
        for moments in (self.features.mean, self.features.spread):
            moments[:, :, self.hidden] *= 1e-3


def test_the_search_continues_after_an_audit_finds_pairs_wrongly_left_out(monkeypatch, caplog):
    """60 of 130 pairs are hidden: with 8 drawn, hardly any audit misses them all."""
    # The pilot must not evaluate the hidden pairs.
    draws, draw = [], screening._Search.draw

    def blind(search, candidates, count):
        drawn = draw(search, np.setdiff1d(candidates, problem.hidden) if not draws else candidates, count)
        draws.append(drawn)
        return drawn

    monkeypatch.setattr(screening._Search, "draw", blind)
    problem = Fooled(60)
    with caplog.at_level("INFO", "frequency_shortcuts"):
        found = problem.screen(percent=20)
    problem.check(found)
    assert np.isin(draws[1], problem.hidden).any()
    messages = [record.getMessage() for record in caplog.records]
    hit = int(np.isin(draws[1], problem.hidden).sum())
    assert messages[0] == f"an audit found {hit} of {len(draws[1])} pairs wrongly left out: the search goes on"
    assert len(messages) == len(draws) - 2  # each audit but the last
    assert problem.recall(found) > 0.9
    assert found.evaluated[draws[1]].all()


def test_the_sum_of_all_audits_is_reported(monkeypatch):
    draws, draw = [], screening._Search.draw

    def noting(search, candidates, count):
        draws.append((candidates.copy(), draw(search, candidates, count)))
        return draws[-1][1]

    monkeypatch.setattr(screening._Search, "draw", noting)
    for problem in (Problem(32), Fooled(60), Problem(4)):
        draws.clear()
        found = problem.screen()
        audits = draws[1:]  # the first is the pilot's
        assert found.audits == len(audits)
        assert found.audited == sum(len(drawn) for _, drawn in audits)
        candidates, drawn = audits[-1]
        assert found.left_out == len(candidates) - len(drawn) + found.audited
        for candidates, drawn in audits:
            assert len(drawn) == min(len(candidates), max(AUDIT_LEAST, int(np.ceil(0.01 * len(candidates)))))
            assert np.isin(drawn, candidates).all()
            assert len(set(drawn.tolist())) == len(drawn)
            assert found.evaluated[drawn].all()
        best = top_pairs(found.increment, problem.pairs.size, problem.wanted)
        assert found.missed == np.isin([pair for _, drawn in audits for pair in drawn], best).sum()


@pytest.mark.slow
def test_hits_of_an_audit_are_reported(monkeypatch):
    """No feature predicts a few pairs. A hit raises the predictions of others and still counts as a hit."""
    hits, draw = [], screening._Search.draw

    def noting(search, candidates, count):
        drawn = draw(search, candidates, count)
        hits.append(int(np.isin(drawn, problem.hidden).sum()))
        return drawn

    monkeypatch.setattr(screening._Search, "draw", noting)
    surprised = 0
    for seed in range(60):
        problem = Fooled(4, side=32, seed=seed)
        for moments in (problem.features.mean, problem.features.spread):
            moments[:, :, problem.hidden] = 0
        hits.clear()
        found = problem.screen(seed=seed)
        assert found.missed >= sum(hits[1:])  # the first draw is the pilot's
        surprised += sum(hits[1:]) > 0
    assert surprised > 1


def test_the_search_depends_on_the_seed():
    first, again, other = (Problem(32) for _ in range(3))
    found, repeated = first.screen(seed=1), again.screen(seed=1)
    assert first.evaluations == again.evaluations
    np.testing.assert_array_equal(found.increment, repeated.increment)
    assert (found.cost, found.expected_recall) == (repeated.cost, repeated.expected_recall)
    other.screen(seed=2)
    assert first.evaluations != other.evaluations


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    Problem().screen()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("side", [1, 2, 3])
@pytest.mark.parametrize("n_images", [1, 2, 3, 40])
@pytest.mark.parametrize("features", ["perfect", "good", "random"])
def test_tiny_problems_are_evaluated_whole(side, n_images, features):
    """1, 4 and 5 pairs; 1 and more groups. The audit draws all remaining pairs."""
    problem = Problem(side, n_images, features)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = problem.screen()
    problem.check(found)
    assert found.evaluated.all()
    assert found.cost == pytest.approx(1)
    assert found.expected_recall == pytest.approx(1, abs=1e-3)
    assert found.audited == found.left_out


def test_two_pairs():
    problem = Problem(1, 5)
    problem.pairs = ConjugatePairs(1, 3)
    problem.table = np.repeat(problem.table, 2, axis=1) * [1, 2]
    problem.features = Features(*(np.repeat(a, 2, axis=2) for a in (problem.features.mean, problem.features.spread)),
                                problem.share)  # fmt: skip
    found = problem.screen(wanted=1)
    problem.check(found)
    assert found.evaluated.all()


@pytest.mark.parametrize("scale", [1e-12, 1e-30, 1e12])
@pytest.mark.parametrize("features", ["perfect", "good", "random"])
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
    ("scale", "features"),
    [(0.0, "good"), (1e-12, "good"), (1e12, "good"), (0.0, "none"), (1e-12, "none"),
     (1e12, "none")],
)  # fmt: skip
def test_the_search_ends_for_equal_increments(scale, features):
    problem = Problem(features=features, equal=True)
    problem.table *= scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem.check(problem.screen())


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_search_ends_for_features_of_another_scale(scale):
    problem = Problem()
    problem.table *= scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problem.check(problem.screen())


@pytest.mark.parametrize("features", ["perfect", "good", "random"])
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


def test_places_are_ordinal_ranks():
    score = np.random.default_rng(0).integers(0, 5, (40, 30)).astype(float)
    for each in score:
        assert np.array_equal(screening._place(each), rankdata(-each, method="ordinal") - 1)


def searching(problem, seed=0):
    search = screening._Search(
        problem.features, problem.evaluate, problem.pairs, positions(16, 16, 5), np.random.default_rng(seed)
    )
    search.pilot()
    search.predict()
    return search


def test_errors_one_group_ahead_scale_the_uncertainty_of_the_search():
    """Errors of 20 times the expected size raise the deviation of pairs at the same level."""
    sure, unsure = searching(Problem()), searching(Problem())
    unsure._evaluate = lambda group, index: (
        unsure.prediction.next_mean[index] + 20 * unsure.prediction.next_deviation[index]
    )
    sure._evaluate = lambda group, index: sure.prediction.next_mean[index]
    chosen = np.flatnonzero(sure.level == 0)[:30]
    for search in (sure, unsure):
        search.evaluate_next_group(chosen)
        search.predict()
        assert search.tried.tolist() == [30, 0]
        stated = search.prediction.deviation
        fresh = search.level == 0
        size = np.sqrt(
            (search.errors[0] / screening.SPREAD + screening.PRIOR_COMPARISONS) / (30 + screening.PRIOR_COMPARISONS)
        )
        np.testing.assert_allclose(search.deviation[fresh], size * stated[fresh])
        np.testing.assert_array_equal(search.deviation[~fresh], stated[~fresh])
    assert sure.errors[0] < 1e-20
    assert unsure.errors[0] == pytest.approx(30 * screening.CLIP**2)


def test_only_predicted_pairs_are_compared():
    """A pair that advances twice before the next prediction is compared once."""
    search = searching(Problem())
    pairs = np.array([3, 50])
    search.level[pairs] = 0
    search.predict()
    search.evaluate_next_group(pairs)
    search.evaluate_next_group(pairs)
    assert search.tried.tolist() == [2, 0]
    search.predict()
    search.evaluate_next_group(pairs)
    assert search.tried.tolist() == [2, 2]


def test_features_of_zero_and_late_increments_give_no_warning():
    """All features are 0, and only the last group has increments."""
    problem = Problem(features="none")
    problem.table[:-1] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = problem.screen()
    problem.check(found)


def protected(increment, evaluated, pairs, percent):
    """The exactly evaluated pairs that fill the top percentage, by a slow loop over the stored ranks."""
    rank, filled, chosen = dfm.rank(increment), 0, []
    for p in sorted(np.flatnonzero(evaluated), key=lambda p: rank[p]):
        if filled >= positions(pairs.height, pairs.width, percent):
            break
        chosen.append(p)
        filled += pairs.size[p]
    return rank, chosen


@pytest.mark.parametrize("percent", [1, 5, 20, 60])
@pytest.mark.parametrize("scale", [1e-42, 1e-6, 1.0])
def test_no_estimate_outranks_a_protected_pair_even_as_stored(percent, scale):
    generator, pairs = np.random.default_rng(0), ConjugatePairs(8, 8)
    for trial in range(100):
        increment = generator.standard_normal((1, len(pairs))).round(trial % 3) * scale  # many ties
        evaluated = generator.random((1, len(pairs))) < 0.3
        evaluated[0, trial % len(pairs)] = True
        stored = screening.cap_predictions(increment[0], evaluated[0], pairs.size, positions(8, 8, percent))
        assert (stored[evaluated[0]] == increment[0][evaluated[0]]).all() and (stored <= increment[0]).all()
        rank, chosen = protected(stored, evaluated[0], pairs, percent)
        assert rank[~evaluated[0]].min(initial=999) > rank[chosen].max()
