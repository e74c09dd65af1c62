"""Masks that a map is compared with: their size, their rings, their chance."""

import numpy as np
import pytest

from frequency_shortcuts import spectrum
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum.controls import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs


@pytest.mark.parametrize("kind", ["random", "radial"])
@pytest.mark.parametrize("size", [(32, 32), (7, 7), (6, 5), (1, 9)])
def test_controls_have_the_size_of_the_map_and_the_radial_ones_its_rings(kind, size):
    pairs, ring = ConjugatePairs(*size), np.rint(spectrum.radius(*size)).astype(int)
    for seed in range(0, 20, 4):
        mask = dominant(np.random.default_rng(seed).standard_normal((1, len(pairs))), pairs, 5 + 4 * seed)[0]
        drawn = control_mask(mask, kind, seed)
        assert drawn.sum() == mask.sum()
        assert spectrum.symmetric(drawn)
        if kind == "radial":
            np.testing.assert_array_equal(np.bincount(ring[drawn], minlength=99), np.bincount(ring[mask], minlength=99))


def test_a_map_of_a_whole_ring_is_its_own_radial_control():
    ring = np.rint(spectrum.radius(8, 8)) == 2
    assert spectrum.symmetric(ring)
    np.testing.assert_array_equal(control_mask(ring, "radial", 0), ring)
    assert (control_mask(ring, "random", 0) != ring).any()


def test_controls_refuse_an_unknown_kind_and_a_mask_that_is_no_mask():
    with pytest.raises(ValueError, match="unknown control 'ring': choose from random, radial"):
        control_mask(np.ones((4, 4), bool), "ring", 0)
    with pytest.raises(ValueError, match="not symmetric"):  # its control would have another size
        control_mask(np.arange(36).reshape(6, 6) == 20, "random", 0)


@pytest.mark.parametrize("size", [(7, 7), (6, 5), (1, 9)])
def test_the_low_pass_control_has_the_lowest_radii_with_ties_by_u_and_v(size):
    height, width = size
    for count in range(1, height * width + 1):
        mask = np.zeros(height * width, bool)
        mask[:count] = True
        found = low_pass_mask(mask.reshape(size))
        expected, filled = np.zeros(size, bool), 0
        ranked = sorted(
            (u * u + v * v, u, v) for u in range(-(height // 2), (height + 1) // 2) for v in _columns(width)
        )
        for _, u, v in ranked:
            here, there = (u + height // 2, v + width // 2), (-u + height // 2, -v + width // 2)
            there = (there[0] % height, there[1] % width)
            if filled < count and not expected[here]:
                expected[here] = expected[there] = True
                filled = expected.sum()
        np.testing.assert_array_equal(found, expected)
        assert spectrum.symmetric(found) and 0 <= found.sum() - count <= 1
    assert not low_pass_mask(np.zeros(size, bool)).any()


def _columns(width):
    return range(-(width // 2), (width + 1) // 2)
