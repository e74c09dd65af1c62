"""The word on every claim: against scipy, of made-up studies, in a line and in the figure."""

import itertools

import made_up_results as made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import (
    PARAMETERS,
    SMALL,
    STUDY,
    cross_of,
    holm,
    interval,
    of_nothing,
    rates_of,
)
from scipy import stats

from frequency_shortcuts.storage.tables import read_table, write_table
from study.drawing import claims as drawings
from study.findings import answers, claims, matrices, numbers
from study.findings.definitions import (
    BETTER,
    BOUND_OF_RANKS,
    CLAIMS,
    COUNTS,
    FEW_NETWORKS,
    IN_THESE_CLASSES,
    LOWEST,
    NO_WORD,
    NOT_MEASURED,
    NOT_SEEN,
    OTHERS,
    PUBLISHED,
    REMAINS_FROM,
    SEEN,
    UNCLEAR,
    WORSE,
)

NOISE = stats.zscore(
    np.random.default_rng(0).standard_normal(20)
)  # mean 0 and standard deviation 1


def numbers_of(claim, values, variant="", dataset="zoo", **columns):
    about = {
        "claim": claim,
        "variant": variant,
        "dataset": dataset,
        "networks_of": "small",
        "counted": False,
    }
    table = pd.DataFrame(
        {**about, "seed": range(len(values)), "value": np.asarray(values, float), **columns}
    )
    return table.reindex(columns=numbers.COLUMNS)


def counted(hits, count, name, variant="", dataset="syn_1"):
    values = [1] * hits + [0] * (count - hits)
    return numbers_of("b", values, variant, dataset, **{"counted": True, "class": name})


def judged(*tables):
    found = claims.judge(pd.concat(tables), pd.DataFrame(columns=matrices.COLUMNS), PARAMETERS)
    return found[0].set_index("claim")


@settings(max_examples=25, deadline=None)
@given(
    strategies.sampled_from(["a", "f"]),
    strategies.floats(-0.3, 0.3),
    strategies.floats(0.005, 0.4),
    strategies.integers(15, 20),
)
def test_the_word_follows_from_the_interval_of_scipy_and_agrees_with_its_p(claim, mean, spread, n):
    values = mean + spread * stats.zscore(NOISE[:n])
    threshold, bound = {"a": (0, BOUND_OF_RANKS), "f": (-0.1, None)}[claim]
    row = judged(numbers_of(claim, values)).loc[claim]
    value, low, high = interval(values)
    assert [row["value"], row["low"], row["high"]] == pytest.approx([value, low, high])
    if bound and -bound <= low and high <= bound:
        sides = ((-bound, "greater"), (bound, "less"))
        p = 2 * max(stats.ttest_1samp(values, end, alternative=side).pvalue for end, side in sides)
        expected = NOT_SEEN
    else:
        p = stats.ttest_1samp(values, threshold).pvalue
        expected = SEEN if low > threshold else NOT_SEEN if high < threshold else UNCLEAR
    assert row["word"] == expected
    assert row["p"] == pytest.approx(p)
    assert row["decided"] == (
        expected != UNCLEAR and 6 * p < 0.05
    )  # the other five claims have no data
    assert CLAIMS["f"].threshold == CLAIMS["g"].threshold == REMAINS_FROM == -0.1


@pytest.mark.parametrize(
    ("hits", "count", "word"),
    [((20, 20), 20, SEEN), ((20, 14), 20, UNCLEAR), ((20, 0), 20, UNCLEAR), ((0, 1), 20, NOT_SEEN),
     ((10, 9), 20, UNCLEAR), ((14, 14), 14, FEW_NETWORKS), ((1, 1), 1, FEW_NETWORKS)],
)  # fmt: skip
def test_b_is_seen_if_clopper_and_pearson_say_so_of_both_classes(hits, count, word):
    tables = [counted(hits[c], count, f"C{c + 1}") for c in range(2)]
    found, _, by_class = claims.judge(
        pd.concat(tables), pd.DataFrame(columns=matrices.COLUMNS), PARAMETERS
    )
    row = found.set_index("claim").loc["b"]
    tests = [stats.binomtest(of_class, count, 0.5) for of_class in hits]
    intervals = [test.proportion_ci(method="exact") for test in tests]
    least = min(intervals, key=lambda ends: ends.low)
    assert [row["low"], row["high"]] == pytest.approx([least.low, least.high])
    assert row["word"] == word
    assert row["p"] == pytest.approx(max(test.pvalue for test in tests))
    assert row["decided"] == (word in (SEEN, NOT_SEEN) and 6 * row["p"] < 0.05)
    named = [f"C{c + 1}" for c in range(2) if intervals[c].low > 0.5]
    assert (row["classes"], row["better"], row["better_classes"]) == (
        2,
        len(named),
        ", ".join(named),
    )
    assert by_class["value"].tolist() == [of_class / count for of_class in hits]
    assert by_class["low"].tolist() == pytest.approx([ends.low for ends in intervals])
    assert (set(by_class["word"]) == {NO_WORD}) == (count < 15)


def test_the_mean_over_the_pairs_of_bands_and_levels_have_no_word_and_every_pair_has_one():
    pairs = [counted(20, 20, "C1", numbers.EVERY_PAIR)]
    pairs += [numbers_of("b", 0.7 + 0.1 * NOISE, numbers.MEAN_OF_PAIRS, "syn_1", **{"class": "C1"})]
    pairs += [numbers_of("f", 0.7 + 0.1 * NOISE, numbers.LEVEL)]
    _, found, by_class = claims.judge(
        pd.concat(pairs), pd.DataFrame(columns=matrices.COLUMNS), PARAMETERS
    )
    words = {numbers.EVERY_PAIR: SEEN, numbers.MEAN_OF_PAIRS: NO_WORD}
    assert found.set_index("variant")["word"].to_dict() == words | {numbers.LEVEL: NO_WORD}
    assert by_class.set_index("variant")["word"].to_dict() == words


def test_c_is_seen_only_if_permutations_of_the_classes_say_so_too():
    values = 0.5 + 0.1 * NOISE
    for p, word in ((0.001, SEEN), (0.05, IN_THESE_CLASSES), (0.3, IN_THESE_CLASSES)):
        row = judged(numbers_of("c", values, p_of_classes=p)).loc["c"]
        assert (row["word"], row["p"], row["decided"]) == (word, p, word == SEEN)
    against = judged(numbers_of("c", -values, p_of_classes=0.3)).loc["c"]
    assert (against["word"], against["decided"]) == (NOT_SEEN, True)
    assert (
        judged(numbers_of("c", 0 * NOISE + [0.5, -0.5] * 10, p_of_classes=0.3)).loc["c", "word"]
        == UNCLEAR
    )


def test_claims_of_the_paper_with_one_number_are_decided_after_holm_and_others_are_not():
    means = {"a": 0.5, "a2": 0.07, "c": 0.055, "f": -0.04, "g": -0.1}
    own = {claim: numbers_of(claim, mean + 0.1 * NOISE) for claim, mean in means.items()}
    hits = [counted(16, 20, name) for name in ("C1", "C2")]
    found = judged(*own.values(), *hits, numbers_of("n", 0.05 + 0.1 * NOISE))
    p = {
        claim: stats.ttest_1samp(own[claim]["value"], CLAIMS[claim].threshold).pvalue
        for claim in own
    }
    p["b"] = stats.binomtest(16, 20).pvalue
    for claim in ("a2", "c"):
        p[claim] = (
            2 * stats.ttest_1samp(own[claim]["value"], BOUND_OF_RANKS, alternative="less").pvalue
        )
    decided = {claim: value < 0.05 for claim, value in holm(p).items()}
    assert found["decided"][list(p)].to_dict() == decided
    assert set(decided.values()) == {True, False}
    assert (found["word"]["n"], found["decided"]["n"]) == (SEEN, True)  # ours, in no correction


def test_t_and_h_are_counts_without_a_word():
    found = judged(*(numbers_of(letter, [1] * 19 + [0], counted=True) for letter in "th"))
    ends = stats.binomtest(19, 20).proportion_ci(method="exact")
    for letter in "th":
        row = found.loc[letter]
        assert (row["word"], row["decided"]) == (NO_WORD, False)
        assert (row["value"], row["networks"]) == (0.95, 20)
        assert [row["low"], row["high"]] == pytest.approx([ends.low, ends.high])


@pytest.mark.parametrize("n", [5, 15, 20])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0, -1.0])
def test_equal_numbers_have_the_width_of_a_count_and_missing_ones_count_for_nothing(n, value):
    row = judged(numbers_of("a", [*[value] * n, np.nan])).loc["a"]
    reach = stats.binomtest(0, n).proportion_ci(method="exact").high
    assert [row["low"], row["high"]] == pytest.approx(
        [max(value - reach, -1), min(value + reach, 1)]
    )
    assert row["networks"] == n
    word = (
        SEEN if value > reach else NOT_SEEN if value < -reach or reach <= 0.18 - value else UNCLEAR
    )
    assert row["word"] == (word if n >= 15 else FEW_NETWORKS)


def test_one_network_has_no_interval():
    row = judged(numbers_of("a", [0.8])).loc["a"]
    assert (row["word"], row["networks"], row["decided"]) == (FEW_NETWORKS, 1, False)
    assert np.isnan(row["low"])


def test_rows_are_of_the_first_data_set_levels_in_the_order_of_parameters_and_b_of_all_sets():
    kinds = {"small": 1, "deep": 3, "large": 2}
    of_kinds = [
        numbers_of("f", [value] * 5, numbers.LEVEL).assign(networks_of=name)
        for name, value in kinds.items()
    ]
    first = [numbers_of("a", [0.1] * 5), numbers_of("a", [0.3] * 5, dataset="farm")]
    both = [counted(1, 2, "C1"), counted(2, 2, "C1", dataset="syn_2")]
    table = pd.concat([cross_of(kind, *rates_of(2)) for kind in (SMALL, made.LARGE)])
    cells = matrices.matrices("cross_matrix", table, STUDY)
    of_networks = pd.concat([*of_kinds, *first, *both])
    found, variants, by_class = claims.judge(of_networks, cells, PARAMETERS, {"d": "cross_zoo"})
    own = found.set_index("claim")
    assert own["value"][["a", "b"]].tolist() == pytest.approx([0.1, 0.75])
    levels = variants[variants["variant"] == numbers.LEVEL]
    assert levels["networks_of"].tolist() == ["deep", "large", "small"]
    assert variants[variants["claim"] == "a"]["dataset"].tolist() == ["farm"]
    assert set(own.loc["f", "networks_of"]) == {"large"}
    assert set(
        variants[(variants["claim"] == "f") & (variants["variant"] == "")]["networks_of"]
    ) == {"small"}
    assert by_class[by_class["claim"] == "f"]["networks_of"].unique().tolist() == ["large", "small"]
    assert set(own.loc["d", "figure"]) == {"cross_zoo"}
    assert own.loc["d", "control"].tolist() == [PUBLISHED, LOWEST, OTHERS]


def test_a_study_without_numbers_measures_no_claim():
    found, variants, by_class = claims.judge(
        of_nothing(), pd.DataFrame(columns=matrices.COLUMNS), {}
    )
    assert [list(found), list(variants), list(by_class)] == [
        claims.COLUMNS,
        claims.VARIANTS,
        claims.CLASSES,
    ]
    assert list(found["claim"]) == list(CLAIMS)
    assert set(found["word"]) == {NOT_MEASURED}
    assert set(found["networks"]) == {0}
    assert not found["decided"].any()
    assert variants.empty and by_class.empty


def from_files(tables, folder):
    for place, table in enumerate(tables):
        write_table(table, folder / f"{place}.csv")
    return [read_table(folder / f"{place}.csv") for place in range(len(tables))]


@pytest.mark.parametrize("n", [1, 20])
def test_tables_that_were_written_and_read_are_judged_alike(n, tmp_path):
    study = made.whole_study(n)
    read = from_files(study, tmp_path)
    assert read[0]["variant"].isna().any()  # what is empty in memory
    for found, again in zip(
        claims.judge(*study, PARAMETERS), claims.judge(*read, PARAMETERS), strict=True
    ):
        pd.testing.assert_frame_equal(
            found, again, check_dtype=False, rtol=1e-3, atol=1e-5
        )  # files have six digits


def overlapping(figure):
    """The texts of a figure beyond the page, and the pairs that lie on each other."""
    figure.canvas.draw()
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    artists = [
        *figure.texts,
        *(text for axis in figure.axes for text in [*axis.texts, axis.title, axis.xaxis.label]),
    ]
    boxes = [
        (artist.get_text(), artist.get_window_extent(renderer))
        for artist in artists
        if artist.get_text()
    ]
    (left, low), (right, high) = page.min, page.max
    inside = [
        left <= box.x0 < box.x1 <= right and low <= box.y0 < box.y1 <= high for _, box in boxes
    ]
    beyond = [text for (text, _), is_inside in zip(boxes, inside, strict=True) if not is_inside]
    return beyond, [
        (a, b)
        for (a, first), (b, second) in itertools.combinations(boxes, 2)
        if first.overlaps(second)
    ]


@pytest.mark.usefixtures("closed_figures")
@pytest.mark.parametrize("n", [1, 5, 20])
def test_the_figure_has_every_claim_and_a_mark_for_every_class_and_no_text_on_another(n, tmp_path):
    of_networks, cells = made.whole_study(n)
    found = from_files([*claims.judge(of_networks, cells, PARAMETERS), of_networks], tmp_path)
    rows, by_class = found[0], found[2]
    figure = drawings.draw_claims(rows, by_class, found[3])
    assert overlapping(figure) == ([], [])
    labels = {label.get_text() for axis in figure.axes for label in axis.get_yticklabels()}
    joined = " ".join(" ".join(sorted(labels)).split())
    for row in rows.to_dict("records"):
        assert f"({row['claim']}) {row['says']}" in joined
    beside = {
        (" ".join(text.get_text().split()), text.get_weight(), text.get_color())
        for axis in figure.axes
        for text in axis.texts
    }
    for row in rows[rows["control"].isna()].to_dict("records"):
        word = row["word"] if isinstance(row["word"], str) else ""
        weight = "bold" if row["decided"] else "normal"
        ink = drawings.INK.get(row["word"], drawings.NEUTRAL)
        assert (f"{word} {claims.shown(row)}".strip(), weight, ink) in beside
    head = [text.get_text() for text in figure.artists]
    assert any(answers.undecided(n).replace("`", "") in text for text in head) == (n < 15)
    of_classes = by_class[by_class["control"].notna() & by_class["variant"].isna()]
    words = of_classes["word"].isin([BETTER, WORSE, COUNTS])
    assert words.any() == (n >= 15)
    marks = [
        dots for axis in figure.axes[:3] for dots in axis.collections if dots.get_offsets().any()
    ]
    assert sum(len(dots.get_offsets()) for dots in marks) == len(of_classes)
