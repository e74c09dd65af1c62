"""Recall of every class in several views, under filters and under corruptions, against loops over images. Exact."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from linear_networks import LABELS, MEAN, STD, called, few, linear, pixels, sizes

from frequency_shortcuts import intervals, spectrum
from frequency_shortcuts.data.corruptions import corrupt
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation import recall
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.radial import filters

HOW = {"mean": MEAN, "std": STD}


def assert_rates_of_loops(rows, called):
    """TPR, FPR and accuracy of one view, of classes 0 to 2, from the class that the network calls each image."""
    for c, row in zip(range(3), rows.itertuples(), strict=True):
        own = [call == c for call, label in zip(called, LABELS, strict=True) if label == c]
        others = [call == c for call, label in zip(called, LABELS, strict=True) if label != c]
        assert row.images == len(own) and row.fpr == np.mean(others)
        assert (row.tpr, row.tpr_low, row.tpr_high) == tuple(intervals.shares(sum(own), len(own)))
        assert row.accuracy == np.mean(np.array(called) == LABELS)


@few
@given(height=sizes, width=sizes, width_of_band=st.sampled_from([0.7, 1, 1.1, 2.5]))
def test_filters_keep_the_rings_that_they_say(height, width, width_of_band):
    cutoffs = [0.5, 1, 2.2, 50]
    found = filters(height, width, cutoffs, width_of_band)
    corner = np.hypot(height // 2, width // 2)
    expected = [("low-pass", 0, c) for c in cutoffs if c <= corner]
    expected += [("high-pass", c, np.inf) for c in cutoffs if c <= corner]
    assert [(one.name, one.low, one.high) for one in found if one.name != "band-stop"] == expected
    for one in found:
        assert spectrum.symmetric(one.mask) and not one.mask.all() | (not one.mask.any() and one.name != "high-pass")
        for row, column in np.ndindex(height, width):
            r = np.hypot(row - height // 2, column - width // 2)
            kept = {
                "low-pass": r < one.high,
                "high-pass": r >= one.low,
                "band-stop": r == 0 or not one.low <= r < one.high,
            }[one.name]
            assert one.mask[row, column] == kept
    # Every frequency but DC is removed by one band-stop.
    removed = sum(~one.mask for one in found if one.name == "band-stop")
    removed[height // 2, width // 2] += 1
    assert (removed == 1).all()


def test_what_is_no_filter_is_refused():
    for cutoffs in ([], [0, 1], [2, 1], [1, 1]):
        with pytest.raises(ValueError, match="expected increasing radii above 0"):
            filters(8, 8, cutoffs, 1)
    with pytest.raises(ValueError, match=r"none is within the 5\.7 cycles per image of 8 x 8"):
        filters(8, 8, [6], 1)
    with pytest.raises(ValueError, match="band_width 0: expected above 0"):
        filters(8, 8, [1], 0)


def test_limits_that_are_none_are_missing():
    table = recall.filtered_recall(linear(8, 8), pixels(8, 8), LABELS, 3, cutoffs=[2], band_width=9, **HOW)
    limits = table.drop_duplicates("filter").set_index("filter")[["low", "high"]]
    assert limits.loc["unfiltered"].isna().all()
    assert limits.loc["low-pass"].tolist() == [0, 2] and limits.loc["band-stop"].tolist() == [0, 9]
    assert limits.loc["high-pass", "low"] == 2 and np.isnan(limits.loc["high-pass", "high"])


@pytest.mark.parametrize("batch_size", [2, None])
def test_corrupted_recall_equals_loops_over_corruptions_and_images(batch_size):
    network, images = linear(9, 11, channels=1), torch.from_numpy(pixels(9, 11, channels=1))
    how = {"mean": [0.5], "std": [0.3]}
    table = recall.corrupted_recall(network, images, LABELS, 3, seed=2, batch_size=batch_size, **how)
    assert len(table) == 3 * (1 + 5 * 5)
    for (name, strength), rows in table.groupby(["corruption", "strength"], sort=False):
        assert (name == "none") == (strength == 0)
        seen = images if strength == 0 else corrupt(name, images, strength, 2)
        assert_rates_of_loops(rows, called(network, normalise(seen, **how, dtype=torch.float64).numpy()))


def test_images_without_corruption_are_always_tested_and_must_be_bytes():
    table = recall.corrupted_recall(linear(8, 8), pixels(8, 8), LABELS, 3, names=(), **HOW)  # no corruption is drawn
    assert list(table["corruption"]) == ["none"] * 3
    with pytest.raises(ValueError, match="expected uint8"):
        recall.corrupted_recall(linear(8, 8), torch.rand(7, 2, 8, 8), LABELS, 3, **HOW)


def measured(network, images, labels=LABELS, n_classes=3, **options):
    """Recall on images [n, 2, 8, 8] as they are."""
    source, about = source_for(network, images, None, None), pd.DataFrame({"view": ["plain"]})
    return recall.recall_by_view(network, source, labels, n_classes, about, lambda chosen: [source.take(chosen)])


def test_the_network_is_left_as_it_was_and_a_set_of_one_class_has_no_false_positives():
    images = torch.randn(7, 2, 8, 8, dtype=torch.float64)
    network = linear(8, 8).train()
    measured(network, images)
    assert network.training
    table = measured(linear(8, 8, classes=1), images, np.zeros(7, int), 1)
    assert table["fpr"].isna().all() and (table["tpr"] == 1).all()


def test_a_network_of_more_classes_and_a_class_without_images_are_refused():
    images = torch.randn(7, 2, 8, 8, dtype=torch.float64)
    many = linear(8, 8, classes=9)
    many[1].bias.data.copy_(100 * torch.arange(9))
    with pytest.raises(ValueError, match="calls images by more than the 3 classes"):
        measured(many, images)
    with pytest.raises(ValueError, match="class 3"):
        measured(linear(8, 8), images, n_classes=4)
