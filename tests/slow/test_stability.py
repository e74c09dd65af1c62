"""Overlap of maps, what chance gives, and halves of images."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_stability import maps

from frequency_shortcuts import shortcuts, spectrum
from frequency_shortcuts.evaluation import stability

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def slow_overlap(left, right):
    """One class: positions in both by positions in either, counted one by one."""
    both = either = 0
    for a, b in zip(left.ravel(), right.ravel(), strict=True):
        both, either = both + (a and b), either + (a or b)
    return both / either if either else np.nan


@given(SIZES, st.floats(1, 100), st.integers(0, 9))
def test_overlap_is_counted_position_by_position(size, percent, seed):
    left, right = maps(2, size, percent, seed), maps(2, size, percent, seed + 1)
    slow = [slow_overlap(a, b) for a, b in zip(left, right, strict=True)]
    assert np.allclose(spectrum.overlap(left, right), slow)
    found = stability.compare(stability.pack_maps(left), stability.pack_maps(right))
    assert np.allclose(found["iou"], slow)
    assert found["left_positions"].tolist() == left.sum(axis=(1, 2)).tolist()
    assert found["right_positions"].tolist() == right.sum(axis=(1, 2)).tolist()


def test_chance_is_the_overlap_with_control_masks(size=(9, 12)):
    left, right = (maps(2, size, 20, seed, lean=2) for seed in (0, 1))
    right[1] = maps(1, size, 30, 5)[0]  # maps of different sizes
    found = stability.compare(stability.pack_maps(left), stability.pack_maps(right), draws=4000)
    for kind in ("random", "radial"):
        slow = [
            np.mean([slow_overlap(left[c], shortcuts.control_mask(right[c], kind, [c, draw])) for draw in range(400)])
            for c in range(2)
        ]
        assert np.allclose(found[kind], slow, atol=0.015), kind
    assert (found["radial"] > found["random"]).iloc[0]
