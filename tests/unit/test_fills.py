"""The fill of the frequencies that are not kept. Tolerance 1e-12 in double precision unless stated."""

import numpy as np
import pytest
import torch

from frequency_shortcuts.spectrum import fills

LABELS = np.array([0, 1, 2, 2, 0, 2, 2, 1, 2, 0, 2, 1])


@pytest.mark.parametrize("seed", range(5))
def test_donors_are_of_the_neutral_class_and_never_the_image_itself(seed):
    found = fills.donors(LABELS, neutral=2, seed=seed)
    assert (LABELS[found] == 2).all()
    assert (found != np.arange(len(LABELS))).all()
    assert sorted(found[LABELS == 2]) == sorted(np.flatnonzero(LABELS == 2))  # each gives to one of its own class


@pytest.mark.parametrize("seed", range(5))
def test_donors_without_a_neutral_class_are_of_another_class(seed):
    found = fills.donors(LABELS, seed=seed)
    assert (LABELS[found] != LABELS).all()
    np.testing.assert_array_equal(found, fills.donors(LABELS, seed=seed))
    assert not np.array_equal(found, fills.donors(LABELS, seed=seed + 5))


def test_every_donor_of_a_class_is_used_about_equally_often():
    labels = np.repeat([0, 1], [7, 30])
    count = np.bincount(fills.donors(labels, neutral=0)[labels == 1], minlength=7)
    assert count[:7].min() >= 4 and count[:7].max() <= 5


def test_donors_say_where_there_is_none():
    with pytest.raises(ValueError, match="an image of class 0 needs another image of another class"):
        fills.donors([0, 0, 0])
    with pytest.raises(ValueError, match="an image of class 0 needs another image of the neutral class 0"):
        fills.donors([0, 1, 1], neutral=0)
    with pytest.raises(ValueError, match="class 0 needs another image of the neutral class 3"):
        fills.donors([0, 1, 1], neutral=3)


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (6, 5), (5, 8), (1, 9), (1, 1)])
def test_noise_has_the_mean_amplitude_and_one_phase_in_all_channels(size):
    images = torch.randn(5, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    fill = fills.noise(images, seed=3)
    height, width = size
    # The slow reference: the whole complex spectrum of the image that the fill is, position by position.
    whole = np.fft.fft2(torch.fft.irfft2(fill, s=size).numpy())
    spectra = np.fft.fft2(images.numpy())
    for u in range(height):
        for v in range(width):
            fill_values, own = whole[:, u, v], spectra[:, :, u, v]
            if (-u % height, -v % width) == (u, v):
                np.testing.assert_allclose(fill_values, own.mean(axis=0), rtol=0, atol=1e-12)
            else:
                np.testing.assert_allclose(np.abs(fill_values), np.abs(own).mean(axis=0), rtol=0, atol=1e-12)
                np.testing.assert_allclose(
                    fill_values / np.abs(fill_values), fill_values[0] / np.abs(fill_values[0]), rtol=0, atol=1e-10
                )


def test_noise_is_seeded_and_the_same_in_batches():
    images = torch.randn(6, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    fill = fills.noise(images, seed=1)
    assert fill.dtype == torch.complex64
    torch.testing.assert_close(fills.noise(images.split(4), seed=1), fill, rtol=1e-6, atol=1e-6)
    assert not torch.equal(fills.noise(images, seed=2), fill)
    with pytest.raises(ValueError, match="there are no images"):
        fills.noise([])


def test_phases_are_uniform():
    found = np.angle(fills.random_phases(64, 64, seed=0))
    assert abs(np.mean(np.exp(1j * found[:, 1:-1]))) < 0.1
