"""What holds at every size: odd, even, not square, one pixel. Tolerance 1e-10, float64, images of unit variance."""

from decimal import Decimal

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts import adcs, dfm, spectrum
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.spectrum.waves import PairRemover

sides = st.integers(1, 17)
seeds = st.integers(0, 2**32 - 1)
percents = st.floats(0.01, 100)
quick = settings(max_examples=60, deadline=None, derandomize=True)


def noise(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def random_mask(pairs, seed):
    generator = np.random.default_rng(seed)
    return pairs.scatter(generator.random(len(pairs)) < generator.random())


@quick
@given(sides, sides, seeds)
def test_keep_and_remove_part_an_image_and_its_energy(height, width, seed):
    image, mask = noise(seed, 2, height, width), random_mask(ConjugatePairs(height, width), seed)
    kept, removed = spectrum.keep(image, mask), spectrum.remove(image, mask)
    torch.testing.assert_close(kept + removed, image, rtol=0, atol=1e-10)
    torch.testing.assert_close((kept * removed).sum(), torch.zeros((), dtype=torch.float64), rtol=0, atol=1e-10)
    torch.testing.assert_close(spectrum.keep(kept, mask), kept, rtol=0, atol=1e-10)


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
