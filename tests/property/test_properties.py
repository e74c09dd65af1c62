"""What holds at every size, and what must not change: energy, kept frequencies.

Odd and even sizes, not square ones, one pixel. Tolerance 1e-10, float64, images of unit variance.
"""

from decimal import Decimal

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts import adcs, dfm, spectrum
from frequency_shortcuts.data.source import Source
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.evaluation.masked_predictions import MaskedPredictor
from frequency_shortcuts.evaluation.trials import MaskSet
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.filters import Mixer
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.spectrum.waves import PairRemover

sides = st.integers(1, 13)
seeds = st.integers(0, 2**32 - 1)
percents = st.floats(0.01, 100)
quick = settings(max_examples=40, deadline=None, derandomize=True)


def noise(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def random_pairs(pairs, seed):
    """Whether each pair is in a mask."""
    generator = np.random.default_rng(seed)
    return generator.random(len(pairs)) < generator.random()


@quick
@given(sides, sides, seeds)
def test_the_energy_of_the_pixels_is_that_of_the_pairs(height, width, seed):
    """Parseval, for the whole image and for what a mask keeps; relative tolerance 1e-10."""
    pairs, images = ConjugatePairs(height, width), noise(seed, 2, 3, height, width)
    by_pair = (pairs.coefficients(images) ** 2).sum(dim=0).numpy()  # [n, channels, pairs]
    energy = by_pair * pairs.size / (height * width)
    np.testing.assert_allclose(energy.sum(axis=-1), (images**2).sum(dim=(2, 3)), rtol=1e-10)
    inside = random_pairs(pairs, seed)
    kept = spectrum.keep(images, pairs.scatter(inside))
    np.testing.assert_allclose((energy * inside).sum(axis=-1), (kept**2).sum(dim=(2, 3)), rtol=1e-10, atol=1e-10)
    removed = spectrum.remove(images, pairs.scatter(inside))
    torch.testing.assert_close(kept + removed, images, rtol=0, atol=1e-10)
    torch.testing.assert_close((kept * removed).sum(), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-10)
    torch.testing.assert_close(spectrum.keep(kept, pairs.scatter(inside)), kept, rtol=0, atol=1e-10)


@quick
@given(sides, sides, seeds)
def test_what_the_pairs_take_away_adds_up_to_the_image(height, width, seed):
    pairs, image = ConjugatePairs(height, width), noise(seed, 1, 2, height, width)
    without = PairRemover(pairs, image, len(pairs)).remove(torch.arange(len(pairs)))
    torch.testing.assert_close((image - without).sum(dim=0, keepdim=True), image, rtol=0, atol=1e-10)


@quick
@given(sides, sides, seeds, percents)
def test_a_map_is_symmetric_and_no_larger_than_it_must_be(height, width, seed, percent):
    pairs = ConjugatePairs(height, width)
    mask = dfm.dominant(np.random.default_rng(seed).standard_normal((1, len(pairs))), pairs, percent)[0]
    wanted = max(1, int(Decimal(str(percent)) * height * width / 100))  # in 28 decimal places
    assert spectrum.symmetric(mask)
    assert wanted <= mask.sum() <= wanted + 1


@quick
@given(sides, sides, seeds, percents, percents)
def test_a_larger_percentage_holds_the_smaller(height, width, seed, one, other):
    pairs = ConjugatePairs(height, width)
    increment = np.random.default_rng(seed).integers(0, 4, (1, len(pairs))).astype(float)  # many ties
    small, large = (dfm.dominant(increment, pairs, p) for p in sorted((one, other)))
    assert (small <= large).all()


@quick
@given(st.integers(1, 6), sides, sides, seeds)
def test_adcs_is_bounded_and_sums_to_zero_over_the_classes(n_classes, height, width, seed):
    energy = np.random.default_rng(seed).integers(0, 5, (n_classes, 1, height, width)).astype(float)
    found = adcs.accumulate(energy)
    assert np.abs(found).max() <= n_classes - 1
    assert (found.sum(axis=0) == 0).all()


@quick
@given(sides, sides, seeds, st.sampled_from(list(fills.FILLS)))
def test_a_fill_leaves_the_kept_frequencies_untouched_and_stands_at_all_others(height, width, seed, fill):
    """In the mixtures of the methods and in the filtered images of the shortcut tests, seen in the full FFT."""
    pairs, images, labels = ConjugatePairs(height, width), noise(seed, 6, 2, height, width), np.repeat([0, 1], 3)
    donor, inside = fills.donors(labels, seed=seed), random_pairs(pairs, seed)
    mask = np.fft.ifftshift(pairs.scatter(inside))
    source = Source(Split(images, labels))
    background = fills.named(fill).background(source.take, donor)
    other = background(np.arange(6))
    expected = np.where(mask, np.fft.fft2(images), 0 if other is None else np.fft.fft2(images[donor]))
    mixed = Mixer(pairs, images, other).mix(torch.from_numpy(inside)[None, None])
    shown, masks = [], MaskSet(2)

    def note(filtered):
        shown.append(filtered)
        return torch.zeros(len(filtered), dtype=torch.int64)

    for c in range(2):
        masks.add(pairs.scatter(inside), c)
    predictor = MaskedPredictor(note, labels, 2, 4, lambda images: None)
    named = predictor.under_masks(source, background, masks, np.ones((2, 6), bool))
    assert (named == 0).all() and named.shape == (1, 6)
    for found in (mixed, torch.cat(shown)):
        np.testing.assert_allclose(np.fft.fft2(found), expected, rtol=0, atol=1e-10)
