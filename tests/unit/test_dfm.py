"""Ranks, masks, DFM files."""

from decimal import Decimal

import h5py
import numpy as np
import pytest

from frequency_shortcuts import dfm
from frequency_shortcuts.maps.methods.method import Found
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


def written(path, percents=(5, 12.5), **about):
    of_classes = {"baseline_loss": np.array([0.1, 0.2, 0.3]), "images_per_class": np.array([4, 5, 6])}
    found = Found(increments(), 9, 1.5, False, {"masks": 3}, {"fill": "zeros", **of_classes}, EVALUATED)
    dfm.write(path, found, PAIRS, percents, classes=CLASSES, **{"split": "validation"} | about)
    return found


def test_rank_is_the_place_in_descending_order():
    values = increments()
    slow = [[sum(other > value for other in row) for value in row] for row in values]
    np.testing.assert_array_equal(dfm.rank(values), slow)
    assert dfm.rank(values).dtype == np.int32


def test_rank_breaks_ties_of_the_stored_precision_by_position():
    np.testing.assert_array_equal(dfm.rank(np.array([1.0, 1 + 1e-12, 2, 1, -0.0, 0.0])), [1, 2, 0, 3, 4, 5])


def test_file_holds_what_was_written(tmp_path):
    found = written(tmp_path / "a.h5")
    held = dfm.read(tmp_path / "a.h5")
    np.testing.assert_array_equal(held.score, PAIRS.scatter(found.score.astype(np.float32)))
    np.testing.assert_array_equal(held.rank, PAIRS.scatter(dfm.rank(found.score)))
    np.testing.assert_array_equal(held.evaluated, PAIRS.scatter(EVALUATED))
    assert list(held.masks) == [5, 12.5]
    for percent in held.masks:
        np.testing.assert_array_equal(held.masks[percent], dfm.dominant(found.score, PAIRS, percent))
        again = dfm.dominant(PAIRS.gather(held.score), PAIRS, percent)
        np.testing.assert_array_equal(held.masks[percent], again)
        np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", percent), again)
        np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", percent, np.array([0, 2])), again[[0, 2]])
    for plane in (held.score, held.rank, held.evaluated, *held.masks.values()):
        assert symmetric(plane)  # a departure from the published maps
    about = held.attributes
    assert about["baseline_loss"].tolist() == [0.1, 0.2, 0.3] and about["images_per_class"].tolist() == [4, 5, 6]
    assert about["classes"].tolist() == CLASSES and "passes" not in about
    names = ("layout", "split", "fill")
    assert [about[name] for name in names] == ["centred", "validation", "zeros"]


def test_the_file_of_a_method_differs_in_the_name_of_the_score_and_says_what_it_took(tmp_path):
    for name, method in (("a", ""), ("b", "hfss")):
        written(tmp_path / name, method=method)
    one, other = (dfm.read(tmp_path / name) for name in "ab")
    np.testing.assert_equal({**vars(one), "attributes": {}}, {**vars(other), "attributes": {}})
    about = {name: other.attributes[name] for name in other.attributes.keys() - one.attributes.keys()}
    assert about == {"method": "hfss", "settings": '{"masks": 3}', "passes": 9, "seconds": 1.5, "resumed": False}
    with h5py.File(tmp_path / "b") as file:
        assert set(file) == {"score", "rank", "evaluated", "mask"}


def test_departure_results_are_hdf5_of_plain_numbers_never_pickle(tmp_path):
    written(tmp_path / "a.h5")
    found = {}
    with h5py.File(tmp_path / "a.h5") as file:
        file.visititems(lambda name, item: found.update({name: item.dtype.name} if hasattr(item, "dtype") else {}))
        assert file["mask/top_5"].chunks == file["rank"].chunks == (1, 6, 5)  # a class is read without the others
    maps = {"mask/top_5": "bool", "mask/top_12.5": "bool"}
    assert found == {"loss_increment": "float32", "rank": "int32", "evaluated": "bool"} | maps


@pytest.mark.parametrize(("size", "percent"), [((8, 8), 1), ((7, 7), 33), ((6, 5), 7), ((1, 9), 100), ((9, 4), 0.1)])
def test_a_size_that_the_file_lacks_is_made_from_the_ranks(tmp_path, size, percent):
    pairs = ConjugatePairs(*size)
    found = Found(increments(2, pairs).round(1), 9, 1.5, False, {}, {})  # with ties
    dfm.write(tmp_path / "a.h5", found, pairs, [50], classes=["a", "b"])
    expected = [slow_dominant(row, pairs, percent) for row in found.score]
    np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", percent), expected)
    np.testing.assert_array_equal(dfm.read_mask(tmp_path / "a.h5", percent, np.array([1])), expected[1:])


def test_a_percentage_that_a_file_without_ranks_lacks_is_named_with_those_it_has(tmp_path):
    written(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file["rank"]
    with pytest.raises(ValueError, match=r" holds no maps of 7 %: expected one of 5, 12\.5"):
        dfm.read_mask(tmp_path / "a.h5", 7)
