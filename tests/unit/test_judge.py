"""Findings: the verdict on every row, and the figure of all."""

import numpy as np
import pandas as pd
import pytest
from made_up_results import (
    CLASSES,
    advantages,
    band_stop,
    banded,
    classes,
    dynamics_of,
    flips_of,
    graded,
    networks,
    tables,
    whole_study,
)
from scipy import stats

from frequency_shortcuts import intervals
from frequency_shortcuts.figures import findings as drawings
from frequency_shortcuts.findings import judge
from frequency_shortcuts.findings.definitions import (
    AS_WELL,
    BETTER,
    DESCRIBED,
    DOES_NOT_HOLD,
    FINDINGS,
    HOLDS,
    NO_DATA,
    OPEN,
    UNDECIDED,
    VERDICTS,
    WORSE,
)
from frequency_shortcuts.findings.evidence import Tables

SMALL, AUGMENTED = ("small", "none"), ("small", "autoaugment")
RNG = np.random.default_rng(0)
NOISE = stats.zscore(RNG.standard_normal(20))  # mean 0 and standard deviation 1


def judged(of_study):
    return judge.judge(of_study)[0]


def deciding(of_study):
    table = judged(of_study)
    return table[table["role"] == "decides"].set_index("finding")


def of_zeros(values, **columns):
    """The deciding rows where these are the advantages of the baseline with zeros."""
    study = tables(networks=networks([SMALL]), advantages=advantages({SMALL: values}, **columns))
    return deciding(study)


def test_the_mean_of_networks_has_students_interval_and_p():
    values = 0.2 + 0.05 * NOISE
    row = of_zeros(values).loc["d"]
    expected = stats.ttest_1samp(values, 0)
    interval = expected.confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["p"] == pytest.approx(expected.pvalue) and row["verdict"] == HOLDS
    assert row["value"] == pytest.approx(0.2) and row["networks"] == 20 and row["interval"] == "networks"
    assert row["half_width"] == pytest.approx((interval.high - interval.low) / 2) and np.isnan(row["p_equivalence"])


@pytest.mark.parametrize(("mean", "verdict"), [(0.2, HOLDS), (-0.2, DOES_NOT_HOLD), (0.01, OPEN)])
def test_a_mean_is_above_the_threshold_or_below_it_or_open(mean, verdict):
    assert of_zeros(mean + 0.1 * NOISE).loc["d", "verdict"] == verdict


@pytest.mark.parametrize(
    ("mean", "spread", "verdict"),
    [(0.0, 0.02, AS_WELL), (0.02, 0.02, AS_WELL), (-0.02, 0.02, AS_WELL), (0.2, 0.1, BETTER), (-0.2, 0.1, WORSE),
     (0.03, 0.1, UNDECIDED), (0.0, 0.3, UNDECIDED)],
)  # fmt: skip
def test_a_difference_with_a_bound_is_better_worse_as_well_or_undecided(mean, spread, verdict):
    """As well also where it differs from 0 within the bound."""
    row = of_zeros(mean + spread * NOISE, lowest=0, best=1).loc["d2"]
    assert (row["verdict"], row["bound"]) == (verdict, 0.05)
    error = spread / np.sqrt(19)
    one_sided = max(stats.t.sf((mean + 0.05) / error, 19), stats.t.cdf((mean - 0.05) / error, 19))
    assert row["p_equivalence"] == pytest.approx(min(1, 2 * one_sided))
    # Before Holm's rule, the words are those of the interval.
    alone = AS_WELL if row["p_equivalence"] < 0.05 else UNDECIDED if row["p"] >= 0.05 else BETTER if mean > 0 else WORSE
    assert intervals.compared(row["low"], row["high"], 0.05) == alone


def test_fewer_than_fifteen_networks_are_described_and_in_no_correction():
    for count, verdict in ((14, DESCRIBED), (15, HOLDS)):
        row = of_zeros(0.2 + 0.01 * NOISE[:count]).loc["d"]
        assert row["verdict"] == verdict and np.isnan(row["p_holm"]) == (verdict == DESCRIBED) and row["p"] < 0.05


def test_fewer_than_five_networks_have_an_interval_over_their_images():
    study = tables(networks=networks([SMALL]), advantages=advantages({SMALL: [0.1, 0.2]}, half=0.08))
    row = deciding(study).loc["d"]
    # All are tested on the same images, and may err together.
    assert (row["low"], row["high"]) == pytest.approx((0.15 - 0.08, 0.15 + 0.08))
    assert row["interval"] == "these networks" and np.isnan(row["p"]) and row["verdict"] == DESCRIBED


def test_shares_of_networks_are_counted_against_one_half():
    row = deciding(banded(pd.concat([band_stop("syn_1", i < 1, seed=200 + i) for i in range(20)]))).loc["b"]
    expected = stats.binomtest(1, 20, 0.5)
    interval = expected.proportion_ci(method="exact")
    assert row["hits"] == 1 and row["networks"] == 20 and row["p"] == pytest.approx(expected.pvalue)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["verdict"] == DOES_NOT_HOLD and row["detail"] == "C1 survives in 0 of 20, C3 survives in 0 of 20"


def test_the_ring_stands_beside_the_gain():
    sets = pd.concat([graded([1, 2, 3, 4], [1, 2, 4, 3], ["high", "high", "low", "low"], 200 + i) for i in range(20)])
    row = deciding(Tables(graded=sets)).loc["a"]
    assert row["verdict"] == HOLDS and row["value"] == pytest.approx(0.8)
    ring = stats.spearmanr([1, 1, 0, 0], [1, 2, 4, 3]).statistic
    assert row["detail"] == f"rank correlation of a high ring with earliness {ring:.2f} ({ring:.2f} to {ring:.2f})"


def study_of_classes(count, n=20):
    """Classes that are learned in the order of their distinctiveness."""
    names = [f"k{i}" for i in range(count)]
    early = [dynamics_of(SMALL, {name: i / count for i, name in enumerate(names)}, 200 + seed) for seed in range(n)]
    return tables(classes=classes(names=names), networks=networks([SMALL]), dynamics=pd.concat(early))


@pytest.mark.parametrize(("count", "verdict"), [(7, DESCRIBED), (26, DESCRIBED), (27, HOLDS)])
def test_the_order_of_classes_is_judged_by_permutation_of_enough_classes(count, verdict):
    row = deciding(study_of_classes(count)).loc["c"]
    assert (row["value"], row["networks"], row["detail"]) == (pytest.approx(1), 20, f"{count} classes")
    assert row["p"] == pytest.approx(2 / 5040 if count == 7 else 1 / 10_001)
    assert row["verdict"] == verdict and np.isnan(row["low"]) and row["interval"] == ""


def flips(of_classes, n=20):
    return tables(networks=networks([SMALL]), flips=flips_of(SMALL, of_classes, range(200, 200 + n)))


def of_h(study):
    table = judged(study)
    return table[table["finding"] == "h"].set_index("quantity")


def test_networks_are_free_of_fine_shortcuts_if_the_upper_ends_of_all_classes_are_below_the_threshold():
    low, higher = 0.01 + 0.02 * NOISE, 0.04 + 0.03 * NOISE
    rows = of_h(flips({"ant": (low, low), "bee": (higher, low), "cow": (low, higher)}))
    expected = stats.ttest_1samp(higher, 0.1, alternative="less").pvalue
    for quantity, name in (("flip rate", "bee"), ("need", "cow")):
        row = rows.loc[quantity]
        assert (row["verdict"], row["detail"], row["networks"]) == (HOLDS, name, 20)
        assert row["value"] == pytest.approx(0.04) and row["p"] == pytest.approx(2 * expected)
        assert row["high"] == pytest.approx(stats.ttest_1samp(higher, 0).confidence_interval().high)
    # One class that may be above the threshold leaves the row open, whatever the others are.
    rows = of_h(flips({"ant": (low, low), "bee": (0.09 + 0.05 * NOISE, low)}))
    assert list(rows["verdict"]) == [OPEN, HOLDS]
    # The largest mean is of one class, and the largest upper end of another.
    wide, narrow = 0.03 + 0.12 * NOISE, 0.05 + 0.01 * NOISE
    row = of_h(flips({"ant": (wide, low), "bee": (narrow, low)})).loc["flip rate"]
    assert row["value"] == pytest.approx(0.05) and row["detail"] == "bee"
    assert row["high"] == pytest.approx(stats.ttest_1samp(wide, 0).confidence_interval().high)


def test_one_class_above_the_threshold_is_a_fine_shortcut_and_counts_for_all_classes():
    low, above = 0.01 + 0.02 * NOISE, 0.15 + 0.05 * NOISE
    row = of_h(flips({"ant": (low, low), "bee": (above, low), "cow": (low, low)})).loc["flip rate"]
    assert (row["verdict"], row["detail"]) == (DOES_NOT_HOLD, "bee")
    assert row["p"] == pytest.approx(3 * 2 * stats.ttest_1samp(above, 0.1, alternative="greater").pvalue)


def test_a_missing_need_is_left_out_and_counted():
    low = 0.01 + 0.02 * NOISE
    rows = of_h(flips({"ant": (low, low), "bee": (low, [np.nan] * 20), "cow": (low, [0.02, 0.03, *[np.nan] * 18])}))
    assert rows.loc["need", "detail"] == "cow; 38 of 60 values are missing"
    assert rows.loc["need", "verdict"] == OPEN and rows.loc["need", "p"] == 1  # of bee and cow too little is known
    none = of_h(flips({"ant": (low, [np.nan] * 20)})).loc["need"]
    assert (none["verdict"], none["detail"]) == (OPEN, "no class was measured; 20 of 20 values are missing")
    assert rows.loc["flip rate", "verdict"] == HOLDS and rows.loc["flip rate", "detail"] == "ant"
    alone = of_h(flips({"ant": (low, [0.5, *[np.nan] * 19])})).loc["need"]  # the need of one network shows nothing
    assert (alone["verdict"], alone["p"]) == (OPEN, 1) and np.isnan(alone["low"])


def test_all_p_values_of_rows_that_are_judged_are_adjusted_together():
    values = {SMALL: 0.2 + 0.1 * NOISE, AUGMENTED: 0.21 + 0.1 * NOISE[::-1]}
    of_maps = [advantages(values), advantages({SMALL: 0.3 + 0.1 * NOISE}, "swap"),
               advantages({SMALL: 0.2 + 0.1 * NOISE}, method="hfss")]  # fmt: skip
    table = judged(tables(networks=networks([SMALL, AUGMENTED]), advantages=pd.concat(of_maps)))
    rows = table[table["p_holm"].notna()]
    assert set(rows["role"]) == {"decides"} and set(rows["finding"]) == {"d", "d2", "d3", "g"}
    p = [*rows["p"], *rows["p_equivalence"].dropna()]
    assert len(p) == 7 + 5  # two fills of (d) to (d3) and one of (g); a second p where there is a bound
    adjusted = [*rows["p_holm"], *rows["p_holm_equivalence"].dropna()]
    assert adjusted == pytest.approx(judge.holm(p))
    beside = table[table["role"] == "beside"]
    assert set(beside["verdict"]) == {""} and beside[["p", "p_equivalence"]].isna().all(axis=None)
    assert "hfss" in set(beside["method"])


def test_a_finding_without_data_says_which_lines_would_give_them():
    table = judge.judge(Tables(), "0123")[0]
    assert list(table["finding"]) == list(FINDINGS) and set(table["verdict"]) == {NO_DATA}
    assert list(table["detail"]) == [known.needs for known in FINDINGS.values()]
    assert set(table["definitions"]) == {"0123"} and list(table) == judge.COLUMNS


def test_a_whole_study_has_a_verdict_on_every_row_that_decides():
    table, of_networks = judge.judge(whole_study())
    rows = table[table["role"] == "decides"]
    assert rows["finding"].value_counts().to_dict() == {
        "a": 1, "b": 1, "c": 1, "d": 4, "d2": 4, "d3": 4, "e1": 3, "e2": 1, "f": 1, "g": 1, "h": 8
    }  # fmt: skip
    assert set(rows["verdict"]) <= set(VERDICTS) and set(rows.loc[rows["verdict"] == DESCRIBED, "finding"]) == {"c"}
    assert set(of_networks["finding"]) == set(FINDINGS)
    assert set(judged(whole_study(5)).query("role == 'decides'")["verdict"]) == {DESCRIBED}


@pytest.mark.usefixtures("closed_figures")
@pytest.mark.parametrize("n", [1, 20])
def test_the_figure_shows_every_row_network_and_verdict_in_the_panel_of_its_measure(n):
    table, numbers = judge.judge(whole_study(n))
    figure = drawings.findings(table, numbers)
    figure.canvas.draw()
    assert [axis.get_xlabel() for axis in figure.axes] == list(drawings.PANELS.values())
    texts = [artist.get_text() for axis in figure.axes for artist in axis.texts]
    assert {f"({letter}) {known.claim}" for letter, known in FINDINGS.items()} <= set(texts)
    rows = table[table["role"] == "decides"]
    assert {"widest minus narrowest", *drawings.labels(rows[rows["finding"] == "d"].to_dict("records"))} <= set(texts)
    assert sum(text.startswith("described") for text in texts) == (len(rows) if n == 1 else 1)
    for axis, measure in zip(figure.axes, drawings.PANELS, strict=True):
        letters = [letter for letter, known in FINDINGS.items() if known.measure == measure]
        of_measure = rows[rows["finding"].isin(letters)]
        drawn = [np.round(line.get_xdata(), 9) for line in axis.lines]
        points = [float(x[0]) for x in drawn if len(x) == 1]
        assert all(round(value, 9) in points for value in of_measure["value"])
        segments = {
            tuple(segment[:, 0].round(9))
            for shape in axis.collections
            if hasattr(shape, "get_segments")
            for segment in shape.get_segments()
        }
        assert {tuple(ends) for ends in of_measure[["low", "high"]].dropna().round(9).to_numpy()} <= segments
        own = numbers[numbers["finding"].isin(letters) & (numbers["role"] == "decides") & (numbers["class"] == "")]
        if measure in ("difference", "correlation"):
            shown = np.concatenate(drawn)
            assert set(own["value"].dropna().round(9)) <= set(shown)
    assert "with maps of mixture, in no verdict" in [text.get_text() for text in figure.legends[0].get_texts()]
    # All text lies on the page, and none on another in the same column.
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    boxes = [artist.get_window_extent(renderer) for axis in figure.axes for artist in axis.texts if artist.get_text()]
    assert all(box.x0 >= page.x0 and box.x1 <= page.x1 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.usefixtures("closed_figures")
def test_labels_name_networks_only_where_maps_and_numbers_are_the_same():
    rows = [{"method": np.nan, "quantity": quantity, "networks_of": name, "data": "zoo"}
            for quantity in ("flip rate", "need") for name in ("small", "large")]  # fmt: skip
    assert drawings.labels(rows) == ["flip rate, small", "flip rate, large", "need, small", "need, large"]
    two = [{**rows[0], "method": method, "networks_of": method} for method in ("culling", "mixture")]
    assert drawings.labels(two) == ["culling", "mixture"]
    assert drawings.labels(two[:1]) == [""]


def test_the_figure_says_where_data_are_missing():
    study = tables(
        networks=networks([SMALL]), dynamics=pd.concat([dynamics_of(SMALL, seed=seed) for seed in (200, 201)])
    )
    table, numbers = judge.judge(study)
    figure = drawings.findings(table, numbers)
    figure.canvas.draw()
    texts = [artist.get_text() for axis in figure.axes for artist in axis.texts]
    assert texts.count(NO_DATA) == len(FINDINGS) - 1 and f"described, {len(CLASSES)} classes" in texts
