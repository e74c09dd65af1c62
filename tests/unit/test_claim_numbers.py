"""Claims: the number of each network, on tables where it is easy to see, the word on each, and the figure."""

from dataclasses import replace

import made_up_results as made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import LARGE, SMALL, STUDY, advantages, band_stop, dynamics_of, flips_of, graded, reliance_of
from scipy import stats

from frequency_shortcuts.storage.tables import read_table, write_table
from notebooks import claims as drawings
from study.findings import claims
from study.findings.claims import holm
from study.findings.definitions import BOUND, CLAIMS, NOT_MEASURED, NOT_SEEN, OURS, PAPER, SEEN, UNCLEAR
from study.findings.numbers import COLUMNS, NARROWEST, NUMBERS, OTHERS, WITHOUT, Study, numbers


def picked(found, claim, variant="", **where):
    for key, value in {"claim": claim, "variant": variant, **where}.items():
        found = found[found[key] == value]
    return list(found["value"])


def test_every_claim_has_a_table_and_a_table_without_photographs_has_no_number():
    assert {claim.table for claim in CLAIMS.values()} == set(NUMBERS)
    for name, table in {
        "own_map_advantage": advantages({SMALL: [0.1]}), "ood_advantage": advantages({SMALL: [0.1]}, rendition="toy"),
        "transfer_advantage": made.transfer(("small", "deep", 1, "zeros", 0.1)), "flips": flips_of(SMALL, "follows"),
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
    assert picked(found, "a") == pytest.approx([1, -1, np.nan], nan_ok=True)
    ring = stats.spearmanr([1, 1, 0, 0], [1, 2, 3, 4]).statistic
    assert picked(found, "a", "low ring") == pytest.approx([ring, ring, np.nan], nan_ok=True)


def test_b_is_of_the_worst_of_the_pairs_that_leave_the_control_band_with_swap():
    # B3+B4 is removed, which leaves the control band of syn_1 and not that of syn_3.
    runs = [band_stop("syn_1", False), band_stop("syn_1", True, seed=201), band_stop("syn_3", False),
            band_stop("syn_1", True, fill="zeros")]  # fmt: skip
    found = numbers("bandstop", pd.concat(runs), STUDY)
    assert picked(found, "b") == [0, 1, 1] and picked(found, "b", "zeros") == [1]
    assert picked(found, "b", "C1") == picked(found, "b", "C3") == [0, 0, 0] and picked(found, "b", "C3, zeros") == [0]
    others = numbers("bandstop", pd.concat(runs).assign(network="large"), STUDY)
    assert picked(others, "b", OTHERS) == [0, 1, 1] and len(others) == 3


def test_b_is_of_tpr_minus_fpr_and_a_difference_of_just_one_half_counts_as_recognised():
    """All images are called C2: its TPR is 1, and so is its FPR. And 0.7 - 0.2 is less than 0.5 in floating point."""
    table = band_stop("syn_1", True, n=100)
    is_c2, is_c0, of_c2 = table["called_class"] == "C2", table["called_class"] == "C0", table["true_class"] == "C2"
    assert picked(numbers("bandstop", table.assign(filtered=np.where(is_c2, 100, 0)), STUDY), "b") == [0]
    hits = np.where(of_c2, 70, 20)
    table["filtered"] = np.where(is_c2, hits, np.where(is_c0, 100 - hits, 0))
    assert picked(numbers("bandstop", table, STUDY), "b") == [1]


def test_c_is_a_rank_correlation_within_each_network_on_enough_classes_of_photographs():
    early = {"ant": 0.1, "bee": 0.3, "cow": 0.2, "dog": 0.4}
    tables = [dynamics_of(SMALL, early), dynamics_of(SMALL, dict(reversed(early.items())), 201),
              dynamics_of(LARGE, early), dynamics_of(SMALL, early, dataset="syn_1"),
              dynamics_of(SMALL, {"ant": 0.1, "bee": 0.3}, 202)]  # fmt: skip
    found = numbers("dynamics", pd.concat(tables), STUDY)
    expected = stats.spearmanr([0, 1, 2, 3], list(early.values())).statistic
    assert picked(found, "c") == pytest.approx([expected, -expected]) and len(found) == 3
    assert picked(found, "c", OTHERS) == pytest.approx([expected])


def test_d_to_d3_are_of_the_first_kind_with_zeros_and_all_else_are_variants():
    values = {SMALL: [0.1, 0.2], made.DEEP: [0.3]}
    table = pd.concat([advantages(values), advantages(values, "swap"), advantages(values, method="mixture"),
                       advantages(values, "swap", method="mixture"), advantages({SMALL: [9]}, classes=2),
                       advantages({SMALL: [9]}, dataset="syn_1")])  # fmt: skip
    found = numbers("own_map_advantage", table, STUDY)
    for variant in ("", "swap", "mixture", "mixture, swap"):
        assert picked(found, "d", variant) == [0.1, 0.2]
        assert picked(found, "d2", variant) == pytest.approx([-0.2, -0.1])
        assert picked(found, "d3", variant) == pytest.approx([0, 0.1])
    assert picked(found, "d", OTHERS) == [0.3]
    assert set(found["variant"]) == {"", "swap", "mixture", "mixture, swap", OTHERS}
    assert set(found["half_width"].round(9)) == {0.05} and set(found["dataset"]) == {"zoo"}


def test_f_is_of_the_widest_and_its_difference_from_the_narrowest_is_a_variant():
    table = advantages({SMALL: [0.1, 0.2], ("middle", "none"): [9, 9], LARGE: [0.3, 0.5, 0.7], made.DEEP: [9],
                        ("large", "autoaugment"): [9]})  # fmt: skip
    found = numbers("own_map_advantage", table, STUDY)
    assert picked(found, "f") == [0.3, 0.5, 0.7] and picked(found, "f", NARROWEST) == pytest.approx([0.2, 0.3])
    assert picked(found, "f", NARROWEST, networks_of="large minus small") == picked(found, "f", NARROWEST)
    one_width = replace(STUDY, forms={"small": ["resnet18", 4], "large": ["resnet18", 4]})
    assert picked(numbers("own_map_advantage", table, one_width), "f") == []


def test_g_is_with_an_augmentation_and_its_difference_from_without_is_a_variant():
    others = {LARGE: [9], ("large", "autoaugment"): [9], ("small", "swap"): [9]}
    table = advantages({SMALL: [0.1, 0.2], made.AUGMENTED: [0.4, 0.4, 9], **others})
    found = numbers("own_map_advantage", table, STUDY)
    assert picked(found, "g") == [0.4, 0.4, 9]  # the third seed was not trained without
    assert picked(found, "g", WITHOUT) == pytest.approx([0.3, 0.2])
    # Both networks see the same images: their half widths add up.
    assert set(found[found["variant"] == WITHOUT]["half_width"].round(9)) == {0.1}


def test_e1_is_the_mean_over_the_renditions_and_each_is_a_variant():
    cases = (("sketch", "zeros", 0.1), ("toy", "zeros", 0.3), ("toy", "swap", 0.7))
    table = pd.concat([advantages({SMALL: [value], LARGE: [9]}, fill, rendition=name) for name, fill, value in cases])
    found = numbers("ood_advantage", table, STUDY)
    assert picked(found, "e1") == pytest.approx([0.2]) and picked(found, "e1", "swap") == [0.7]
    assert [picked(found, "e1", name) for name in ("sketch", "toy", OTHERS)] == [[0.1], [0.3], [9]] and len(found) == 5


def test_the_first_photographs_come_first_and_a_missing_half_width_stays_missing():
    table = pd.concat([advantages({SMALL: [0.1]}, dataset="farm"), advantages({SMALL: [0.2]})])
    found = numbers("own_map_advantage", table, replace(STUDY, photographs=["zoo", "farm"]))
    assert picked(found, "d") == [0.2, 0.1]
    sketch = advantages({SMALL: [0.1]}, rendition="sketch")
    found = numbers("ood_advantage", pd.concat([sketch, sketch.assign(rendition="toy", advantage_low=np.nan)]), STUDY)
    assert found[found["variant"] == ""]["half_width"].isna().all()


def test_e2_is_the_mean_of_both_directions_between_two_architectures_within_a_seed():
    table = made.transfer(
        ("small", "deep", 200, "zeros", 0.1), ("deep", "small", 200, "zeros", 0.3),
        ("small", "deep", 201, "zeros", 0.5), ("deep", "small", 201, "zeros", 0.5),
        ("small", "deep", 200, "swap", 0.8), ("deep", "small", 200, "swap", 1), ("small", "deep", 202, "zeros", 9),
        ("small", "large", 200, "zeros", 0.7), ("small", "large", 200, "swap", 9),
    )  # fmt: skip
    found = numbers("transfer_advantage", table, STUDY)
    assert picked(found, "e2") == pytest.approx([0.2, 0.5]) and picked(found, "e2", "swap") == [0.9]
    assert picked(found, "e2", "one direction", networks_of="small on deep") == [0.1, 0.5]
    assert picked(found, "e2", OTHERS, networks_of="large and small") == [0.7]  # of one architecture
    assert len(found) == 8


def test_h_is_whether_some_class_follows_in_each_ordinary_network_on_photographs():
    tables = [flips_of(SMALL, "x", "x", "follows"), flips_of(SMALL, "follows", "cannot tell", "x", seed=201),
              flips_of(SMALL, "x", "cannot tell", "not recognised", seed=202), flips_of(LARGE, "x", "x", "follows"),
              flips_of(("small", "swap"), *["follows"] * 3), flips_of(SMALL, *["follows"] * 3, dataset="syn_1"),
              flips_of(SMALL, "follows", "follows", seed=203)]  # fmt: skip
    found = numbers("flips", pd.concat(tables), STUDY)
    assert picked(found, "h") == [1, 1, 0] and picked(found, "h", OTHERS) == [1] and len(found) == 4
    untold = numbers("flips", flips_of(SMALL, "cannot tell", "not recognised", "cannot tell"), STUDY)
    assert picked(untold, "h") == pytest.approx([np.nan], nan_ok=True)


def test_n_is_what_the_classes_lose_at_test_time_and_not_after_training_anew():
    tables = [reliance_of(SMALL, [0.5, 0.9], [0.1, 0.3]), reliance_of(SMALL, [0.2, 0.4], [0.4, 0.4], 201),
              reliance_of(SMALL, [9, 9], [0, 0], removed="random"), reliance_of(LARGE, [0.5] * 2, [0, 0])]  # fmt: skip
    found = numbers("reliance", pd.concat(tables), STUDY)
    assert picked(found, "n") == pytest.approx([0.5, -0.1]) and picked(found, "n", OTHERS) == [0.5]
    assert found["half_width"].to_numpy() == pytest.approx(0.1 / np.sqrt(2))


NOISE = stats.zscore(np.random.default_rng(0).standard_normal(20))  # mean 0 and standard deviation 1


def numbers_of(claim, values, variant="", dataset="zoo", half=np.nan):
    about = {"claim": claim, "variant": variant, "dataset": dataset, "networks_of": "small", "half_width": half}
    return pd.DataFrame({**about, "seed": range(len(values)), "value": np.asarray(values, float)})[COLUMNS]


def judged(*numbers_of):
    return claims.judge(pd.concat(numbers_of))[0].set_index("claim")


@settings(max_examples=60, deadline=None)
@given(strategies.floats(-0.3, 0.3), strategies.floats(0.005, 0.4), strategies.integers(5, 20))
def test_the_word_follows_from_the_interval_of_scipy_and_agrees_with_its_p(mean, spread, n):
    values = mean + spread * stats.zscore(NOISE[:n])
    row = judged(numbers_of("d", values)).loc["d"]
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    if interval.low >= -BOUND and interval.high <= BOUND:
        expected, p = NOT_SEEN, max(stats.ttest_1samp(values, -BOUND, alternative="greater").pvalue,
                                    stats.ttest_1samp(values, BOUND, alternative="less").pvalue) * 2  # fmt: skip
    else:
        expected = SEEN if interval.low > 0 else NOT_SEEN if interval.high < 0 else UNCLEAR
        p = stats.ttest_1samp(values, 0).pvalue
    assert row["word"] == expected and (p < 0.05) == (expected != UNCLEAR)
    assert row["decided"] == (n >= 15 and 8 * p < 0.05)  # the other seven claims have no data


def test_a_difference_of_two_kinds_within_its_bound_is_neither_better_nor_worse():
    for word, mean in (("as well", 0.02), ("better", 0.1), ("worse", -0.1)):
        variants = claims.judge(numbers_of("f", mean + 0.02 * NOISE, NARROWEST))[1]
        assert list(variants["word"]) == [word]


@pytest.mark.parametrize(
    ("claim", "hits", "count", "word", "p"),
    [("b", 0, 20, NOT_SEEN, 2 / 2**20), ("b", 20, 20, SEEN, 2 / 2**20), ("b", 9, 20, UNCLEAR, None),
     ("b", 0, 5, UNCLEAR, None), ("h", 0, 20, NOT_SEEN, 2 * 0.8**20), ("h", 0, 15, UNCLEAR, None),
     ("h", 1, 20, SEEN, 0), ("h", 1, 1, SEEN, 0), ("h", 1, 200, SEEN, 0)],
)  # fmt: skip
def test_networks_are_counted(claim, hits, count, word, p):
    """One of 200 that follows is seen, although the interval of the share lies below the bound."""
    row = judged(numbers_of(claim, [1] * hits + [0] * (count - hits))).loc[claim]
    interval = stats.binomtest(hits, count).proportion_ci(method="exact")
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["word"] == word and row["value"] == hits / count
    family = sum(known.of == CLAIMS[claim].of for known in CLAIMS.values())
    assert row["decided"] == (p is not None and count >= 15 and family * p < 0.05)


def test_one_network_has_a_word_by_its_images_and_nothing_without_them():
    row = judged(numbers_of("d", [0.2], half=0.1)).loc["d"]
    assert [row["low"], row["high"]] == pytest.approx([0.1, 0.3]) and row["word"] == SEEN
    row = judged(numbers_of("a", [0.8])).loc["a"]
    assert (row["word"], row["networks"], row["decided"]) == (UNCLEAR, 1, False) and np.isnan(row["low"])
    assert claims.line(numbers_of("a", [0.8]), "a") == "(a) unclear: 0.80, 1 network"


def test_fifteen_networks_decide_after_holm_over_the_claims_of_the_paper_or_ours():
    means = {"d": 0.5, "e1": 0.06, "e2": 0.055, "f": 0.05, "g": 0.0, "d2": 0.06, "d3": -0.5}
    own = {claim: numbers_of(claim, mean + 0.1 * NOISE) for claim, mean in means.items()}
    found = judged(*own.values())
    for family in ("d", "e1", "e2", "f", "g", "a", "b", "c"), ("d2", "d3", "n", "h"):
        p = [stats.ttest_1samp(own[claim]["value"], 0).pvalue if claim in own else 1.0 for claim in family]
        assert found.loc[list(family), "decided"].tolist() == list(holm(p) < 0.05)
    assert found["decided"].sum() not in (0, len(means))
    fewer = judged(numbers_of("d", 0.5 + 0.1 * NOISE[:14])).loc["d"]
    assert (fewer["word"], fewer["decided"]) == (SEEN, False)


def test_numbers_that_are_missing_count_for_nothing_and_equal_ones_are_certain():
    found = judged(numbers_of("a", [*[0.5] * 15, np.nan]), numbers_of("d", [np.nan] * 20)).T
    assert found["a"][["networks", "word", "decided", "low"]].tolist() == [15, SEEN, True, 0.5]
    assert found["d"][["networks", "word", "decided"]].tolist() == [0, NOT_MEASURED, False]


def test_a_study_without_numbers_measures_no_claim():
    found, variants = claims.judge(pd.DataFrame(columns=COLUMNS), {"d": "cross_zoo"})
    assert list(found) == claims.COLUMNS and list(found["claim"]) == list(CLAIMS) and variants.empty
    assert set(found["word"]) == {NOT_MEASURED} and not found["decided"].any() and set(found["networks"]) == {0}
    assert list(found["of"]) == [PAPER] * 8 + [OURS] * 4 and found.set_index("claim")["figure"]["d"] == "cross_zoo"
    assert claims.line(pd.DataFrame(columns=COLUMNS), "d") == "(d) not measured"
    assert all(len(known.says.split()) <= 10 for known in CLAIMS.values())


def test_the_row_is_of_the_first_data_set_and_all_data_sets_of_b_count_together():
    own = [numbers_of("d", [0.1] * 5), numbers_of("d", [0.3] * 5, dataset="farm"), numbers_of("d", [0.2] * 5, "swap"),
           numbers_of("b", [1, 0], dataset="syn_1"), numbers_of("b", [1, 1], dataset="syn_2")]  # fmt: skip
    found, variants = claims.judge(pd.concat(own))
    assert found.set_index("claim")["value"][["d", "b"]].tolist() == pytest.approx([0.1, 0.75])
    assert variants[["variant", "dataset", "networks"]].to_numpy().tolist() == [["", "farm", 5], ["swap", "zoo", 5]]
    assert list(variants) == claims.OF_VARIANTS


def test_a_line_is_the_row_of_the_claim_also_from_a_file(tmp_path):
    study = made.whole_study()
    write_table(study[study["claim"] != "h"], tmp_path / "all.csv")
    write_table(numbers("own_map_advantage", advantages({SMALL: [-0.001] * 5}), STUDY), tmp_path / "own.csv")
    from_file, found = read_table(tmp_path / "all.csv"), claims.judge(study)[0].set_index("claim")
    for claim in found.index.drop("h"):
        row = found.loc[claim]
        ends = f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
        assert claims.line(from_file, claim) == f"({claim}) {row['word']}: {ends}, {row['networks']} networks"
    assert claims.line(read_table(tmp_path / "own.csv"), "d") == "(d) not seen: 0.00 [0.00, 0.00], 5 networks"
    own = [read_table(tmp_path / "own.csv")]
    says = "some classes are recognised from few frequencies"
    assert claims.lines(own, "d", own[0]["dataset"][0]) == [f"{claims.line(own[0], 'd')}: {says}"]
    assert claims.lines(own, "d", "elsewhere") == [f"(d) not measured: {says}"] and claims.lines([], "d") == []


@pytest.mark.usefixtures("closed_figures")
@pytest.mark.parametrize("n", [1, 20])
def test_the_figure_shows_every_claim_network_and_word_in_the_panel_of_its_measure(n, tmp_path):
    write_table(made.whole_study(n), tmp_path / "numbers.csv")
    of_networks = read_table(tmp_path / "numbers.csv")
    of_networks = of_networks[of_networks["claim"] != "n"]
    table = claims.judge(of_networks)[0]
    figure = drawings.draw_claims(table, of_networks)
    figure.canvas.draw()
    assert [axis.get_xlabel() for axis in figure.axes] == list(drawings.PANELS.values())
    for axis, measure in zip(figure.axes, drawings.PANELS, strict=True):
        rows = table[[CLAIMS[claim].measure == measure for claim in table["claim"]]]
        texts = [" ".join(artist.get_text().split()) for artist in axis.texts]
        assert {f"({row['claim']}) {row['says']}" for _, row in rows.iterrows()} <= set(texts)
        words = {(text.get_text(), text.get_weight()) for text in axis.texts}
        assert {(row["word"], "bold" if row["decided"] else "normal") for _, row in rows.iterrows()} <= words
        measured = rows[rows["networks"] > 0]
        assert {claims.shown(row) for _, row in measured.iterrows()} <= set(texts)
        drawn = [np.round(line.get_xdata(), 9) for line in axis.lines]
        assert set(measured["value"].round(9)) <= {x[0] for x in drawn if len(x) == 1}
        own = of_networks[of_networks["claim"].isin(rows["claim"]) & of_networks["variant"].isna()]["value"].dropna()
        assert measure == "share" or set(own.round(9)) <= set(np.concatenate(drawn))
    # All text lies on the page, and none on another.
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    boxes = [artist.get_window_extent(renderer) for axis in figure.axes for artist in axis.texts if artist.get_text()]
    assert all(box.x0 >= page.x0 and box.x1 <= page.x1 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
