"""The simulation of intervals and verdicts: it draws what it says, and what it finds is on the page."""

import re

import numpy as np
import pytest

from bench import statistics
from frequency_shortcuts.intervals import paired


def generator():
    return np.random.default_rng(0)


def cells(text):
    """The rows of a table: its words, and its numbers without their boldness."""
    return [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def test_images_are_hit_at_the_rates_of_masks_and_masks_agree_on_them_by_their_ease():
    """20,000 images in 100 trials; tolerance 0.02, four standard errors of the images that are independent."""
    for ease in (0.0, 0.8):
        found = statistics.hits(generator(), np.tile([0.2, 0.5, 0.5, 0.9], (100, 1)), 200, ease)
        assert found.mean(axis=(0, 2)) == pytest.approx([0.2, 0.5, 0.5, 0.9], abs=0.02)
        together = np.corrcoef(found[:, 1].ravel(), found[:, 2].ravel())[0, 1]
        assert together == pytest.approx(2 / np.pi * np.arcsin(ease), abs=0.02)  # of two signs of normal numbers
    drawn = statistics.rates(generator(), (0.3, 0.2), 2000, 10)
    assert (drawn.mean(), drawn.std()) == pytest.approx((0.3, 0.2), abs=0.01)
    assert statistics.rates(generator(), (0.3, 0.0), 5) == pytest.approx(0.3, abs=1e-3)


def test_a_map_is_strong_if_it_is_above_each_class_and_both_means():
    """Against a loop over trials and masks, with the interval written out."""
    kinds = [((0.6, 0.0), 1), ((0.2, 0.05), 9), ((0.3, 0.1), 10)]
    ((tpr, fpr),) = statistics.shown(generator(), kinds, 50, 50)
    found = statistics.verdicts(tpr, fpr)
    assert 0 < found[:, 0].mean() < found[:, 1].mean() < 1
    for trial, (strong, above) in enumerate(found):
        t, f = tpr[trial] * 1.0, fpr[trial] * 1.0
        lows = []
        for masks in ([1], [2], [3], [4], [5], [6], [7], [8], [9], [10, 11, 12, 13, 14], [15, 16, 17, 18, 19]):
            one, other = paired(t[0] - t[masks].mean(axis=0)), paired(f[0] - f[masks].mean(axis=0))
            draws = [t[k].mean() - f[k].mean() for k in masks]
            variance = np.var(draws, ddof=1) / len(masks) if len(masks) > 1 else 0
            lows.append(one.centre - other.centre - 1.959964 * np.sqrt(one.variance + other.variance + variance))
        assert above == (min(lows) > 0)
        assert strong == (above and t[0].mean() >= 0.6 and f[0].mean() <= 0.1)


@pytest.mark.slow
def test_the_page_has_what_the_simulation_finds():
    """The exact table to its last digit; 200 tests of a setting instead of 1000 within four standard errors or more."""
    page = statistics.PAGE.read_text()
    for seed, part in enumerate(statistics.PARTS[1:], 1):
        (written,) = re.findall(rf"<!-- {part.__name__} -->\n(.*?)\n<!--", page, re.DOTALL)
        if part is statistics.counts:
            assert written == part(generator())
            continue
        for old, new in zip(cells(written), cells(part(np.random.default_rng(seed), 200)), strict=True):
            assert old[0] == new[0]
            for one, other in zip(old[2:], new[2:], strict=True):
                assert one == other or abs(float(one) - float(other)) < 15
