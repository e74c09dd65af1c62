"""Overlap of maps, what chance gives, and halves of images."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts import dfm, shortcuts, spectrum
from frequency_shortcuts.data import splits
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import stability
from frequency_shortcuts.maps.methods.culling import cull
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
few = settings(max_examples=30, deadline=None)


def maps(n_classes, size, percent=10, seed=0, lean=0.0):
    """Maps at random, bool [class, H, W], that prefer low frequencies the more they `lean`."""
    pairs = ConjugatePairs(*size)
    increment = np.random.default_rng(seed).standard_normal((n_classes, len(pairs))) - lean * pairs.radius
    return dfm.dominant(increment, pairs, percent)


def test_maps_that_cannot_be_compared_are_refused():
    left = stability.pack_maps(maps(2, (8, 8)))
    for other in (maps(3, (8, 8)), maps(2, (8, 9)), maps(2, (4, 16))):
        with pytest.raises(ValueError, match="different image sizes or numbers of classes"):
            stability.compare_maps(left, stability.pack_maps(other))
    with pytest.raises(ValueError, match="draws 0"):
        stability.compare_maps(left, left, draws=0)
    assert stability.compare_maps(left, left, draws=1)["iou"].tolist() == [1, 1]


RUNS = [
    {"network": network, "augmentation": augmentation, "seed": seed}
    for network, augmentation, seed in (("a", "none", 0), ("a", "none", 1), ("b", "none", 0), ("a", "sin", 0))
]


def test_every_two_runs_are_compared_by_what_they_differ_in():
    reads = []

    def of(i, percent):
        reads.append((i, percent))
        return stability.pack_maps(maps(3, (8, 8), percent, seed=i))

    tables = list(stability.compare_runs(RUNS, of, [5, 20], draws=10, seed=1))
    assert len(tables) == 6 * 2 and reads == [(i, percent) for percent in (5, 20) for i in range(4)]
    comparisons = [(table["comparison"].iloc[0], table["left"].iloc[0], table["right"].iloc[0]) for table in tables[:6]]
    assert comparisons == [
        ("seeds", "a/none/seed0", "a/none/seed1"),
        ("networks", "a/none/seed0", "b/none/seed0"),
        ("augmentations", "a/none/seed0", "a/sin/seed0"),
        ("several", "a/none/seed1", "b/none/seed0"),
        ("several", "a/none/seed1", "a/sin/seed0"),
        ("several", "b/none/seed0", "a/sin/seed0"),
    ]
    assert tables[-1]["percent"].tolist() == [20] * 3 and tables[-1]["class"].tolist() == [0, 1, 2]
    slow = spectrum.overlap(maps(3, (8, 8), 20, seed=2), maps(3, (8, 8), 20, seed=3))
    assert np.allclose(tables[-1]["iou"], slow)
    again = list(stability.compare_runs(RUNS, of, [5, 20], draws=10, seed=1))
    assert all(one.equals(other) for one, other in zip(tables, again, strict=True))
    assert list(stability.compare_runs(RUNS[:1], of, [5])) == []


@few
@given(st.lists(st.integers(2, 7), min_size=1, max_size=4), st.integers(0, 3))
def test_halves_are_disjoint_even_and_whole(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    first, second = splits.halves(labels, seed)
    assert sorted([*first, *second]) == list(range(len(labels)))
    assert (np.sort(first) == first).all() and (np.sort(second) == second).all()
    for c, n in enumerate(counts):
        assert ((labels[first] == c).sum(), (labels[second] == c).sum()) == (-(-n // 2), n // 2)


def test_a_class_with_one_image_is_named():
    with pytest.raises(ValueError, match=r"^class zebra has 1 image to rank frequencies, too few for two halves$"):
        splits.halves([0, 0, 1], classes=["ox", "zebra"])


IMAGES, LABELS = np.random.default_rng(0).standard_normal((12, 2, 6, 7)).astype(np.float32), np.arange(12) % 3
ABOUT = {"classes": list("abc"), "split": "validation", "created_by": "tests"}


def test_the_file_of_the_halves_holds_the_maps_of_either(tmp_path, small_network):
    network, pairs, path = small_network(2, 3), ConjugatePairs(6, 7), tmp_path / "run.h5"
    found = [cull(network, Split(IMAGES[some], LABELS[some]), "exact") for some in splits.halves(LABELS)]
    dfm.write_halves(path, found, pairs, [5, 12.5], seed=0, **ABOUT)
    for half, percent in ((0, 5), (1, 12.5)):
        read = dfm.read_mask(path, percent, half)
        assert np.array_equal(read, dfm.dominant(found[half].score, pairs, percent))
    with h5py.File(path) as file:
        assert file.attrs["layout"] == "centred" and file.attrs["created_by"] == "tests"
        assert file.attrs["images_per_class"].tolist() == [[2, 2, 2], [2, 2, 2]]
        assert file["mask/top_5"].shape == (2, 3, 6, 7) and file["mask/top_5"].dtype == bool
    halves = [stability.pack_maps(dfm.read_mask(path, 5, half)) for half in (0, 1)]
    (table,) = stability.compare_halves(RUNS[0], lambda _: halves[0], lambda _: halves[1], [5])
    assert table["left"].tolist() == ["a/none/seed0/half0"] * 3 and set(table["comparison"]) == {"images"}
    assert np.allclose(table["iou"], spectrum.overlap(*(dfm.read_mask(path, 5, half) for half in (0, 1))))


def test_files_are_compared_like_the_maps_in_them_one_table_at_a_time(tmp_path, small_network):
    pairs, runs, paths = ConjugatePairs(6, 7), [], []
    for dataset, seed in (("p", 0), ("q", 0), ("p", 1)):
        runs.append({"dataset": dataset, "network": "n", "augmentation": "none", "seed": seed})
        paths.append(tmp_path / f"{dataset}{seed}.h5")
        found = cull(small_network(2, 3, seed), Split(IMAGES, LABELS), "exact")
        dfm.write(paths[-1], found, pairs, [5, 12.5], **ABOUT)
        dfm.write_halves(tmp_path / "halves.h5", [found, found], pairs, [5, 12.5], seed=0, **ABOUT)
    tables = list(
        stability.compare_files(runs, paths, runs[:1], [tmp_path / "halves.h5"], percents=[5, 12.5], draws=3, seed=1)
    )
    assert [(*table.iloc[0][["dataset", "comparison", "percent"]],) for table in tables] == [
        ("p", "seeds", 5), ("p", "seeds", 12.5), ("p", "images", 5), ("p", "images", 12.5)
    ]  # fmt: skip
    assert list(tables[0]["class"]) == list("abc") and list(tables[0])[:4] == ["dataset", "comparison", "left", "right"]
    left, right = (stability.pack_maps(dfm.read_mask(paths[i], 12.5)) for i in (0, 2))
    expected = stability.compare_maps(left, right, draws=3, seed=[1, 0, 1])
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
    found = stability.compare_maps(stability.pack_maps(left), stability.pack_maps(right))
    assert np.allclose(found["iou"], slow)
    assert found["left_positions"].tolist() == left.sum(axis=(1, 2)).tolist()
    assert found["right_positions"].tolist() == right.sum(axis=(1, 2)).tolist()


def test_chance_is_the_overlap_with_control_masks(size=(9, 12)):
    left, right = (maps(2, size, 20, seed, lean=2) for seed in (0, 1))
    right[1] = maps(1, size, 30, 5)[0]  # maps of different sizes
    found = stability.compare_maps(stability.pack_maps(left), stability.pack_maps(right), draws=4000)
    for kind in ("random", "radial"):
        slow = [
            np.mean([slow_overlap(left[c], shortcuts.control_mask(right[c], kind, [c, draw])) for draw in range(400)])
            for c in range(2)
        ]
        assert np.allclose(found[kind], slow, atol=0.015), kind
    assert (found["radial"] > found["random"]).iloc[0]
