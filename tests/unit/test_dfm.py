"""Ranks, masks, DFM files."""

from decimal import Decimal

import h5py
import numpy as np
import pytest

from frequency_shortcuts import dfm
from frequency_shortcuts.maps.methods.culling import Culling
from frequency_shortcuts.spectrum.masks import symmetric
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

PAIRS = ConjugatePairs(6, 5)
EVALUATED = np.arange(3 * len(PAIRS)).reshape(3, -1) % 2 == 0
CLASSES = ["a", "b", "c"]


def increments(n_classes=3, pairs=PAIRS, seed=0):
    return np.random.default_rng(seed).standard_normal((n_classes, len(pairs)))


def slow_dominant(increment, pairs, percent):
    """One class: keep pairs, best first, until enough positions are kept."""
    plane = np.zeros((pairs.height, pairs.width), bool)
    wanted = int(Decimal(str(percent)) * pairs.height * pairs.width / 100)
    for p in sorted(range(len(pairs)), key=lambda p: (-np.float32(increment[p]), p)):
        if plane.sum() >= max(1, wanted):
            break
        for row, column in pairs.positions[p]:
            plane[row, column] = True
    return plane


def written(path, percents=(5, 12.5), method="screened", **origin):
    culling = Culling(
        increment=increments(),
        evaluated=EVALUATED,
        baseline_loss=np.array([0.1, 0.2, 0.3]),
        images_per_class=np.array([4, 5, 6]),
        passes=np.array([40, 41, 42]),
        expected_recall=np.array([0.98, 0.99, 1.0]),
        left_out=np.array([9, 8, 0]),
        audited=np.array([3, 2, 0]),
        missed=np.array([0, 1, 0]),
        audits=np.array([1, 2, 1]),
        method=method,
        percent=5,
        target_recall=0.9,
        precision="float32",
        fingerprint="",
    )
    about = {"classes": CLASSES, "split": "validation", "created_by": "tests"}
    about |= {"network": "ab"} | origin
    dfm.write(path, culling, PAIRS, percents, **about)
    return culling


def test_rank_is_the_place_in_descending_order():
    values = increments()
    slow = [[sum(other > value for other in row) for value in row] for row in values]
    np.testing.assert_array_equal(dfm.rank(values), slow)
    assert dfm.rank(values).dtype == np.int32


def test_rank_breaks_ties_of_the_stored_precision_by_position():
    np.testing.assert_array_equal(dfm.rank(np.array([1.0, 1 + 1e-12, 2, 1, -0.0, 0.0])), [1, 2, 0, 3, 4, 5])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
@pytest.mark.filterwarnings("ignore:overflow")
def test_rank_refuses_what_is_not_finite_as_stored(bad):
    with pytest.raises(ValueError, match="not finite numbers: the pairs cannot be ranked"):
        dfm.rank(np.array([1.0, bad]))


@pytest.mark.parametrize(("size", "percent"), [((8, 8), 1), ((7, 7), 20), ((6, 5), 20), ((1, 9), 100)])
def test_dominant_equals_a_slow_loop(size, percent):
    pairs = ConjugatePairs(*size)
    values = increments(2, pairs).round(1)  # with ties
    masks = dfm.dominant(values, pairs, percent)
    np.testing.assert_array_equal(masks, [slow_dominant(row, pairs, percent) for row in values])
    assert masks.dtype == bool


def test_file_holds_what_was_written(tmp_path):
    culling = written(tmp_path / "a.h5")
    held = dfm.read(tmp_path / "a.h5")
    np.testing.assert_array_equal(held.loss_increment, PAIRS.scatter(culling.increment.astype(np.float32)))
    np.testing.assert_array_equal(held.rank, PAIRS.scatter(dfm.rank(culling.increment)))
    np.testing.assert_array_equal(held.evaluated, PAIRS.scatter(EVALUATED))
    assert list(held.masks) == [5, 12.5]
    for percent in held.masks:
        np.testing.assert_array_equal(held.mask(percent), dfm.dominant(culling.increment, PAIRS, percent))
        again = dfm.dominant(PAIRS.gather(held.loss_increment), PAIRS, percent)
        np.testing.assert_array_equal(held.mask(percent), again)
    for plane in (held.loss_increment, held.rank, held.evaluated, *held.masks.values()):
        assert symmetric(plane)  # a departure from the published maps
    about = held.attributes
    assert about["baseline_loss"].tolist() == [0.1, 0.2, 0.3] and about["images_per_class"].tolist() == [4, 5, 6]
    assert about["classes"].tolist() == CLASSES
    names = ("layout", "method", "split", "fill", "network")
    assert [about[name] for name in names] == ["centred", "screened", "validation", "zeros", "ab"]


def test_a_screened_file_says_what_its_audit_found(tmp_path):
    written(tmp_path / "a.h5")
    about = dfm.read(tmp_path / "a.h5").attributes
    assert about["left_out"].tolist() == [9, 8, 0] and about["audited"].tolist() == [3, 2, 0]
    # The map holds one position of 30, one pair: a miss among two of eight means three of the six that are left.
    assert about["recall"].tolist() == [1, 0, 1]
    assert (about["recall_low"] <= about["recall"]).all() and (about["recall"] <= about["recall_high"]).all()
    assert about["recall_low"][2] == about["recall_high"][2] == 1  # nothing was left out
    assert about["recall_of_all_classes"].shape == (3,)
    written(tmp_path / "b.h5", method="exact")
    assert not {"recall", "audited", "percent"} & set(dfm.read(tmp_path / "b.h5").attributes)
    assert about["passes"].tolist() == [40, 41, 42] and about["target_recall"] == 0.9 and about["percent"] == 5


def test_departure_results_are_hdf5_of_plain_numbers_never_pickle(tmp_path):
    written(tmp_path / "a.h5")
    found = {}
    with h5py.File(tmp_path / "a.h5") as file:
        file.visititems(lambda name, item: found.update({name: item.dtype.name} if hasattr(item, "dtype") else {}))
    maps = {"mask/top_5": "bool", "mask/top_12.5": "bool"}
    assert found == {"loss_increment": "float32", "rank": "int32", "evaluated": "bool"} | maps


def test_a_percentage_that_the_file_lacks_is_named_with_those_it_has(tmp_path):
    written(tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r" holds no maps of 7 %"):
        dfm.read(tmp_path / "a.h5").mask(7)
    with pytest.raises(ValueError, match=r" holds no maps of 7 %: expected one of 5, 12\.5"):
        dfm.read_mask(tmp_path / "a.h5", 7)


def test_one_map_is_read_without_the_rest(tmp_path):
    written(tmp_path / "a.h5")
    whole = dfm.read(tmp_path / "a.h5").mask(12.5)
    np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", 12.5), whole)
    np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", 12.5, np.array([0, 2])), whole[[0, 2]])
    with h5py.File(tmp_path / "a.h5") as file:  # so that a class is read without the others
        assert file["mask/top_5"].chunks == file["rank"].chunks == (1, 6, 5)
