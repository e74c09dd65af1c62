"""Pairs, layout, masks, cells: against the full complex FFT and loops over positions.

Tolerances: 1e-12 in float64, 1e-5 in float32 (images of unit variance).
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral_classes import exchanged

from frequency_shortcuts import dfm, spectrum
from frequency_shortcuts.spectrum.filters import PairRemover, hide
from frequency_shortcuts.spectrum.masks import positions, top_pairs
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, cells

sizes = pytest.mark.parametrize(
    "size", [(1, 1), (1, 7), (5, 6), (6, 5), (8, 8)], ids="{0[0]}x{0[1]}".format
)


def noise(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def normal(*shape, dtype=torch.float64, seed=0):
    return torch.from_numpy(noise(*shape, seed=seed)).to(dtype)


def partner(row, column, height, width):
    u, v = row - height // 2, column - width // 2
    return (-u + height // 2) % height, (-v + width // 2) % width


@sizes
def test_pairs_are_each_position_once_with_its_partner_of_the_same_radius(size):
    pairs = ConjugatePairs(*size)
    found = sorted(
        tuple(p) for first, second in pairs.positions for p in {tuple(first), tuple(second)}
    )
    assert found == [(i, j) for i in range(size[0]) for j in range(size[1])]
    for (first, second), count in zip(pairs.positions, pairs.size, strict=True):
        assert partner(*first, *size) == tuple(second)
        assert count == (1 if tuple(first) == tuple(second) else 2)
    plane = noise(*size)
    slow = np.array([[plane[partner(i, j, *size)] for j in range(size[1])] for i in range(size[0])])
    np.testing.assert_array_equal(spectrum.mirror(plane), slow)
    grid = np.fft.fftshift(
        np.hypot(*np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in size), indexing="ij"))
    )
    np.testing.assert_allclose(spectrum.radius(*size), grid, rtol=0, atol=1e-12)
    for member in (0, 1):
        np.testing.assert_allclose(
            grid[tuple(pairs.positions[:, member].T)], pairs.radius, rtol=0, atol=1e-12
        )
    np.testing.assert_array_equal(pairs.frequencies + np.array(size) // 2, pairs.positions[:, 0])


@sizes
def test_scatter_is_symmetric_gather_inverts_it_and_the_half_plane_names_the_pairs(size):
    pairs = ConjugatePairs(*size)
    values = np.arange(2 * len(pairs), dtype=np.int16).reshape(2, -1)
    plane = pairs.scatter(values)
    assert plane.dtype == np.int16
    assert plane.shape == (2, *size)
    assert spectrum.symmetric(plane)
    np.testing.assert_array_equal(pairs.gather(plane), values)
    assert pairs.half_plane.shape == (size[0], size[1] // 2 + 1)
    for i, j in np.ndindex(pairs.half_plane.shape):
        row, column = (i + size[0] // 2) % size[0], (j + size[1] // 2) % size[1]
        assert [row, column] in pairs.positions[pairs.half_plane[i, j]].tolist()
    image = noise(2, *size)
    half, full = (
        np.abs(np.fft.rfft2(image)),
        np.abs(np.fft.fftshift(np.fft.fft2(image), axes=(-2, -1))),
    )
    np.testing.assert_allclose(spectrum.from_half_plane(half, size[1]), full, rtol=0, atol=1e-12)


@sizes
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_keep_and_remove_equal_the_full_fft(size, dtype, tolerance):
    images, pairs = noise(2, 3, *size, dtype=dtype), ConjugatePairs(*size)
    mask = pairs.scatter(np.random.default_rng(0).random(len(pairs)) < 0.4)
    kept = spectrum.keep(torch.from_numpy(images), mask)
    removed = spectrum.remove(torch.from_numpy(images), torch.from_numpy(mask))
    assert kept.dtype == removed.dtype == torch.from_numpy(images).dtype
    np.testing.assert_allclose(kept, exchanged(images, mask), rtol=0, atol=tolerance)
    np.testing.assert_allclose(removed, exchanged(images, ~mask), rtol=0, atol=tolerance)


@sizes
def test_bands_part_all_frequencies_but_dc_and_a_low_pass_holds_it_and_not_its_edge(size):
    masks, low = spectrum.bands(*size, (1, 2)), spectrum.low_pass(*size, 2)
    u, v = spectrum.frequencies(*size)
    slow, slow_low = np.zeros((3, *size), bool), np.zeros(size, bool)
    for i, j in np.ndindex(size):
        r = np.hypot(u[i, 0], v[0, j])
        slow[0 if r < 1 else 1 if r < 2 else 2, i, j], slow_low[i, j] = r > 0, r < 2
    np.testing.assert_array_equal(masks, slow)
    np.testing.assert_array_equal(low, slow_low)
    assert spectrum.symmetric(masks) and spectrum.symmetric(low)


@pytest.mark.parametrize("kind", [str, np.float32], ids=["text", "float32"])
def test_the_floor_of_percent_of_the_positions_is_exact(kind):
    """Against whole numbers: p tenths of a percent of n positions are p * n // 1000 (29 % of 10,000 are 2,900)."""
    size, n = (100, 100), 100 * 100
    for tenths in range(1, 1001):
        percent = (
            float(f"{tenths // 10}.{tenths % 10}")
            if kind is str
            else kind(f"{tenths // 10}.{tenths % 10}")
        )
        assert positions(*size, percent) == max(1, tenths * n // 1000), percent
        if tenths % 10 == 0:
            assert positions(*size, tenths // 10) == max(1, tenths * n // 1000), percent


# The top pairs of a ranking, and cells


def slow_top(increment, size, wanted):
    left, found, filled = list(range(len(increment))), [], 0
    while left and filled < wanted:
        best = max(left, key=lambda p: (increment[p], -p))  # the first of equals
        left.remove(best)
        found.append(best)
        filled += size[best]
    return found


@sizes
@pytest.mark.parametrize("levels", [3, 10**6], ids=["ties", "no ties"])
def test_top_equals_a_slow_loop_and_the_dominant_map(size, levels):
    pairs, generator = ConjugatePairs(*size), np.random.default_rng(0)
    increment = generator.integers(-levels, levels, len(pairs)).astype(
        float
    )  # whole in float32, too
    for percent in (0.1, 20, 99, 100):
        wanted = positions(*size, percent)
        found = top_pairs(increment, pairs.size, wanted)
        assert found.tolist() == slow_top(increment, pairs.size, wanted)
        mask = pairs.scatter(np.isin(np.arange(len(pairs)), found))
        np.testing.assert_array_equal(mask, dfm.dominant(increment[None], pairs, percent)[0])
    assert top_pairs(increment, pairs.size, 999).tolist() == slow_top(
        increment, pairs.size, 999
    )  # all there are


sides = st.integers(1, 13)
lengths = st.one_of(st.just(1), st.integers(1, 14), st.floats(1, 14))


def rectangles(pairs, height, width, shift=0):
    """The rectangle of each pair: (row, column) of the tiling, found with signed frequencies."""
    found = []
    for members in pairs.positions:
        options = []
        for row, column in members:
            u, v = row - pairs.height // 2, column - pairs.width // 2
            if v == -pairs.width / 2:  # the Nyquist column has both signs
                v = -v
            if v >= 0:
                options.append((u, v))
        u, v = options[0]  # in the columns that are their own mirror, the member with the lower row
        if width > 1 and pairs.width % 2 == 0 and v == pairs.width // 2:
            v -= 1
        found.append(
            (math.floor((u + pairs.height // 2) / height + shift), math.floor(v / width + shift))
        )
    return found


@settings(max_examples=100, deadline=None)
@given(
    size=st.tuples(sides, sides),
    height=lengths,
    width=lengths,
    shift=st.sampled_from([0, 0.25, 0.5, 0.9]),
)
def test_two_pairs_share_a_cell_if_they_lie_in_one_rectangle(size, height, width, shift):
    pairs = ConjugatePairs(*size)
    found, expected = (
        cells(pairs, height, width, shift=shift),
        rectangles(pairs, height, width, shift),
    )
    assert found.shape == (len(pairs),)
    assert sorted(set(found)) == list(range(len(set(expected))))
    assert len(set(zip(found, expected, strict=True))) == len(set(expected))
    masks = [pairs.scatter(found == number) for number in range(found.max() + 1)]
    assert all(spectrum.symmetric(mask) for mask in masks) and (np.sum(masks, axis=0) == 1).all()
    assert (
        len(np.unique(cells(pairs, 1, 1, shift=shift))) == len(pairs)
        and not cells(pairs, *size).any()
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ConjugatePairs(0, 4), "image size 0 x 4: .* at least 1"),
        (lambda: spectrum.bands(8, 8, ()), r"band edges \[\]: expected increasing radii above 0"),
        (lambda: spectrum.bands(8, 8, (4, 4)), r"band edges \[4, 4\]: expected increasing"),
        (lambda: spectrum.low_pass(8, 8, 0), "cutoff 0: expected a radius above 0"),
        (
            lambda: ConjugatePairs(4, 4).scatter(np.zeros(9)),
            r"shape \(9,\): .* 10 pairs of a 4 x 4",
        ),
        (
            lambda: ConjugatePairs(4, 4).coefficients(torch.zeros(1, 1, 4, 3)),
            r"\(1, 1, 4, 3\): expected \[..., 4, 4\]",
        ),
        (
            lambda: ConjugatePairs(4, 4).gather(np.zeros((4, 5))),
            r"shape \(4, 5\): expected \[..., 4, 4\]",
        ),
        (lambda: spectrum.keep(torch.zeros(4, 4), np.ones((4, 4))), "dtype float64: expected bool"),
        (
            lambda: spectrum.keep(torch.zeros(4, 4), np.ones((4, 3), bool)),
            r"shape \(4, 3\): the images need \[4, 4\]",
        ),
        (
            lambda: spectrum.keep(np.zeros((4, 4), "f4"), np.ones((4, 4), bool)),
            "a ndarray: expected a torch.Tensor",
        ),
        (
            lambda: cells(ConjugatePairs(8, 8), 2, 0),
            r"cells of .*expected at least 1 x 1, and 0 to below 1$",
        ),
        (
            lambda: cells(ConjugatePairs(8, 8), 2, 2, shift=1),
            r"expected at least 1 x 1, and 0 to below 1$",
        ),
        (
            lambda: spectrum.keep(torch.zeros(4, 4).int(), np.ones((4, 4), bool)),
            "torch.int32: expected float32 or",
        ),
    ],
)
def test_errors_say_what_is_wrong_and_what_is_allowed(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Mixtures and removals of pairs: 1e-10 in float64, 1e-11 for mixtures, 1e-5 in float32


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
    images, others = (
        normal(m, channels, *size, dtype=dtype, seed=one) for one in (seed, seed + 100)
    )
    masks = torch.from_numpy(np.random.default_rng(seed).random((k, m, len(pairs))))
    half, fill = (
        masks.to(dtype)[..., pairs.half_plane][:, :, None],
        torch.fft.rfft2(others) if filled else None,
    )
    found = hide(torch.fft.rfft2(images), half, fill, size=size).flatten(end_dim=1)
    behind, planes = others if filled else [None] * m, pairs.scatter(masks.numpy())
    expected = [
        exchanged(*each) for under in planes for each in zip(images, under, behind, strict=True)
    ]
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def replace_slowly(images, pairs, index, donors=None):
    """The images with each of the pairs removed or a donor's, one after the other: float64 [k * m, channels, H, W]."""
    return np.concatenate(
        [
            exchanged(images, pairs.scatter(np.arange(len(pairs)) != p), donors)
            for p in np.asarray(index)
        ]
    )


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (8, 1), (5, 6), (6, 5), (7, 9)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "a donor's"])
def test_every_pair_equals_mask_and_full_fft(size, dtype, tolerance, replaced):
    pairs, images = ConjugatePairs(*size), normal(2, 3, *size, dtype=dtype)
    donors = normal(2, 3, *size, dtype=dtype, seed=1) if replaced else None
    found = PairRemover(pairs, images, len(pairs), donors).remove(torch.arange(len(pairs)))
    assert found.dtype == dtype
    assert found.shape == (2 * len(pairs), 3, *size)
    expected = replace_slowly(images, pairs, range(len(pairs)), donors)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_float32_is_as_good_at_the_size_and_contrast_of_photographs():
    """224 x 224 with a mean ten times the spread; 2e-5 is a few units in the last place of the largest pixel."""
    pairs, images = ConjugatePairs(224, 224), 10 + normal(1, 3, 224, 224, dtype=torch.float32)
    index = torch.tensor([0, 1, 111, 9_000, 25_088, 25_089, int(pairs.radius.argmin())])
    found = PairRemover(pairs, images, len(index)).remove(index)
    np.testing.assert_allclose(found, replace_slowly(images, pairs, index), rtol=0, atol=2e-5)


def test_calls_share_one_dense_buffer_of_the_stated_size_in_channels_last_order():
    pairs, images = ConjugatePairs(5, 6), normal(3, 3, 5, 6)
    removal = PairRemover(pairs, images, 4)
    found = [removal.remove(torch.tensor(index)) for index in ([0, 1], [2, 3, 4, 5], [6])]
    assert len({one.data_ptr() for one in found}) == 1
    assert {one.untyped_storage().nbytes() for one in found} == {4 * images.nbytes}
    assert all(one.is_contiguous(memory_format=torch.channels_last) for one in found)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_neither_removal_nor_a_caller_that_overwrites_the_batch_disturbs_anything(memory_format):
    pairs = ConjugatePairs(5, 6)
    images = normal(3, 3, 5, 6).contiguous(memory_format=memory_format)
    before, removal = images.clone(), PairRemover(pairs, images, 4)
    for index in ([0, 1, 2, 3], [4], [2, 2, 0, 2]):
        found = removal.remove(torch.tensor(index))
        np.testing.assert_allclose(found, replace_slowly(before, pairs, index), rtol=0, atol=1e-10)
        found.fill_(torch.nan)
        assert torch.equal(images, before)
