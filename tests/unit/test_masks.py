"""The top pairs of a ranking."""

import numpy as np
import pytest

from frequency_shortcuts import dfm
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def slow_top(increment, size, wanted):
    left, found, filled = list(range(len(increment))), [], 0
    while left and filled < wanted:
        best = max(left, key=lambda p: (increment[p], -p))  # the first of equals
        left.remove(best)
        found.append(best)
        filled += size[best]
    return found


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 4), (5, 6), (7, 7)])
@pytest.mark.parametrize("levels", [3, 10**6], ids=["ties", "no ties"])
def test_top_equals_a_slow_loop_and_the_dominant_map(size, levels):
    pairs, generator = ConjugatePairs(*size), np.random.default_rng(0)
    increment = generator.integers(-levels, levels, len(pairs)).astype(float)  # whole in float32, too
    for percent in (0.1, 5, 20, 50, 99, 100):
        wanted = positions(*size, percent)
        found = top_pairs(increment, pairs.size, wanted)
        assert found.tolist() == slow_top(increment, pairs.size, wanted)
        mask = pairs.scatter(np.isin(np.arange(len(pairs)), found))
        np.testing.assert_array_equal(mask, dfm.dominant(increment[None], pairs, percent)[0])


def test_top_of_more_than_there_is_is_everything():
    assert top_pairs(np.array([1.0, 3.0, 2.0]), np.array([2, 1, 2]), 99).tolist() == [1, 2, 0]
