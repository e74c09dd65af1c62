"""The number of each network, finding by finding, on tables where it is easy to see."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import advantages, band_stop, banded, classes, dynamics_of, flips_of, graded, networks, tables
from scipy import stats

from frequency_shortcuts.findings.evidence import Tables
from frequency_shortcuts.findings.numbers import RING, numbers
from frequency_shortcuts.intervals import spearman

SMALL, AUGMENTED, LARGE = ("small", "none"), ("small", "autoaugment"), ("large", "none")


def of(found, finding, role="decides", **where):
    found = found[(found["finding"] == finding) & (found["role"] == role)]
    for key, value in where.items():
        found = found[found[key] == value]
    return list(found["value"])


@settings(max_examples=30, deadline=None)
@given(strategies.lists(strategies.integers(0, 5), min_size=2, max_size=8), strategies.randoms())
def test_the_rank_correlation_is_that_of_scipy(x, random):
    y = [random.randint(0, 5) for _ in x]
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    else:
        assert np.isnan(spearman(x, y))


def test_a_gain_and_ring_are_ranked_against_earliness_without_the_plain_class():
    sets = pd.concat(
        [graded([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4], ["low", "low", "high", "high"]),
         graded([1, 2, 3, 4], [0.4, 0.3, 0.2, 0.1], ["high", "high", "low", "low"], seed=201)]
    )  # fmt: skip
    found = numbers(Tables(graded=sets))
    assert of(found, "a") == pytest.approx([1, -1])
    ring = stats.spearmanr([0, 0, 1, 1], [1, 2, 3, 4]).statistic
    assert of(found, "a", "beside", quantity=RING) == pytest.approx([ring, ring])


def test_b_the_worst_of_the_pairs_that_leave_the_control_band_decides():
    # B3+B4 is removed, which leaves the control band of syn_1 and not that of syn_3.
    runs = pd.concat([band_stop("syn_1", False), band_stop("syn_1", True, seed=201), band_stop("syn_3", False)])
    found = numbers(banded(runs, ("syn_1", "syn_3"), (1, 3)))
    assert of(found, "b") == [0, 1, 1]
    assert of(found, "b", "beside", quantity="C1 survives") == [0, 0, 0]


def test_c_is_the_earliness_of_the_classes_of_the_baseline_on_photographs():
    early = {"ant": 0.1, "bee": 0.3, "cow": 0.2, "dog": 0.4}
    study = tables(
        networks=networks([SMALL, LARGE]), dynamics=pd.concat([dynamics_of(SMALL, early), dynamics_of(LARGE, early)])
    )
    found = numbers(study)
    assert of(found, "c") == pytest.approx([value + 0.05 for value in early.values()])
    assert list(found["class"]) == list(early) and list(found["distinctiveness"]) == [0, 1, 2, 3]
    assert set(found["network"]) == {"small"} and set(found["role"]) == {"decides"}


def test_c_a_neutral_class_is_left_out_and_made_sets_are_in_no_finding():
    early = {"C0": 0.9, "C1": 0.1, "C2": 0.2, "C3": 0.3}
    known = {"networks": networks([SMALL], dataset="syn_1"), "dynamics": dynamics_of(SMALL, early, dataset="syn_1")}
    of_classes = classes("syn_1", list(early), "C0")
    assert numbers(Tables(kinds={"syn_1": "synthetic"}, classes=of_classes, **known)).empty
    found = numbers(Tables(kinds={"syn_1": "photographs"}, classes=of_classes, **known))
    assert list(found["class"]) == ["C1", "C2", "C3"]


def test_d_both_fills_of_the_baseline_decide_and_zeros_of_other_networks_stand_beside():
    both = pd.concat(
        [advantages({SMALL: [0.1, 0.2], LARGE: [0.3, 0.4]}),
         advantages({SMALL: [0.01, 0.02], LARGE: [0.03, 0.04]}, "swap", headline=False)]
    )  # fmt: skip
    found = numbers(tables(networks=networks([SMALL, LARGE]), advantages=both))
    assert of(found, "d", quantity="own-map advantage, zeros") == [0.1, 0.2]
    assert of(found, "d", quantity="own-map advantage, swap") == [0.01, 0.02]
    assert of(found, "d", "beside") == [0.3, 0.4]


def test_d2_and_d3_are_the_margins_over_the_lowest_frequencies_and_the_best_other_map():
    found = numbers(tables(networks=networks([SMALL]), advantages=advantages({SMALL: [0.1, 0.2]}, lowest=0.3, best=1)))
    assert of(found, "d2", quantity="own map minus lowest frequencies, zeros") == pytest.approx([-0.2, -0.1])
    assert of(found, "d3", quantity="own map minus best other map, zeros") == pytest.approx([-0.9, -0.8])
    assert set(found["half_width"].round(9)) == {0.05} and set(found["method"]) == {"culling"}


def test_d_of_made_sets_the_fill_to_quote_stands_beside_and_two_classes_alone_are_in_no_finding():
    planted = pd.concat([advantages({SMALL: [0.5]}, "swap"), advantages({SMALL: [0.0]}, headline=False)])
    known = {"advantages": planted, "networks": networks([SMALL])}
    two = classes(names=["A", "B"])
    found = numbers(Tables(kinds={"zoo": "planted"}, classes=classes(neutral="ant"), **known))
    assert of(found, "d") == [] and of(found, "d", "beside") == [0.5]
    assert numbers(Tables(kinds={"zoo": "planted"}, classes=two, **known)).empty
    assert of(numbers(tables(**known | {"classes": two})), "d") == []


def test_e1_is_of_each_rendition_with_zeros_and_the_baseline():
    cases = (("sketch", "zeros", 0.1), ("toy", "zeros", 0.3), ("toy", "swap", 9))
    ood = pd.concat([advantages({SMALL: [value], LARGE: [9]}, fill, rendition=name) for name, fill, value in cases])
    study = tables(networks=networks([SMALL, LARGE]), ood=ood, advantages=advantages({SMALL: [0.1]}))
    found = numbers(study)
    assert of(found, "e1", quantity="own-map advantage, sketch, zeros") == [0.1]
    assert of(found, "e1", quantity="own-map advantage, toy, zeros") == [0.3] and len(of(found, "e1")) == 2


def test_e2_is_the_mean_of_both_directions_between_two_architectures_within_a_seed():
    rows = [
        {"dataset": "zoo", "maps_of": f"{one}/none/seed{seed}", "tested_on": f"{other}/none/seed{seed}", "fill": fill,
         "headline": fill == "zeros", "advantage": value, "advantage_low": value - 0.1, "advantage_high": value + 0.1,
         "method": "culling"}
        for one, other, seed, fill, value in (
            ("small", "deep", 200, "zeros", 0.1), ("deep", "small", 200, "zeros", 0.3),
            ("small", "deep", 201, "zeros", 0.5), ("deep", "small", 201, "zeros", 0.5),
            ("small", "deep", 200, "swap", 0.9), ("small", "large", 200, "zeros", 0.7),
            ("small", "deep", 202, "zeros", 0.9),
        )
    ]  # fmt: skip
    kinds = [SMALL, LARGE, ("deep", "none")]
    known = {"networks": networks(kinds), "advantages": advantages({SMALL: [0.1]})}
    found = numbers(tables(transfer=pd.DataFrame(rows), **known))
    assert of(found, "e2") == pytest.approx(
        [0.2, 0.5, np.nan], nan_ok=True
    )  # of the last seed one direction is missing
    assert of(found, "e2", "beside", networks_of="small on deep") == [0.1, 0.5, 0.9]
    assert of(found, "e2", "beside", networks_of="large and small") == [0.7]  # of one architecture
    assert of(found, "e2", "beside", quantity="own-map advantage, swap") == [0.9]


def test_f_is_the_widest_minus_the_narrowest_by_seed_and_both_stand_beside():
    middle = ("middle", "none")
    widths = {"small": 4, "middle": 8, "large": 16}
    table = advantages({SMALL: [0.1, 0.2], middle: [9, 9], LARGE: [0.3, 0.5], ("large", "autoaugment"): [9, 9]})
    kinds = [SMALL, middle, LARGE, ("large", "autoaugment")]
    found = numbers(tables(networks=networks(kinds, widths), advantages=table))
    assert of(found, "f") == pytest.approx([0.2, 0.3])
    assert of(found, "f", "beside") == [0.3, 0.1, 0.5, 0.2]
    assert set(found[found["role"] == "decides"].query("finding == 'f'")["networks_of"]) == {"large and small"}
    one_width = numbers(tables(networks=networks([SMALL, LARGE]), advantages=advantages({SMALL: [0.1], LARGE: [0.2]})))
    assert of(one_width, "f") == []


def test_g_is_with_an_augmentation_minus_without_by_seed():
    others = {LARGE: [9], ("large", "autoaugment"): [9], ("small", "swap_fine"): [9]}
    table = advantages({SMALL: [0.1, 0.2], AUGMENTED: [0.4, 0.4, 9], **others})
    found = numbers(tables(networks=networks([SMALL, AUGMENTED, *others]), advantages=table))
    assert of(found, "g") == pytest.approx([0.3, 0.2])  # the third seed was not trained without
    assert of(found, "g", "beside") == [0.4, 0.1, 0.4, 0.2]
    # Both networks see the same images: their half widths add up.
    assert set(found.query("finding == 'g' and role == 'decides'")["half_width"].round(9)) == {0.1}


def test_h_is_of_every_class_of_ordinary_networks_on_photographs():
    known = {"networks": networks([SMALL, AUGMENTED])}
    table = pd.concat([flips_of(SMALL, {"ant": ([0.1, 0.2], [np.nan, 0.3]), "bee": ([0.0, 0.0], [0.0, 0.1])}),
                       flips_of(AUGMENTED, {"ant": ([0.5], [0.6])}),
                       flips_of(("small", "swap_fine"), {"ant": ([9], [9])}),
                       flips_of(SMALL, {"C1": ([9], [9])}, dataset="syn_1")])  # fmt: skip
    found = numbers(tables(flips=table, **known))
    assert of(found, "h", quantity="flip rate", networks_of="small") == [0.1, 0.2, 0.0, 0.0]
    assert of(found, "h", quantity="need", networks_of="small") == pytest.approx([np.nan, 0.3, 0.0, 0.1], nan_ok=True)
    assert of(found, "h", networks_of="small, autoaugment") == [0.5, 0.6] and len(found) == 10


def test_maps_of_mixture_decide_d_to_d3_and_those_of_others_stand_beside():
    of_study = {"networks": networks([SMALL, AUGMENTED])}
    tables_of = [advantages({SMALL: [0.1, 0.2], AUGMENTED: [0.3, 0.4]}, method=method)
                 for method in ("culling", "mixture", "hfss")]  # fmt: skip
    found = numbers(tables(advantages=pd.concat(tables_of), **of_study))
    roles = {
        (letter, method): set(rows["role"])
        for (letter, method), rows in found[found["networks_of"] != "small, autoaugment"].groupby(["finding", "method"])
    }
    assert all(
        roles[letter, method] == {"decides"} for letter in ("d", "d2", "d3") for method in ("culling", "mixture")
    )
    assert roles["g", "culling"] == {"decides", "beside"} and roles["g", "mixture"] == {"beside"}
    assert all(roles[letter, "hfss"] == {"beside"} for letter in ("d", "d2", "d3", "g"))


def test_a_study_without_tables_has_no_numbers():
    assert numbers(Tables()).empty and numbers(tables(networks=networks([SMALL]))).empty


def test_the_baseline_is_the_first_network_that_was_tested():
    """The first network of the plan has no maps."""
    study = tables(networks=networks([LARGE, SMALL]), advantages=advantages({SMALL: [0.1, 0.2]}))
    assert of(numbers(study), "d") == [0.1, 0.2]


def test_b_is_of_tpr_minus_fpr_and_a_difference_of_just_one_half_counts_as_recognised():
    """All images are called C2: its TPR is 1, and so is its FPR. And 0.7 - 0.2 is less than 0.5 in floating point."""
    table = band_stop("syn_1", True, n=100)
    is_c2, is_c0, of_c2 = table["called_class"] == "C2", table["called_class"] == "C0", table["true_class"] == "C2"
    assert of(numbers(banded(table.assign(filtered=np.where(is_c2, 100, 0)))), "b") == [0]
    hits = np.where(of_c2, 70, 20)
    table["filtered"] = np.where(is_c2, hits, np.where(is_c0, 100 - hits, 0))
    assert of(numbers(banded(table)), "b") == [1]
