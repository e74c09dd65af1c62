"""Mixtures of images, and one pair at a time removed or added: against the full complex FFT there and back.

Tolerances: 1e-10 in float64 and 1e-5 in float32 (images of unit variance), 1e-11 for mixtures in float64.
"""

import numpy as np
import pytest
import torch
from full_spectra import exchanged
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.spectrum.filters import PairRemover, hide
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


def noise(*shape, dtype=torch.float64, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


def mix_slowly(pairs, images, fill, masks):
    """Image by image and mask by mask: float64 [k * m, channels, H, W]; masks [k, m, pairs], fill of images or None."""
    planes = pairs.scatter(np.asarray(masks, float))
    fill = [None] * len(images) if fill is None else fill
    return np.stack([exchanged(*each) for under in planes for each in zip(images, under, fill, strict=True)])


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    channels=st.integers(1, 3),
    counts=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    filled=st.booleans(),
    precision=st.sampled_from([(torch.float64, 1e-11), (torch.float32, 1e-5)]),
    seed=st.integers(0, 9),
)
def test_a_mixture_is_what_the_full_fft_gives(size, channels, counts, filled, precision, seed):
    pairs, (k, m), (dtype, tolerance) = ConjugatePairs(*size), counts, precision
    images, others = (noise(m, channels, *size, dtype=dtype, seed=one) for one in (seed, seed + 100))
    masks = torch.from_numpy(np.random.default_rng(seed).random((k, m, len(pairs))))
    half, fill = masks.to(dtype)[..., pairs.half_plane][:, :, None], torch.fft.rfft2(others) if filled else None
    found = hide(torch.fft.rfft2(images), half, fill, size=size).flatten(end_dim=1)
    expected = mix_slowly(pairs, images, others if filled else None, masks)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# One pair at a time


def replace_slowly(images, pairs, index, donors=None):
    """The images with each of the pairs removed or a donor's, one after the other: float64 [k * m, channels, H, W]."""
    return np.concatenate(
        [exchanged(images, pairs.scatter(np.arange(len(pairs)) != p), donors) for p in np.asarray(index)]
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (8, 1), (5, 6), (6, 5), (7, 9)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "a donor's"])
def test_every_pair_equals_mask_and_full_fft(size, dtype, tolerance, replaced):
    pairs, images = ConjugatePairs(*size), noise(2, 3, *size, dtype=dtype)
    donors = noise(2, 3, *size, dtype=dtype, seed=1) if replaced else None
    found = PairRemover(pairs, images, len(pairs), donors).remove(torch.arange(len(pairs)))
    assert found.dtype == dtype
    assert found.shape == (2 * len(pairs), 3, *size)
    expected = replace_slowly(images, pairs, range(len(pairs)), donors)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_float32_is_as_good_at_the_size_and_contrast_of_photographs():
    """224 x 224 with a mean ten times the spread; 2e-5 is a few units in the last place of the largest pixel."""
    pairs, images = ConjugatePairs(224, 224), 10 + noise(1, 3, 224, 224, dtype=torch.float32)
    index = torch.tensor([0, 1, 111, 9_000, 25_088, 25_089, int(pairs.radius.argmin())])
    found = PairRemover(pairs, images, len(index)).remove(index)
    np.testing.assert_allclose(found, replace_slowly(images, pairs, index), rtol=0, atol=2e-5)


def test_calls_share_one_dense_buffer_of_the_stated_size_in_channels_last_order():
    pairs, images = ConjugatePairs(5, 6), noise(3, 3, 5, 6)
    removal = PairRemover(pairs, images, 4)
    found = [removal.remove(torch.tensor(index)) for index in ([0, 1], [2, 3, 4, 5], [6])]
    assert len({one.data_ptr() for one in found}) == 1
    assert {one.untyped_storage().nbytes() for one in found} == {4 * images.nbytes}
    assert all(one.is_contiguous(memory_format=torch.channels_last) for one in found)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_neither_removal_nor_a_caller_that_overwrites_the_batch_disturbs_anything(memory_format):
    """In any order and number up to the capacity."""
    pairs = ConjugatePairs(5, 6)
    images = noise(3, 3, 5, 6).contiguous(memory_format=memory_format)
    before, removal = images.clone(), PairRemover(pairs, images, 4)
    for index in ([0, 1, 2, 3], [4], [2, 2, 0, 2]):
        found = removal.remove(torch.tensor(index))
        np.testing.assert_allclose(found, replace_slowly(before, pairs, index), rtol=0, atol=1e-10)
        found.fill_(torch.nan)
        assert torch.equal(images, before)
