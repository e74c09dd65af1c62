"""Mixtures of images and fills: against the full complex FFT there and back.

Tolerances: 1e-11 in float64, 1e-5 in float32 (images of unit variance).
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.spectrum.filters import Mixer
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZES = [(1, 1), (5, 6), (7, 9), (8, 8)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def noise(*shape, dtype=torch.float64, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def mix_slowly(pairs, images, fill, masks):
    """Image by image and mask by mask: float64 [k * m, channels, H, W]; masks [k, m, pairs], fill of images or None."""
    found = []
    for under in masks:
        for i, image in enumerate(images):
            plane = np.fft.ifftshift(pairs.scatter(np.asarray(under[i], float)))
            mixed = np.fft.fft2(image.double()) * plane
            if fill is not None:
                mixed += np.fft.fft2(fill[i].double()) * (1 - plane)
            mixed = np.fft.ifft2(mixed)
            assert np.abs(mixed.imag).max() < 1e-10
            found.append(mixed.real)
    return np.stack(found)


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    channels=st.integers(1, 3),
    counts=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    filled=st.booleans(),
    seed=st.integers(0, 9),
)
def test_a_mixture_is_what_the_full_fft_gives(size, channels, counts, filled, seed):
    pairs, (k, m) = ConjugatePairs(*size), counts
    images, others = noise(m, channels, *size, seed=seed), noise(m, channels, *size, seed=seed + 100)
    masks = torch.from_numpy(np.random.default_rng(seed).random((k, m, len(pairs))))
    found = Mixer(pairs, images, torch.fft.rfft2(others) if filled else None).mix(masks)
    expected = mix_slowly(pairs, images, others if filled else None, masks)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


@sizes
@pytest.mark.parametrize("filled", [False, True])
def test_float32_stays_float32(size, filled):
    pairs = ConjugatePairs(*size)
    images, others = (noise(3, 2, *size, dtype=torch.float32, seed=seed) for seed in (0, 1))
    masks = torch.from_numpy(np.random.default_rng(2).random((2, 3, len(pairs))) < 0.5)
    found = Mixer(pairs, images, torch.fft.rfft2(others) if filled else None).mix(masks)
    assert found.dtype == torch.float32
    expected = mix_slowly(pairs, images, others if filled else None, masks)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(3, 4)])
@pytest.mark.parametrize("filled", [False, True])
def test_gradients_flow_to_the_mask(size, filled):
    pairs, images = ConjugatePairs(*size), noise(2, 2, *size)
    mixer = Mixer(pairs, images, torch.fft.rfft2(noise(2, 2, *size, seed=1)) if filled else None)
    masks = noise(2, 2, len(pairs), seed=2).requires_grad_()
    assert torch.autograd.gradcheck(mixer.mix, masks, atol=1e-7)


def test_neither_the_images_nor_the_fill_nor_the_mask_change():
    pairs, images, fill = ConjugatePairs(5, 6), noise(2, 2, 5, 6), torch.fft.rfft2(noise(2, 2, 5, 6, seed=1))
    masks = noise(3, 2, len(pairs), seed=2)
    before = images.clone(), fill.clone(), masks.clone()
    mixer = Mixer(pairs, images, fill)
    first = mixer.mix(masks)
    kept = first.clone()
    assert torch.equal(mixer.mix(masks.clone()), first)
    first.zero_()
    assert torch.equal(mixer.mix(masks), kept)
    assert all(map(torch.equal, before, (images, fill, masks)))


@sizes
def test_the_half_plane_names_the_pair_at_every_position(size):
    pairs = ConjugatePairs(*size)
    assert pairs.half_plane.shape == (size[0], size[1] // 2 + 1)
    for i, j in np.ndindex(pairs.half_plane.shape):
        row, column = (i + size[0] // 2) % size[0], (j + size[1] // 2) % size[1]
        assert [row, column] in pairs.positions[pairs.half_plane[i, j]].tolist()


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(1, 1, 5, 5), r"images of shape \(1, 1, 5, 5\): expected \[..., 5, 6\]"),
        (torch.zeros(1, 1, 5, 6, dtype=torch.uint8), "expected float32 or float64"),
        (np.zeros((1, 1, 5, 6)), "expected a torch.Tensor"),
    ],
    ids=["size", "dtype", "array"],
)
def test_images_that_cannot_be_mixed_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        Mixer(ConjugatePairs(5, 6), images)
