"""The simulation of the rules of uncertainty, against slow references."""

import re

import numpy as np
import pytest
from scipy.stats import binom

from bench import statistics
from frequency_shortcuts.intervals import clopper_pearson, paired


def test_images_are_hit_at_the_rates_of_masks_and_masks_agree_on_them_by_their_ease():
    """20,000 images in 100 trials; tolerance 0.02, four standard errors of the images that are independent."""
    generator = np.random.default_rng(0)
    hit = statistics.hits(generator, np.tile([0.2, 0.5, 0.5, 0.9], (100, 1)), 200)
    assert hit.mean(axis=(0, 2)) == pytest.approx([0.2, 0.5, 0.5, 0.9], abs=0.02)
    agreement = np.corrcoef(hit[:, 1].ravel(), hit[:, 2].ravel())[0, 1]
    assert agreement == pytest.approx(2 / np.pi * np.arcsin(statistics.EASE), abs=0.02)  # of signs of normal numbers
    drawn = statistics.rates(generator, 0.3, 0.2, 2000, 10)
    assert (drawn.mean(), drawn.std()) == pytest.approx((0.3, 0.2), abs=0.01)
    assert statistics.rates(generator, 0.3, 0.0, 5) == pytest.approx(0.3, abs=1e-3)


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


def test_counts_are_right_as_often_as_the_binomial_distribution_says():
    """20,000 draws; tolerance 0.01, more than four standard errors."""
    k = np.arange(13)
    low, high = np.transpose([clopper_pearson(hits, 12) for hits in k])
    held, above = statistics.counts(np.random.default_rng(0), "", 0.3, 12, 20_000)
    assert held == pytest.approx(binom.pmf(k[(low <= 0.8) & (high >= 0.8)], 12, 0.8).sum(), abs=0.01)
    assert above == pytest.approx(binom.pmf(k[low > 0.5], 12, 0.8).sum(), abs=0.01)


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
