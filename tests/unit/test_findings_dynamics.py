"""Correlations of the learning dynamics with the spectra of the classes."""

import numpy as np
import pandas as pd
import pytest
from evidence_tables import CLASSES, NOTHING, RUN, row
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frequency_shortcuts.findings import dynamics, judge
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS, UNDECIDED
from frequency_shortcuts.findings.evidence import Evidence


def learning(recalls, n=50, **run):
    """Dynamics {view: [iteration][class] recall}; nothing is called by another class's name."""
    return pd.DataFrame(
        [
            {
                **RUN, **run, "iteration": t, "view": view, "class": name, "recall": recall, "images": n,
                "called": round(recall * n),
            }
            for view, tests in recalls.items()
            for t, line in enumerate(tests)
            for name, recall in zip(CLASSES, line, strict=True)
        ]
    )  # fmt: skip


def spectra(low, high, size=9):
    """|ADCS| of three classes, constant below radius 2 and constant above, with a centre that must not count."""
    planes = np.empty((3, size, size), np.int16)
    u, v = np.indices((size, size)) - size // 2
    for plane, inside, outside in zip(planes, low, high, strict=True):
        plane[:] = np.where(np.hypot(u, v) < 2, -inside, outside)
    planes[:, size // 2, size // 2] = [99, -99, 99]
    return {"zoo": (planes, CLASSES)}


VIEWS = {
    "full": [[0.1, 0.2, 0.3], [0.4, 0.9, 1.0]],
    "low-pass": [[0.0, 0.5, 0.9]] * 2,
    "high-pass": [[0.8, 0.5, 0.1]] * 2,
}


@pytest.mark.slow
def test_early_learning_is_correlated_with_distinct_spectra():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([1, 2, 3], [0, 1, 2]), {"zoo": 2})
    judged = row(evidence, "c")
    assert (
        judged["value"] == pytest.approx(1) and judged["verdict"] == HOLDS and judged["effect_size"] == judged["value"]
    )
    against = Evidence(NOTHING, learning(VIEWS), spectra([3, 2, 1], [2, 1, 0]), {"zoo": 2})
    assert row(against, "c")["value"] == pytest.approx(-1) and row(against, "c")["verdict"] == DOES_NOT_HOLD


@pytest.mark.slow
def test_learning_low_before_high_is_correlated_with_distinct_low_frequencies():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([0, 1, 2], [2, 1, 0]), {"zoo": 2})
    assert row(evidence, "a")["value"] == pytest.approx(1) and row(evidence, "a")["verdict"] == HOLDS
    # The same classes are as distinct in all, at the opposite frequencies.
    turned = Evidence(NOTHING, learning(VIEWS), spectra([2, 1, 0], [0, 1, 2]), {"zoo": 2})
    assert row(turned, "a")["value"] == pytest.approx(-1)


def test_f1_is_the_mean_over_iterations_with_false_alarms():
    rows = learning({"full": [[0.5, 0.2, 0.0], [1.0, 0.4, 0.1]]})
    rows["called"] += 10
    found = dynamics._EarlyTests(rows, CLASSES).f1()
    slow = [np.mean([2 * r * 50 / (r * 50 + 10 + 50) for r in line]) for line in ([0.5, 1.0], [0.2, 0.4], [0.0, 0.1])]
    assert found == pytest.approx(slow)


def test_drawn_f1_spreads_about_the_measured_one_as_resampled_images_do():
    recall, false, n = 0.6, 8, 50
    rows = learning({"full": [[recall, 0.5, 0.5]]}, n)
    rows["called"] += false
    drawn = dynamics._EarlyTests(rows, CLASSES).resampled(np.random.default_rng(0), 4000)[:, 0]
    generator = np.random.default_rng(1)
    hits, wrong = generator.binomial(n, recall, 4000), generator.binomial(2 * n, false / (2 * n), 4000)
    slow = 2 * hits / (hits + wrong + n)
    assert drawn.mean() == pytest.approx(slow.mean(), abs=0.01) and drawn.std() == pytest.approx(slow.std(), rel=0.1)


def test_two_classes_give_no_rank_correlation():
    rows = learning({"full": [[0.1, 0.5, 0.9]]}).query("`class` != 'cow'")
    planes, _ = spectra([1, 2, 3], [1, 2, 3])["zoo"]
    assert row(Evidence(NOTHING, rows, {"zoo": (planes[:2], CLASSES[:2])}, {"zoo": 2}), "c")["cases"] == 0


@pytest.mark.slow
@given(st.lists(st.integers(0, 4), min_size=3, max_size=7), st.lists(st.integers(0, 4), min_size=7, max_size=7))
def test_the_rank_correlation_is_scipys(left, right):
    right = np.array(right[: len(left)], float)
    found = dynamics._spearman(np.array([left, left[::-1]], float), right)
    for line, value in zip((left, left[::-1]), found, strict=True):
        if len(set(line)) > 1 and len(set(right)) > 1:
            assert value == pytest.approx(stats.spearmanr(line, right)[0])
        else:
            assert np.isnan(value)


@pytest.mark.slow
def test_spectra_without_an_order_are_no_evidence():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([1, 1, 1], [1, 1, 1]), {"zoo": 2})
    assert row(evidence, "c")["cases"] == 0 and row(evidence, "c")["verdict"] == UNDECIDED
    assert row(Evidence(NOTHING, learning(VIEWS), {}, {"zoo": 2}), "c")["cases"] == 0


@pytest.mark.slow
def test_the_effect_size_of_a_correlation_is_the_statistic_however_many_networks_a_data_set_has():
    rows = [learning(VIEWS)]
    turned = dict.fromkeys(VIEWS, VIEWS["high-pass"])
    rows += [learning(turned, dataset="farm", network=f"n{i}") for i in range(9)]
    planes = spectra([1, 2, 3], [1, 2, 3])["zoo"]
    judged = row(Evidence(NOTHING, pd.concat(rows), {"zoo": planes, "farm": planes}, {"zoo": 2, "farm": 2}), "c")
    assert judged["value"] == pytest.approx(0) and judged["effect_size"] == pytest.approx(0)


@pytest.mark.slow
def test_what_is_drawn_is_seeded():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([1, 2, 3], [0, 1, 2]), {"zoo": 2})
    one, two, other = (judge.judge(evidence, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, two)
    assert not one["low"].equals(other["low"])
