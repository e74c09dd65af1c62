"""Sensitivity to plane waves against loops over images, pairs and channels."""

import h5py
import numpy as np
import pytest
import torch
from linear_networks import LABELS, MEAN, STD, linear, pixels

from frequency_shortcuts import spectrum
from frequency_shortcuts.data.normalisation import normalise
from frequency_shortcuts.evaluation import sensitivity, wave_errors


def test_neither_batches_nor_the_kind_of_images_matter_but_the_seed_does():
    images, network = pixels(8, 7), linear(8, 7)
    how = {"norm": 2.0, "std": STD}

    def error(images, **options):
        return sensitivity.fourier_sensitivity(network, images, LABELS, 3, **how, **options).error

    expected = error(images, mean=MEAN)
    for batch in (1, 3, None):
        np.testing.assert_array_equal(error(images, mean=MEAN, batch=batch), expected)
    seen = normalise(torch.from_numpy(images), MEAN, STD, torch.float64)
    np.testing.assert_array_equal(error(seen), expected)
    assert (error(images, mean=MEAN, seed=1) != expected).any()


def test_sensitivity_refuses_what_it_cannot_measure():
    images, network = pixels(8, 8), linear(8, 8)
    measure = sensitivity.fourier_sensitivity
    how = {"mean": MEAN, "std": STD}
    with pytest.raises(ValueError, match="norm 0: expected above 0"):
        measure(network, images, LABELS, 3, norm=0, **how)
    with pytest.raises(ValueError, match="radius -1: no frequency is within it"):
        measure(network, images, LABELS, 3, norm=1, radius=-1, **how)
    with pytest.raises(ValueError, match="class 3"):
        measure(network, images, LABELS, 4, norm=1, **how)
    many = linear(8, 8, classes=9)
    many[1].bias.data.copy_(100 * torch.arange(9))
    with pytest.raises(ValueError, match="an output for class 8, but there are 3 classes"):
        measure(many, images, LABELS, 3, norm=1, **how)


def test_the_file_holds_centred_planes(tmp_path):
    found = sensitivity.fourier_sensitivity(
        linear(8, 7), pixels(8, 7), LABELS, 3, norm=2, radius=2.5, mean=MEAN, std=STD
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
