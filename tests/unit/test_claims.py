"""Claims: the word on each, what is decided, and the figure of all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import SMALL, STUDY, advantages, whole_study
from scipy import stats

from frequency_shortcuts.storage.tables import read_table, write_table
from study.drawings import claims as drawings
from study.findings import claims
from study.findings.definitions import BOUND, CLAIMS, NOT_MEASURED, NOT_SEEN, OURS, PAPER, SEEN, UNCLEAR
from study.findings.numbers import COLUMNS, NARROWEST, numbers
from study.findings.significance import holm

NOISE = stats.zscore(np.random.default_rng(0).standard_normal(20))  # mean 0 and standard deviation 1


def of(claim, values, variant="", dataset="zoo", networks_of="small", half=np.nan):
    """Numbers of a claim, one a network."""
    about = {"claim": claim, "variant": variant, "dataset": dataset, "networks_of": networks_of, "half_width": half}
    return pd.DataFrame({**about, "seed": range(len(values)), "value": np.asarray(values, float)})[COLUMNS]


def judged(*numbers_of):
    return claims.judge(pd.concat(numbers_of))[0].set_index("claim")


@settings(max_examples=60, deadline=None)
@given(strategies.floats(-0.3, 0.3), strategies.floats(0.005, 0.4), strategies.integers(5, 20))
def test_the_word_follows_from_the_interval_of_scipy_and_agrees_with_its_p(mean, spread, n):
    values = mean + spread * stats.zscore(NOISE[:n])
    row = judged(of("d", values)).loc["d"]
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
    cases = {"as well": 0.02, "better": 0.1, "worse": -0.1}
    for word, mean in cases.items():
        variants = claims.judge(of("f", mean + 0.02 * NOISE, NARROWEST))[1]
        assert list(variants["word"]) == [word]


@pytest.mark.parametrize(
    ("claim", "hits", "count", "word", "p"),
    [("b", 0, 20, NOT_SEEN, 2 / 2**20), ("b", 20, 20, SEEN, 2 / 2**20), ("b", 9, 20, UNCLEAR, None),
     ("b", 0, 5, UNCLEAR, None), ("h", 0, 20, NOT_SEEN, 2 * 0.8**20), ("h", 0, 15, UNCLEAR, None),
     ("h", 1, 20, SEEN, 0), ("h", 1, 1, SEEN, 0), ("h", 1, 200, SEEN, 0)],
)  # fmt: skip
def test_networks_are_counted(claim, hits, count, word, p):
    """One of 200 that follows is seen, although the interval of the share lies below the bound."""
    row = judged(of(claim, [1] * hits + [0] * (count - hits))).loc[claim]
    interval = stats.binomtest(hits, count).proportion_ci(method="exact")
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["word"] == word and row["value"] == hits / count
    family = sum(known.of == CLAIMS[claim].of for known in CLAIMS.values())
    assert row["decided"] == (p is not None and count >= 15 and family * p < 0.05)


def test_one_network_has_a_word_by_its_images_and_nothing_without_them():
    assert judged(of("d", [0.2], half=0.1)).loc["d", ["low", "high", "word"]].tolist() == pytest.approx(
        [0.1, 0.3, SEEN]
    )
    row = judged(of("a", [0.8])).loc["a"]
    assert (row["word"], row["networks"], row["decided"]) == (UNCLEAR, 1, False) and np.isnan(row["low"])
    assert claims.line(of("a", [0.8]), "a") == "(a) unclear: 0.80, 1 network"


def test_fifteen_networks_decide_after_holm_over_the_claims_of_the_paper_or_ours():
    means = {"d": 0.5, "e1": 0.06, "e2": 0.055, "f": 0.05, "g": 0.0, "d2": 0.06, "d3": -0.5}
    own = {claim: of(claim, mean + 0.1 * NOISE) for claim, mean in means.items()}
    found = judged(*own.values())
    for family in ("d", "e1", "e2", "f", "g", "a", "b", "c"), ("d2", "d3", "n", "h"):
        p = [stats.ttest_1samp(own[claim]["value"], 0).pvalue if claim in own else 1.0 for claim in family]
        assert found.loc[list(family), "decided"].tolist() == list(holm(p) < 0.05)
    assert found["decided"].sum() not in (0, len(means))
    fewer = judged(of("d", 0.5 + 0.1 * NOISE[:14])).loc["d"]
    assert (fewer["word"], fewer["decided"]) == (SEEN, False)


def test_numbers_that_are_missing_count_for_nothing_and_equal_ones_are_certain():
    found = judged(of("a", [*[0.5] * 15, np.nan]), of("d", [np.nan] * 20)).T
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
    own = [of("d", [0.1] * 5), of("d", [0.3] * 5, dataset="farm"), of("d", [0.2] * 5, "swap"),
           of("b", [1, 0], dataset="syn_1"), of("b", [1, 1], dataset="syn_2")]  # fmt: skip
    found, variants = claims.judge(pd.concat(own))
    assert found.set_index("claim")["value"][["d", "b"]].tolist() == pytest.approx([0.1, 0.75])
    assert variants[["variant", "dataset", "networks"]].to_numpy().tolist() == [["", "farm", 5], ["swap", "zoo", 5]]
    assert list(variants) == claims.OF_VARIANTS


def test_a_line_is_the_row_of_the_claim_also_from_a_file(tmp_path):
    study = whole_study()
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
    write_table(whole_study(n), tmp_path / "numbers.csv")
    of_networks = read_table(tmp_path / "numbers.csv")
    of_networks = of_networks[of_networks["claim"] != "n"]
    table = claims.judge(of_networks)[0]
    figure = drawings.claims(table, of_networks)
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
