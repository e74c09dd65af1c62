"""Syn_1..4: what is planted is what the images hold."""

import numpy as np
from test_synthetic import every_set

from frequency_shortcuts import adcs
from frequency_shortcuts.data import synthetic
from frequency_shortcuts.data.synthetic import Design


def outside(design, images):
    """Of each image the mean amplitude at the frequencies where nothing is planted and that are not DC, [n]."""
    free = ~design.planted()["truth"].any(axis=0)
    free[design.size // 2, design.size // 2] = False
    spectra = np.fft.fftshift(np.fft.fft2(images / 255), axes=(-2, -1))
    return np.abs(spectra)[..., free].mean(axis=(1, 2))


@every_set
def test_outside_the_planted_masks_the_classes_do_not_differ(band):
    design = Design(band)
    train, labels = synthetic.images(design, 400, seed=1)
    test, expected = synthetic.images(design, 100, seed=3)
    mean = np.array([outside(design, train[labels == c]).mean() for c in range(4)])
    np.testing.assert_allclose(mean, mean[0], rtol=0.01)
    # The nearest mean of this number is at chance, within three standard errors of a share of 400 images.
    found = np.abs(outside(design, test)[:, None] - mean).argmin(axis=1)
    assert abs((found == expected).mean() - 1 / 4) < 3 * (1 / 4 * 3 / 4 / 400) ** 0.5


@every_set
def test_planted_truth_is_visible_in_adcs(band):
    design = Design(band)
    images, labels = synthetic.images(design, 200, seed=5)
    amplitude = adcs.mean_amplitude(images, labels, 4, mean=[0.5] * 3, std=[0.12] * 3)
    control, patterns = design.planted()["control_band"], design.planted()["patterns"]
    found = adcs.accumulate(amplitude)
    energy = amplitude.mean(axis=1)
    # C3 stands below all the others in the control band; clipping and rounding leave it under 5 % of C0.
    assert (found[3][control] == -3).all()
    assert energy[3][control].max() < 0.05 * energy[0][control].mean()
    # C2 stands above all the others on the axes, C1 on the diagonals where they are not axes.
    assert (found[2][patterns[2]] == 3).all()
    assert (found[1][patterns[1] & ~patterns[2]] == 3).all()
