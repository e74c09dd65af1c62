"""Syn_1..4: what is planted is what the images hold."""

import numpy as np
import pytest

from frequency_shortcuts import spectrum
from frequency_shortcuts.data import synthetic
from frequency_shortcuts.data.synthetic import Design

every_set = pytest.mark.parametrize("band", [1, 2, 3, 4])


def slow_amplitude(design):
    """Amplitude of each class, frequency by frequency; a Nyquist frequency stands for both of its signs."""
    size, edges = design.size, (0, *design.band_edges, np.inf)
    out = np.zeros((4, size, size))
    for i, j in np.ndindex(size, size):
        u, v = i - size // 2, j - size // 2
        r = np.hypot(u, v)
        if r == 0:
            continue
        twins = [(a, b) for a in ({u, -u} if 2 * u == -size else {u}) for b in ({v, -v} if 2 * v == -size else {v})]
        diagonal = any(min(abs(a - b), abs(a + b)) / 2**0.5 <= design.line_half_width for a, b in twins)
        axis = min(abs(u), abs(v)) <= design.line_half_width
        inside = edges[design.control_band - 1] <= r < edges[design.control_band]
        out[:, i, j] = r**-design.alpha
        out[1, i, j] *= design.diagonal_gain if diagonal else 1
        out[2, i, j] *= design.axis_gain if axis else 1
        out[3, i, j] *= not inside
    return out


SIZES = pytest.mark.parametrize(("band", "size"), [(1, 32), (2, 31), (3, 32), (4, 31)])


@SIZES
def test_amplitude_equals_a_slow_loop(band, size):
    design = Design(band, size=size)
    np.testing.assert_allclose(design.amplitude(), slow_amplitude(design), rtol=1e-12, atol=0)


@SIZES
def test_planted_masks_are_symmetric_without_dc_and_cross_all_bands(band, size):
    design = Design(band, size=size)
    control, patterns = design.planted()["control_band"], design.planted()["patterns"]
    assert spectrum.symmetric(control)
    assert spectrum.symmetric(patterns)
    assert not control[size // 2, size // 2]
    assert not patterns[:, size // 2, size // 2].any()
    assert not patterns[[0, 3]].any()
    np.testing.assert_array_equal(design.planted()["truth"][:3], patterns[:3])
    np.testing.assert_array_equal(design.planted()["truth"][3], control)
    assert all((pattern & inside).any() for pattern in patterns[[1, 2]] for inside in design.bands())


@every_set
def test_all_classes_have_one_scale_that_gives_c0_the_stated_deviation(band):
    design = Design(band)
    images, labels = synthetic.images(design, 50, seed=1)
    pixels, variance = images / 255, (slow_amplitude(design) ** 2).mean(axis=(1, 2))
    for c in range(4):  # tolerance 0.004: what clipping and rounding may take
        assert abs(pixels[labels == c].mean() - 0.5) < 0.004
        assert abs(pixels[labels == c].std() - 0.12 * (variance[c] / variance[0]) ** 0.5) < 0.004
        # Fewer than one pixel in 200 is clipped; rounding to 0 or 255 counts as clipped.
        assert np.isin(images[labels == c], (0, 255)).mean() < 0.005


def test_a_synthetic_image_depends_on_seed_class_and_number_alone():
    large, labels = synthetic.images(Design(2), 7, seed=3)
    assert large.dtype == np.uint8 and large.shape == (28, 3, 32, 32) and labels.tolist() == [0, 1, 2, 3] * 7
    np.testing.assert_array_equal(synthetic.images(Design(2), 4, seed=3)[0], large[:16])
    np.testing.assert_array_equal(synthetic.images(Design(2), 7, seed=3, chunk=2)[0], large)
    assert len(np.unique(np.concatenate([large, synthetic.images(Design(2), 7, seed=4)[0]]), axis=0)) == 56


def test_impossible_synthetic_sets_are_refused():
    for band in (0, 5):
        with pytest.raises(ValueError, match=f"control_band {band}: expected 1 to 4"):
            Design(band)
    with pytest.raises(ValueError, match="0 images per class: expected at least 1"):
        synthetic.images(Design(1), 0, seed=0)
