"""The audits of a screening: what they find, and the recall that they state, against simulations and known bounds."""

import numpy as np
import pytest
from scipy import stats
from screening_problems import Problem

from frequency_shortcuts.maps.methods.culling import audits as formulas
from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.audits import recall


def simulate(top_size, left_out, audited, missing, runs=4000):
    """Audits of `left_out` pairs of which `missing` are of the top set: true recall after each, and `recall`."""
    missed = np.random.default_rng(0).hypergeometric(missing, left_out - missing, audited, runs)
    return 1 - (missing - missed) / top_size, *recall(top_size, left_out, audited, missed)


LARGE = [(1254, 20_000, 200, missing) for missing in (0, 25, 400)]  # 224 x 224, top 5 %
SMALL = [(10, 10, 8, 2), (10, 9, 8, 1), (10, 100, 50, 5)]  # all that the audit did not draw counts


@pytest.mark.parametrize("audit", [*LARGE, *SMALL], ids=str)
def test_the_interval_covers_the_true_recall(audit):
    """At least 95 % of 4000 audits, less 0.01 for the chance of the draw. The estimate is right on average: to 0.01."""
    true, estimate, low, high = simulate(*audit)
    assert np.mean((low <= true + 1e-12) & (true <= high + 1e-12)) >= 0.94
    assert audit in SMALL or abs(np.mean(estimate - true)) < 0.01
    assert ((low >= 0) & (low <= estimate + 1e-12) & (estimate <= high + 1e-12) & (high <= 1)).all()


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


def test_all_audits_that_there_could_be_share_the_error():
    """At most all of it, however many there are; one audit takes nearly everything."""
    shares = formulas._share_of_tail(np.arange(1, 100_001))
    assert shares[0] == 0.99 and (np.diff(shares) < 0).all() and 0.9999 < shares.sum() <= 1
    lows = [recall(1000, 20_000, 200, 0, k)[1] for k in (1, 2, 3, 30)]
    assert lows == sorted(lows, reverse=True) and lows[-1] < lows[0] - 0.3
    assert recall(1000, 400, 40, 40, 1)[2] < recall(1000, 400, 40, 40, 2)[2]


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
    for most in [50] * 100 + [30_000] * 10:
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
