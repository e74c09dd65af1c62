"""Which classes, networks, renditions and bands are cases of a finding."""

import itertools

import numpy as np
import pandas as pd
import pytest
from evidence_tables import CLASSES, NOTHING, RUN, SIZES, STRONG_ANT, networks, rates, row, verdicts

from frequency_shortcuts.evaluation.verdicts import STRONG
from frequency_shortcuts.findings import judge
from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS, UNDECIDED
from frequency_shortcuts.findings.evidence import Evidence, survivors


@pytest.mark.slow
def test_the_lowest_margin_over_fills_counts_and_all_fills_must_be_strong():
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


@pytest.mark.parametrize(("letter", "changed"), [("f", "network"), ("g", "augmentation")])
def test_only_classes_with_a_shortcut_before_are_cases(letter, changed):
    judged = row(Evidence(networks(1.0, changed=changed), parameters=SIZES), letter)
    assert judged["cases"] == 1 and judged["verdict"] == HOLDS and judged["value"] == pytest.approx(1 - STRONG)
    lost = row(Evidence(networks(0.2, changed=changed), parameters=SIZES), letter)
    assert lost["verdict"] == DOES_NOT_HOLD  # bee has one, but had none before
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


def test_a_shortcut_that_is_strong_in_half_of_the_seeds_is_no_case():
    table = pd.concat([networks(1.0), networks(1.0, before="none").assign(seed=1)])
    assert row(Evidence(table, parameters=SIZES), "f")["cases"] == 0


def test_what_is_strong_does_not_follow_the_study():
    low = verdicts(({}, "ant", 0.5, 0.0, "strong"), ({"network": "large"}, "ant", 0.9, 0.0, "strong"))
    assert row(Evidence(low, parameters=SIZES), "f")["cases"] == 0  # called strong there at 0.5


def test_transfer_to_renditions_is_the_mean_margin_of_strong_classes_over_the_best_kind_of_control():
    ood = rates(("class", "rendition"), {("ant", "ink"): 0.9, ("ant", "oil"): 0.7, ("bee", "ink"): 0.0}, **RUN)
    judged = row(Evidence(STRONG_ANT, ood=ood), "e1")
    assert judged["value"] == pytest.approx(0.8 - 0.2) and judged["cases"] == 2 and judged["verdict"] == HOLDS
    lost = rates(("class", "rendition"), {("ant", "ink"): 0.0, ("ant", "oil"): 0.02}, **RUN)
    assert row(Evidence(STRONG_ANT, ood=lost), "e1")["verdict"] == DOES_NOT_HOLD


def test_transfer_uses_the_classes_that_are_strong_in_the_network_of_the_maps():
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


def test_a_class_that_receives_every_prediction_does_not_survive():
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
