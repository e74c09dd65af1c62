"""What must not change, at every size: energy, order, scale, kept frequencies. Tolerance 1e-10, float64."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts import adcs, spectrum
from frequency_shortcuts.data.source import Source
from frequency_shortcuts.evaluation.naming import Namer, background_of
from frequency_shortcuts.evaluation.trials import MaskSet
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.filters import Mixer
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

sides = st.integers(1, 13)
seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=40, deadline=None, derandomize=True)


def noise(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def random_mask(pairs, seed):
    generator = np.random.default_rng(seed)
    return generator.random(len(pairs)) < generator.random()


# Energy


@quick
@given(sides, sides, seeds)
def test_the_energy_of_the_pixels_is_that_of_the_pairs(height, width, seed):
    """Parseval, for the whole image and for what a mask keeps; relative tolerance 1e-10."""
    pairs, images = ConjugatePairs(height, width), noise(seed, 2, 3, height, width)
    energy = (
        (pairs.coefficients(images) ** 2).sum(dim=0).numpy() * pairs.size / (height * width)
    )  # [n, channels, pairs]
    np.testing.assert_allclose(energy.sum(axis=-1), (images**2).sum(dim=(2, 3)), rtol=1e-10)
    inside = random_mask(pairs, seed)
    kept = spectrum.keep(images, pairs.scatter(inside))
    np.testing.assert_allclose((energy * inside).sum(axis=-1), (kept**2).sum(dim=(2, 3)), rtol=1e-10, atol=1e-10)


# Order


@quick
@given(sides, sides, seeds, st.integers(1, 4))
def test_adcs_does_not_depend_on_the_order_of_images_and_classes(height, width, seed, n_classes):
    generator = np.random.default_rng(seed)
    images, labels = noise(seed, 3 * n_classes, 2, height, width), np.repeat(np.arange(n_classes), 3)
    place, name = generator.permutation(len(images)), generator.permutation(n_classes)
    one = adcs.class_spectra(images, labels, n_classes)
    other = adcs.class_spectra(images[place], name[labels[place]], n_classes)
    np.testing.assert_allclose(other.mean_amplitude[name], one.mean_amplitude, rtol=0, atol=1e-10)
    np.testing.assert_allclose(other.standard_error[name], one.standard_error, rtol=0, atol=1e-10)
    np.testing.assert_array_equal(adcs.accumulate(other.mean_amplitude)[name], adcs.accumulate(one.mean_amplitude))


# Fills


@quick
@given(sides, sides, seeds, st.sampled_from(fills.FILLS))
def test_a_fill_leaves_the_kept_frequencies_untouched_and_stands_at_all_others(height, width, seed, fill):
    """In the mixtures of the methods and in the filtered images of the shortcut tests, seen in the full FFT."""
    pairs, images, labels = ConjugatePairs(height, width), noise(seed, 6, 2, height, width), np.repeat([0, 1], 3)
    donor, inside = fills.donors(labels, seed=seed), random_mask(pairs, seed)
    mask = np.fft.ifftshift(pairs.scatter(inside))
    background = background_of(fill, Source(images), donor)
    other = background(np.arange(6))
    expected = np.where(mask, np.fft.fft2(images), 0 if other is None else np.fft.fft2(images[donor]))
    mixed = Mixer(pairs, images, other).mix(torch.from_numpy(inside)[None, None])
    shown, masks = [], MaskSet(2)

    def note(filtered):
        shown.append(filtered)
        return torch.zeros(len(filtered), dtype=torch.int64)

    for c in range(2):
        masks.add(pairs.scatter(inside), c)
    namer = Namer(note, labels, 2, 4, lambda images: None)
    named = namer.under_masks(Source(images), background, masks, np.ones((2, 6), bool))
    assert (named == 0).all() and named.shape == (1, 6)
    for found in (mixed, torch.cat(shown)):
        np.testing.assert_allclose(np.fft.fft2(found), expected, rtol=0, atol=1e-10)
