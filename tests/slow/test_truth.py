"""Scores against the planted truth, compared with references that count positions one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_truth import (
    slow_average_precision,
    store,  # noqa: F401 (fixtures)
)

from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.evaluation import truth
from frequency_shortcuts.spectrum import controls
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


@given(st.lists(st.tuples(st.integers(-2, 2), st.booleans(), st.integers(1, 2)), min_size=1, max_size=30))
def test_average_precision_is_that_of_every_threshold(entries):
    scores, inside, weight = map(np.array, zip(*entries, strict=True))
    found = truth.curve(scores, inside, weight)
    if inside.any():
        assert found.average_precision() == pytest.approx(slow_average_precision(scores, inside, weight))
        assert truth.curve(inside, inside, weight).average_precision() == 1
        assert found.at([weight.sum()])[1] == [1]
    else:
        assert np.isnan(found.average_precision()) and np.isnan(found.at([1])).all() and found.prevalence == 0


@pytest.fixture
def scored(store):
    """(table, rank, adcs, masks, truths) of maps at random whose class 1 ranks its truth first.

    The table has the rows that are cut to the size of the maps.
    """
    generator, pairs, truths = np.random.default_rng(1), ConjugatePairs(16, 16), truth.planted(store)
    increment = generator.standard_normal((4, len(pairs)))
    increment[1] += 100 * pairs.gather(truths["own"][1])
    adcs = pairs.scatter(generator.choice([-3, -1, 1, 3], (4, len(pairs)))).astype(np.int16)
    rank = pairs.scatter(dfm.rank(increment))
    masks = {percent: dfm.dominant(increment, pairs, percent) for percent in (5, 12.5)}
    table = truth.score(rank, adcs, masks, truths, draws=200, seed=3)
    return table[table["cut"] == "percent"], rank, adcs, masks, truths


def test_controls_are_at_chance_and_have_a_spread(scored):
    table, rank, _, masks, truths = scored
    drawn = table[table["ranking"].str.startswith("ra") & (table["truth"] == "any")]
    for score in ("precision", "recall", "average_precision"):
        assert (drawn[f"{score}_low"] <= drawn[score]).all() and (drawn[score] <= drawn[f"{score}_high"]).all()
    random = drawn[drawn["ranking"] == "random"]
    assert np.allclose(random["precision"], random["prevalence"], atol=0.03)
    # The radial control of a map, drawn here as masks.
    for percent, mask in masks.items():
        slow = [
            (control & truths["any"][2]).sum() / control.sum()
            for control in (controls.control_mask(mask[2], "radial", seed) for seed in range(300))
        ]
        row = drawn.query(f"ranking == 'radial' and `class` == 2 and percent == {percent}").iloc[0]
        assert row["precision"] == pytest.approx(np.mean(slow), abs=0.03)
    rest = table[~table["ranking"].str.startswith("ra")]
    assert rest[["precision_low", "recall_high", "average_precision_low"]].isna().all(axis=None)
    pairs, k = ConjugatePairs(16, 16), masks[5][2].sum()
    others = [
        truth.curve(-pairs.gather(rank[c]), pairs.gather(truths["any"][2]), pairs.size).at([k])[0] for c in (0, 1, 3)
    ]
    row = table.query("ranking == 'other' and truth == 'any' and `class` == 2 and percent == 5").iloc[0]
    assert row["precision"] == pytest.approx(np.mean(others))


def test_scoring_is_seeded_and_refuses_what_it_cannot_score(scored):
    table, rank, adcs, masks, truths = scored
    again = truth.score(rank, adcs, masks, truths, draws=200, seed=3)
    assert again[again["cut"] == "percent"].equals(table)
    assert not truth.score(rank, adcs, masks, truths, draws=200, seed=4).equals(table)
    with pytest.raises(ValueError, match="draws 1: expected at least 2"):
        truth.score(rank, adcs, masks, truths, draws=1)
    lopsided = truths["own"].copy()
    lopsided[0, 3, 4] = True
    assert not spectrum.symmetric(lopsided)
    with pytest.raises(ValueError, match="mask own is not symmetric"):
        truth.score(rank, adcs, masks, {"own": lopsided})


RANKINGS = {"dfm", "adcs", "adcs_high", "adcs_low", "dfm_size", "adcs_significant"}


def cues(generator, pairs, n_classes, size):
    """Bool [class, H, W]: so many pairs of each class, at random; class 0 has none."""
    inside = np.zeros((n_classes, len(pairs)), bool)
    for c in range(1, n_classes):
        inside[c, generator.choice(len(pairs), size, replace=False)] = True
    return pairs.scatter(inside)


@pytest.fixture
def drawn():
    """(arguments, options) of `score` at random, with two halves of a truth; class 0 has none."""
    generator, pairs = np.random.default_rng(2), ConjugatePairs(7, 6)
    increment = generator.standard_normal((3, len(pairs)))
    rank = pairs.scatter(dfm.rank(increment))
    adcs, significant = pairs.scatter(generator.integers(-2, 3, (2, 3, len(pairs))))
    halves = [cues(generator, pairs, 3, size) for size in (3, 4)]
    truths = {"own": halves[0] | halves[1], "half_0": halves[0], "half_1": halves[1]}
    masks = {percent: dfm.dominant(increment, pairs, percent) for percent in (10, 20)}
    increments = pairs.scatter(increment).astype(np.float32)
    options = {"increments": increments, "significant": significant, "draws": 50, "seed": 1}
    return (rank, adcs, masks, truths), options


def slow_scores(plane, planted, k):
    """Precision, recall at k positions and average precision, position by position."""
    order = sorted(np.ndindex(plane.shape), key=lambda at: -plane[at])
    expected, left = 0.0, k
    for value in sorted(set(plane.ravel()), reverse=True):
        tied = [at for at in order if plane[at] == value]
        taken = min(left, len(tied))
        expected += taken * np.mean([planted[at] for at in tied])
        left -= taken
    average = slow_average_precision(plane.ravel(), planted.ravel(), np.ones(plane.size, int))
    return expected / k, expected / planted.sum(), average


def test_every_ranking_is_cut_to_the_maps_and_to_the_truth(drawn):
    (rank, adcs, masks, truths), options = drawn
    table = truth.score(rank, adcs, masks, truths, **options)
    assert {name for name in table["ranking"] if not name.startswith(("ra", "other"))} == RANKINGS
    beside = {f"{kind}{name}" for kind in ("radial", "other") for name in ("_dfm_size", "_adcs_significant")}
    assert beside < set(table["ranking"])
    planes = {
        "dfm": -rank,
        "dfm_size": np.abs(options["increments"]),
        "adcs": np.abs(adcs),
        "adcs_high": adcs,
        "adcs_low": -adcs,
        "adcs_significant": np.abs(options["significant"]),
    }
    for name, plane in planes.items():
        for which, planted in truths.items():
            for c in (1, 2):
                selected = table[(table["ranking"] == name) & (table["truth"] == which) & (table["class"] == c)]
                assert selected["cut"].tolist() == ["percent", "percent", "truth"]
                sizes = [mask[c].sum() for mask in masks.values()] + [planted[c].sum()]
                assert selected["positions"].tolist() == sizes
                np.testing.assert_allclose(selected["percent"], [10, 20, 100 * planted[c].mean()])
                slow = [slow_scores(plane[c], planted[c], k) for k in sizes]
                np.testing.assert_allclose(selected[["precision", "recall", "average_precision"]], slow)
    # A class without a truth has no size to be cut to.
    assert (table.loc[table["class"] == 0, "cut"] == "percent").all()


def test_the_better_half_is_chosen_for_every_ranking_and_every_draw(drawn):
    (rank, adcs, masks, truths), options = drawn
    table = truth.score(rank, adcs, masks, truths, **options)
    table = table.set_index(["truth", "ranking", "class", "cut", "percent"]).sort_index()
    pairs, scores = ConjugatePairs(*rank.shape[1:]), ["precision", "recall", "average_precision"]
    for name in ("dfm", "dfm_size", "adcs_low"):
        for c in (1, 2):
            halves = [table.loc[half, name, c] for half in truth.HALVES]
            best = max(halves, key=lambda half: half["average_precision"].iloc[0])
            found = table.loc["better_half", name, c]
            assert found.loc["percent", scores].equals(best.loc["percent", scores])
            assert found.loc["truth", "positions"].tolist() == [max(truths[half][c].sum() for half in truth.HALVES)]
            expected = np.mean([truths[half][c].mean() for half in truth.HALVES])
            np.testing.assert_allclose(found["prevalence"], expected)
    # Draw by draw: the mean of the better of two is above the better of the two means.
    for c in (1, 2):
        dealt = truth.shuffled(-pairs.gather(rank[c]), pairs, "random", 50, np.random.default_rng([1, c]))
        slow = [
            max(
                truth.curve(one, pairs.gather(truths[half][c]), pairs.size).average_precision() for half in truth.HALVES
            )
            for one in dealt
        ]
        found = table.loc["better_half", "random", c]["average_precision"]
        np.testing.assert_allclose(found, np.mean(slow))
        assert found.iloc[0] > max(table.loc[half, "random", c]["average_precision"].iloc[0] for half in truth.HALVES)
    assert table.loc["better_half", "dfm", 0][scores].isna().all(axis=None)
