"""The simulation of the rules of uncertainty, against slow references."""

import re

import numpy as np
import pytest

from bench import statistics
from frequency_shortcuts.intervals import paired


@pytest.mark.parametrize("mean", [False, True])
def test_a_map_is_compared_with_each_mask_or_with_their_mean(mean):
    """Against a loop over trials and masks, with the interval written out."""
    generator = np.random.default_rng(1)
    tpr, fpr = (generator.random((6, 4, n)) < share for n, share in ((50, 0.5), (450, 0.1)))
    _, low, high = statistics.compare(tpr, fpr, mean)
    for trial in range(6):
        t, f = tpr[trial] * 1.0, fpr[trial] * 1.0
        for i, masks in enumerate([[1, 2, 3]] if mean else [[1], [2], [3]]):
            first, second = paired(t[0] - t[masks].mean(axis=0)), paired(f[0] - f[masks].mean(axis=0))
            of_draws = np.var([t[k].mean() - f[k].mean() for k in masks], ddof=1) / 3 if mean else 0
            half = 1.959964 * np.sqrt(first.variance + second.variance + of_draws)
            centre = first.centre - second.centre
            assert (low[trial, i], high[trial, i]) == pytest.approx((centre - half, centre + half))


@pytest.mark.parametrize("name", statistics.PARTS)
def test_the_page_has_what_the_simulation_finds(name):
    """200 tests of a setting instead of 1000: within four standard errors or more."""

    def cells(text):
        return [line.replace("*", "").strip("| ").split(" | ") for line in text.splitlines()[2:]]

    (written,) = re.findall(rf"<!-- {name} -->\n(.*?)\n<!--", statistics.PAGE.read_text(), re.DOTALL)
    table = statistics.part(name, np.random.default_rng(5), 200)
    for old, new in zip(cells(written), cells(table), strict=True):
        assert old[:2] == new[:2]
        for before, now in zip(old[2:], new[2:], strict=True):
            assert before == now or abs(float(before) - float(now)) < 15
