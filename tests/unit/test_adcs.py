"""ADCS against a slow double loop over classes. Tolerance 1e-10 in float64, 1e-4 in float32 (amplitudes near 10)."""

import itertools
import math

import h5py
import numpy as np
import pytest
import torch

from frequency_shortcuts import adcs
from frequency_shortcuts.images.splits import Split


def noise(n, channels, height, width, seed=0):
    return np.random.default_rng(seed).standard_normal((n, channels, height, width))


def slow_spectra(images, weights=(1,)):
    """Mean amplitude of images of a class, and the standard error of the weighted sum over channels."""
    amplitude = np.abs(np.fft.fftshift(np.fft.fft2(images), axes=(-2, -1)))
    joined = sum(weight * amplitude[:, i] for i, weight in enumerate(weights))
    return amplitude.mean(axis=0), joined.std(axis=0, ddof=min(1, len(images) - 1)) / np.sqrt(
        len(images)
    )


def slow_adcs(energy, error):
    """Differences count from three standard errors on. A departure: published maps compare a class with itself, too."""
    out = np.zeros(energy.shape, int)
    for c, other in itertools.permutations(range(len(energy)), 2):
        difference = energy[c] - energy[other]
        clear = np.abs(difference) > 3 * np.sqrt(error[c] ** 2 + error[other] ** 2)
        out[c] += np.where(clear, np.sign(difference), 0).astype(int)
    return out


@pytest.mark.parametrize(
    ("size", "kind", "dtype", "tolerance", "weights"),
    [
        ((7, 6), "array", np.uint8, 1e-5, [0.3, 0.7]), ((32, 32), "HDF5", np.uint8, 1e-5, None),
        ((6, 7), "tensor", np.float32, 1e-5, None), ((1, 4), "tensor", np.float64, 1e-12, None),
        ((8, 8), "array", np.float64, 1e-12, [0.3, 0.7]),
    ],
)  # fmt: skip
def test_spectra_are_accurate_for_every_kind_of_images(
    tmp_path, size, kind, dtype, tolerance, weights
):
    """Relative error; 300 images of 21 classes, one of which has a single image."""
    generator = np.random.default_rng(0)
    images, mean, std = (
        generator.integers(0, 256, (300, 2, *size), np.uint8),
        [0.4, 0.5],
        [0.2, 0.3],
    )
    labels = generator.permutation(np.r_[20, np.arange(299) % 20])
    seen = (images / 255 - np.reshape(mean, (2, 1, 1))) / np.reshape(std, (2, 1, 1))
    inputs = images if dtype == np.uint8 else seen.astype(dtype)
    before = inputs.copy()
    with h5py.File(tmp_path / "images.h5", "w") as file:
        if kind == "tensor":
            inputs = torch.from_numpy(inputs)
        elif kind == "HDF5":
            inputs = file.create_dataset(
                "images", data=inputs, chunks=(1, 2, *size), compression="gzip"
            )
        found = adcs.class_spectra(
            Split(inputs, labels, mean=mean, std=std), channel_weights=weights
        )
        np.testing.assert_array_equal(inputs, before)  # it leaves them alone
    assert found.mean_amplitude.dtype == np.float64
    amplitude, error = zip(
        *(slow_spectra(seen[labels == c], weights or [0.5, 0.5]) for c in range(21)), strict=True
    )
    np.testing.assert_allclose(found.mean_amplitude, amplitude, rtol=tolerance)
    np.testing.assert_allclose(
        found.standard_error[:20], error[:20], rtol=1e-4 if tolerance > 1e-9 else 1e-9
    )


@pytest.mark.parametrize("order", ["mixed", "sorted", "one large class"])
def test_spectra_stay_accurate_over_many_images_of_a_small_spread(monkeypatch, order):
    """Short sums are in float32: 3000 images of mean 5 stay within a relative 1e-6 all the same.

    So does the standard error within 1e-3, although the variance is 1e-6 of the squared mean.
    """
    generator = np.random.default_rng(0)
    labels = {
        "mixed": generator.integers(0, 3, 3000),
        "sorted": np.repeat([0, 1, 2], [1500, 1, 1499]),
        "one large class": generator.permutation(np.r_[np.zeros(2998, int), 1, 2]),
    }[order]
    images = (5 + 0.005 * noise(3000, 1, 1, 2)).astype(np.float32)
    amplitude, error = zip(
        *(slow_spectra(images[labels == c].astype(float)) for c in range(3)), strict=True
    )
    for pixels in (adcs.BATCH_PIXELS, 200):
        monkeypatch.setattr(adcs, "BATCH_PIXELS", pixels)
        found = adcs.class_spectra(Split(images, labels))
        np.testing.assert_allclose(found.mean_amplitude, amplitude, rtol=1e-6)
        np.testing.assert_allclose(found.standard_error[0], error[0], rtol=1e-3)


@pytest.mark.parametrize(("n_classes", "at_once"), [(1, 2**22), (5, 2**22), (6, 1), (6, 60)])
def test_accumulate_equals_the_double_loop_for_any_number_of_rows_at_once(
    monkeypatch, n_classes, at_once
):
    """A tie counts 0."""
    monkeypatch.setattr(adcs, "RANKED_AT_ONCE", at_once)
    amplitude = np.random.default_rng(1).integers(0, 3, (n_classes, 1, 7, 8)).astype(float)
    np.testing.assert_array_equal(
        adcs.accumulate(amplitude), slow_adcs(amplitude[:, 0], 0 * amplitude[:, 0])
    )
    amplitude = np.abs(noise(n_classes, 3, 7, 8))
    weighted = np.tensordot(adcs.LUMA, amplitude, (0, 1))
    assert sum(adcs.LUMA) == pytest.approx(1)
    for weights, energy in ((None, amplitude.mean(axis=1)), (adcs.LUMA, weighted)):
        found = adcs.accumulate(amplitude, weights)
        assert found.dtype == np.int16
        np.testing.assert_array_equal(found, slow_adcs(energy, 0 * energy))


SPECTRA = np.zeros((2, 1, 4, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: adcs.accumulate(SPECTRA + np.nan), "some mean amplitudes are not finite numbers"),
        (lambda: adcs.accumulate(SPECTRA, adcs.LUMA), "3 channel weights for 1 channels"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_equal_images_have_a_standard_error_of_0_in_spite_of_rounding():
    """Within 1e-7 of the mean amplitude: rounding may make the computed variance negative."""
    images = np.concatenate(
        [np.repeat(noise(1, 1, 9, 9, seed=seed), 7, axis=0) for seed in range(5)]
    )
    found = adcs.class_spectra(Split(images, np.repeat(np.arange(5), 7)))
    assert (found.standard_error >= 0).all()
    assert (found.standard_error <= 1e-7 * found.mean_amplitude[:, 0]).all()


def test_a_class_of_one_image_has_no_standard_error_and_no_significant_difference():
    found = adcs.class_spectra(Split(noise(5, 1, 4, 4), np.array([0, 1, 1, 2, 2])))
    assert np.isnan(found.standard_error[0]).all() and np.isfinite(found.standard_error[1:]).all()
    assert (adcs.accumulate_significant(found.mean_amplitude, found.standard_error)[0] == 0).all()


@pytest.mark.parametrize(
    ("n_classes", "weights", "at_once"),
    [(1, None, 2**18), (2, None, 1), (5, adcs.LUMA, 2**18), (5, adcs.LUMA, 60)],
)
def test_significant_differences_equal_the_double_loop(monkeypatch, n_classes, weights, at_once):
    monkeypatch.setattr(adcs, "COMPARED_AT_ONCE", at_once)
    amplitude, error = (
        np.abs(noise(n_classes, 3, 7, 8)),
        0.3 * np.abs(noise(n_classes, 1, 7, 8, seed=1))[:, 0],
    )
    energy = sum(w * amplitude[:, i] for i, w in enumerate(weights or [1 / 3] * 3))
    found = adcs.accumulate_significant(amplitude, error, weights)
    assert found.dtype == np.int16 and (n_classes == 1 or found.any())
    np.testing.assert_array_equal(found, slow_adcs(energy, error))


def slow_distinctiveness(energy, error, c, others):
    """One class against others: over the positions one by one, a pair by its first member."""
    height, width = energy.shape[1:]
    sizes = []
    for i, j in np.ndindex(height, width):
        mirrored = (2 * (height // 2) - i) % height, (2 * (width // 2) - j) % width
        if (i, j) <= mirrored and (i, j) != (height // 2, width // 2):
            difference = energy[c, i, j] - sum(energy[k, i, j] for k in others) / len(others)
            variance = (
                error[c, i, j] ** 2 + sum(error[k, i, j] ** 2 for k in others) / len(others) ** 2
            )
            sizes.append(abs(difference) / variance**0.5)
    largest = sorted(sizes)[-math.ceil(0.05 * len(sizes)) :]
    return (sum(size**2 for size in largest) / len(largest)) ** 0.5


@pytest.mark.parametrize(("size", "weights"), [((7, 9), adcs.LUMA), ((12, 8), None)])
def test_distinctiveness_equals_that_of_a_loop_over_positions(size, weights):
    images, labels = noise(60, 3, *size), np.arange(60) % 4
    images[labels == 1] *= 1.3
    found = adcs.class_spectra(Split(images, labels), channel_weights=weights)
    joined = np.tensordot(found.mean_amplitude, weights or [1 / 3] * 3, axes=(1, 0))
    measured = adcs.distinctiveness(found.mean_amplitude, found.standard_error, weights)
    for c in range(4):
        others = [k for k in range(4) if k != c]
        expected = slow_distinctiveness(joined, found.standard_error, c, others)
        assert measured[c] == pytest.approx(expected, rel=1e-9)
    assert measured.argmax() == 1


def test_distinctiveness_leaves_out_a_class_of_one_image():
    images, labels = noise(31, 1, 8, 8), np.array([*np.arange(30) % 3, 3])
    found = adcs.class_spectra(Split(images, labels))
    measured = adcs.distinctiveness(found.mean_amplitude, found.standard_error)
    alone = adcs.class_spectra(Split(images[:30], labels[:30]))
    assert np.isnan(measured[3])
    np.testing.assert_allclose(
        measured[:3], adcs.distinctiveness(alone.mean_amplitude, alone.standard_error)
    )
    assert np.isnan(adcs.distinctiveness(found.mean_amplitude[2:], found.standard_error[2:])).all()


def test_equal_amplitudes_without_an_error_do_not_differ():
    amplitude, error = np.ones((3, 1, 4, 4)), np.zeros((3, 4, 4))
    np.testing.assert_array_equal(adcs.distinctiveness(amplitude, error), 0)
    amplitude[1, 0, 2, 3] = amplitude[1, 0, 2, 1] = 2
    assert np.isinf(adcs.distinctiveness(amplitude, error)).all()
