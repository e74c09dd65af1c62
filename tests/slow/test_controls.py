"""Masks that a map is compared with: their size, their rings, their chance."""

import numpy as np
from scipy import stats

from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def test_random_controls_are_uniform_over_the_pairs():
    """Each pair of two is drawn with the same chance: chi-square over 4000 draws, p above 0.001."""
    pairs, increment = ConjugatePairs(6, 6), np.zeros((1, 20))
    increment[0, np.flatnonzero(pairs.size == 2)[:5]] = 1
    mask = dominant(increment, pairs, 28)[0]
    counts = sum(pairs.gather(control_mask(mask, "random", s)).astype(int) for s in range(4000))
    assert (counts[pairs.size == 1] == 0).all()
    assert stats.chisquare(counts[pairs.size == 2]).pvalue > 0.001
