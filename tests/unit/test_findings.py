"""The findings: statistics by hand on small tables, intervals with the coverage they claim, verdicts at their edges."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from frequency_shortcuts.evaluation.verdicts import STRONG
from frequency_shortcuts.findings import dynamics, judge
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS, UNDECIDED, verdict
from frequency_shortcuts.findings.evidence import Evidence, survivors

CLASSES = ["ant", "bee", "cow"]
# No FPR, and controls that are all alike.
EXACT = {f"fpr_{kind}": np.nan for kind in ("dfm", "random", "radial", "low_pass", "other")}
EXACT |= {f"error_{kind}": 0.0 for kind in ("random", "radial", "low_pass", "other")}
EXACT |= {f"draws_{kind}": 10 for kind in ("random", "radial", "low_pass", "other")}
RUN = {"dataset": "zoo", "network": "small", "augmentation": "none", "seed": 0}


def verdicts(*rows, **everywhere):
    """A table of verdicts: rows of (run's changes, class, TPR of the map, TPR of every control, verdict)."""
    return pd.DataFrame(
        [
            {
                **RUN, "class": name, "images": 40, "negatives": 0, "tpr_dfm": tpr, "tpr_random": control,
                "tpr_radial": control / 2, "tpr_low_pass": 0.0, "tpr_other": 0.0, "verdict": judged, **EXACT,
                "part": "keep", "fill": "zeros", "neutral": False, "headline": True, **everywhere, **run,
            }
            for run, name, tpr, control, judged in rows
        ]
    )  # fmt: skip


def row(evidence, letter, dataset="all", **options):
    table = judge.judge(evidence, **options)
    found = table[(table["finding"] == letter) & (table["dataset"] == dataset)]
    assert len(found) == 1
    return found.iloc[0]


NOTHING = verdicts(({}, "ant", 0.1, 0.1, "none"))


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1))
def test_a_verdict_needs_an_interval_on_one_side(low, width, threshold):
    judged = verdict(low, low + width, threshold)
    assert (judged == HOLDS) == (low > threshold)
    assert (judged == DOES_NOT_HOLD) == (low + width <= threshold)
    assert verdict(np.nan, np.nan, threshold) == UNDECIDED


def test_every_finding_of_the_method_has_a_definition_and_a_row_even_without_data():
    table = judge.judge(Evidence(NOTHING))
    assert list(table) == judge.COLUMNS
    assert list(dict.fromkeys(table["finding"])) == ["a", "b", "c", "d", "e1", "e2", "f", "g"]
    without = table[table["cases"] == 0]
    assert set(without["finding"]) == {"a", "b", "c", "e1", "e2", "f", "g"}
    assert (without["verdict"] == UNDECIDED).all() and without["detail"].str.startswith("needs ").all()


# (d): the largest margin of a map


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


@pytest.mark.slow
def test_the_fill_under_which_a_map_is_least_counts_and_all_must_be_strong():
    zeros, swap = ({"fill": fill, "headline": fill == "zeros"} for fill in ("zeros", "swap"))
    large = {"network": "large"}
    rows = [(zeros, "ant", 0.95, 0.1, "strong"), (swap, "ant", 0.7, 0.1, "strong"), (large, "ant", 0.9, 0.1, "strong")]
    judged = row(Evidence(verdicts(*rows), parameters=SIZES), "d")
    assert judged["value"] == pytest.approx(0.9 - STRONG) and judged["cases"] == 2
    assert row(Evidence(verdicts(*rows[:2])), "d")["value"] == pytest.approx(0.7 - STRONG)
    assert row(Evidence(verdicts(*rows), parameters=SIZES), "f")["cases"] == 1
    rows[1] = (swap, "ant", 0.5, 0.1, "weak")
    assert row(Evidence(verdicts(*rows), parameters=SIZES), "f")["cases"] == 0


def test_where_a_set_has_a_neutral_class_only_its_headline_counts():
    zeros, swap = {"fill": "zeros", "headline": False}, {"fill": "swap", "headline": True}
    rows = [(zeros, "ant", 0.0, 0.0, "none"), (swap, "ant", 0.9, 0.1, "strong")]
    rows += [({**zeros, "neutral": True}, "plain", 1.0, 0.0, "strong")]
    judged = row(Evidence(verdicts(*rows)), "d")
    assert judged["value"] == pytest.approx(0.9 - STRONG) and judged["cases"] == 1
    only = [({"neutral": True}, "plain", 1.0, 0.0, "strong"), ({}, "ant", 0.9, 0.1, "strong")]  # zeros alone
    assert row(Evidence(verdicts(*only)), "d")["cases"] == 1


def test_what_is_removed_and_what_is_not_recognised_is_left_out():
    rows = [({"part": "remove", "headline": False}, "ant", 1.0, 0.0, "strong"), ({}, "bee", 1.0, 0.0, np.nan)]
    assert row(Evidence(verdicts(*rows)), "d")["cases"] == 0


# (f) and (g): what is left of a shortcut


def networks(after, control=0.1, before="strong", changed="network"):
    other = {"network": "large"} if changed == "network" else {"augmentation": "autoaugment"}
    return verdicts(
        ({}, "ant", 0.9, 0.1, before), ({}, "bee", 0.9, 0.95, "none"),
        (other, "ant", after, control, "none"), (other, "bee", 0.99, 0.0, "strong"),
    )  # fmt: skip


SIZES = {("zoo", "small"): 10, ("zoo", "large"): 1000}


@pytest.mark.parametrize(("letter", "changed"), [("f", "network"), ("g", "augmentation")])
def test_only_classes_with_a_shortcut_before_are_cases(letter, changed):
    judged = row(Evidence(networks(1.0, changed=changed), parameters=SIZES), letter)
    assert judged["cases"] == 1 and judged["verdict"] == HOLDS and judged["value"] == pytest.approx(1 - STRONG)
    gone = row(Evidence(networks(0.2, changed=changed), parameters=SIZES), letter)
    assert gone["verdict"] == DOES_NOT_HOLD  # bee has one, but had none before
    none = row(Evidence(networks(1.0, before="none", changed=changed), parameters=SIZES), letter)
    assert none["verdict"] == UNDECIDED and none["cases"] == 0


def test_networks_of_one_size_are_no_evidence_about_capacity():
    assert row(Evidence(networks(1.0), parameters=dict.fromkeys(SIZES, 5)), "f")["cases"] == 0
    assert row(Evidence(networks(1.0)), "f")["cases"] == 0


def test_all_networks_of_the_greatest_size_are_cases_in_any_order_and_unknown_sizes_are_left_out():
    for names in (("a", "large", "twin", "unknown"), ("unknown", "twin", "large", "a")):
        tpr = {"a": 0.9, "large": 0.1, "twin": 1.0, "unknown": 1.0}
        table = verdicts(*[({"network": name}, "ant", tpr[name], 0.1, "strong") for name in names])
        sizes = {("zoo", "a"): 1, ("zoo", "large"): 9, ("zoo", "twin"): 9}
        judged = row(Evidence(table, parameters=sizes), "f")
        assert judged["cases"] == 2 and judged["value"] == pytest.approx(1 - STRONG)


def test_a_shortcut_that_is_strong_in_half_of_the_seeds_is_not_taken_for_one():
    table = pd.concat([networks(1.0), networks(1.0, before="none").assign(seed=1)])
    assert row(Evidence(table, parameters=SIZES), "f")["cases"] == 0


def test_what_is_strong_does_not_follow_the_study():
    low = verdicts(({}, "ant", 0.5, 0.0, "strong"), ({"network": "large"}, "ant", 0.9, 0.0, "strong"))
    assert row(Evidence(low, parameters=SIZES), "f")["cases"] == 0  # called strong there at 0.5


# (e): transfer


def rates(key, of, controls=(0.2, 0.1, 0.05), **run):
    """Rows of a test for each name in `of`: {(class, ...): TPR of the map}."""
    rows = []
    for case, tpr in of.items():
        names = dict(zip(key, case, strict=True))
        for name, value in zip(("dfm", "random", "radial", "other"), (tpr, *controls), strict=True):
            rows.append(
                {**run, **names, "fill": "zeros", "filter": name, "images": 30, "tpr": value, "error": 0, "draws": 1}
            )
    return pd.DataFrame(rows)


STRONG_ANT = verdicts(({}, "ant", 0.9, 0.1, "strong"), ({}, "bee", 0.9, 0.95, "none"))


def test_transfer_to_renditions_is_the_mean_margin_of_strong_classes_over_the_best_kind_of_control():
    ood = rates(("class", "rendition"), {("ant", "ink"): 0.9, ("ant", "oil"): 0.7, ("bee", "ink"): 0.0}, **RUN)
    judged = row(Evidence(STRONG_ANT, ood=ood), "e1")
    assert judged["value"] == pytest.approx(0.8 - 0.2) and judged["cases"] == 2 and judged["verdict"] == HOLDS
    lost = rates(("class", "rendition"), {("ant", "ink"): 0.0, ("ant", "oil"): 0.02}, **RUN)
    assert row(Evidence(STRONG_ANT, ood=lost), "e1")["verdict"] == DOES_NOT_HOLD


def test_transfer_to_a_network_asks_the_classes_that_are_strong_where_the_maps_are_from():
    transfer = rates(
        ("dataset", "maps_of", "tested_on", "class"),
        {
            ("zoo", "small/none/seed0", "large/none/seed0", "ant"): 0.6,
            ("zoo", "small/none/seed0", "large/none/seed0", "bee"): 1.0,
            ("zoo", "large/none/seed0", "small/none/seed0", "ant"): 1.0,
        },
    )
    judged = row(Evidence(STRONG_ANT, transfer=transfer), "e2")
    assert judged["cases"] == 1 and judged["value"] == pytest.approx(0.6 - 0.2) and judged["verdict"] == HOLDS


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


def test_a_margin_of_differences_may_be_above_one_and_intervals_are_never_turned_round():
    transfer = rates(
        ("dataset", "maps_of", "tested_on", "class"), {("zoo", "small/none/seed0", "large/none/seed0", "ant"): 0.9}
    ).assign(negatives=90, fpr=0.0)
    transfer.loc[transfer["filter"] != "dfm", ["tpr", "fpr"]] = [0.0, 0.6]
    judged = row(Evidence(STRONG_ANT, transfer=transfer), "e2")
    assert judged["value"] == pytest.approx(1.5) and judged["low"] < judged["value"] <= judged["high"] <= 2
    worst = {f"fpr_{kind}": 0.0 for kind in ("random", "radial", "low_pass", "other")} | {"fpr_dfm": 0.9}
    judged = row(Evidence(verdicts(({}, "ant", 0.2, 1.0, "none"), negatives=300, **worst)), "d")
    assert judged["low"] <= judged["value"] <= judged["high"]


def test_a_mean_over_renditions_of_the_same_images_is_no_surer_than_one_of_them():
    few, many = (
        rates(("class", "rendition"), {("ant", f"r{i}"): 0.8 for i in range(n)}, controls=(0.1, 0.0, 0.0), **RUN)
        for n in (1, 150)
    )
    one, judged = (row(Evidence(STRONG_ANT, ood=ood), "e1") for ood in (few, many))
    assert (judged["low"], judged["high"]) == pytest.approx((one["low"], one["high"]))
    assert (judged["low"], judged["high"]) == pytest.approx((0.7 - arms(0.8, 0.1)[0], 0.7 + arms(0.8, 0.1)[1]))


def test_a_mean_over_classes_is_surer_than_one_of_them():
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


@pytest.mark.parametrize("empty", ["ood", "transfer", "band_stop"])
def test_an_empty_table_is_none(empty):
    columns = [
        "dataset",
        "network",
        "augmentation",
        "seed",
        "class",
        "fill",
        "filter",
        "images",
        "tpr",
        "maps_of",
        "tested_on",
    ]
    table = judge.judge(Evidence(STRONG_ANT, **{empty: pd.DataFrame(columns=columns)}))
    assert (table.query("finding in ('b', 'e1', 'e2')")["cases"] == 0).all()


# (b): bands


def band_stop(original, filtered, **run):
    """A table for the confusion matrices before and after one removal."""
    return pd.DataFrame(
        [
            {
                **RUN, **run, "removed": "B1+B2", "true_class": CLASSES[i], "called_class": CLASSES[j],
                "original": original[i][j], "filtered": filtered[i][j],
            }
            for i, j in itertools.product(range(3), repeat=2)
        ]
    )  # fmt: skip


BEFORE = [[50, 0, 0], [0, 50, 0], [25, 25, 0]]


def test_a_class_that_everything_is_called_has_not_survived():
    judged = row(Evidence(NOTHING, band_stop=band_stop(BEFORE, [[50, 0, 0], [50, 0, 0], [50, 0, 0]])), "b")
    assert judged["value"] == pytest.approx(0) and judged["verdict"] == DOES_NOT_HOLD
    assert judged["cases"] == 2  # cow was not recognised before


def test_survivors_are_counted_by_the_same_definition():
    tables = [
        band_stop(BEFORE, [[50, 0, 0], [50, 0, 0], [50, 0, 0]]),
        band_stop(BEFORE, [[45, 5, 0], [0, 5, 45], [10, 0, 40]], seed=1),
    ]
    assert survivors(pd.concat(tables)) == (4, 1)


def test_a_class_that_is_still_recognised_survives():
    judged = row(Evidence(NOTHING, band_stop=band_stop(BEFORE, [[45, 5, 0], [0, 5, 45], [10, 0, 40]])), "b")
    assert judged["value"] == pytest.approx(45 / 50 - 10 / 100) and judged["verdict"] == HOLDS
    assert judged["detail"] == "1 of 2 cases above the threshold; largest: zoo, small, ant, without B1+B2"


# (a) and (c): learning dynamics


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
    """|ADCS| of three classes, constant below radius 2 and from there on, with a centre that must not count."""
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
def test_early_learning_is_correlated_with_standing_out():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([1, 2, 3], [0, 1, 2]), {"zoo": 2})
    judged = row(evidence, "c")
    assert (
        judged["value"] == pytest.approx(1) and judged["verdict"] == HOLDS and judged["effect_size"] == judged["value"]
    )
    against = Evidence(NOTHING, learning(VIEWS), spectra([3, 2, 1], [2, 1, 0]), {"zoo": 2})
    assert row(against, "c")["value"] == pytest.approx(-1) and row(against, "c")["verdict"] == DOES_NOT_HOLD


@pytest.mark.slow
def test_low_before_high_is_correlated_with_standing_out_low_rather_than_high():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([0, 1, 2], [2, 1, 0]), {"zoo": 2})
    assert row(evidence, "a")["value"] == pytest.approx(1) and row(evidence, "a")["verdict"] == HOLDS
    # The same classes stand out as much in all, but where they do is turned round.
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


def test_two_classes_have_no_rank_correlation_worth_the_name():
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


# Scopes


def test_data_sets_count_alike_and_have_rows_of_their_own():
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


@pytest.mark.slow
def test_what_is_drawn_is_seeded():
    evidence = Evidence(NOTHING, learning(VIEWS), spectra([1, 2, 3], [0, 1, 2]), {"zoo": 2})
    one, two, other = (judge.judge(evidence, seed=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, two)
    assert not one["low"].equals(other["low"])


def test_the_order_of_the_rows_does_not_matter():
    table = pd.concat([networks(0.9), networks(0.7).assign(seed=1)], ignore_index=True)
    one = judge.judge(Evidence(table, parameters=SIZES))
    two = judge.judge(Evidence(table.sample(frac=1, random_state=3), parameters=SIZES))
    assert one["value"].tolist() == pytest.approx(two["value"].tolist(), nan_ok=True)
    assert one["verdict"].tolist() == two["verdict"].tolist()
