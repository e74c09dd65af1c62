"""Overlap of maps across seeds, and what chance gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts import dfm, shortcuts, spectrum
from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.maps.methods.method import Found
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
few = settings(max_examples=30, deadline=None)


def maps(n_classes, size, percent=10, seed=0, lean=0.0):
    """Maps at random, bool [class, H, W], that prefer low frequencies the more they `lean`."""
    pairs = ConjugatePairs(*size)
    increment = np.random.default_rng(seed).standard_normal((n_classes, len(pairs))) - lean * pairs.radius
    return dfm.dominant(increment, pairs, percent)


def test_maps_that_cannot_be_compared_are_refused():
    left = maps(2, (8, 8))
    for other in (maps(3, (8, 8)), maps(2, (8, 9)), maps(2, (4, 16))):
        with pytest.raises(ValueError, match="only maps of one size and as many classes overlap"):
            stability.compare_maps(left, other)
    assert stability.compare_maps(left, left, draws=1)["iou"].tolist() == [1, 1]


def test_files_of_the_seeds_of_a_network_are_compared_like_the_maps_in_them_one_table_at_a_time(tmp_path):
    """The draws depend on the places of the runs in the data set; the runs of another network count as places."""
    pairs, runs, paths = ConjugatePairs(6, 7), [], []
    for i, (dataset, network, seed) in enumerate([("p", "n", 0), ("q", "n", 0), ("p", "m", 0), ("p", "n", 1)]):
        runs.append({"dataset": dataset, "network": network, "augmentation": "none", "seed": seed})
        paths.append(tmp_path / f"{i}.h5")
        score = np.random.default_rng(i).standard_normal((3, len(pairs)))
        dfm.write(paths[-1], Found(score, 0, 0, False, {}), pairs, [5, 12.5], classes=list("abc"))
    tables = list(stability.compare_seeds(runs, paths, percents=[5, 12.5], draws=3, seed=1))
    ends = ("p", "n/none/seed0", "n/none/seed1")
    columns = ["dataset", "left", "right", "percent", "class"]
    assert [(*table.iloc[0][columns[:4]],) for table in tables] == [(*ends, 5), (*ends, 12.5)]
    assert list(tables[0])[:5] == columns and list(tables[0]["class"]) == list("abc")
    left, right = (dfm.read_mask(paths[i], 12.5) for i in (0, 3))
    expected = stability.compare_maps(left, right, draws=3, seed=[1, 0, 2])
    assert np.array_equal(tables[1][list(expected)], expected, equal_nan=True)


def slow_overlap(left, right):
    """One class: positions in both by positions in either, counted one by one."""
    both = either = 0
    for a, b in zip(left.ravel(), right.ravel(), strict=True):
        both, either = both + (a and b), either + (a or b)
    return both / either if either else np.nan


@few
@given(SIZES, st.floats(1, 100), st.integers(0, 9))
def test_overlap_is_counted_position_by_position(size, percent, seed):
    left, right = maps(2, size, percent, seed), maps(2, size, percent, seed + 1)
    slow = [slow_overlap(a, b) for a, b in zip(left, right, strict=True)]
    assert np.allclose(spectrum.overlap(left, right), slow)
    found = stability.compare_maps(left, right)
    assert np.allclose(found["iou"], slow)
    assert found["left_positions"].tolist() == left.sum(axis=(1, 2)).tolist()
    assert found["right_positions"].tolist() == right.sum(axis=(1, 2)).tolist()


def test_chance_is_the_overlap_with_control_masks(size=(9, 12)):
    left, right = (maps(2, size, 20, seed, lean=2) for seed in (0, 1))
    right[1] = maps(1, size, 30, 5)[0]  # maps of different sizes
    found = stability.compare_maps(left, right, draws=4000)
    for kind in ("random", "radial"):
        slow = [
            np.mean([slow_overlap(left[c], shortcuts.control_mask(right[c], kind, [c, draw])) for draw in range(400)])
            for c in range(2)
        ]
        assert np.allclose(found[kind], slow, atol=0.015), kind
    assert (found["radial"] > found["random"]).iloc[0]
