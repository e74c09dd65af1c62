"""Sensitivity to plane waves against loops over images, pairs and channels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from linear_networks import LABELS, called, few, linear, pixels, sizes

from frequency_shortcuts.evaluation import sensitivity
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


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
        network, images, LABELS, 3, norm=1.5, radius=3, mean=mean, std=std, seed=seed, batch=5
    )
    bright = images / 255
    deviation = np.array(std)[:, None, None]
    seen = (bright - np.array(mean)[:, None, None]) / deviation
    signs = [
        2 * np.random.default_rng([seed, i]).integers(0, 2, (len(pairs), channels), np.int8) - 1
        for i in range(len(images))
    ]
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
