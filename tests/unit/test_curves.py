"""Filtered recall against full complex FFTs."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from linear_networks import LABELS, MEAN, STD, called, few, linear, pixels, sizes

from frequency_shortcuts import spectrum
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation import curves


@few
@given(height=sizes, width=sizes, width_of_band=st.sampled_from([0.7, 1, 1.1, 2.5]))
def test_filters_keep_the_rings_that_they_say(height, width, width_of_band):
    cutoffs = [0.5, 1, 2.2, 50]
    found = curves.filters(height, width, cutoffs, width_of_band)
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
            curves.filters(8, 8, cutoffs, 1)
    with pytest.raises(ValueError, match=r"none is within the 5\.7 cycles per image of 8 x 8"):
        curves.filters(8, 8, [6], 1)
    with pytest.raises(ValueError, match="band_width 0: expected above 0"):
        curves.filters(8, 8, [1], 0)


@few
@given(height=sizes, width=sizes, seed=st.integers(0, 5))
def test_filtered_recall_equals_the_full_fft(height, width, seed):
    images, network = pixels(height, width, seed=seed), linear(height, width, seed=seed)
    table = curves.filtered_recall(
        network, images, LABELS, 3, cutoffs=[1, 2], band_width=2, mean=MEAN, std=STD, batch_size=3
    )
    seen = normalise(torch.from_numpy(images), MEAN, STD, torch.float64).numpy()
    chosen = curves.filters(height, width, [1, 2], 2)
    assert len(table) == 3 * (1 + len(chosen))
    views = [("unfiltered", seen)]
    for one in chosen:
        filtered = np.fft.ifft2(np.fft.fft2(seen) * np.fft.ifftshift(one.mask)).real
        views.append((one.name, filtered))
    for i, (name, view) in enumerate(views):
        rows, found = table.iloc[3 * i : 3 * i + 3], called(network, view)
        assert set(rows["filter"]) == {name}
        assert list(rows["tpr"]) == [np.mean(found[c == LABELS] == c) for c in range(3)]
        assert list(rows["fpr"]) == [np.mean(found[c != LABELS] == c) for c in range(3)]
        assert (rows["accuracy"] == np.mean(found == LABELS)).all()


def test_limits_that_are_none_are_missing():
    table = curves.filtered_recall(linear(8, 8), pixels(8, 8), LABELS, 3, cutoffs=[2], band_width=9, mean=MEAN, std=STD)
    limits = table.drop_duplicates("filter").set_index("filter")[["low", "high"]]
    assert limits.loc["unfiltered"].isna().all()
    assert limits.loc["low-pass"].tolist() == [0, 2] and limits.loc["band-stop"].tolist() == [0, 9]
    assert limits.loc["high-pass", "low"] == 2 and np.isnan(limits.loc["high-pass", "high"])
