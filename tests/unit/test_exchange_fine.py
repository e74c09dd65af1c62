from __future__ import annotations

import numpy as np
import pytest
import torch
from exchange_subjects import grey, subject
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.exchange.fine import WAVELENGTH, Fine, fine, shorter

SIZES = st.tuples(st.integers(3, 12), st.integers(3, 12))


def slow_fine(image: np.ndarray, wavelength: float) -> np.ndarray:
    """The waves that are shorter than `wavelength` pixels, one by one."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width]
    made = np.zeros(image.shape)
    for u in range(-(height // 2), (height + 1) // 2):
        for v in range(-(width // 2), (width + 1) // 2):
            if np.hypot(u / height, v / width) > 1 / wavelength + 1e-9:  # rounding
                wave = np.exp(2j * np.pi * (u * y / height + v * x / width))
                made += (np.vdot(wave, image) * wave).real / image.size
    return made


@settings(max_examples=25, deadline=None)
@given(SIZES, st.sampled_from([2.5, 4.0, 6.0]))
def test_the_fine_part_is_the_sum_of_short_waves(size, wavelength):
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 1, *size)))
    made = fine(images, wavelength)
    assert made.shape == images.shape
    for image, part in zip(images, made, strict=True):
        np.testing.assert_allclose(part[0], slow_fine(image[0].numpy(), wavelength), atol=1e-12)


def test_short_waves_are_counted_in_pixels_not_in_cycles_per_image():
    short = shorter(torch.Size((16, 32)), 4.0)
    assert short.shape == (16, 17)
    assert not short[4, 0] and short[5, 0] and not short[0, 8] and short[0, 9]


def test_a_fine_part_of_each_class_is_added():
    split = grey(3, 4)
    who = subject(split)
    images = who.ranking.take(np.arange(6))
    classes = np.array([2, 0, 1, 1, 2, 0])
    who.generator.manual_seed(5)
    given_parts = Fine(who).give(images, classes, 0) - images
    who.generator.manual_seed(5)
    donors = who.donors(classes)
    for part, donor, c in zip(given_parts, donors, classes, strict=True):
        members = who.ranking.take(np.flatnonzero(split.labels == c))
        assert (donor == members).flatten(1).all(1).any()  # the donor is of the class
        np.testing.assert_allclose(part[0], slow_fine(donor[0].double().numpy(), WAVELENGTH), atol=1e-6)


def test_swapped_images_have_the_fine_part_of_the_partner_and_keep_the_rest():
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 2, 9, 14)))
    partner = torch.tensor([1, 2, 2])
    swapped = Fine.swap(images, partner)
    for n, m in enumerate(partner):
        for channel in range(2):
            own, other = (images[k, channel].numpy() for k in (n, m))
            expected = own - slow_fine(own, WAVELENGTH) + slow_fine(other, WAVELENGTH)
            np.testing.assert_allclose(swapped[n, channel], expected, atol=1e-12)
    assert swapped[2].equal(images[2]) or torch.allclose(swapped[2], images[2], atol=1e-12)  # its own partner


@pytest.mark.parametrize("n", [1, 7])
def test_donors_are_drawn_by_the_generator(n):
    first, second = (subject(grey(2, 10), seed=seed).donors(np.full(n, 1)) for seed in (3, 3))
    assert first.equal(second)
