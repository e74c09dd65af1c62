"""The simulations of intervals and verdicts: they draw what they say, and what they find stays within loose bounds."""

import re

import numpy as np
import pandas as pd
import pytest

from bench import simulate_audits, simulate_findings, simulate_intervals, simulate_verdicts, statistics
from bench.outcomes import Outcome
from bench.simulate_verdicts import Design, Rates, alike, low_controls, simulate
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS


def generator():
    return np.random.default_rng(0)


def test_images_are_recognised_at_their_rates_and_agree_as_far_as_they_correlate():
    """100 tests of 200 images; tolerance 0.02, four standard errors of the independent tests."""
    rates = np.tile([0.2, 0.5, 0.5, 0.9], (100, 1))
    for correlation in (0.0, 0.8):
        found = simulate_verdicts.hits(generator(), rates, 200, correlation) / 200
        np.testing.assert_allclose(found.mean(axis=0), rates[0], rtol=0, atol=0.02)
        together = np.corrcoef(found[:, 1], found[:, 2])[0, 1]
        assert abs(together) < 0.3 if correlation == 0 else together > 0.4


def test_rates_of_masks_have_their_mean_and_deviation():
    drawn = Rates(0.3, 0.2, 10).drawn(generator(), 2000)
    assert drawn.shape == (2000, 10)
    assert drawn.mean() == pytest.approx(0.3, abs=0.01) and drawn.std() == pytest.approx(0.2, abs=0.01)
    assert (Rates(0.3).drawn(generator(), 5) == 0.3).all()


def test_a_search_loses_no_pair():
    for seed in range(20):
        draw = np.random.default_rng(seed)
        left, drawn, missed, audits, missing = simulate_audits.audited_search(draw, 480, 26, 16, 0.98, 0.5, 0.5, 16)
        assert min(8, left) <= drawn <= left <= 480 and 0 <= missed <= drawn and audits >= 1 and 0 <= missing <= 16
    # Nothing is missing: the first audit passes.
    assert simulate_audits.audited_search(generator(), 480, 26, 0, 0.98, 0.5, 0.5) == (480, 8, 0, 1, 0)


@pytest.mark.slow
def test_intervals_of_shares_hold_what_the_page_says():
    """Exact: the table of the page to its last digit."""
    drawn = np.random.default_rng((statistics.SEED, 0))
    outcomes = pd.DataFrame(list(simulate_intervals.outcomes(drawn)), columns=Outcome._fields)
    page = statistics.PAGE.read_text()
    for part in (statistics.shares, statistics.means):
        (block,) = re.findall(rf"<!-- {part.__name__} -->\n(.*?)<!--", page, re.DOTALL)
        assert part(outcomes).strip() == block.strip()
    middle = outcomes[outcomes["measure"] == "mean, share 0.1 to 0.9"].set_index(["what", "setting"])["value"]
    assert middle[["wilson", "jeffreys", "newcombe"]].between(0.93, 0.97).all()
    least = outcomes[outcomes["measure"].str.startswith("least")].set_index("what")["value"]
    assert (least[["clopper_pearson", "hypergeometric"]] >= 0.95).all()
    assert outcomes[outcomes["what"] == "welch"]["value"].between(0.92, 0.97).all()


SHORTCUTS = {
    # Null and effect; the least and the greatest share of `strong` or `weak` in 300 tests.
    "as good as low pass": (Design(low_controls() | {"low_pass": Rates(0.5)}, "low_pass"), 0, 0.05),
    "independent tests": (Design(low_controls() | {"low_pass": Rates(0.5)}, "low_pass", correlation=0), 0, 0.07),
    "one of like random masks": (Design(low_controls() | {"random": Rates(0.5, 0.02, 10)}), 0, 0.03),
    # Known: a verdict compares with the mean of the masks, not with each of them.
    "one of unlike random masks": (Design(low_controls() | {"random": Rates(0.5, 0.2, 10)}), 0.08, 0.25),
    "one of two classes' maps": (Design(low_controls(2) | {"other": Rates(0.3, 0.2)}, "other", classes=2), 0.1, 0.35),
    "effect of 0.6": (Design(alike(0.3, 0.1), "low_pass", 0.6), 0.97, 1),
    "one of like random masks, removed": (Design({"random": Rates(0.5, 0.02, 10)}, part="remove"), 0, 0.03),
    "effect of 0.4, removed": (
        Design({"random": Rates(0.8, 0.1, 10)}, own=Rates(0.4), part="remove"),
        0.95,
        1,
    ),
    "effect of 0.6, two classes": (Design(alike(0.3, 0.1, 2), "low_pass", 0.6, classes=2), 0.95, 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORTCUTS)
def test_the_error_rates_and_the_power_of_verdicts(name):
    design, least, most = SHORTCUTS[name]
    verdicts, _ = simulate(generator(), design, tests=300)
    assert least <= verdicts["verdict"].isin(["strong", "weak"]).mean() <= most


@pytest.mark.slow
def test_the_error_rates_and_the_power_of_robust_verdicts():
    """Three fills see the same masks, and images that are as easy."""

    def strong(design):
        found = simulate_verdicts.simulate_fills(generator(), design, tests=300)
        return np.array([verdicts["verdict"] == "strong" for verdicts in found])

    by_chance = strong(Design(low_controls() | {"low_pass": Rates(0.8)}, "low_pass"))
    assert by_chance.shape == (3, 300) and by_chance.mean() <= 0.05 and by_chance.all(axis=0).mean() <= 0.01
    assert strong(Design(alike(0.3, 0.1), "low_pass", 0.6)).all(axis=0).mean() >= 0.97
    # Known: a mask that is good by chance is good under each fill.
    lucky = strong(Design(low_controls() | {"random": Rates(0.8, 0.2, 10)}))
    assert 0.02 <= lucky.all(axis=0).mean() <= lucky.mean()


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0, 0.5])
def test_margins_hold_the_true_difference(correlation):
    for kinds in ({"low_pass": Rates(0.3)}, {"random": Rates(0.3, 0.1, 10)}, {"other": Rates(0.3, 0.2, 9)}):
        design = Design(kinds, next(iter(kinds)), 0.3, correlation=correlation)
        found, true = simulate(generator(), design, tests=400)
        assert ((found["margin_low"] <= true) & (true <= found["margin_high"])).mean() >= 0.92


@pytest.mark.slow
def test_the_verdicts_on_amplitudes_and_phases(monkeypatch):
    monkeypatch.setattr(simulate_verdicts, "TESTS", 300)
    half = simulate_verdicts._phase_verdicts(generator(), 0.5, 0, 50)["verdict"]
    assert (half == "undecided").mean() >= 0.9
    alone = simulate_verdicts._phase_verdicts(generator(), 1, 0, 50)["verdict"]
    assert (alone == "amplitude").mean() >= 0.95


@pytest.mark.slow
def test_the_verdicts_on_findings():
    """60 studies with one seed: at the threshold at most 10 % hold; a large effect is found, and so is its absence."""

    def share(verdict, tpr):
        draw = generator()
        found = [
            simulate_findings._judged("d", simulate_findings._margins(draw, tpr, 0.2, 1, 50, 0.6, 10, range(len(tpr))))
            for _ in range(60)
        ]
        return np.mean([one == verdict for one in found])

    assert share(HOLDS, [0.6] * 10) <= 0.1 and share(DOES_NOT_HOLD, [0.6] * 10) <= 0.05
    assert share(HOLDS, [0.95, *[0.3] * 9]) >= 0.9
    assert share(DOES_NOT_HOLD, [0.1] * 10) >= 0.9


def test_a_true_rank_correlation_is_what_was_wanted():
    for wanted in (0.0, 0.5, 0.9):
        order = pd.Series(simulate_findings._order(wanted))
        assert order.corr(pd.Series(range(len(order))), method="spearman") == pytest.approx(wanted, abs=0.02)


def test_the_page_is_made_from_the_table():
    rows = [
        Outcome("verdicts", "one more mask", "SD 0.1", "strong", 0.0312, 100),
        Outcome("verdicts", "one more mask", "SD 0.1", "weak", 0.0401, 100),
        Outcome("verdicts", "one more mask", "SD 0.02", "strong", 0.0, 100),
        Outcome("verdicts", "one more mask", "SD 0.02", "weak", 0.01, 100),
        Outcome("verdicts", "effect", "0.3", "strong", 0.9, 100),
        Outcome("verdicts", "effect", "0.3", "weak", 0.05, 100),
    ]
    outcomes = pd.DataFrame(rows)
    assert statistics.summary(outcomes).splitlines()[2:] == ["| one more mask | 1.0 to 7.1 | 1 of 2 |"]
    assert statistics.without_effect(outcomes).splitlines() == [
        "| the map is | setting | strong | weak | strong or weak |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| one more mask | SD 0.1 | 3.1 | 4.0 | 7.1 |",
        "| one more mask | SD 0.02 | 0.0 | 1.0 | 1.0 |",
    ]
    assert statistics.with_effect(outcomes).splitlines()[2:] == ["| effect | 0.3 | 90.0 | 5.0 | 95.0 |"]
