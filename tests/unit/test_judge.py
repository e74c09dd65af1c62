"""Verdicts at their edges, and intervals with the coverage that they claim."""

import numpy as np
import pandas as pd
import pytest
from evidence_tables import RUN, SIZES, STRONG_ANT, networks, rates, row, verdicts
from scipy import stats

from frequency_shortcuts.evaluation.verdicts import STRONG
from frequency_shortcuts.findings import judge
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS, UNDECIDED
from frequency_shortcuts.findings.evidence import Evidence


def test_a_map_far_above_its_mark_holds_and_the_margin_is_over_the_greater_of_mark_and_control():
    judged = row(Evidence(verdicts(({}, "ant", 1.0, 0.7, "strong"), ({}, "bee", 0.9, 0.2, "strong"))), "d")
    assert judged["verdict"] == HOLDS
    assert judged["value"] == pytest.approx(max(1.0 - 0.7, 0.9 - STRONG))
    assert "2 of 2" in judged["detail"] or "1 of 2" in judged["detail"]
    assert judged["cases"] == 2 and judged["networks"] == 1 and judged["seeds"] == 1 and judged["images"] == 40


def test_maps_far_below_do_not_hold_and_a_close_one_is_undecided():
    assert (
        row(Evidence(verdicts(({}, "ant", 0.1, 0.1, "none"), ({}, "bee", 0.2, 0.0, "none"))), "d")["verdict"]
        == DOES_NOT_HOLD
    )
    assert row(Evidence(verdicts(({}, "ant", 0.62, 0.1, "none"))), "d")["verdict"] == UNDECIDED


def test_the_effect_size_is_cohens_h_of_the_best_map_and_its_control():
    judged = row(Evidence(verdicts(({}, "ant", 0.9, 0.3, "strong"), ({}, "bee", 0.1, 0.1, "none"))), "d")
    assert judged["effect_size"] == pytest.approx(2 * np.arcsin(np.sqrt(0.9)) - 2 * np.arcsin(np.sqrt(0.3)))


def test_of_one_case_and_seed_the_interval_is_that_of_the_share():
    # A control far below the mark does not matter.
    judged = row(Evidence(verdicts(({}, "ant", 0.8, 0.0, "strong"), images=1000)), "d")
    low, high = stats.beta(800.5, 200.5).ppf([0.025, 0.975]) - STRONG
    assert (judged["low"], judged["high"]) == pytest.approx((low, high))
    # One above it does: by the squares of the arms.
    judged = row(Evidence(verdicts(({}, "ant", 0.9, 0.7, "strong"), images=100)), "d")
    (low, _), (_, high) = (stats.beta(k + 0.5, 100.5 - k).ppf([0.025, 0.975]) for k in (90, 70))
    assert judged["low"] == pytest.approx(0.2 - np.hypot(0.9 - low, high - 0.7))


def studies(count, truth, images, n_seeds=1, spread=0.0, shared=False):
    """Tables of verdicts of classes with these true TPR [class], which each seed of a network is off from; where
    `shared`, all seeds give the same answers. Controls are at zero."""
    generator = np.random.default_rng(0)
    for _ in range(count):
        hits = generator.random((images, len(truth)))
        rows = []
        for seed in range(n_seeds):
            hits = hits if shared else generator.random((images, len(truth)))
            own = np.clip(truth + spread * generator.standard_normal(len(truth)), 0, 1)
            rows += [({"seed": seed}, f"c{i}", tpr, 0.0, "none") for i, tpr in enumerate((hits < own).mean(axis=0))]
        yield verdicts(*rows, images=images)


LONG = pytest.mark.long


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [pytest.param(1, marks=LONG), 10, pytest.param(200, marks=LONG)])
@pytest.mark.parametrize(
    ("n_seeds", "spread"), [pytest.param(1, 0, marks=LONG), (2, 0.1), (3, 0.1), pytest.param(5, 0.0, marks=LONG)]
)
def test_chance_makes_the_finding_hold_in_one_study_of_forty_at_most(n_classes, n_seeds, spread):
    """All classes are at the mark exactly, and of many one looks better."""
    count = 100 if n_classes < 100 else 15
    tables = studies(count, np.full(n_classes, STRONG), 200, n_seeds, spread)
    wrong = sum(row(Evidence(table), "d")["verdict"] == HOLDS for table in tables)
    assert wrong <= stats.binom.ppf(0.999, count, 0.025)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_seeds", "spread", "shared"),
    [pytest.param(1, 0, False, marks=LONG), pytest.param(2, 0.1, False, marks=LONG), (3, 0.1, False), (5, 0, True)],
)
def test_the_interval_of_the_largest_covers_the_largest_truth(n_seeds, spread, shared):
    truth = np.array([0.3, 0.5, 0.7, 0.72])
    judged = [row(Evidence(table), "d") for table in studies(150, truth, 100, n_seeds, spread, shared)]
    covered = sum(one["low"] <= truth.max() - STRONG <= one["high"] for one in judged)
    assert covered >= stats.binom.ppf(0.001, 150, 0.95)


def test_seeds_that_disagree_widen_the_interval_and_equal_ones_do_not_narrow_it():
    agree = verdicts(*[({"seed": s}, "ant", 0.8, 0.0, "strong") for s in range(3)], images=400)
    apart = verdicts(*[({"seed": s}, "ant", t, 0.0, "strong") for s, t in enumerate((0.6, 0.8, 1.0))], images=400)
    single, narrow, wide = (row(Evidence(table), "d") for table in (agree[:1], agree, apart))
    assert narrow["value"] == pytest.approx(wide["value"]) and narrow["seeds"] == wide["seeds"] == 3
    # The images are the same ones, so that seeds that agree on them tell no more than one.
    assert (narrow["low"], narrow["high"]) == pytest.approx((single["low"], single["high"]))
    assert narrow["low"] - wide["low"] > 0.3
    expected = np.hypot(0.8 - (narrow["low"] + STRONG), stats.t.ppf(0.975, 2) * 0.2 / np.sqrt(3))
    assert wide["low"] == pytest.approx(0.2 - expected)


def jeffreys_arms(share, n):
    low, high = stats.beta(share * n + 0.5, n - share * n + 0.5).ppf([0.025, 0.975])
    return share - low, high - share


def test_false_positives_and_draws_count_on_both_sides():
    rates_of = {"fpr_dfm": 0.2, "fpr_random": 0.05, "fpr_radial": 0.0, "fpr_low_pass": 0.0, "fpr_other": 0.0}
    table = verdicts(
        ({}, "ant", 0.95, 0.55, "weak"), images=100, negatives=300, **rates_of, error_random=0.1, draws_random=10
    )
    judged = row(Evidence(table), "d")
    # The map's TPR - FPR is 0.75, that of the random masks 0.5: a TPR of 0.7 would be as good.
    assert judged["value"] == pytest.approx(0.95 - 0.7)
    terms = [jeffreys_arms(0.95, 100)[0], jeffreys_arms(0.55, 100)[1], jeffreys_arms(0.05, 300)[0]]
    terms += [jeffreys_arms(0.2, 300)[1], stats.t.ppf(0.975, 9) * 0.1]
    assert judged["low"] == pytest.approx(0.25 - np.sqrt(np.square(terms).sum()))
    everything = verdicts(({}, "ant", 1.0, 0.0, "none"), negatives=300, **(rates_of | {"fpr_dfm": 1.0}))
    assert row(Evidence(everything), "d")["value"] == pytest.approx(0.0)  # as good as the low-pass, which gives nothing


def arms(share, against, n=30):
    """How far the interval of a difference of two shares of n images reaches below and above it."""
    (low, high), (least, most) = (
        stats.beta(rate * n + 0.5, n - rate * n + 0.5).ppf([0.025, 0.975]) for rate in (share, against)
    )
    return np.hypot(share - low, most - against), np.hypot(high - share, against - least)


def test_the_choice_of_random_masks_widens_a_mean_and_is_shared_by_the_classes_of_a_run():
    names = [f"c{i}" for i in range(4)]
    strong = verdicts(*[({}, name, 0.9, 0.1, "strong") for name in names])
    ood = rates(("class", "rendition"), {(name, "ink"): 0.8 for name in names}, **RUN)
    drawn = ood.assign(draws=10, error=np.where(ood["filter"] == "random", 0.05, 0))
    plain, wide = (row(Evidence(strong, ood=table), "e1") for table in (ood, drawn))
    expected = np.hypot(plain["value"] - plain["low"], stats.t.ppf(0.975, 9) * 0.05)
    assert wide["value"] - wide["low"] == pytest.approx(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_cases", "draws"), [pytest.param(1, 10, marks=LONG), (10, 10), (10, 3), pytest.param(30, 3, marks=LONG)]
)
def test_chance_in_the_masks_makes_the_finding_hold_in_one_study_of_forty_at_most(n_cases, draws):
    """All maps are at the mark exactly, on very many images, and the mark is known from a few random masks."""
    generator, wrong, count = np.random.default_rng(0), 0, 150
    for _ in range(count):
        drawn = 0.7 + 0.05 * generator.standard_normal((n_cases, draws))
        rows = [({}, f"c{i}", 0.7, mean, "none") for i, mean in enumerate(drawn.mean(axis=1))]
        table = verdicts(*rows, images=10**7, draws_random=draws)
        table["error_random"] = drawn.std(axis=1, ddof=1) / np.sqrt(draws)
        wrong += row(Evidence(table), "d")["verdict"] == HOLDS
    assert wrong <= stats.binom.ppf(0.999, count, 0.025)


def test_a_margin_of_differences_may_exceed_one_and_intervals_are_never_reversed():
    transfer = rates(
        ("dataset", "maps_of", "tested_on", "class"), {("zoo", "small/none/seed0", "large/none/seed0", "ant"): 0.9}
    ).assign(negatives=90, fpr=0.0)
    transfer.loc[transfer["filter"] != "dfm", ["tpr", "fpr"]] = [0.0, 0.6]
    judged = row(Evidence(STRONG_ANT, transfer=transfer), "e2")
    assert judged["value"] == pytest.approx(1.5) and judged["low"] < judged["value"] <= judged["high"] <= 2
    worst = {f"fpr_{kind}": 0.0 for kind in ("random", "radial", "low_pass", "other")} | {"fpr_dfm": 0.9}
    judged = row(Evidence(verdicts(({}, "ant", 0.2, 1.0, "none"), negatives=300, **worst)), "d")
    assert judged["low"] <= judged["value"] <= judged["high"]


def test_a_mean_over_renditions_has_the_interval_of_one_rendition():
    few, many = (
        rates(("class", "rendition"), {("ant", f"r{i}"): 0.8 for i in range(n)}, controls=(0.1, 0.0, 0.0), **RUN)
        for n in (1, 150)
    )
    one, judged = (row(Evidence(STRONG_ANT, ood=ood), "e1") for ood in (few, many))
    assert (judged["low"], judged["high"]) == pytest.approx((one["low"], one["high"]))
    assert (judged["low"], judged["high"]) == pytest.approx((0.7 - arms(0.8, 0.1)[0], 0.7 + arms(0.8, 0.1)[1]))


def test_a_mean_over_classes_has_a_narrower_interval_than_one_class():
    names = [f"c{i}" for i in range(9)]
    strong = verdicts(*[({}, name, 0.9, 0.1, "strong") for name in names])
    ood = rates(("class", "rendition"), {(name, "ink"): 0.8 for name in names}, **RUN)
    alone = row(Evidence(strong, ood=ood[ood["class"] == "c0"]), "e1")
    judged = row(Evidence(strong, ood=ood), "e1")
    assert alone["high"] - alone["low"] == pytest.approx(3 * (judged["high"] - judged["low"]))


def test_a_single_image_is_no_evidence():
    for tpr in (0.0, 1.0):
        ood = rates(("class", "rendition"), {("ant", "ink"): tpr}, controls=(0.0,) * 3, **RUN).assign(images=1)
        assert row(Evidence(STRONG_ANT, ood=ood), "e1")["verdict"] == UNDECIDED


def test_the_spread_of_seeds_widens_a_mean_by_students_t():
    strong = verdicts(*[({"seed": s}, "ant", 0.9, 0.1, "strong") for s in range(3)])
    ood = pd.concat(
        [
            rates(("class", "rendition"), {("ant", "ink"): tpr}, **{**RUN, "seed": s})
            for s, tpr in enumerate((0.5, 0.6, 0.7))
        ]
    )
    judged = row(Evidence(strong, ood=ood), "e1")
    by_images = np.mean([arms(tpr, 0.2) for tpr in (0.5, 0.6, 0.7)], axis=0)
    below, above = np.hypot(by_images, stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3))
    assert (judged["low"], judged["high"]) == pytest.approx((0.4 - below, 0.4 + above))


def test_data_sets_have_equal_weight_and_their_own_rows():
    many = [({"dataset": "zoo", "network": f"n{i}"}, "ant", 0.9, 0.1, "strong") for i in range(3)]
    table = verdicts(*many, ({"dataset": "farm"}, "ant", 0.9, 0.1, "strong"))
    ood = pd.concat(
        [rates(("class", "rendition"), {("ant", "ink"): 0.8}, **{**RUN, **run}) for run, *_ in many]
        + [rates(("class", "rendition"), {("ant", "ink"): 0.4}, **{**RUN, "dataset": "farm"})]
    )
    found = judge.judge(Evidence(table, ood=ood)).query("finding == 'e1'").set_index("dataset")
    assert list(found.index) == ["all", "zoo", "farm"]
    assert found["value"].to_dict() == pytest.approx({"all": 0.4, "zoo": 0.6, "farm": 0.2})
    assert found["networks"].to_dict() == {"all": 4, "zoo": 3, "farm": 1}


def test_the_order_of_the_rows_does_not_matter():
    table = pd.concat([networks(0.9), networks(0.7).assign(seed=1)], ignore_index=True)
    one = judge.judge(Evidence(table, parameters=SIZES))
    two = judge.judge(Evidence(table.sample(frac=1, random_state=3), parameters=SIZES))
    assert one["value"].tolist() == pytest.approx(two["value"].tolist(), nan_ok=True)
    assert one["verdict"].tolist() == two["verdict"].tolist()
