"""The audits of a screening: what they find, and the recall that they state, against simulations and known bounds."""

import numpy as np
import pytest
from screening_problems import Fooled, Problem

from frequency_shortcuts.maps.methods.culling import screening
from frequency_shortcuts.maps.methods.culling.audits import recall, recall_of_all
from frequency_shortcuts.spectrum.masks import top_pairs


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
