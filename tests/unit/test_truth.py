"""Scores against the planted truth, compared with references that count positions one by one."""

import itertools

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frequency_shortcuts.data import stores, synthetic
from frequency_shortcuts.evaluation import truth
from frequency_shortcuts.spectrum import controls
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

DESIGN = synthetic.Design(2, size=16, band_edges=(2, 4, 6))
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


@pytest.mark.parametrize("seed", range(2))
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
    assert stores.neutral_class(store) == 0


def test_halves_and_decoys_are_returned_beside_the_truth(tmp_path):
    masks = np.random.default_rng(0).random((4, 2, 6, 6)) < 0.5
    with h5py.File(tmp_path / "plant.h5", "w") as file:
        file.create_dataset("planted/truth", data=masks[0] | masks[1])
        file.create_dataset("planted/halves", data=masks[:2])
        file.create_dataset("planted/decoys", data=masks[2])
        file["planted"].attrs["neutral"] = -1
        found = truth.planted(file)
        assert stores.neutral_class(file) is None
    expected = {"own": masks[0] | masks[1], "half_0": masks[0], "half_1": masks[1], "decoy": masks[2]}
    assert set(found) == {*expected, "any"}
    for name, mask in expected.items():
        assert np.array_equal(found[name], mask)


def test_a_store_of_photographs_has_no_neutral_class(tmp_path):
    with h5py.File(tmp_path / "photographs.h5", "w") as file:
        assert stores.neutral_class(file) is None


def test_a_store_without_planted_masks_is_refused(tmp_path):
    with h5py.File(tmp_path / "photographs.h5", "w") as file, pytest.raises(ValueError, match="no planted masks"):
        truth.planted(file)
