"""Claims about some classes: each class beside its controls, against loops and scipy."""

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies
from made_up_results import (
    CLASSES,
    PARAMETERS,
    cells_of,
    holm,
    interval,
    of_nothing,
    rates_of,
    words_of,
)
from scipy import stats

from study.findings import claims, controls
from study.findings.definitions import (
    BETTER,
    BORDERLINE,
    COUNTS,
    FAILS,
    FEW_NETWORKS,
    LOWEST,
    NO_WORD,
    NOT_SHOWN,
    OTHERS,
    PUBLISHED,
    SEEN,
    UNDECIDED,
    WORSE,
)


def random_rates(seed, n, classes):
    """Rates of n networks, near the limits or not; each class has some of the maps of others, the same in all."""
    generator = np.random.default_rng(seed)
    size = (classes, classes + 1)
    spread = generator.choice([0.02, 0.2])
    tpr = generator.uniform(0.3, 0.9, size) + spread * generator.standard_normal((n, *size))
    fpr = generator.uniform(0, 0.2, size) + spread * generator.standard_normal((n, *size)) / 4
    missing = generator.random(size) < 0.3
    missing[np.arange(classes), np.arange(classes)] = missing[:, -1] = False
    tpr[:, missing] = np.nan
    return tpr, fpr


some_rates = strategies.builds(
    random_rates,
    strategies.integers(0, 2**32),
    strategies.integers(5, 20),
    strategies.integers(3, 5),
)


def maps_of(tpr, c):
    """The other maps that class c was tried with."""
    return [m for m in range(tpr.shape[1]) if m != c and np.isfinite(tpr[0, c, m])]


def published(tpr, fpr):
    """The word of a class from its rates over the networks."""
    low, high = interval(fpr)[1:]
    tests = [(interval(tpr)[1:], 0.6), ((-high, -low), -0.1)]
    if any(high < limit for (_, high), limit in tests):
        return FAILS
    return COUNTS if all(low >= limit for (low, _), limit in tests) else BORDERLINE


def expected_classes(tpr, fpr, names=CLASSES):
    """(class, control) -> value, low, high, p and word of each class, by loops; in each a p of NaN is none."""
    classes = range(tpr.shape[1])
    difference = tpr - fpr
    expected, beside_lowest = {}, {}
    for c in classes:
        word = published(tpr[:, c, c], fpr[:, c, c])
        expected[names[c], PUBLISHED] = (*interval(difference[:, c, c]), np.nan, word)
        beside_lowest[c] = difference[:, c, c] - difference[:, c, -1]
    of_all = holm({c: stats.ttest_1samp(values, 0).pvalue for c, values in beside_lowest.items()})
    for c in classes:
        value, low, high = interval(beside_lowest[c])
        word = UNDECIDED if of_all[c] >= 0.05 else BETTER if value > 0 else WORSE
        expected[names[c], LOWEST] = value, low, high, of_all[c], word
    for c in classes:
        beside = {m: difference[:, c, c] - difference[:, c, m] for m in maps_of(tpr, c)}
        if not beside:
            expected[names[c], OTHERS] = (np.nan, np.nan, np.nan, np.nan, UNDECIDED)
            continue
        raw = {m: stats.ttest_1samp(values, 0).pvalue for m, values in beside.items()}
        worse = [p for m, p in holm(raw).items() if p < 0.05 and np.mean(beside[m]) < 0]
        value, low, high = min(
            (interval(values) for values in beside.values()), key=lambda ends: ends[1]
        )
        if low > 0:
            expected[names[c], OTHERS] = value, low, high, max(raw.values()), BETTER
        elif worse:
            expected[names[c], OTHERS] = value, low, high, min(worse), WORSE
        else:
            expected[names[c], OTHERS] = value, low, high, max(raw.values()), UNDECIDED
    return expected


@settings(max_examples=25, deadline=None)
@given(some_rates)
def test_each_class_beside_each_control_is_that_of_loops_and_scipy(rates):
    tpr, fpr = rates
    found = controls.classes(cells_of(tpr, fpr)).set_index(["class", "control"])
    expected = expected_classes(tpr, fpr)
    assert set(found.index) == set(expected)
    for key, (*estimated, word) in expected.items():
        assert found.loc[key, "word"] == word
        own = found.loc[key, ["value", "low", "high", "p"]].astype(float)
        assert own.tolist() == pytest.approx(estimated, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(some_rates)
@example(random_rates(2672, 14, 3))  # no class was tried with the map of another
def test_the_row_of_a_control_counts_the_classes_and_has_the_mean_over_them(rates):
    tpr, fpr = rates
    n, classes = tpr.shape[:2]
    cells = cells_of(tpr, fpr)
    of_classes = controls.classes(cells)
    rows = {row["control"]: row for row in controls.summary(cells, of_classes)}
    difference = tpr - fpr
    means = {PUBLISHED: [], LOWEST: [], OTHERS: []}
    for of_network in difference:
        own = [of_network[c, c] for c in range(classes)]
        means[PUBLISHED].append(np.mean(own))
        means[LOWEST].append(np.mean(own) - of_network[:, -1].mean())
        others = {
            c: np.mean([of_network[c, m] for m in maps_of(tpr, c)])
            for c in range(classes)
            if maps_of(tpr, c)
        }
        means[OTHERS].append(
            np.mean([own[c] - mean for c, mean in others.items()]) if others else np.nan
        )
    for control, row in rows.items():
        assert [row[key] for key in ("value", "low", "high")] == pytest.approx(
            interval(means[control]), nan_ok=True
        )
        words = of_classes[of_classes["control"] == control].set_index("class")["word"]
        names = {"better": (BETTER, COUNTS), "worse": (WORSE,), "borderline": (BORDERLINE,)}
        for key, counted in names.items():
            assert row[f"{key}_classes"] == ", ".join(
                name for name, word in words.items() if word in counted
            )
        counts = [words.isin(names[key]).sum() for key in ("better", "worse")]
        assert [row["better"], row["worse"], row["classes"], row["networks"]] == [
            *counts,
            classes,
            n,
        ]
    of_lowest = [published(tpr[:, c, -1], fpr[:, c, -1]) for c in range(classes)]
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


def test_one_network_and_four_have_values_of_the_closest_map_without_words():
    for n in (1, 4):
        tpr = np.repeat(
            [[[0.9, 0.2, 0.7, 0.6], [0.5, 0.5, 0.1, 0.1], [0.1, 0, 0.3, 0.9]]], n, axis=0
        )
        found, _, by_class = claims.judge(of_nothing(), cells_of(tpr, tpr / 10), PARAMETERS)
        own = found[found["claim"] == "d"]
        assert set(own["word"]) == {FEW_NETWORKS}
        assert own["low"].isna().all()
        assert own.set_index("control")["better"].tolist() == pytest.approx(
            [1, np.nan, np.nan], nan_ok=True
        )
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
        assert own.loc[LOWEST, ["better_classes", "worse_classes"]].tolist() == [
            "ant, bee",
            "cow, dog",
        ]
    tpr, fpr = rates_of(15)
    none_better = cells_of(np.where(np.arange(5) == 4, 0.95, tpr), fpr)
    own = words_of(claims.judge(of_nothing(), none_better, PARAMETERS)[0], "d")
    assert (own["word"][LOWEST], own["decided"][LOWEST], own["better"][LOWEST]) == (
        NOT_SHOWN,
        False,
        0,
    )


def test_a_map_that_some_networks_did_not_try_and_equal_networks_make_no_class_better_or_worse():
    tpr, fpr = rates_of(16)
    tpr[8:, :, 3] = np.where(
        np.arange(4) == 3, tpr[8:, :, 3], np.nan
    )  # half of the networks have no map of dog
    by_class = controls.classes(cells_of(tpr, fpr))
    found = by_class[by_class["control"] == OTHERS].set_index("class")
    assert found["word"].to_dict() == {"ant": BETTER, "bee": BETTER, "cow": WORSE, "dog": WORSE}
    assert "dog" not in set(found["against"])
    # Clopper and Pearson: 0 of 16 networks are different, so that 0.1 may be a chance, and 0.3 is none.
    for difference, words in (
        (0.1, {UNDECIDED}),
        (0.3, {BETTER}),
        (-0.1, {UNDECIDED}),
        (-0.3, {WORSE}),
    ):
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
