"""Findings: p, Holm, verdicts, their sentences, and the figure of all."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import (
    VERDICTS,
    advantages,
    band_stop,
    banded,
    dynamics_of,
    finding,
    findings,
    graded,
    networks,
    run,
    tables,
)
from scipy import stats

from bench import numbers
from frequency_shortcuts.figures import findings as drawings
from frequency_shortcuts.findings import judge, sentences
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, FINDINGS, HOLDS, NO_DATA, OPEN
from frequency_shortcuts.findings.numbers import Tables
from frequency_shortcuts.storage.tables import read_table, write_table

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
    for values, verdict in (([-value for value in FIVE], DOES_NOT_HOLD), ([0.1, -0.1, 0.05, 0.0, -0.02], OPEN)):
        found = deciding(tables(networks=networks([SMALL]), advantages=advantages({SMALL: values})))
        assert found.loc["d", "verdict"] == verdict


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
    row = deciding(banded(pd.concat([band_stop("syn_1", i < 1, seed=200 + i) for i in range(12)]))).loc["b"]
    expected = stats.binomtest(1, 12, 0.5)
    interval = expected.proportion_ci(method="exact")
    assert row["hits"] == 1 and row["networks"] == 12 and row["p"] == pytest.approx(expected.pvalue)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["verdict"] == DOES_NOT_HOLD


@pytest.mark.parametrize("count", [1, 2, 11])
def test_p_of_a_count_at_one_half_is_the_exact_binomial_one(count):
    for hits in range(count + 1):
        assert judge.p_of_count(hits, count, 0.5) == pytest.approx(stats.binomtest(hits, count, 0.5).pvalue)


@settings(max_examples=30, deadline=None)
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
    culling, twice = advantages({SMALL: FIVE}), [2 * value for value in FIVE]
    both = pd.concat([culling, advantages({SMALL: twice}, method="rise")])
    (before, _), (after, _) = (
        judge.judge(tables(networks=networks([SMALL]), advantages=table)) for table in (culling, both)
    )
    of_culling = after[after["method"] == ""].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_culling, before, check_dtype=False)
    (row,) = after[after["method"] == "rise"].to_dict("records")
    assert (row["finding"], row["role"], row["verdict"]) == ("d", "beside", "") and np.isnan(row["p_holm"])
    assert row["p"] == pytest.approx(stats.ttest_1samp(twice, 0).pvalue)
    assert row["value"] == pytest.approx(0.4) and row["networks"] == 5


def test_a_finding_without_data_says_which_lines_would_give_them():
    table, _ = judge.judge(Tables())
    assert list(table["finding"]) == list(FINDINGS) and set(table["verdict"]) == {NO_DATA}
    assert list(table["detail"]) == [known.needs for known in FINDINGS.values()]
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


def test_a_short_sentence_has_no_number_but_the_half_width():
    assert sentences.short(finding("g", "holds")) == f"{FINDINGS['g'].question} Yes."
    text = f"{FINDINGS['e1'].question} Open: the half width of the interval is 0.12"
    assert sentences.short(finding("e1", "open")) == f"{text}."
    clear = sentences.short(finding("e1", "open", low=0.01, high=0.1))
    assert clear == f"{text}. Alone it is beyond the threshold, but not after Holm's correction for all findings."
    alone = finding("e1", "open", low=np.nan, high=np.nan, half_width=np.nan, interval="")
    assert sentences.short(alone).endswith("Open: it has no interval.")
    lacks = "No data. The study needs: two seeds more."
    assert sentences.short(finding("f", "no data")) == f"{FINDINGS['f'].question} {lacks}"
    assert sentences.short(finding("d", "holds")).endswith("networks: Trouser (5 of 5), Bag (4 of 5).")
    assert sentences.short(finding("d", "holds", detail=np.nan)).endswith("in most networks: none.")


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        (("holds", "holds"),
         "The advantage carries over to images in other styles, where it is 75 percentage points, and the advantage "
         "carries over to another network."),
        (("open", "holds"),
         "It stays open whether the advantage carries over to images in other styles, where it is 6 percentage points; "
         "the advantage carries over to another network."),
        (("open", "open"),
         "It stays open whether the advantage carries over to images in other styles, where it is 6 percentage points, "
         "and whether the advantage carries over to another network."),
        (("does not hold", "no data"),
         "The advantage is reversed in images in other styles, where it is -50 percentage points; there are no data on "
         "whether the advantage carries over to another network."),
        (("no data", "no data"),
         "There are no data on whether the advantage carries over to images in other styles, and whether the advantage "
         "carries over to another network."),
    ],
)  # fmt: skip
def test_a_plain_sentence_joins_findings_and_their_verdicts(verdicts, text):
    assert sentences.plain([finding(*of) for of in zip(("e1", "e2"), verdicts, strict=True)]) == text


@pytest.mark.parametrize(
    ("networks", "start"), [(1, "In this network, the"), (3, "In these 3 networks, the"), (5, "The")]
)
def test_a_plain_sentence_of_few_networks_is_about_these(networks, start):
    assert (
        sentences.plain([finding("f", "holds", networks=networks)])
        == f"{start} advantage remains in the widest network."
    )


@pytest.mark.parametrize("verdicts", [("no data",), VERDICTS], ids=["no data", "all"])
def test_the_docs_have_a_sentence_and_a_row_for_each_finding(tmp_path, verdicts):
    write_table(findings(*verdicts), tmp_path / "findings.csv")
    table = read_table(tmp_path / "findings.csv")
    short = numbers.in_short(table)
    assert list(short) == list(FINDINGS)
    rows = [line.strip("|").split("|") for line in numbers.table_of_findings(table).splitlines()]
    assert len(rows) == 2 + len(FINDINGS) and {len(row) for row in rows} == {9}
    assert [row[-1].strip() for row in rows[2:]] == [verdicts[i % len(verdicts)] for i in range(8)]
    outcome = numbers.outcome(table)
    assert len(outcome) == 5 and sorted(letter for letters in sentences.TOPICS for letter in letters) == list(FINDINGS)
    assert not any("nan" in text for text in (*short.values(), *outcome))
    for sentence in outcome:
        assert "(" not in sentence and sentence.endswith(".") and len(re.findall(r"\d+", sentence)) <= 1


def test_the_table_of_findings_has_the_numbers_of_other_methods_beside_them():
    row = finding("d", "holds")
    other = finding("d", "", role="beside", method="rise", value=0.5, low=0.4, high=0.6)
    lines = numbers.table_of_findings(pd.DataFrame([row, other, finding("e1", "open")])).splitlines()
    assert lines[0].endswith("| verdict | with maps of rise |")
    assert lines[2].endswith("| 0.75 | 0.62 to 0.88 | 0.01 | 0.04 | holds | 0.50 (0.40 to 0.60) |")
    assert lines[3].endswith("| open |  |")


@pytest.mark.usefixtures("closed_figures")
def test_the_figure_shows_every_interval_network_and_verdict_and_says_what_is_missing():
    values = {SMALL: FIVE, AUGMENTED: [-0.1, -0.2]}
    sets = pd.concat([graded([1, 2, 3, 4], [2, 1, 4, 3], ["low", "high"] * 2, 200 + i) for i in range(2)])
    of_methods = [advantages(values), advantages({SMALL: [0.3, 0.4, 0.5, 0.6, 0.7]}, method="rise")]
    study = tables(
        networks=networks([SMALL, AUGMENTED]), advantages=pd.concat(of_methods), graded=sets,
        dynamics=pd.concat([dynamics_of(SMALL, seed) for seed in range(200, 205)]),
    )  # fmt: skip
    table, numbers = judge.judge(study)
    figure = drawings.findings(table, numbers)
    figure.canvas.draw()
    (axis,) = figure.axes
    texts = [artist.get_text().replace("\n", " ") for artist in axis.texts]
    assert {f"({letter}) {known.claim}" for letter, known in FINDINGS.items()} <= set(texts)
    assert texts.count(NO_DATA) == 4 and "does not hold (of these)" in texts
    assert OPEN in texts  # without an interval there is no half width
    assert "with maps of rise" in [text.get_text() for text in figure.legends[0].get_texts()]
    decides = table[(table["role"] == "decides") & (table["networks"] > 0)]
    drawn = {tuple(np.round(line.get_xdata(), 6)) for line in axis.lines}
    for row in decides.to_dict("records"):
        of = numbers[(numbers["finding"] == row["finding"]) & (numbers["role"] == "decides")]
        assert (round(row["value"], 6),) in drawn and tuple(of["value"].round(6)) in drawn
    segments = {tuple(segment[:, 0].round(6)) for shape in axis.collections for segment in shape.get_segments()}
    assert {tuple(ends) for ends in decides[["low", "high"]].dropna().round(6).to_numpy()} <= segments
    (beside,) = table[table["method"] == "rise"].to_dict("records")
    assert (0.5,) in drawn and tuple(np.round([beside["low"], beside["high"]], 6)) in segments
