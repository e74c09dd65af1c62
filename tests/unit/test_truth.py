"""Scores against the planted truth, beside references that count positions one by one."""

import itertools

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frequency_shortcuts import controls, dfm, spectrum, synthesis, truth
from frequency_shortcuts.spectrum import ConjugatePairs

DESIGN = synthesis.Design(2, size=16, band_edges=(2, 4, 6))
SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def brute(scores, inside, weight, k):
    """Expected hits among the first k positions, over every order of positions that the scores allow."""
    positions = [(score, bool(hit)) for score, hit, n in zip(scores, inside, weight, strict=True) for _ in range(n)]
    groups = [[hit for score, hit in positions if score == value] for value in sorted(set(scores), reverse=True)]
    orders = itertools.product(*(list(itertools.permutations(group)) for group in groups))
    return np.mean([sum(list(itertools.chain(*order))[:k]) for order in orders])


def slow_average_precision(scores, inside, weight):
    """Threshold by threshold: what is kept at and above each score, its precision, and by how much recall rose."""
    total, before, found = sum(weight[inside]), 0.0, 0.0
    for value in sorted(set(scores), reverse=True):
        kept = scores >= value
        recall = sum(weight[kept & inside]) / total
        found += (recall - before) * sum(weight[kept & inside]) / sum(weight[kept])
        before = recall
    return found


@pytest.mark.parametrize("seed", range(6))
def test_precision_and_recall_are_those_expected_over_the_order_of_ties(seed):
    generator = np.random.default_rng(seed)
    scores, inside, weight = generator.integers(0, 3, 5), np.arange(5) % 2 == seed % 2, np.array([1, 2, 1, 2, 1])
    found = truth.curve(scores, inside, weight)
    for k in range(1, 8):
        hits = brute(scores, inside, weight, k)
        precision, recall = found.at([k])
        assert precision[0] == pytest.approx(hits / k) and recall[0] == pytest.approx(hits / sum(weight[inside]))
    assert found.prevalence == pytest.approx(sum(weight[inside]) / 7)
    assert found.average_precision() == pytest.approx(slow_average_precision(scores, inside, weight))


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


def test_average_precision_by_hand():
    """Hits at places 1 and 3 of 4: (1 / 1 + 2 / 3) / 2; all tied: the prevalence."""
    inside, ones = np.array([True, False, True, False]), np.ones(4, int)
    assert truth.curve([4, 3, 2, 1], inside, ones).average_precision() == pytest.approx((1 + 2 / 3) / 2)
    assert truth.curve([7, 7, 7, 7], inside, ones).average_precision() == pytest.approx(0.5)


def test_positions_and_scores_that_make_no_sense_are_refused():
    found = truth.curve([2, 1], [True, False], [1, 2])
    for k in (0, 4):
        with pytest.raises(ValueError, match="expected above 0 and at most 3"):
            found.at([k])
    with pytest.raises(ValueError, match="not numbers"):
        truth.curve([1.0, np.nan], [True, False], [1, 1])


@given(SIZES, st.sampled_from(["random", "radial"]), st.integers(0, 5))
def test_a_ranking_dealt_anew_keeps_what_its_control_keeps(size, kind, seed):
    pairs = ConjugatePairs(*size)
    scores = np.random.default_rng(seed).permutation(len(pairs))
    strata = controls.strata(pairs, kind)
    dealt = truth.shuffled(scores, pairs, kind, 3, np.random.default_rng(seed))
    for one in dealt:
        for stratum in np.unique(strata):
            assert sorted(one[strata == stratum]) == sorted(scores[strata == stratum])
    # Cut where the map is, it is a mask that control_mask could have drawn: as many pairs of each stratum.
    cut = len(pairs) // 3
    drawn = controls.control_mask(pairs.scatter(scores < cut), kind, seed)
    for stratum in np.unique(strata):
        assert (dealt[0] < cut)[strata == stratum].sum() == pairs.gather(drawn)[strata == stratum].sum()


def test_every_pair_of_a_stratum_gets_every_score_equally_often():
    pairs = ConjugatePairs(5, 5)
    dealt = truth.shuffled(np.arange(len(pairs)), pairs, "radial", 6000, np.random.default_rng(0))
    ring = np.flatnonzero(controls.strata(pairs, "radial") == controls.strata(pairs, "radial")[0])
    counts = np.array([[(dealt[:, p] == s).sum() for s in ring] for p in ring])
    assert len(ring) > 1 and np.allclose(counts, 6000 / len(ring), rtol=0.15)


@pytest.fixture
def store(tmp_path):
    """An open file with the planted masks of a small set."""
    path = tmp_path / "syn.h5"
    with h5py.File(path, "w") as file:
        for name, mask in DESIGN.planted().items():
            file.create_dataset(f"planted/{name}", data=mask)
        file["planted"].attrs.update(DESIGN.about())
    with h5py.File(path) as file:
        yield file


def test_the_truth_of_a_class_is_its_pattern_or_the_band_that_it_lacks(store):
    found, masks = truth.planted(store), DESIGN.planted()
    assert not found["own"][0].any()
    assert np.array_equal(found["own"][1:3], masks["patterns"][1:3])
    assert np.array_equal(found["own"][3], masks["control_band"])
    assert found["any"].shape == (4, 16, 16) and (found["any"] == found["any"][0]).all()
    assert np.array_equal(found["any"][0], masks["control_band"] | masks["patterns"][1] | masks["patterns"][2])
    assert set(found) == {"own", "any"}
    assert truth.neutral(store) == 0


def test_halves_and_decoys_are_returned_beside_the_truth(tmp_path):
    masks = np.random.default_rng(0).random((4, 2, 6, 6)) < 0.5
    with h5py.File(tmp_path / "plant.h5", "w") as file:
        file.create_dataset("planted/truth", data=masks[0] | masks[1])
        file.create_dataset("planted/halves", data=masks[:2])
        file.create_dataset("planted/decoys", data=masks[2])
        file["planted"].attrs["neutral"] = -1
        found = truth.planted(file)
        assert truth.neutral(file) is None
    expected = {"own": masks[0] | masks[1], "half_0": masks[0], "half_1": masks[1], "decoy": masks[2]}
    assert set(found) == {*expected, "any"}
    for name, mask in expected.items():
        assert np.array_equal(found[name], mask)


def test_a_store_of_photographs_has_no_neutral_class(tmp_path):
    with h5py.File(tmp_path / "photographs.h5", "w") as file:
        assert truth.neutral(file) is None


def test_a_store_without_planted_masks_is_refused(tmp_path):
    with h5py.File(tmp_path / "photographs.h5", "w") as file, pytest.raises(ValueError, match="no planted masks"):
        truth.planted(file)


@pytest.fixture
def scored(store):
    """(table, rank, adcs, masks, truths) of maps at random whose class 1 ranks its truth first."""
    generator, pairs, truths = np.random.default_rng(1), ConjugatePairs(16, 16), truth.planted(store)
    increment = generator.standard_normal((4, len(pairs)))
    increment[1] += 100 * pairs.gather(truths["own"][1])
    adcs = pairs.scatter(generator.choice([-3, -1, 1, 3], (4, len(pairs)))).astype(np.int16)
    rank = pairs.scatter(dfm.rank(increment))
    masks = {percent: dfm.dominant(increment, pairs, percent) for percent in (5, 12.5)}
    return truth.score(rank, adcs, masks, truths, draws=200, seed=3), rank, adcs, masks, truths


def test_scores_of_the_maps_count_the_positions_of_the_stored_masks(scored):
    table, _, _, masks, truths = scored
    rankings = 4 + 1 + 2 * 4
    assert len(table) == 4 * 2 * rankings * 2
    for (c, name, percent), rows in table[table["ranking"] == "dfm"].groupby(["class", "truth", "percent"]):
        (row,), mask, planted = rows.to_dict("records"), masks[percent][c], truths[name][c]
        assert row["positions"] == mask.sum() and row["prevalence"] == pytest.approx(planted.mean())
        if planted.any():
            assert row["precision"] == pytest.approx((mask & planted).sum() / mask.sum())
            assert row["recall"] == pytest.approx((mask & planted).sum() / planted.sum())
        else:
            assert np.isnan([row["precision"], row["recall"], row["average_precision"]]).all()
    perfect = table.query("ranking == 'dfm' and `class` == 1 and truth == 'own'")
    assert (perfect["average_precision"] == 1).all() and (perfect["precision"] == 1).all()


def test_scores_of_adcs_are_those_of_every_position(scored):
    """Position by position, without pairs: weights and ties come out the same."""
    table, _, adcs, masks, truths = scored
    for name, values in {"adcs": np.abs(adcs), "adcs_high": adcs, "adcs_low": -adcs}.items():
        for c in (1, 3):
            row = table.query(f"ranking == '{name}' and `class` == {c} and truth == 'own' and percent == 5").iloc[0]
            flat, planted = values[c].ravel(), truths["own"][c].ravel()
            assert row["average_precision"] == pytest.approx(
                slow_average_precision(flat, planted, np.ones(len(flat), int))
            )
            k, best = masks[5][c].sum(), flat == flat.max()
            assert best.sum() > k  # so all are drawn from the first group of ties
            assert row["precision"] == pytest.approx(planted[best].mean())


def test_controls_are_at_chance_and_tell_their_spread(scored):
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
    assert again.equals(table)
    assert not truth.score(rank, adcs, masks, truths, draws=200, seed=4).equals(table)
    with pytest.raises(ValueError, match="draws 1: expected at least 2"):
        truth.score(rank, adcs, masks, truths, draws=1)
    lopsided = truths["own"].copy()
    lopsided[0, 3, 4] = True
    assert not spectrum.symmetric(lopsided)
    with pytest.raises(ValueError, match="mask own is not symmetric"):
        truth.score(rank, adcs, masks, {"own": lopsided})
