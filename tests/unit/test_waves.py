"""Removing one pair at a time: against a mask and the full complex FFT there and back.

Tolerances: 1e-10 in float64, 1e-5 in float32 (images of unit variance).
"""

import numpy as np
import pytest
import torch

from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.spectrum.waves import PairRemover, Waves

SIZES = [(1, 1), (1, 7), (8, 1), (2, 2), (5, 6), (6, 5), (7, 9)]
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def noise(*shape, dtype=torch.float64, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def remove_slowly(images, pairs, index):
    """The images without each of the pairs, one after the other: float64 [k * m, channels, H, W]."""
    spectrum = np.fft.fft2(images.double().numpy())
    left = [np.fft.ifftshift(~pairs.scatter(np.arange(len(pairs)) == p)) for p in index]
    filtered = np.fft.ifft2(np.concatenate([spectrum * mask for mask in left]))
    assert np.abs(filtered.imag).max() < 1e-12
    return filtered.real


@sizes
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_every_pair_equals_mask_and_full_fft(size, dtype, tolerance, channels=2):
    pairs, images = ConjugatePairs(*size), noise(2, channels, *size, dtype=dtype)
    found = PairRemover(pairs, images, len(pairs)).remove(torch.arange(len(pairs)))
    assert found.dtype == dtype
    assert found.shape == (2 * len(pairs), channels, *size)
    np.testing.assert_allclose(found, remove_slowly(images, pairs, range(len(pairs))), rtol=0, atol=tolerance)


def test_float32_is_as_good_at_the_size_and_contrast_of_photographs():
    """224 x 224 with a mean ten times the spread; 2e-5 is a few units in the last place of the largest pixel."""
    pairs, images = ConjugatePairs(224, 224), 10 + noise(1, 3, 224, 224, dtype=torch.float32)
    index = torch.tensor([0, 1, 111, 9_000, 25_088, 25_089, int(pairs.radius.argmin())])
    found = PairRemover(pairs, images, len(index)).remove(index)
    np.testing.assert_allclose(found, remove_slowly(images, pairs, index), rtol=0, atol=2e-5)


@pytest.mark.parametrize("index", [[3], [2, 2, 0, 2]], ids=str)
def test_any_order_and_number_up_to_the_capacity(index):
    pairs, images = ConjugatePairs(5, 6), noise(3, 2, 5, 6)
    found = PairRemover(pairs, images, 4).remove(torch.tensor(index))
    assert len(found) == 3 * len(index)
    np.testing.assert_allclose(found, remove_slowly(images, pairs, index), rtol=0, atol=1e-10)


def test_calls_share_one_buffer_of_the_stated_size():
    pairs, images = ConjugatePairs(5, 6), noise(3, 2, 5, 6)
    removal = PairRemover(pairs, images, 4)
    found = [removal.remove(torch.tensor(index)) for index in ([0, 1], [2, 3, 4, 5], [6])]
    assert len({one.data_ptr() for one in found}) == 1
    assert {one.untyped_storage().nbytes() for one in found} == {4 * images.nbytes}


def test_the_batch_is_dense_in_channels_last_order(channels=3):
    pairs, images = ConjugatePairs(5, 6), noise(3, channels, 5, 6)
    removal = PairRemover(pairs, images, 4)
    for count in (1, 3, 4):
        found = removal.remove(torch.arange(count))
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert found.contiguous(memory_format=torch.channels_last).data_ptr() == found.data_ptr()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_neither_removal_nor_a_caller_that_overwrites_the_batch_disturbs_anything(memory_format, channels=3):
    pairs = ConjugatePairs(5, 6)
    images = noise(3, channels, 5, 6).contiguous(memory_format=memory_format)
    before, removal = images.clone(), PairRemover(pairs, images, 4)
    for index in ([0, 1, 2, 3], [4, 5], [0, 1, 2, 3]):
        found = removal.remove(torch.tensor(index))
        np.testing.assert_allclose(found, remove_slowly(before, pairs, index), rtol=0, atol=1e-10)
        found.fill_(torch.nan)
        assert torch.equal(images, before)


@sizes
def test_a_wave_that_is_added_is_that_of_its_coefficient(size):
    """Against complex exponentials; tolerance 1e-10."""
    pairs, images = ConjugatePairs(*size), noise(2, 3, *size)
    count = len(pairs)
    generator = np.random.default_rng(1)
    drawn = generator.standard_normal((2, count, 2, 1, 3))
    found = Waves(pairs, images, count).add(torch.arange(count), torch.from_numpy(drawn)).view(count, 2, 3, *size)
    rows, columns = np.indices(size)
    for p, (u, v) in enumerate(zip(pairs.half_row, pairs.half_column, strict=True)):
        angle = 2 * np.pi * (u * rows / size[0] + v * columns / size[1])
        for i, c in np.ndindex(2, 3):
            real, imaginary = drawn[:, p, i, 0, c]
            expected = images[i, c].numpy() + (complex(real, imaginary) * np.exp(1j * angle)).real
            np.testing.assert_allclose(found[p, i, c], expected, rtol=0, atol=1e-10)


@sizes
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_with_donors_every_pair_is_replaced_in_the_full_fft(size, dtype, tolerance):
    pairs, images, donors = (
        ConjugatePairs(*size),
        noise(2, 3, *size, dtype=dtype),
        noise(2, 3, *size, dtype=dtype, seed=1),
    )
    found = PairRemover(pairs, images, len(pairs), donors).remove(torch.arange(len(pairs)))
    own, other = np.fft.fft2(images.double().numpy()), np.fft.fft2(donors.double().numpy())
    masks = [np.fft.ifftshift(pairs.scatter(np.arange(len(pairs)) == p)) for p in range(len(pairs))]
    slow = np.fft.ifft2(np.concatenate([np.where(mask, other, own) for mask in masks]))
    assert np.abs(slow.imag).max() < 1e-12
    np.testing.assert_allclose(found, slow.real, rtol=0, atol=tolerance)
