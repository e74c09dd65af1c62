"""The number of each network, finding by finding, on tables where it is easy to see."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import advantages, band_stop, banded, classes, graded, networks, run, tables
from scipy import stats

from frequency_shortcuts.findings.numbers import EARLINESS, Tables, numbers, spearman

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
    assert of(found, "a", "beside", quantity=EARLINESS.format("a high ring")) == pytest.approx([ring, ring])
    assert of(found, "c", "beside") == pytest.approx([1, -1])


def test_b_the_worst_of_the_pairs_that_leave_the_control_band_decides():
    # B3+B4 is removed, which leaves the control band of syn_1 and not that of syn_3.
    runs = pd.concat([band_stop("syn_1", False), band_stop("syn_1", True, seed=201), band_stop("syn_3", False)])
    found = numbers(banded(runs, ("syn_1", "syn_3"), (1, 3)))
    assert of(found, "b") == [0, 1, 1]
    assert of(found, "b", "beside", quantity="C1 survives") == [0, 0, 0]


def dynamics(kind, f1, seed=200, dataset="zoo"):
    """F1 of each class at iteration 0, where it is 1, at two tests, and of another view."""
    rows = [
        {**run(*kind, seed, dataset), "iteration": iteration, "view": view, "class": name, "f1": value}
        for name, at in f1.items()
        for view, iteration, value in (("full", 0, 1.0), ("full", 10, at), ("full", 20, at + 0.1), ("low-pass", 20, 0))
    ]
    return pd.DataFrame(rows)


def test_c_the_baseline_on_photographs_decides_and_others_stand_beside():
    early = {"ant": 0.1, "bee": 0.3, "cow": 0.2, "dog": 0.4}
    study = tables(
        networks=networks([SMALL, LARGE]), dynamics=pd.concat([dynamics(SMALL, early), dynamics(LARGE, early)])
    )
    found = numbers(study)
    expected = stats.spearmanr([0, 1, 2, 3], list(early.values())).statistic
    assert of(found, "c") == pytest.approx([expected])
    assert of(found, "c", "beside", quantity=EARLINESS.format("distinctiveness")) == pytest.approx([expected])
    assert of(found, "c", "beside", quantity=EARLINESS.format("significant ADCS")) == pytest.approx([-expected])


def test_c_a_neutral_class_is_left_out_and_made_sets_never_decide():
    early = {"C0": 0.9, "C1": 0.1, "C2": 0.2, "C3": 0.3}
    study = Tables(
        kinds={"syn_1": "synthetic"}, classes=classes("syn_1", list(early), "C0"),
        networks=networks([SMALL], dataset="syn_1"), dynamics=dynamics(SMALL, early, dataset="syn_1"),
    )  # fmt: skip
    found = numbers(study)
    assert of(found, "c") == [] and of(found, "c", "beside") == pytest.approx([1])


def test_d_zeros_of_the_baseline_decides_with_swap_low_pass_and_other_networks_beside():
    both = pd.concat(
        [advantages({SMALL: [0.1, 0.2], LARGE: [0.3, 0.4]}),
         advantages({SMALL: [0.01, 0.02], LARGE: [0.03, 0.04]}, "swap", headline=False)]
    )  # fmt: skip
    rows = [
        {**run(*kind), "class": name, "part": part, "fill": fill, "low_pass_margin": value}
        for kind, part, fill, value in ((SMALL, "keep", "zeros", 0.2), (SMALL, "remove", "zeros", 9),
                                        (SMALL, "keep", "swap", 9), (LARGE, "keep", "zeros", 9))
        for name in ("ant", "bee")
    ]  # fmt: skip
    found = numbers(tables(networks=networks([SMALL, LARGE]), advantages=both, verdicts=pd.DataFrame(rows)))
    assert of(found, "d") == [0.1, 0.2]
    assert of(found, "d", "beside", networks_of="small") == pytest.approx([0.01, 0.02, 0.2])
    assert of(found, "d", "beside", networks_of="large") == [0.3, 0.4]


def test_d_of_made_sets_the_fill_to_quote_stands_beside_and_two_classes_alone_are_in_no_finding():
    planted = pd.concat([advantages({SMALL: [0.5]}, "swap"), advantages({SMALL: [0.0]}, headline=False)])
    known = {"advantages": planted, "networks": networks([SMALL])}
    two = classes(names=["A", "B"])
    found = numbers(Tables(kinds={"zoo": "planted"}, classes=classes(neutral="ant"), **known))
    assert of(found, "d") == [] and of(found, "d", "beside") == [0.5]
    assert numbers(Tables(kinds={"zoo": "planted"}, classes=two, **known)).empty
    assert of(numbers(tables(**known | {"classes": two})), "d") == []


def test_e1_is_the_mean_over_renditions_of_all_classes():
    ood = pd.concat([advantages({SMALL: [value]}, half=half, rendition=name)
                     for name, value, half in (("sketch", 0.1, 0.02), ("toy", 0.3, 0.04))])  # fmt: skip
    found = numbers(tables(networks=networks([SMALL]), ood=ood))
    assert of(found, "e1") == pytest.approx([0.2])
    # The renditions show the same images: their half widths are averaged, not joined by squares.
    assert found[found["role"] == "decides"]["half_width"].item() == pytest.approx(0.03)
    assert of(found, "e1", "beside") == pytest.approx([0.1, 0.3])


def test_e2_is_the_mean_of_both_directions_between_two_architectures_within_a_seed():
    rows = [
        {"dataset": "zoo", "maps_of": f"{one}/none/seed{seed}", "tested_on": f"{other}/none/seed{seed}", "fill": fill,
         "headline": fill == "zeros", "advantage": value, "advantage_low": value - 0.1, "advantage_high": value + 0.1,
         "method": "culling"}
        for one, other, seed, fill, value in (
            ("small", "deep", 200, "zeros", 0.1), ("deep", "small", 200, "zeros", 0.3),
            ("small", "deep", 201, "zeros", 0.5), ("deep", "small", 201, "zeros", 0.5),
            ("small", "deep", 200, "swap", 0.9), ("small", "large", 200, "zeros", 0.7),
        )
    ]  # fmt: skip
    found = numbers(tables(networks=networks([SMALL, LARGE, ("deep", "none")]), transfer=pd.DataFrame(rows)))
    assert of(found, "e2") == pytest.approx([0.2, 0.5])
    assert of(found, "e2", "beside", networks_of="small on deep") == [0.1, 0.5]
    assert of(found, "e2", "beside", networks_of="large and small") == [0.7]  # of one architecture
    assert of(found, "e2", "beside", quantity="own-map advantage, swap") == [0.9]


def test_f_the_widest_decides_and_the_difference_to_the_narrowest_is_paired_by_seed():
    middle = ("middle", "none")
    widths = {"small": 4, "middle": 8, "large": 16}
    table = advantages({SMALL: [0.1, 0.2], middle: [9, 9], LARGE: [0.3, 0.5], ("large", "autoaugment"): [9, 9]})
    kinds = [SMALL, middle, LARGE, ("large", "autoaugment")]
    found = numbers(tables(networks=networks(kinds, widths), advantages=table))
    assert of(found, "f") == [0.3, 0.5]
    assert of(found, "f", "beside") == pytest.approx([0.2, 0.3])
    one_width = numbers(tables(networks=networks([SMALL, LARGE]), advantages=advantages({SMALL: [0.1], LARGE: [0.2]})))
    assert of(one_width, "f") == []


def test_g_the_networks_with_an_augmentation_decide_and_the_difference_is_paired_by_seed():
    others = {LARGE: [9], ("large", "autoaugment"): [9], ("small", "dfmx"): [9]}
    table = advantages({SMALL: [0.1, 0.2], AUGMENTED: [0.4, 0.4, 9], **others})
    found = numbers(tables(networks=networks([SMALL, AUGMENTED, *others]), advantages=table))
    assert of(found, "g") == [0.4, 0.4]  # the third seed was not trained without
    assert of(found, "g", "beside") == pytest.approx([0.3, 0.2])


def test_what_would_decide_with_the_maps_of_another_method_stands_beside():
    early = dynamics(SMALL, {"ant": 0.1, "bee": 0.3, "cow": 0.2})
    of_study = {"networks": networks([SMALL, AUGMENTED]), "dynamics": early}
    culling = advantages({SMALL: [0.1, 0.2], AUGMENTED: [0.3, 0.4]})
    others = [
        advantages({SMALL: [0.5, 0.6], AUGMENTED: [0.7, 0.8]}, method="rise"),
        advantages({SMALL: [0.9]}, "swap", headline=False, method="rise"),
    ]
    before, after = (
        numbers(tables(advantages=table, **of_study)) for table in (culling, pd.concat([culling, *others]))
    )
    pd.testing.assert_frame_equal(after[after["method"] == ""], before)  # nothing of the culling changes
    added = after[after["method"] == "rise"]
    assert of(added, "d", "beside") == [0.5, 0.6] and of(added, "g", "beside") == [0.7, 0.8]
    assert set(added["finding"]) == {"d", "g"} and set(added["role"]) == {"beside"}
    decides = before[(before["role"] == "decides") & before["finding"].isin(["d", "g"])]
    assert set(added["quantity"]) == set(decides["quantity"])


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
