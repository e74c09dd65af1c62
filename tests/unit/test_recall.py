"""Recall of every class under filters, corruptions and plane waves, against loops over images."""

import h5py
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
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation import recall, sensitivity, wave_errors
from frequency_shortcuts.maps.methods.engine import Limits
from frequency_shortcuts.networks.predictions import source_for
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
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
    r = np.hypot(np.arange(height)[:, None] - height // 2, np.arange(width) - width // 2)
    for one in found:
        assert spectrum.symmetric(one.mask) and not one.mask.all() | (not one.mask.any() and one.name != "high-pass")
        of_band = (r == 0) | (r < one.low) | (r >= one.high)
        kept = {"low-pass": r < one.high, "high-pass": r >= one.low, "band-stop": of_band}[one.name]
        assert np.array_equal(one.mask, kept)
    # Every frequency but DC is removed by one band-stop.
    removed = sum(~one.mask for one in found if one.name == "band-stop")
    removed[height // 2, width // 2] += 1
    assert (removed == 1).all()


@pytest.mark.parametrize(
    ("cutoffs", "band_width", "message"),
    [*(([*cutoffs], 1, "expected increasing radii above 0") for cutoffs in ((), (0, 1), (2, 1), (1, 1))),
     ([6], 1, r"none is within the 5\.7 cycles per image of 8 x 8"), ([1], 0, "band_width 0: expected above 0")],
)  # fmt: skip
def test_what_is_no_filter_is_refused(cutoffs, band_width, message):
    with pytest.raises(ValueError, match=message):
        filters(8, 8, cutoffs, band_width)


def test_corrupted_recall_equals_loops_over_corruptions_and_images():
    network, images = linear(9, 11, channels=1), torch.from_numpy(pixels(9, 11, channels=1))
    how = {"mean": [0.5], "std": [0.3]}
    table = recall.corrupted_recall(network, Split(images, LABELS, **how), seed=2, batch_size=2)
    assert len(table) == 3 * (1 + 5 * 5)
    for (name, strength), rows in table.groupby(["corruption", "strength"], sort=False):
        assert (name == "none") == (strength == 0)
        seen = images if strength == 0 else corrupt(name, images, strength, 2)
        assert_rates_of_loops(rows, called(network, normalise(seen, **how, dtype=torch.float64).numpy()))


def test_images_without_corruption_are_always_tested_and_must_be_bytes():
    table = recall.corrupted_recall(
        linear(8, 8), Split(pixels(8, 8), LABELS, **HOW), names=()
    )  # no corruption is drawn
    assert list(table["corruption"]) == ["none"] * 3
    with pytest.raises(ValueError, match="expected uint8"):
        recall.corrupted_recall(linear(8, 8), Split(torch.rand(7, 2, 8, 8), LABELS, **HOW))


def measured(network, images, labels=LABELS):
    """Recall on images [n, 2, 8, 8] as they are."""
    source, about = source_for(network, Split(images, labels)), pd.DataFrame({"view": ["plain"]})
    return recall.recall_by_view(network, source, about, lambda chosen: [source.take(chosen)])


def many_classes():
    """A network that calls images by the last of four classes."""
    network = linear(8, 8, classes=4)
    network[1].bias.data.copy_(100 * torch.arange(4))
    return network


def test_the_network_is_left_as_it_was_and_a_set_of_one_class_has_no_false_positives():
    images = torch.randn(7, 2, 8, 8, dtype=torch.float64)
    network = linear(8, 8, classes=1).train()
    table = measured(network, images, np.zeros(7, int))
    assert table["fpr"].isna().all() and (table["tpr"] == 1).all() and network.training
    with pytest.raises(ValueError, match="calls images by more than the 3 classes"):
        measured(many_classes(), images)


# Plane waves


@few
@given(height=sizes, width=sizes, seed=st.integers(0, 5))
def test_filtered_recall_equals_the_full_fft(height, width, seed):
    images, network = pixels(height, width, seed=seed), linear(height, width, seed=seed)
    table = recall.filtered_recall(network, Split(images, LABELS, **HOW), cutoffs=[1, 2], band_width=2, batch_size=3)
    seen = normalise(torch.from_numpy(images), MEAN, STD, torch.float64).numpy()
    views = [("unfiltered", seen)]
    for one in filters(height, width, [1, 2], 2):
        views.append((one.name, np.fft.ifft2(np.fft.fft2(seen) * np.fft.ifftshift(one.mask)).real))
    assert len(table) == 3 * len(views)
    for i, (name, view) in enumerate(views):
        rows = table.iloc[3 * i : 3 * i + 3]
        assert set(rows["filter"]) == {name}
        assert_rates_of_loops(rows, called(network, view))


def test_sensitivity_refuses_what_it_cannot_measure():
    usual = {"network": linear(8, 8), "norm": 1}
    for change, message in (
        ({"norm": 0}, "norm 0: expected above 0"),
        ({"radius": -1}, "radius -1: no frequency is within it"),
        ({"network": many_classes()}, "an output for class 3, but there are 3 classes"),
    ):
        with pytest.raises(ValueError, match=message):
            sensitivity.fourier_sensitivity(split=Split(pixels(8, 8), LABELS, **HOW), **usual | change)


def test_the_file_holds_centred_planes(tmp_path):
    found = sensitivity.fourier_sensitivity(
        linear(8, 7), Split(pixels(8, 7), LABELS, mean=MEAN, std=STD), norm=2, radius=2.5
    )
    path = tmp_path / "sensitivity.h5"
    wave_errors.write_sensitivity(path, found, classes=["a", "b", "c"], created_by="a test")
    with h5py.File(path) as file:
        error, about = file["error"][:], dict(file.attrs)
        assert error.dtype == np.float32 and error.shape == (3, 8, 7)
        assert np.array_equal(file["count"], [2, 2, 3])
        assert np.array_equal(file["unperturbed_error"], found.unperturbed_error)
    assert about["layout"] == "centred" and list(about["classes"]) == ["a", "b", "c"]
    assert about["created_by"] == "a test" and about["norm"] == 2 and np.isclose(about["rms"], 2 / np.sqrt(56))
    assert np.array_equal(np.isnan(error[0]), spectrum.radius(8, 7) > 2.5)
    assert np.array_equal(found.pairs.gather(error), found.error, equal_nan=True)
    overall, plain = wave_errors.read_overall(path)
    np.testing.assert_allclose(overall, np.average(error, axis=0, weights=[2, 2, 3]), rtol=1e-6)
    assert np.isclose(plain, np.average(found.unperturbed_error, weights=[2, 2, 3]))


def basis(pairs, p):
    """The wave of a pair with norm 1, by an inverse FFT of two coefficients, as the authors of the heat map make it."""
    coefficients = np.zeros((pairs.height, pairs.width), complex)
    (row, column), (other_row, other_column) = pairs.positions[p]
    if (row, column) == (other_row, other_column):
        coefficients[row, column] = 1
    else:
        coefficients[row, column], coefficients[other_row, other_column] = 0.5 + 0.5j, 0.5 - 0.5j
    wave = np.fft.ifft2(np.fft.ifftshift(coefficients)) * np.sqrt(pairs.height * pairs.width)
    assert np.abs(wave.imag).max() < 1e-12 and np.isclose(np.linalg.norm(wave), 1)
    return wave.real


@few
@given(height=sizes, width=sizes, channels=st.sampled_from([1, 2, 3]), seed=st.integers(0, 5))
def test_sensitivity_equals_loops_over_waves_and_images(height, width, channels, seed):
    images, network = pixels(height, width, channels, seed=seed), linear(height, width, channels, seed=seed)
    mean, std = [0.5, 0.4, 0.3][:channels], [0.2, 0.4, 0.1][:channels]
    pairs = ConjugatePairs(height, width)
    found = sensitivity.fourier_sensitivity(
        network, Split(images, LABELS, mean=mean, std=std), norm=1.5, radius=3, seed=seed, limits=Limits(batch=5)
    )
    bright = images / 255
    deviation = np.array(std)[:, None, None]
    seen = (bright - np.array(mean)[:, None, None]) / deviation
    signs = [
        2 * np.random.default_rng([seed, i]).integers(0, 2, (len(pairs), channels), np.int8) - 1
        for i in range(len(images))
    ]
    of_tensors = sensitivity.fourier_sensitivity(
        network, Split(torch.from_numpy(seen), LABELS, std=std), norm=1.5, radius=3, seed=seed, limits=Limits(batch=1)
    )
    np.testing.assert_array_equal(of_tensors.error, found.error)
    assert found.count.tolist() == np.bincount(LABELS).tolist() and found.norm == 1.5
    plain = called(network, seen)
    np.testing.assert_allclose(found.unperturbed_error, [np.mean(plain[c == LABELS] != c) for c in range(3)])
    for p in range(len(pairs)):
        if pairs.radius[p] > 3:
            assert np.isnan(found.error[:, p]).all()
            continue
        wave = 1.5 * basis(pairs, p)
        moved = np.stack([x + sign[p][:, None, None] * wave / deviation for x, sign in zip(seen, signs, strict=True)])
        wrong = called(network, moved) != LABELS
        np.testing.assert_allclose(found.error[:, p], [wrong[c == LABELS].mean() for c in range(3)], rtol=1e-6)
