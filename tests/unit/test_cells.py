"""Cells of conjugate pairs, against a loop over the positions of the spectrum."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.spectrum.cells import cells
from frequency_shortcuts.spectrum.masks import symmetric
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

sides = st.integers(1, 13)
lengths = st.one_of(st.just(1), st.integers(1, 14), st.floats(1, 14))
shifts = st.sampled_from([0, 0.25, 0.5, 0.9])


def rectangles(pairs, height, width, shift=0):
    """The rectangle of each pair: (row, column) of the tiling, found with signed frequencies."""
    found = []
    for members in pairs.positions:
        options = []
        for row, column in members:
            u, v = row - pairs.height // 2, column - pairs.width // 2
            if v == -pairs.width / 2:  # the Nyquist column has both signs
                v = -v
            if v >= 0:
                options.append((u, v))
        u, v = options[0]  # in the columns that are their own mirror, the member with the lower row
        if width > 1 and pairs.width % 2 == 0 and v == pairs.width // 2:
            v -= 1
        found.append((math.floor((u + pairs.height // 2) / height + shift), math.floor(v / width + shift)))
    return found


@settings(max_examples=150, deadline=None)
@given(size=st.tuples(sides, sides), height=lengths, width=lengths, shift=shifts)
def test_two_pairs_share_a_cell_if_they_lie_in_one_rectangle(size, height, width, shift):
    pairs = ConjugatePairs(*size)
    found, expected = cells(pairs, height, width, shift=shift), rectangles(pairs, height, width, shift)
    assert found.shape == (len(pairs),)
    assert sorted(set(found)) == list(range(len(set(expected))))
    assert len(set(zip(found, expected, strict=True))) == len(set(expected))


@settings(max_examples=60, deadline=None)
@given(size=st.tuples(sides, sides), height=lengths, width=lengths, shift=shifts)
def test_every_cell_is_symmetric_and_the_cells_divide_the_spectrum(size, height, width, shift):
    pairs = ConjugatePairs(*size)
    found = cells(pairs, height, width, shift=shift)
    masks = [pairs.scatter(found == number) for number in range(found.max() + 1)]
    assert all(symmetric(mask) and mask.any() for mask in masks)
    assert (np.sum(masks, axis=0) == 1).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5, 7), (6, 5), (8, 8)])
def test_a_cell_of_one_position_is_a_pair_and_one_of_the_whole_size_holds_all(size):
    pairs = ConjugatePairs(*size)
    for shift in (0, 0.5):
        assert len(np.unique(cells(pairs, 1, 1, shift=shift))) == len(pairs)
    assert not cells(pairs, *size).any()


@pytest.mark.parametrize(("side", "cell", "count"), [(224, 14, 128), (32, 8, 8), (32, 2, 128), (32, 32, 1)])
def test_cells_of_even_images_have_nearly_the_same_size(side, cell, count):
    """A cell next to the Nyquist column holds one column more."""
    pairs = ConjugatePairs(side, side)
    numbers = np.bincount(cells(pairs, cell, cell))
    assert len(numbers) == count
    assert numbers.max() <= cell * (cell + 1)
    assert numbers.sum() == len(pairs)


@pytest.mark.parametrize("change", [{"height": 0.5}, {"width": 0}, {"shift": 1}, {"shift": -0.1}], ids=str)
def test_values_out_of_range_are_refused(change):
    with pytest.raises(ValueError, match=r"cells of .*expected at least 1 x 1, and 0 to below 1$"):
        cells(ConjugatePairs(8, 8), **{"height": 2, "width": 2, **change})
