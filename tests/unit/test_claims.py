"""The word on every claim and class: against loops and scipy, on made-up studies, and in the figure."""

import itertools

import made_up_results as made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from made_up_results import CLASSES, PARAMETERS, SMALL, STUDY, cross_of, rates_of
from scipy import stats

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.storage.tables import read_table, write_table
from notebooks import claims as drawings
from study.findings import answers, claims, controls, matrices, numbers
from study.findings.definitions import (
    BETTER,
    BORDERLINE,
    BOUND_OF_RANKS,
    CLAIMS,
    COUNTS,
    FAILS,
    FEW_NETWORKS,
    IN_THESE_CLASSES,
    JUDGED_LATER,
    LOWEST,
    NO_WORD,
    NOT_MEASURED,
    NOT_SEEN,
    NOT_SHOWN,
    OTHERS,
    PUBLISHED,
    REMAINS_FROM,
    SEEN,
    UNCLEAR,
    UNDECIDED,
    WORSE,
)

NOISE = stats.zscore(np.random.default_rng(0).standard_normal(20))  # mean 0 and standard deviation 1


def holm(p):
    """p after Holm's rule, one after the other: the smallest counts for all, the next for one less."""
    adjusted, largest = {}, 0.0
    for left, (name, value) in zip(itertools.count(len(p), -1), sorted(p.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, left * value))
        adjusted[name] = largest
    return adjusted


def interval(values):
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    return np.mean(values), low, high


def cells_of(tpr, fpr=None):
    """The cells of claim (d) of some networks: TPR and FPR [network, class, map]."""
    table = cross_of(SMALL, tpr, fpr).rename(columns={"measure": "value"})
    return table.assign(claim="d", variant="", networks_of="small")[matrices.COLUMNS]


def random_rates(seed, n, classes, with_fpr):
    """Rates of n networks, near the limits or not; each class has some of the maps of others, the same in all."""
    generator = np.random.default_rng(seed)
    size = (classes, classes + 1)
    spread = generator.choice([0.02, 0.2])
    tpr = generator.uniform(0.3, 0.9, size) + spread * generator.standard_normal((n, *size))
    fpr = generator.uniform(0, 0.2, size) + spread * generator.standard_normal((n, *size)) / 4
    missing = generator.random(size) < 0.3
    missing[np.arange(classes), np.arange(classes)] = missing[:, -1] = False
    tpr[:, missing] = np.nan
    return tpr, fpr if with_fpr else None


some_rates = strategies.builds(
    random_rates,
    strategies.integers(0, 2**32),
    strategies.integers(5, 20),
    strategies.integers(3, 5),
    strategies.booleans(),
)


def maps_of(tpr, c):
    """The other maps that class c was tried with."""
    return [m for m in range(tpr.shape[1]) if m != c and np.isfinite(tpr[0, c, m])]


def published(tpr, fpr):
    """The word of a class from its rates over the networks."""
    tests = [(interval(tpr)[1:], 0.6)]
    if fpr is not None:
        low, high = interval(fpr)[1:]
        tests.append(((-high, -low), -0.1))
    if any(high < limit for (_, high), limit in tests):
        return FAILS
    return COUNTS if all(low >= limit for (low, _), limit in tests) else BORDERLINE


def expected_classes(tpr, fpr):
    """(class, control) -> value, low, high, p and word of each class, by loops; in each a p of NaN is none."""
    classes = range(tpr.shape[1])
    difference = tpr if fpr is None else tpr - fpr
    expected, beside_lowest = {}, {}
    for c in classes:
        word = published(tpr[:, c, c], None if fpr is None else fpr[:, c, c])
        expected[CLASSES[c], PUBLISHED] = (*interval(difference[:, c, c]), np.nan, word)
        beside_lowest[c] = difference[:, c, c] - difference[:, c, -1]
    of_all = holm({c: stats.ttest_1samp(values, 0).pvalue for c, values in beside_lowest.items()})
    for c in classes:
        value, low, high = interval(beside_lowest[c])
        word = UNDECIDED if of_all[c] >= 0.05 else BETTER if value > 0 else WORSE
        expected[CLASSES[c], LOWEST] = value, low, high, of_all[c], word
    for c in classes:
        beside = {m: difference[:, c, c] - difference[:, c, m] for m in maps_of(tpr, c)}
        if not beside:
            expected[CLASSES[c], OTHERS] = (np.nan, np.nan, np.nan, np.nan, UNDECIDED)
            continue
        raw = {m: stats.ttest_1samp(values, 0).pvalue for m, values in beside.items()}
        worse = [p for m, p in holm(raw).items() if p < 0.05 and np.mean(beside[m]) < 0]
        value, low, high = min((interval(values) for values in beside.values()), key=lambda ends: ends[1])
        if low > 0:
            expected[CLASSES[c], OTHERS] = value, low, high, max(raw.values()), BETTER
        elif worse:
            expected[CLASSES[c], OTHERS] = value, low, high, min(worse), WORSE
        else:
            expected[CLASSES[c], OTHERS] = value, low, high, max(raw.values()), UNDECIDED
    return expected


@settings(max_examples=25, deadline=None)
@given(some_rates)
def test_each_class_beside_each_control_is_that_of_loops_and_scipy(rates):
    tpr, fpr = rates
    found = controls.classes(cells_of(tpr, fpr)).set_index(["class", "control"])
    expected = expected_classes(tpr, fpr)
    if not any(maps_of(tpr, c) for c in range(tpr.shape[1])):
        expected = {key: row for key, row in expected.items() if key[1] != OTHERS}
    assert set(found.index) == set(expected)
    for key, (*estimated, word) in expected.items():
        assert found.loc[key, "word"] == word
        own = found.loc[key, ["value", "low", "high", "p"]].astype(float)
        assert own.tolist() == pytest.approx(estimated, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(some_rates)
def test_the_row_of_a_control_counts_the_classes_and_has_the_mean_over_them(rates):
    tpr, fpr = rates
    n, classes = tpr.shape[:2]
    cells = cells_of(tpr, fpr)
    of_classes = controls.classes(cells)
    rows = {row["control"]: row for row in controls.summary(cells, of_classes)}
    expected = expected_classes(tpr, fpr)
    difference = tpr if fpr is None else tpr - fpr
    means = {PUBLISHED: [], LOWEST: [], OTHERS: []}
    for of_network in difference:
        own = [of_network[c, c] for c in range(classes)]
        means[PUBLISHED].append(np.mean(own))
        means[LOWEST].append(np.mean(own) - of_network[:, -1].mean())
        others = {c: np.mean([of_network[c, m] for m in maps_of(tpr, c)]) for c in range(classes) if maps_of(tpr, c)}
        means[OTHERS].append(np.mean([own[c] - mean for c, mean in others.items()]) if others else np.nan)
    for control, row in rows.items():
        assert [row[key] for key in ("value", "low", "high")] == pytest.approx(interval(means[control]))
        words = {name: of_class[-1] for (name, of), of_class in expected.items() if of == control}
        for key, counted in {"better": (BETTER, COUNTS), "worse": (WORSE,), "borderline": (BORDERLINE,)}.items():
            assert row[f"{key}_classes"] == ", ".join(name for name, word in words.items() if word in counted)
        counts = [sum(word in counted for word in words.values()) for counted in ((BETTER, COUNTS), (WORSE,))]
        assert [row["better"], row["worse"], row["classes"], row["networks"]] == [*counts, classes, n]
    of_lowest = [published(tpr[:, c, -1], None if fpr is None else fpr[:, c, -1]) for c in range(classes)]
    assert rows[PUBLISHED]["lowest"] == of_lowest.count(COUNTS)


@pytest.mark.parametrize(("control", "n"), [(LOWEST, 15), (OTHERS, 20)])
def test_a_class_with_the_detectable_difference_is_better_in_half_of_the_studies(control, n):
    """One class of four has it over the lowest frequencies, or over one other map; nothing else is close."""
    place = {LOWEST: -1, OTHERS: 1}[control]
    generator = np.random.default_rng(1)
    mean = np.full((4, 5), -9.0) + 9 * np.eye(4, 5)
    mean[1:, -1] = 0

    def study():
        cells = cells_of(mean + 0.1 * generator.standard_normal((n, 4, 5)))
        of_classes = controls.classes(cells)
        (row,) = (row for row in controls.summary(cells, of_classes) if row["control"] == control)
        return row["detectable"], of_classes[of_classes["control"] == control]["word"].iloc[0]

    mean[0, place] = -np.mean([study()[0] for _ in range(10)])
    words = [study()[1] for _ in range(40)]
    assert 10 <= words.count(BETTER) <= 30


def words_of(found, claim):
    return found[found["claim"] == claim].set_index("control")


def test_one_network_and_four_have_values_of_the_closest_map_without_words():
    for n in (1, 4):
        tpr = np.repeat([[[0.9, 0.2, 0.7, 0.6], [0.5, 0.5, 0.1, 0.1], [0.1, 0, 0.3, 0.9]]], n, axis=0)
        found, _, by_class = claims.judge(of_nothing(), cells_of(tpr, tpr / 10), PARAMETERS)
        own = found[found["claim"] == "d"]
        assert set(own["word"]) == {FEW_NETWORKS}
        assert own["low"].isna().all()
        assert own.set_index("control")["better"].tolist() == pytest.approx([1, np.nan, np.nan], nan_ok=True)
        assert set(by_class["word"]) == {NO_WORD}
        closest = by_class[by_class["control"] == OTHERS].set_index("class")
        assert closest["against"].tolist() == ["cow", "ant", "ant"]
        assert closest["value"].tolist() == pytest.approx([0.18, 0, 0.18])


def test_classes_of_fifteen_networks_have_words_and_of_fewer_not():
    for n in (14, 15):
        cells = cells_of(*rates_of(n))
        found, _, by_class = claims.judge(of_nothing(), cells, PARAMETERS)
        own = words_of(found, "d")
        if n < 15:
            assert set(own["word"]) == {FEW_NETWORKS}
            assert set(by_class["word"]) == {NO_WORD}
            assert own.loc[[LOWEST, OTHERS], claims.COMPARED].isna().all(axis=None)
            continue
        assert own["word"].to_dict() == {PUBLISHED: NO_WORD, LOWEST: SEEN, OTHERS: SEEN}
        assert own["decided"].to_dict() == {PUBLISHED: False, LOWEST: True, OTHERS: True}
        assert own.loc[LOWEST, ["better_classes", "worse_classes"]].tolist() == ["ant, bee", "cow, dog"]
    tpr, fpr = rates_of(15)
    own = words_of(claims.judge(of_nothing(), cells_of(tpr * 0.9 ** np.arange(4, -1, -1), fpr), PARAMETERS)[0], "d")
    assert own["word"][LOWEST] == (SEEN if own["better"][LOWEST] else NOT_SHOWN)
    none_better = cells_of(np.where(np.arange(5) == 4, 0.95, tpr), fpr)
    own = words_of(claims.judge(of_nothing(), none_better, PARAMETERS)[0], "d")
    assert (own["word"][LOWEST], own["decided"][LOWEST], own["better"][LOWEST]) == (NOT_SHOWN, False, 0)


def test_a_map_that_some_networks_did_not_try_and_equal_networks_make_no_class_better_or_worse():
    tpr, fpr = rates_of(16)
    tpr[8:, :, 3] = np.where(np.arange(4) == 3, tpr[8:, :, 3], np.nan)  # half of the networks have no map of dog
    by_class = controls.classes(cells_of(tpr, fpr))
    found = by_class[by_class["control"] == OTHERS].set_index("class")
    assert found["word"].to_dict() == {"ant": BETTER, "bee": BETTER, "cow": WORSE, "dog": WORSE}
    assert "dog" not in set(found["against"])
    # Clopper and Pearson: 0 of 16 networks are different, so that 0.1 may be a chance, and 0.3 is none.
    for difference, words in ((0.1, {UNDECIDED}), (0.3, {BETTER}), (-0.1, {UNDECIDED}), (-0.3, {WORSE})):
        equal = np.full((16, 3, 4), 0.5) + difference * np.eye(3, 4)
        by_class = controls.classes(cells_of(equal))
        assert set(by_class[by_class["control"] != PUBLISHED]["word"]) == words
        assert (by_class["high"] - by_class["low"] > 0.1).all()


def test_without_common_maps_of_others_there_is_no_word_and_no_number_of_them():
    tpr = np.random.default_rng(0).random((6, 3, 4))
    for network, seen in enumerate(tpr):
        seen[:, :3][~np.eye(3, dtype=bool)] = np.nan
        seen[0, 1 + network % 2] = 0.1
    cells = cells_of(tpr)
    of_classes = controls.classes(cells)
    assert set(of_classes[of_classes["control"] == OTHERS]["word"]) == {UNDECIDED}
    rows = controls.summary(cells, of_classes)
    assert np.isnan(rows[-1]["detectable"])
    of_two = cells[cells["class"].isin(["ant", "bee"])]
    assert len(controls.summary(of_two, controls.classes(of_two))) == 3


def of_nothing():
    return pd.DataFrame(columns=numbers.COLUMNS)


def numbers_of(claim, values, variant="", dataset="zoo", **columns):
    about = {"claim": claim, "variant": variant, "dataset": dataset, "networks_of": "small", "counted": False}
    table = pd.DataFrame({**about, "seed": range(len(values)), "value": np.asarray(values, float), **columns})
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
    assert row["decided"] == (expected != UNCLEAR and 6 * p < 0.05)  # the other five claims have no data
    assert CLAIMS["f"].threshold == CLAIMS["g"].threshold == REMAINS_FROM == -0.1


@pytest.mark.parametrize(
    ("hits", "count", "word"),
    [((20, 20), 20, SEEN), ((20, 14), 20, UNCLEAR), ((20, 0), 20, UNCLEAR), ((0, 1), 20, NOT_SEEN),
     ((10, 9), 20, UNCLEAR), ((14, 14), 14, FEW_NETWORKS), ((1, 1), 1, FEW_NETWORKS)],
)  # fmt: skip
def test_b_is_seen_if_clopper_and_pearson_say_so_of_both_classes(hits, count, word):
    tables = [counted(hits[c], count, f"C{c + 1}") for c in range(2)]
    found, _, by_class = claims.judge(pd.concat(tables), pd.DataFrame(columns=matrices.COLUMNS), PARAMETERS)
    row = found.set_index("claim").loc["b"]
    tests = [stats.binomtest(of_class, count, 0.5) for of_class in hits]
    intervals = [test.proportion_ci(method="exact") for test in tests]
    least = min(intervals, key=lambda ends: ends.low)
    assert [row["low"], row["high"]] == pytest.approx([least.low, least.high])
    assert row["word"] == word
    assert row["p"] == pytest.approx(max(test.pvalue for test in tests))
    assert row["decided"] == (word in (SEEN, NOT_SEEN) and 6 * row["p"] < 0.05)
    named = [f"C{c + 1}" for c in range(2) if intervals[c].low > 0.5]
    assert (row["classes"], row["better"], row["better_classes"]) == (2, len(named), ", ".join(named))
    assert by_class["value"].tolist() == [of_class / count for of_class in hits]
    assert by_class["low"].tolist() == pytest.approx([ends.low for ends in intervals])
    assert (set(by_class["word"]) == {NO_WORD}) == (count < 15)


def test_the_mean_over_the_pairs_of_bands_and_levels_have_no_word_and_every_pair_has_one():
    pairs = [counted(20, 20, "C1", numbers.EVERY_PAIR)]
    pairs += [numbers_of("b", 0.7 + 0.1 * NOISE, numbers.MEAN_OF_PAIRS, "syn_1", **{"class": "C1"})]
    pairs += [numbers_of("f", 0.7 + 0.1 * NOISE, numbers.LEVEL)]
    _, found, by_class = claims.judge(pd.concat(pairs), pd.DataFrame(columns=matrices.COLUMNS), PARAMETERS)
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
    assert judged(numbers_of("c", 0 * NOISE + [0.5, -0.5] * 10, p_of_classes=0.3)).loc["c", "word"] == UNCLEAR


def test_claims_of_the_paper_with_one_number_are_decided_after_holm_and_others_are_not():
    means = {"a": 0.5, "a2": 0.07, "c": 0.055, "f": -0.04, "g": -0.1}
    own = {claim: numbers_of(claim, mean + 0.1 * NOISE) for claim, mean in means.items()}
    hits = [counted(16, 20, name) for name in ("C1", "C2")]
    found = judged(*own.values(), *hits, numbers_of("n", 0.05 + 0.1 * NOISE))
    p = {claim: stats.ttest_1samp(own[claim]["value"], CLAIMS[claim].threshold).pvalue for claim in own}
    p["b"] = stats.binomtest(16, 20).pvalue
    for claim in ("a2", "c"):
        p[claim] = 2 * stats.ttest_1samp(own[claim]["value"], BOUND_OF_RANKS, alternative="less").pvalue
    decided = {claim: value < 0.05 for claim, value in holm(p).items()}
    assert found["decided"][list(p)].to_dict() == decided
    assert set(decided.values()) == {True, False}
    assert (found["word"]["n"], found["decided"]["n"]) == (SEEN, True)  # ours, in no correction


def test_t_and_h_are_counts_without_a_word():
    found = judged(*(numbers_of(letter, [1] * 19 + [0], counted=True) for letter in "th"))
    ends = stats.binomtest(19, 20).proportion_ci(method="exact")
    for letter, word in (("t", NO_WORD), ("h", JUDGED_LATER)):
        row = found.loc[letter]
        assert (row["word"], row["decided"], row["value"], row["networks"]) == (word, False, 0.95, 20)
        assert [row["low"], row["high"]] == pytest.approx([ends.low, ends.high])


@pytest.mark.parametrize("n", [5, 15, 20])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0, -1.0])
def test_equal_numbers_have_the_width_of_a_count_and_missing_ones_count_for_nothing(n, value):
    row = judged(numbers_of("a", [*[value] * n, np.nan])).loc["a"]
    reach = stats.binomtest(0, n).proportion_ci(method="exact").high
    assert [row["low"], row["high"]] == pytest.approx([max(value - reach, -1), min(value + reach, 1)])
    assert row["networks"] == n
    word = SEEN if value > reach else NOT_SEEN if value < -reach or reach <= 0.18 - value else UNCLEAR
    assert row["word"] == (word if n >= 15 else FEW_NETWORKS)


def test_one_network_has_no_interval():
    row = judged(numbers_of("a", [0.8])).loc["a"]
    assert (row["word"], row["networks"], row["decided"]) == (FEW_NETWORKS, 1, False)
    assert np.isnan(row["low"])
    assert claims.line(numbers_of("a", [0.8]), "a") == "(a) too few networks: 0.80, 1 network"


def test_rows_are_of_the_first_data_set_levels_in_the_order_of_parameters_and_b_of_all_sets():
    kinds = {"small": 1, "deep": 3, "large": 2}
    of_kinds = [numbers_of("f", [value] * 5, numbers.LEVEL).assign(networks_of=name) for name, value in kinds.items()]
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
    assert set(variants[(variants["claim"] == "f") & (variants["variant"] == "")]["networks_of"]) == {"small"}
    assert by_class[by_class["claim"] == "f"]["networks_of"].unique().tolist() == ["large", "small"]
    assert set(own.loc["d", "figure"]) == {"cross_zoo"}
    assert own.loc["d", "control"].tolist() == [PUBLISHED, LOWEST, OTHERS]


def test_a_study_without_numbers_measures_no_claim():
    found, variants, by_class = claims.judge(of_nothing(), pd.DataFrame(columns=matrices.COLUMNS), {})
    assert [list(found), list(variants), list(by_class)] == [claims.COLUMNS, claims.VARIANTS, claims.CLASSES]
    assert list(found["claim"]) == list(CLAIMS)
    assert set(found["word"]) == {NOT_MEASURED}
    assert set(found["networks"]) == {0}
    assert not found["decided"].any()
    assert variants.empty and by_class.empty
    assert claims.line(of_nothing(), "a") == "(a) not measured"


def from_files(tables, folder):
    for place, table in enumerate(tables):
        write_table(table, folder / f"{place}.csv")
    return [read_table(folder / f"{place}.csv") for place in range(len(tables))]


@pytest.mark.parametrize("n", [1, 20])
def test_tables_that_were_written_and_read_are_judged_alike(n, tmp_path):
    study = made.whole_study(n)
    read = from_files(study, tmp_path)
    assert read[0]["variant"].isna().any()  # what is empty in memory
    for found, again in zip(claims.judge(*study, PARAMETERS), claims.judge(*read, PARAMETERS), strict=True):
        pd.testing.assert_frame_equal(found, again, check_dtype=False, rtol=1e-3, atol=1e-5)  # files have six digits


def test_a_line_is_the_row_of_the_claim_also_from_a_file(tmp_path):
    of_networks, cells = from_files(made.whole_study(), tmp_path)
    found = claims.judge(of_networks, cells, PARAMETERS)[0]
    for row in found[found["control"].isna() & (found["claim"] != "t")].to_dict("records"):
        ends = f"{row['value']:z.2f} [{row['low']:z.2f}, {row['high']:z.2f}]"
        line = f"({row['claim']}) {row['word']}: {ends}, {row['networks']} networks"
        assert claims.line(of_networks, row["claim"]) == line
    a = "what is more distinctive is learned earlier"
    assert claims.lines([of_networks], "a", "graded") == [f"{claims.line(of_networks, 'a')}: {a}"]
    assert claims.lines([of_networks], "a", "elsewhere") == [f"(a) not measured: {a}"]
    assert claims.lines([], "a") == []


def overlapping(figure):
    """The texts of a figure beyond the page, and the pairs that lie on each other."""
    figure.canvas.draw()
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    artists = [*figure.texts, *(text for axis in figure.axes for text in [*axis.texts, axis.title, axis.xaxis.label])]
    boxes = [(artist.get_text(), artist.get_window_extent(renderer)) for artist in artists if artist.get_text()]
    (left, low), (right, high) = page.min, page.max
    inside = [left <= box.x0 < box.x1 <= right and low <= box.y0 < box.y1 <= high for _, box in boxes]
    beyond = [text for (text, _), is_inside in zip(boxes, inside, strict=True) if not is_inside]
    return beyond, [(a, b) for (a, first), (b, second) in itertools.combinations(boxes, 2) if first.overlaps(second)]


@pytest.mark.usefixtures("closed_figures")
@pytest.mark.parametrize("long", ["", "from a very long name "])
@pytest.mark.parametrize("n", [1, 5, 20])
def test_the_figure_has_every_claim_and_the_names_of_classes_and_no_text_on_another(n, long, tmp_path):
    of_networks, cells = made.whole_study(n)
    found = from_files([*claims.judge(of_networks, cells, PARAMETERS), of_networks], tmp_path)
    by_class = found[2].assign(**{"class": long + found[2]["class"]})
    figure = drawings.draw_claims(found[0], by_class, found[3])
    assert overlapping(figure) == ([], [])
    texts = {" ".join(text.get_text().split()) for axis in figure.axes for text in axis.texts}
    joined = " ".join(texts)
    rows = found[0]
    for row in rows.to_dict("records"):
        assert f"({row['claim']}) {row['says']}" in joined
    single = rows[rows["control"].isna()]
    assert {claims.shown(row) for row in single.to_dict("records")} <= texts
    weights = {(text.get_text(), text.get_weight()) for axis in figure.axes for text in axis.texts}
    decided = {True: "bold", False: "normal"}
    words = single.dropna(subset="word")
    assert {(row["word"], decided[row["decided"]]) for row in words.to_dict("records")} <= weights
    head = [text.get_text() for text in figure.texts]
    assert (answers.undecided(n).replace("`", "") in head) == (n < 15)
    of_classes = by_class[by_class["control"].notna() & by_class["variant"].isna()]
    named = of_classes[of_classes["word"].isin([BETTER, WORSE, COUNTS])]
    assert named.empty == (n < 15)
    colours = {BETTER: drawings.GOOD, COUNTS: drawings.GOOD, WORSE: drawings.BAD}
    drawn = set()
    for text in (text for axis in figure.axes[:3] for text in axis.texts):
        drawn |= {(name, text.get_color()) for name in text.get_text().replace("\n", " ").split(", ")}
    assert {(canvas.abbreviate(row["class"], "many", 11), colours[row["word"]]) for _, row in named.iterrows()} <= drawn
