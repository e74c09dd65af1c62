"""The audits of a screening: what they find, and the recall that they state, against simulations and known bounds."""

import warnings

import numpy as np
import pytest
from scipy import stats
from screening_problems import Fooled, Problem

from frequency_shortcuts.maps.methods.culling import audits as formulas
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.audits import recall, recall_of_all
from frequency_shortcuts.spectrum.masks import top_pairs


def simulate(top_size, left_out, audited, missing, runs=4000):
    """Audits of `left_out` pairs of which `missing` are of the top set: true recall after each, and `recall`."""
    missed = np.random.default_rng(0).hypergeometric(missing, left_out - missing, audited, runs)
    return 1 - (missing - missed) / top_size, *recall(top_size, left_out, audited, missed)


def audited_search(generator, left, top_size, missing, target, idle, found, seconds=0):
    """A search: left_out, audited, missed and number of its last audit, and pairs of the top set that it never found.

    After a failed audit it evaluates the share `idle` of the pairs without effect, and `found` of the missing ones.

    seconds : pairs that come next after the top set; those that are found stand in for missing ones
    """
    audits = 0
    while True:
        audits += 1
        drawn = min(left, max(screening.AUDIT_LEAST, int(np.ceil(screening.AUDIT_SHARE * left))))
        kinds = [missing, seconds, left - missing - seconds]
        hits, stand_ins, _ = generator.multivariate_hypergeometric(kinds, drawn).tolist()
        missed = hits + min(stand_ins, missing - hits)
        before, left = left, left - drawn
        missing, seconds = missing - hits, seconds - stand_ins
        if missed * before <= (1 - target) * top_size * drawn:
            break
        gone = [generator.binomial(missing, found), generator.binomial(seconds, found)]
        left -= sum(gone) + int((left - missing - seconds) * idle)
        missing, seconds = missing - gone[0], seconds - gone[1]
    return before, drawn, missed, audits, missing


def coverage(true, low, high):
    return np.mean((low <= true + 1e-12) & (true <= high + 1e-12))


@pytest.mark.parametrize("missing", [0, 1, 25, 400])
def test_the_interval_covers_the_true_recall(missing):
    """At a real size (224 x 224, top 5 %): at least 95 % of 4000 audits, less 0.01 for the chance of the draw.

    The estimate is right on average: within 0.01.
    """
    true, estimate, low, high = simulate(1254, 20_000, 200, missing)
    assert coverage(true, low, high) >= 0.94
    assert abs(np.mean(estimate - true)) < 0.01


SMALL = [(10, 10, 8, 2), (10, 9, 8, 1), (10, 100, 50, 5)]


@pytest.mark.parametrize("audit", SMALL, ids=str)
def test_the_interval_covers_where_an_audit_draws_much_of_what_was_left_out(audit):
    """As above. All that the audit did not draw counts: 1 miss found of 1 leaves a recall of 1."""
    true, _, low, high = simulate(*audit)
    assert coverage(true, low, high) >= 0.94


def test_recall_of_known_audits():
    """Clopper-Pearson by hand: 0 of n bounds the share by 1 - 0.025^(1/n), and n of n by at least 0.025^(1/n)."""
    estimate, low, high = recall(1000, 20_000, 200, 0)
    assert estimate == high == 1
    assert low == pytest.approx(1 - 20_000 * (1 - 0.025 ** (1 / 200)) / 1000, abs=0.01)
    estimate, low, high = recall(1000, 400, 40, 40)
    assert estimate == low == pytest.approx(1 - 360 / 1000)
    assert high == pytest.approx(1 - 360 * 0.025 ** (1 / 40) / 1000, abs=0.01)


def test_without_an_audit_recall_is_certain_only_where_nothing_was_left_out():
    assert [float(one) for one in recall(10, 0, 0, 0)] == [1, 1, 1]
    _, low, high = recall(10, 4, 0, 0)
    assert (low, high) == (pytest.approx(0.6, abs=1e-12), 1)


def test_recall_takes_arrays_and_stays_in_0_to_1_without_warnings():
    top_size, left_out = np.array([5, 50, 500])[:, None], np.array([0, 1, 8, 500, 20_000])
    audited = np.minimum(left_out, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for missed in (0, audited // 2, audited):
            found = recall(top_size, left_out, audited, missed)
            for one in found:
                assert one.shape == (3, 5)
                assert ((one >= 0) & (one <= 1)).all()
            estimate, low, high = found
            assert (low <= estimate + 1e-12).all()
            assert (estimate <= high + 1e-12).all()
            assert (estimate[:, 0] == 1).all()


@pytest.mark.parametrize(
    ("missing", "sampling"),
    [((0, 0), ((500, 500), (8, 8))), ((30, 5), ((500, 60), (8, 40))), ((60, 0), ((2000, 400), (100, 8)))],
)
def test_the_interval_of_several_classes_covers(missing, sampling):
    """At least 95 % of 2000 draws (less 0.01), classes sampled equally or not; the mean error is below 0.02."""
    left, drawn = (np.array(value) for value in sampling)
    missing, generator = np.array(missing), np.random.default_rng(0)
    inside, error = [], []
    for _ in range(2000):
        hits = generator.hypergeometric(missing, left - missing, drawn)
        _, low, high = recall_of_all(np.array([100, 100]), left, drawn, hits)
        true = 1 - (missing - hits).sum() / 200
        inside.append(low - 1e-12 <= true <= high + 1e-12)
        error.append(1 - (hits * (left - drawn) / drawn).sum() / 200 - true)
    assert np.mean(inside) >= 0.94
    assert abs(np.mean(error)) < 0.02


def test_the_recall_of_several_classes_equals_its_definition():
    """Clopper and Pearson's ends, times the draws, times what one draw stands for: at most, and at least.

    The third class was evaluated whole, and counts in no bound. Each of the others had one audit.
    """
    size, left, drawn, missed = (np.array(values) for values in ([40, 60, 90], [30, 200, 12], [10, 25, 12], [1, 4, 2]))
    ends = stats.binomtest(5, 35).proportion_ci(1 - 0.05 * 0.99**2, "exact")
    missing = 1 * 20 / 10 + 4 * 175 / 25, ends.high * 35 * 8 - 5, max(ends.low * 35 * 3 - 5, 0)
    for classes, whole in ((3, 190), (2, 100)):
        found = recall_of_all(size[:classes], left[:classes], drawn[:classes], missed[:classes])
        assert found == pytest.approx([1 - value / whole for value in missing])


def test_an_audited_class_does_not_stand_for_one_that_was_not():
    size = np.array([26, 26])
    assert recall_of_all(size, np.array([10, 500]), np.array([8, 0]), np.array([0, 0])) == (1, 0, 1)
    assert recall_of_all(size, np.array([0, 0]), np.array([0, 0]), np.array([0, 0])) == (1, 1, 1)
    # One nearly exhausted class does not make the other look good.
    estimate = recall_of_all(np.array([50, 50]), np.array([10, 500]), np.array([8, 8]), np.array([0, 1]))[0]
    assert estimate == pytest.approx(1 - 492 / 8 / 100)


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


def test_the_last_audit_is_reported(monkeypatch):
    draws, draw = [], screening._Search.draw

    def noting(search, candidates, count):
        draws.append((candidates.copy(), draw(search, candidates, count)))
        return draws[-1][1]

    monkeypatch.setattr(screening._Search, "draw", noting)
    several = 0
    for problem in (Problem(32), Problem(48), Fooled(60), Problem(4)):
        draws.clear()
        found = problem.screen()
        audits = draws[1:]  # the first is the pilot's
        assert found.audits == len(audits)
        several += found.audits > 1
        for candidates, drawn in audits:
            assert len(drawn) == min(len(candidates), max(8, int(np.ceil(0.01 * len(candidates)))))
            assert np.isin(drawn, candidates).all()
            assert len(set(drawn.tolist())) == len(drawn)
            assert found.evaluated[drawn].all()
        candidates, drawn = audits[-1]
        assert (found.left_out, found.audited) == (len(candidates), len(drawn))
        best = top_pairs(found.increment, problem.pairs.size, problem.wanted)
        assert found.missed == np.isin(drawn, best).sum()
    assert several


def test_all_audits_that_there_could_be_share_the_error():
    """At most all of it, however many there are; one audit takes nearly everything."""
    shares = formulas._share_of_tail(np.arange(1, 100_001))
    assert shares[0] == 0.99 and (np.diff(shares) < 0).all() and 0.9999 < shares.sum() <= 1
    lows = [recall(1000, 20_000, 200, 0, k)[1] for k in (1, 2, 3, 30)]
    assert lows == sorted(lows, reverse=True) and lows[-1] < lows[0] - 0.3
    assert recall(1000, 400, 40, 40, 1)[2] < recall(1000, 400, 40, 40, 2)[2]
    two = np.array([1000, 1000]), np.array([20_000, 20_000]), np.array([200, 200]), np.array([0, 0])
    assert recall_of_all(*two)[1] > recall_of_all(*two, np.array([1, 2]))[1] > recall_of_all(*two, 2)[1]


@pytest.mark.parametrize("search", [(20_000, 1254, 300, 0.5, 0), (20_000, 1254, 120, 0, 0.9), (130, 26, 16, 0, 0.9)])
def test_the_interval_covers_whatever_a_search_does_between_its_audits(search):
    """A failed audit makes it evaluate a share of the pairs without effect and a share of the missing ones.

    At least 95 % of 400 searches, less 0.03 for the chance of the draws; the sum of all audits held 6 to 87 %.
    """
    left, top_size, missing, idle, found = search
    generator = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        *audit, rest = audited_search(generator, left, top_size, missing, 0.98, idle, found)
        _, low, high = recall(top_size, *audit)
        inside.append(low - 1e-12 <= 1 - rest / top_size <= high + 1e-12)
    assert np.mean(inside) >= 0.92


def test_an_audit_fails_if_it_finds_more_than_the_target_allows(monkeypatch):
    """The share of the audited pairs in the top set, of all that were left out, against 2 % of the top set."""
    draws, tops, few = [], [], 0
    draw, finish, cap = screening._Search.draw, screening._Search.finish, screening.cap_predictions

    def noting(search, candidates, count):
        draws.append((len(candidates), draw(search, candidates, count)))
        return draws[-1][1]

    def capped(increment, evaluated, size, wanted):
        tops.append(top_pairs(found := cap(increment, evaluated, size, wanted), size, wanted))
        return found

    monkeypatch.setattr(screening._Search, "draw", noting)
    monkeypatch.setattr(screening._Search, "finish", lambda search, chosen: 0 * finish(search, chosen))
    monkeypatch.setattr(screening, "cap_predictions", capped)
    for seed in range(5):
        draws.clear(), tops.clear()
        Problem(features="random", seed=seed).screen(20, seed=seed)
        failed = []
        for (left, drawn), top in zip(draws[1:], tops, strict=True):  # the first draw is the pilot's
            missing = np.isin(drawn, top).mean() * left if left else 0
            failed.append(missing > 0.02 * len(top))
            few += 0.02 * len(top) < missing < len(top)
        assert failed == [True] * (len(failed) - 1) + [False]
    assert few > 0


@pytest.mark.parametrize(("ratio", "audits"), [(2.99, 1), (3.01, 2)])
def test_an_audit_fails_if_its_errors_are_three_times_as_large_as_expected(monkeypatch, ratio, audits):
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


def test_the_hypergeometric_chances_are_scipys():
    """scipy.stats to 1e-9, also of numbers that cannot be drawn."""
    generator = np.random.default_rng(0)
    for most in [50] * 300 + [30_000] * 30:
        left = int(generator.integers(1, most))
        n, drawn = (int(generator.integers(0, min(left, 400) + 1)) for _ in range(2))
        expected = stats.hypergeom.pmf(np.arange(drawn + 1), left, n, drawn)
        np.testing.assert_allclose(formulas.hypergeometric_chances(left, n, drawn), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("population", "drawn", "tail"), [(9, 4, 0.025), (30, 8, 0.001), (60, 60, 0.025)])
def test_the_hypergeometric_interval_is_found_by_trying_every_number(population, drawn, tail):
    for hits in range(drawn + 1):
        possible = range(hits, population - drawn + hits + 1)
        inside = [
            n for n in possible
            if stats.hypergeom.sf(hits - 1, population, n, drawn) >= tail
            and stats.hypergeom.cdf(hits, population, n, drawn) >= tail
        ]  # fmt: skip
        assert formulas.hypergeometric(population, drawn, hits, tail) == (inside[0], inside[-1])
