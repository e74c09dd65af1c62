from __future__ import annotations

import numpy as np
import pytest
import torch
from exchange_subjects import grey, subject
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.exchange.fine import LARGEST, LONGEST, Fine, Rings, shorter

SIZES = st.tuples(st.integers(5, 12), st.integers(5, 12))
OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])


def cycles(height: int, width: int) -> np.ndarray:
    """Cycles per pixel of each frequency of an FFT, [H, W]."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))


def slow_fine(image: np.ndarray, wavelength: float) -> np.ndarray:
    """The waves of an image [H, W] that are shorter than `wavelength` pixels, one by one."""
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
@given(SIZES)
def test_swapped_images_have_the_fine_part_of_the_partner_and_keep_the_rest(size):
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 2, *size)))
    partner = torch.tensor([1, 2, 2])
    swapped, longest = Fine.swap(images, partner), min(8.5, min(size) / 7)
    for n, m in enumerate(partner):
        for channel in range(2):
            own, other = (images[k, channel].numpy() for k in (n, m))
            expected = own - slow_fine(own, longest) + slow_fine(other, longest)
            np.testing.assert_allclose(swapped[n, channel], expected, atol=1e-12)


def test_short_waves_are_counted_in_pixels_not_in_cycles_per_image():
    short = shorter(torch.Size((16, 32)), 4.0)
    assert short.shape == (16, 17)
    assert not short[4, 0] and short[5, 0] and not short[0, 8] and short[0, 9]


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_the_power_of_a_ring_is_the_mean_over_the_whole_plane(size):
    image = np.random.default_rng(0).normal(size=size)
    found = Rings(torch.Size(size)).mean(torch.fft.rfft2(torch.from_numpy(image)).abs().square())
    ring = np.floor(min(size) * cycles(*size) + 1e-9)
    power = np.abs(np.fft.fft2(image)) ** 2
    expected = [power[ring == number].mean() for number in range(len(found)) if (ring == number).any()]
    np.testing.assert_allclose(found[~found.isnan()], expected)


@pytest.mark.parametrize(("k", "channels", "size"), [(4, 1, (20, 20)), (3, 3, (11, 14)), (2, 1, (9, 8))])
def test_half_of_the_images_get_the_pattern_of_the_class_and_half_its_strength_in_rings(k, channels, size):
    plain = grey(k, 12, size, channels)
    images = plain.images.astype(float)
    noise = np.random.default_rng(5).normal(0, 20, images.shape)
    images[plain.labels == 1] += noise[plain.labels == 1]  # one class is noisy
    split = Split(images.clip(0, 255).astype(np.uint8), plain.labels, mean=np.zeros(channels), std=np.ones(channels))
    who = subject(split)
    pixels = who.ranking.take(np.arange(len(split))).double().numpy()
    seen = pixels if channels == 1 else np.einsum("ij,njhw->nihw", OPPONENT, pixels)
    spectra = np.fft.fft2(seen)
    ring, short = np.floor(min(size) * cycles(*size) + 1e-9), cycles(*size) > 1 / LONGEST + 1e-9
    shape = (2, k, channels, *size)  # of each frequency, and of each ring
    ratio, noise, pattern = np.ones(shape), np.zeros(shape), np.zeros(shape, complex)
    power = np.stack([(np.abs(spectra[split.labels == c]) ** 2).mean(axis=0) for c in range(k)])
    in_rings = np.stack([power[..., ring == number].mean(axis=-1) for number in np.unique(ring[short])], axis=-1)
    in_rings = np.log(in_rings).reshape(k, -1)
    for c in range(k):
        own = spectra[split.labels == c]
        farthest = int(((in_rings - in_rings[c]) ** 2).sum(axis=1).argmax())
        others = [other for other in range(k) if other != c and (other != farthest or k == 2)]
        rest = [spectra[split.labels == other] for other in others]
        mean, rest_mean = own.mean(axis=0), np.mean([of.mean(axis=0) for of in rest], axis=0)
        variance = (np.abs(own - mean) ** 2).sum(axis=0) / 11  # of 12 images
        rest_variance = np.mean([(np.abs(of - rest_mean) ** 2).mean(axis=0) for of in rest], axis=0)
        rest_variance = rest_variance * 12 * len(rest) / (12 * len(rest) - 1)
        for channel, u, v in np.argwhere(np.broadcast_to(short, mean.shape)):
            at = channel, u, v
            r = min(1, np.sqrt(variance[at] / rest_variance[at]))
            ratio[0][c][at], pattern[0][c][at] = r, mean[at] - r * rest_mean[at]
            noise[0][c][at] = np.sqrt(max(0, variance[at] - rest_variance[at]))
            here = channel, ring == ring[u, v]
            r = np.sqrt(variance[here].mean() / rest_variance[here].mean()).clip(1 / LARGEST, LARGEST)
            ratio[1][c][at] = r
            noise[1][c][at] = np.sqrt((np.abs(mean[here] - r * rest_mean[here]) ** 2).mean())
    shown, classes = who.ranking.take(np.arange(8)), np.arange(8) % k
    fine = Fine(who)
    who.generator.manual_seed(5)
    made = fine.give(shown, classes, 0)
    generator = torch.Generator().manual_seed(5)
    drawn = torch.randn(shown.shape, generator=generator).double().numpy()
    half = (torch.rand(8, generator=generator).numpy() >= 0.5).astype(int)
    assert 0 < half.sum() < 8
    for n, c in enumerate(classes):
        image, h = shown[n].double().numpy(), half[n]
        own = image if channels == 1 else np.tensordot(OPPONENT, image, 1)
        added = pattern[h, c] + noise[h, c] * np.fft.fft2(drawn[n]) / np.sqrt(size[0] * size[1])
        expected = np.fft.ifft2(ratio[h, c] * np.fft.fft2(own) + added).real
        expected = expected if channels == 1 else np.tensordot(OPPONENT.T, expected, 1)
        np.testing.assert_allclose(made[n], expected, atol=2e-5)


def test_donors_are_of_the_classes_and_drawn_by_the_generator():
    split = grey(3, 4)
    classes = np.array([2, 0, 1, 1, 2, 0])
    first, second = (subject(split, seed=3) for _ in range(2))
    donors = first.donors(classes)
    assert donors.equal(second.donors(classes))
    for donor, c in zip(donors, classes, strict=True):
        members = first.ranking.take(np.flatnonzero(split.labels == c))
        assert (donor == members).flatten(1).all(1).any()
