"""The number of each network, claim by claim, on tables where it is easy to see."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import (
    AUGMENTED,
    DEEP,
    LARGE,
    SMALL,
    STUDY,
    advantages,
    band_stop,
    dynamics_of,
    flips_of,
    graded,
    reliance_of,
    transfer,
)
from scipy import stats

from frequency_shortcuts.intervals import spearman
from study.findings.definitions import CLAIMS
from study.findings.numbers import COLUMNS, NARROWEST, NUMBERS, OTHERS, WITHOUT, Study, numbers


def of(found, claim, variant="", **where):
    """The values of a claim and variant."""
    for key, value in {"claim": claim, "variant": variant, **where}.items():
        found = found[found[key] == value]
    return list(found["value"])


@settings(max_examples=30, deadline=None)
@given(strategies.lists(strategies.integers(0, 5), min_size=2, max_size=8), strategies.randoms())
def test_the_rank_correlation_is_that_of_scipy_and_missing_without_an_order(x, random):
    y = [random.randint(0, 5) for _ in x]
    if len(set(x)) > 1 and len(set(y)) > 1:
        assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    else:
        assert np.isnan(spearman(x, y))


def test_every_claim_has_a_table_and_a_table_without_photographs_has_no_number():
    assert {claim.table for claim in CLAIMS.values()} == set(NUMBERS)
    for name, table in {
        "own_map_advantage": advantages({SMALL: [0.1]}), "ood_advantage": advantages({SMALL: [0.1]}, rendition="toy"),
        "transfer_advantage": transfer(("small", "deep", 1, "zeros", 0.1)), "flips": flips_of(SMALL, "follows"),
        "dynamics": dynamics_of(SMALL, {"ant": 0.1}), "reliance": reliance_of(SMALL, [0.1], [0.1]),
        "bandstop": band_stop("syn_1", True),
    }.items():  # fmt: skip
        found = numbers(name, table, Study())
        assert found.empty and list(found) == COLUMNS


def test_a_gain_and_a_low_ring_are_ranked_against_earliness_without_the_plain_class():
    sets = [graded([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4], ["low", "low", "high", "high"]),
            graded([1, 2, 3, 4], [0.4, 0.3, 0.2, 0.1], ["high", "high", "low", "low"], seed=201),
            graded([1, 2, 3, 4], [0.5] * 4, ["low"] * 4, seed=202)]  # fmt: skip
    found = numbers("graded", pd.concat(sets), Study())
    assert of(found, "a") == pytest.approx([1, -1, np.nan], nan_ok=True)
    ring = stats.spearmanr([1, 1, 0, 0], [1, 2, 3, 4]).statistic
    assert of(found, "a", "low ring") == pytest.approx([ring, ring, np.nan], nan_ok=True)


def test_b_is_of_the_worst_of_the_pairs_that_leave_the_control_band_with_swap():
    # B3+B4 is removed, which leaves the control band of syn_1 and not that of syn_3.
    runs = [band_stop("syn_1", False), band_stop("syn_1", True, seed=201), band_stop("syn_3", False),
            band_stop("syn_1", True, fill="zeros")]  # fmt: skip
    found = numbers("bandstop", pd.concat(runs), STUDY)
    assert of(found, "b") == [0, 1, 1] and of(found, "b", "zeros") == [1]
    assert of(found, "b", "C1") == of(found, "b", "C3") == [0, 0, 0] and of(found, "b", "C3, zeros") == [0]
    others = numbers("bandstop", pd.concat(runs).assign(network="large"), STUDY)
    assert of(others, "b", OTHERS) == [0, 1, 1] and len(others) == 3


def test_b_is_of_tpr_minus_fpr_and_a_difference_of_just_one_half_counts_as_recognised():
    """All images are called C2: its TPR is 1, and so is its FPR. And 0.7 - 0.2 is less than 0.5 in floating point."""
    table = band_stop("syn_1", True, n=100)
    is_c2, is_c0, of_c2 = table["called_class"] == "C2", table["called_class"] == "C0", table["true_class"] == "C2"
    assert of(numbers("bandstop", table.assign(filtered=np.where(is_c2, 100, 0)), STUDY), "b") == [0]
    hits = np.where(of_c2, 70, 20)
    table["filtered"] = np.where(is_c2, hits, np.where(is_c0, 100 - hits, 0))
    assert of(numbers("bandstop", table, STUDY), "b") == [1]


def test_c_is_a_rank_correlation_within_each_network_on_enough_classes_of_photographs():
    early = {"ant": 0.1, "bee": 0.3, "cow": 0.2, "dog": 0.4}
    tables = [dynamics_of(SMALL, early), dynamics_of(SMALL, dict(reversed(early.items())), 201),
              dynamics_of(LARGE, early), dynamics_of(SMALL, early, dataset="syn_1"),
              dynamics_of(SMALL, {"ant": 0.1, "bee": 0.3}, 202)]  # fmt: skip
    found = numbers("dynamics", pd.concat(tables), STUDY)
    expected = stats.spearmanr([0, 1, 2, 3], list(early.values())).statistic
    assert of(found, "c") == pytest.approx([expected, -expected]) and of(found, "c", OTHERS) == pytest.approx(
        [expected]
    )
    assert len(found) == 3


def test_d_to_d3_are_of_the_first_kind_with_zeros_and_all_else_are_variants():
    values = {SMALL: [0.1, 0.2], DEEP: [0.3]}
    table = pd.concat([advantages(values), advantages(values, "swap"), advantages(values, method="mixture"),
                       advantages(values, "swap", method="mixture"), advantages({SMALL: [9]}, classes=2),
                       advantages({SMALL: [9]}, dataset="syn_1")])  # fmt: skip
    found = numbers("own_map_advantage", table, STUDY)
    for variant in ("", "swap", "mixture", "mixture, swap"):
        assert of(found, "d", variant) == [0.1, 0.2]
        assert of(found, "d2", variant) == pytest.approx([-0.2, -0.1])
        assert of(found, "d3", variant) == pytest.approx([0, 0.1])
    assert of(found, "d", OTHERS) == [0.3] and set(found["variant"]) == {"", "swap", "mixture", "mixture, swap", OTHERS}
    assert set(found["half_width"].round(9)) == {0.05} and set(found["dataset"]) == {"zoo"}


def test_f_is_of_the_widest_and_its_difference_from_the_narrowest_is_a_variant():
    table = advantages({SMALL: [0.1, 0.2], ("middle", "none"): [9, 9], LARGE: [0.3, 0.5, 0.7], DEEP: [9],
                        ("large", "autoaugment"): [9]})  # fmt: skip
    found = numbers("own_map_advantage", table, STUDY)
    assert of(found, "f") == [0.3, 0.5, 0.7] and of(found, "f", NARROWEST) == pytest.approx([0.2, 0.3])
    assert of(found, "f", NARROWEST, networks_of="large minus small") == of(found, "f", NARROWEST)
    one_width = replace(STUDY, forms={"small": ["resnet18", 4], "large": ["resnet18", 4]})
    assert of(numbers("own_map_advantage", table, one_width), "f") == []


def test_g_is_with_an_augmentation_and_its_difference_from_without_is_a_variant():
    others = {LARGE: [9], ("large", "autoaugment"): [9], ("small", "swap"): [9]}
    table = advantages({SMALL: [0.1, 0.2], AUGMENTED: [0.4, 0.4, 9], **others})
    found = numbers("own_map_advantage", table, STUDY)
    assert of(found, "g") == [0.4, 0.4, 9]  # the third seed was not trained without
    assert of(found, "g", WITHOUT) == pytest.approx([0.3, 0.2])
    # Both networks see the same images: their half widths add up.
    assert set(found[found["variant"] == WITHOUT]["half_width"].round(9)) == {0.1}


def test_e1_is_the_mean_over_the_renditions_and_each_is_a_variant():
    cases = (("sketch", "zeros", 0.1), ("toy", "zeros", 0.3), ("toy", "swap", 0.7))
    table = pd.concat([advantages({SMALL: [value], LARGE: [9]}, fill, rendition=name) for name, fill, value in cases])
    found = numbers("ood_advantage", table, STUDY)
    assert of(found, "e1") == pytest.approx([0.2]) and of(found, "e1", "swap") == [0.7]
    assert of(found, "e1", "sketch") == [0.1] and of(found, "e1", "toy") == [0.3] and of(found, "e1", OTHERS) == [9]
    assert len(found) == 5


def test_the_first_photographs_come_first_and_a_missing_half_width_stays_missing():
    table = pd.concat([advantages({SMALL: [0.1]}, dataset="farm"), advantages({SMALL: [0.2]})])
    found = numbers("own_map_advantage", table, replace(STUDY, photographs=["zoo", "farm"]))
    assert of(found, "d") == [0.2, 0.1]
    sketch = advantages({SMALL: [0.1]}, rendition="sketch")
    found = numbers("ood_advantage", pd.concat([sketch, sketch.assign(rendition="toy", advantage_low=np.nan)]), STUDY)
    assert found[found["variant"] == ""]["half_width"].isna().all()


def test_e2_is_the_mean_of_both_directions_between_two_architectures_within_a_seed():
    table = transfer(
        ("small", "deep", 200, "zeros", 0.1), ("deep", "small", 200, "zeros", 0.3),
        ("small", "deep", 201, "zeros", 0.5), ("deep", "small", 201, "zeros", 0.5),
        ("small", "deep", 200, "swap", 0.8), ("deep", "small", 200, "swap", 1), ("small", "deep", 202, "zeros", 9),
        ("small", "large", 200, "zeros", 0.7), ("small", "large", 200, "swap", 9),
    )  # fmt: skip
    found = numbers("transfer_advantage", table, STUDY)
    assert of(found, "e2") == pytest.approx([0.2, 0.5]) and of(found, "e2", "swap") == [0.9]
    assert of(found, "e2", "one direction", networks_of="small on deep") == [0.1, 0.5]
    assert of(found, "e2", OTHERS, networks_of="large and small") == [0.7]  # of one architecture
    assert len(found) == 8


def test_h_is_whether_some_class_follows_in_each_ordinary_network_on_photographs():
    tables = [flips_of(SMALL, "x", "x", "follows"), flips_of(SMALL, "follows", "cannot tell", "x", seed=201),
              flips_of(SMALL, "x", "cannot tell", "not recognised", seed=202), flips_of(LARGE, "x", "x", "follows"),
              flips_of(("small", "swap"), *["follows"] * 3), flips_of(SMALL, *["follows"] * 3, dataset="syn_1"),
              flips_of(SMALL, "follows", "follows", seed=203)]  # fmt: skip
    found = numbers("flips", pd.concat(tables), STUDY)
    assert of(found, "h") == [1, 1, 0] and of(found, "h", OTHERS) == [1] and len(found) == 4
    untold = numbers("flips", flips_of(SMALL, "cannot tell", "not recognised", "cannot tell"), STUDY)
    assert of(untold, "h") == pytest.approx([np.nan], nan_ok=True)


def test_n_is_what_the_classes_lose_at_test_time_and_not_after_training_anew():
    tables = [reliance_of(SMALL, [0.5, 0.9], [0.1, 0.3]), reliance_of(SMALL, [0.2, 0.4], [0.4, 0.4], 201),
              reliance_of(SMALL, [9, 9], [0, 0], removed="random"), reliance_of(LARGE, [0.5] * 2, [0, 0])]  # fmt: skip
    found = numbers("reliance", pd.concat(tables), STUDY)
    assert of(found, "n") == pytest.approx([0.5, -0.1]) and of(found, "n", OTHERS) == [0.5]
    assert found["half_width"].to_numpy() == pytest.approx(0.1 / np.sqrt(2))
