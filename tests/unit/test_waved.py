"""Photographs with a plane wave in one class."""

import numpy as np
import pytest

from frequency_shortcuts.data.waved import HARMONICS, Wave, WavedImages
from frequency_shortcuts.spectrum.masks import symmetric

LABELS = np.array([0, 1, 1, 0])


def pictures(value=128, shape=(1, 12, 10)):
    return np.full((len(LABELS), *shape), value, np.uint8)


def test_the_wave_stands_in_the_images_of_its_class_only():
    found = Wave(1, (2, 3), 0.2).add(pictures(), LABELS)
    assert (found[LABELS == 0] == 128).all()
    y, x = np.mgrid[:12, :10]
    expected = 128 + 255 * 0.2 * np.cos(2 * np.pi * (2 * y / 12 + 3 * x / 10))
    np.testing.assert_allclose(found[1, 0], expected, atol=0.5)


def test_images_without_clipping_gain_energy_at_the_pair_of_the_wave_alone():
    wave = Wave(1, (2, 3), 0.2)
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(wave.add(pictures(), LABELS)[1, 0].astype(float))))
    spectrum[6, 5] = 0
    truth = wave.masks(2, 12, 10)["truth"]
    assert not truth[0].any() and truth[1].sum() == 2
    assert spectrum[truth[1]].min() > 20 * spectrum[~truth[1]].max()


@pytest.mark.parametrize("frequency", [(0, 1), (1, 0), (1, 1), (-1, 2)])
def test_clipped_waves_have_their_harmonics(frequency):
    wave = Wave(0, frequency, 0.3)
    images = wave.add(np.zeros((1, 1, 32, 32), np.uint8), np.array([0]))
    spectrum = np.abs(np.fft.fftshift(np.fft.fft2(images[0, 0].astype(float))))
    spectrum[16, 16] = 0
    masks = wave.masks(1, 32, 32)
    assert not (masks["truth"] & masks["harmonics"]).any()
    assert masks["harmonics"].sum() == 2 * (HARMONICS - 1)
    inside = (masks["truth"] | masks["harmonics"])[0]
    # The third harmonic of half a wave is zero; the fifth and later ones hold less than a hundredth of the energy.
    assert (spectrum[inside] ** 2).sum() > 0.99 * (spectrum**2).sum()


def test_masks_are_symmetric_also_where_the_harmonics_are_aliased():
    for masks in Wave(1, (3, -4), 0.1).masks(3, 9, 8).values():
        assert masks.shape == (3, 9, 8) and symmetric(masks)


def test_images_with_a_wave_are_made_when_they_are_read():
    wave, images = Wave(1, (0, 2), 0.1), np.random.default_rng(0).integers(256, size=(4, 3, 8, 8), dtype=np.uint8)
    lazy = WavedImages(images, LABELS == 1, wave)
    assert lazy.shape == images.shape and len(lazy) == 4 and lazy.dtype == np.uint8
    np.testing.assert_array_equal(lazy[1:3], wave.add(images, LABELS)[1:3])
    np.testing.assert_array_equal(lazy[np.array([3, 1])], wave.add(images, LABELS)[[3, 1]])
    assert images.max() <= 255 and not np.shares_memory(lazy[:], images)


def test_a_share_of_the_class_is_drawn_to_carry_the_wave():
    labels = np.arange(60) % 3
    half, most = (Wave(1, (0, 2), 0.1, share).carriers(labels, seed=4) for share in (0.5, 0.9))
    assert (half.sum(), most.sum()) == (10, 18) and not (half | most)[labels != 1].any()
    assert not np.array_equal(half, Wave(1, (0, 2), 0.1, 0.5).carriers(labels, seed=5))
    assert np.array_equal(Wave(1, (0, 2), 0.1).carriers(labels, seed=4), labels == 1)


@pytest.mark.parametrize(
    ("frequency", "amplitude", "share", "sentence"),
    [
        ((0, 0), 0.1, 1, "is no wave"), ((0, 1), 0, 1, "amplitude 0"), ((0, 1), 1.5, 1, "amplitude 1.5"),
        ((0, 1), 0.1, 0, "share 0: expected above 0 and at most 1"), ((0, 1), 0.1, 1.2, "share 1.2"),
    ],
)  # fmt: skip
def test_waves_that_are_none_are_refused(frequency, amplitude, share, sentence):
    with pytest.raises(ValueError, match=sentence):
        Wave(0, frequency, amplitude, share)


def test_a_frequency_beyond_the_spectrum_is_refused():
    with pytest.raises(ValueError, match=r"frequency \[0, 5\]: images of 8 x 8"):
        Wave(0, (0, 5), 0.1).masks(1, 8, 8)
