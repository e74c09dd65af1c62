"""Verdicts: p, Holm, and what a table of findings says of each row."""

import numpy as np
import pandas as pd
import pytest
from findings_tables import advantages, band_stop, classes, dynamics_of, networks, run, tables
from hypothesis import given, strategies
from scipy import stats

from frequency_shortcuts.findings import judge
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, FINDINGS, HOLDS, NO_DATA, OPEN
from frequency_shortcuts.findings.numbers import Tables

SMALL, AUGMENTED = ("small", "none"), ("small", "autoaugment")
FIVE = [0.18, 0.22, 0.2, 0.25, 0.15]


def deciding(of_study):
    table, _ = judge.judge(of_study)
    return table[table["role"] == "decides"].set_index("finding")


def test_the_mean_of_five_networks_has_students_interval_and_p():
    row = deciding(tables(networks=networks([SMALL]), advantages=advantages({SMALL: FIVE}))).loc["d"]
    expected = stats.ttest_1samp(FIVE, 0)
    interval = expected.confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["p"] == pytest.approx(expected.pvalue) and row["p_holm"] == row["p"]
    assert row["value"] == pytest.approx(0.2) and row["networks"] == 5 and row["interval"] == "networks"
    assert row["verdict"] == HOLDS and row["half_width"] == pytest.approx((interval.high - interval.low) / 2)


def test_a_mean_below_the_threshold_does_not_hold_and_one_near_it_is_open():
    for factor, verdict in ((-1, DOES_NOT_HOLD), (1, HOLDS)):
        values = [factor * value for value in FIVE]
        found = deciding(tables(networks=networks([SMALL]), advantages=advantages({SMALL: values})))
        assert found.loc["d", "verdict"] == verdict
    near = [0.1, -0.1, 0.05, 0.0, -0.02]
    assert (
        deciding(tables(networks=networks([SMALL]), advantages=advantages({SMALL: near}))).loc["d", "verdict"] == OPEN
    )


def test_fewer_than_five_networks_have_an_interval_over_their_images():
    study = tables(networks=networks([SMALL]), advantages=advantages({SMALL: [0.1, 0.2]}, half=0.08))
    row = deciding(study).loc["d"]
    # All are tested on the same images, and may err together.
    assert (row["low"], row["high"]) == pytest.approx((0.15 - 0.08, 0.15 + 0.08))
    assert row["interval"] == "these networks"
    assert row["p"] == pytest.approx(2 * stats.norm.sf(0.15 / (0.08 / stats.norm.ppf(0.975))))
    no_spread = tables(networks=networks([SMALL]), advantages=advantages({SMALL: [0.1]}, half=0.0))
    assert deciding(no_spread).loc["d", "verdict"] == OPEN  # one image a class


def test_without_any_interval_a_finding_is_open():
    early = pd.concat([dynamics_of(SMALL, seed) for seed in (200, 201)])
    row = deciding(tables(networks=networks([SMALL]), dynamics=early)).loc["c"]
    assert row["verdict"] == OPEN and np.isnan(row["p"]) and np.isnan(row["half_width"])
    assert row["detail"] == "fewer than five networks, and no interval over their images"


def test_shares_of_networks_are_counted_against_one_half():
    runs = pd.concat([band_stop("syn_1", i < 1, seed=200 + i) for i in range(12)])
    study = Tables(
        kinds={"syn_1": "synthetic"}, classes=classes("syn_1", ["C0", "C1", "C2", "C3"], "C0"),
        networks=networks([SMALL], dataset="syn_1"), band_stop=runs, control_bands={"syn_1": 1},
    )  # fmt: skip
    row = deciding(study).loc["b"]
    expected = stats.binomtest(1, 12, 0.5)
    interval = expected.proportion_ci(method="exact")
    assert row["hits"] == 1 and row["networks"] == 12 and row["p"] == pytest.approx(expected.pvalue)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["verdict"] == DOES_NOT_HOLD


@given(strategies.integers(1, 40).flatmap(lambda n: strategies.tuples(strategies.integers(0, n), strategies.just(n))))
def test_p_of_a_count_at_one_half_is_the_exact_binomial_one(counts):
    hits, count = counts
    assert judge.p_of_count(hits, count, 0.5) == pytest.approx(stats.binomtest(hits, count, 0.5).pvalue)


@given(strategies.lists(strategies.floats(0, 1), min_size=1, max_size=9))
def test_holm_rejects_what_his_steps_reject(p):
    """Step by step: the smallest p against level / n, the next against level / (n - 1), until one fails."""
    level, adjusted, rejected = 0.05, judge.holm(p), set()
    for step, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if not p[i] * (len(p) - step) < level:
            break
        rejected.add(i)
    assert {i for i in range(len(p)) if adjusted[i] < level} == rejected


def test_the_rows_that_decide_are_adjusted_together_and_those_beside_are_not_judged():
    values = {SMALL: FIVE, AUGMENTED: [0.05, 0.2, 0.0, 0.1, 0.15]}
    study = tables(networks=networks([SMALL, AUGMENTED]), advantages=advantages(values))
    table, of_networks = judge.judge(study)
    found = table[table["p"].notna()].set_index("finding")
    assert list(found.index) == ["d", "g"] and (found["role"] == "decides").all()
    assert list(found["p_holm"]) == pytest.approx([2 * found["p"]["d"], max(found["p"]["g"], 2 * found["p"]["d"])])
    assert found["p"]["g"] < 0.05 and set(table[table["role"] == "beside"]["verdict"]) == {""}
    assert set(of_networks["finding"]) == {"d", "g"}


def test_the_numbers_of_another_method_have_a_p_and_change_no_verdict():
    culling = tables(networks=networks([SMALL]), advantages=advantages({SMALL: FIVE}))
    twice = [2 * value for value in FIVE]
    other = tables(networks=networks([SMALL]), advantages=advantages({SMALL: twice}))
    (before, _), (after, _) = judge.judge(culling), judge.judge(culling, {"rise": other})
    of_culling = after[after["method"] == ""].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_culling, before, check_dtype=False)
    (row,) = after[after["method"] == "rise"].to_dict("records")
    assert (row["finding"], row["role"], row["verdict"]) == ("d", "beside", "") and np.isnan(row["p_holm"])
    assert row["p"] == pytest.approx(stats.ttest_1samp(twice, 0).pvalue)
    assert row["value"] == pytest.approx(0.4) and row["networks"] == 5


def test_a_finding_without_data_says_which_lines_would_give_them():
    table, _ = judge.judge(Tables())
    assert list(table["finding"]) == list(FINDINGS) and set(table["verdict"]) == {NO_DATA}
    assert list(table["detail"]) == [finding.needs for finding in FINDINGS.values()]
    assert "graded" in table["detail"][0]


def test_the_row_of_single_classes_names_those_that_are_strong_in_most_networks():
    verdicts = pd.DataFrame(
        [
            {**run(*kind, seed), "class": name, "part": "keep", "fill": "zeros", "headline": True,
             "low_pass_margin": 0.0, "verdict": verdict}
            for kind in (SMALL, AUGMENTED)
            for seed in (200, 201, 202)
            for name, verdict in (("ant", "strong" if kind == SMALL and seed > 200 else "weak"), ("bee", "weak"))
        ]
    )  # fmt: skip
    study = tables(networks=networks([SMALL, AUGMENTED]), advantages=advantages({SMALL: FIVE}), verdicts=verdicts)
    assert deciding(study).loc["d", "detail"] == "ant (2 of 3)"
