"""Masks that a map is compared with, and the fill of the frequencies that are not kept."""

import numpy as np
import pytest
from scipy import stats

from frequency_shortcuts import spectrum
from frequency_shortcuts.maps.dfm import dominant
from frequency_shortcuts.spectrum import fills
from frequency_shortcuts.spectrum.masks import control_mask, low_pass_mask
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

LABELS = np.array([0, 1, 2, 2, 0, 2, 2, 1, 2, 0, 2, 1])


@pytest.mark.parametrize("kind", ["random", "radial"])
@pytest.mark.parametrize("size", [(32, 32), (7, 7), (6, 5), (1, 9)])
def test_controls_have_the_size_of_the_map_and_the_radial_ones_its_rings(kind, size):
    pairs, ring = ConjugatePairs(*size), np.rint(spectrum.radius(*size)).astype(int)
    for seed in range(0, 20, 4):
        mask = dominant(
            np.random.default_rng(seed).standard_normal((1, len(pairs))), pairs, 5 + 4 * seed
        )[0]
        drawn = control_mask(mask, kind, seed)
        assert drawn.sum() == mask.sum()
        assert spectrum.symmetric(drawn)
        if kind == "radial":
            np.testing.assert_array_equal(
                np.bincount(ring[drawn], minlength=99), np.bincount(ring[mask], minlength=99)
            )


def test_random_controls_are_uniform_over_the_pairs_and_a_whole_ring_is_its_own_radial_control():
    """Each pair of two is drawn with the same chance: chi-square over 4000 draws, p above 0.001."""
    pairs, increment = ConjugatePairs(6, 6), np.zeros((1, 20))
    increment[0, np.flatnonzero(pairs.size == 2)[:5]] = 1
    mask = dominant(increment, pairs, 28)[0]
    counts = sum(pairs.gather(control_mask(mask, "random", s)).astype(int) for s in range(4000))
    assert (counts[pairs.size == 1] == 0).all()
    assert stats.chisquare(counts[pairs.size == 2]).pvalue > 0.001
    ring = np.rint(spectrum.radius(8, 8)) == 2
    np.testing.assert_array_equal(control_mask(ring, "radial", 0), ring)


@pytest.mark.parametrize("size", [(7, 7), (6, 5), (1, 9)])
def test_the_low_pass_control_has_the_lowest_radii_with_ties_by_u_and_v(size):
    height, width = size
    u, v = (range(-(side // 2), (side + 1) // 2) for side in size)
    ranked = sorted((i * i + j * j, i, j) for i in u for j in v)
    for count in range(height * width + 1):
        mask = (np.arange(height * width) < count).reshape(size)
        expected = np.zeros(size, bool)
        for _, i, j in ranked:
            if expected.sum() < count:
                expected[i + height // 2, j + width // 2] = True
                expected[(height // 2 - i) % height, (width // 2 - j) % width] = True
        found = low_pass_mask(mask)
        np.testing.assert_array_equal(found, expected)
        assert spectrum.symmetric(found) and 0 <= found.sum() - count <= 1


def test_donors_are_of_the_neutral_class_and_never_the_image_itself():
    found = fills.donors(LABELS, neutral=2, seed=3)
    assert (LABELS[found] == 2).all()
    assert (found != np.arange(len(LABELS))).all()
    assert sorted(found[LABELS == 2]) == sorted(
        np.flatnonzero(LABELS == 2)
    )  # each gives to one of its own class


def test_donors_without_a_neutral_class_are_of_another_class():
    found = fills.donors(LABELS, seed=3)
    assert (LABELS[found] != LABELS).all()
    np.testing.assert_array_equal(found, fills.donors(LABELS, seed=3))
    assert not np.array_equal(found, fills.donors(LABELS, seed=8))


def test_every_donor_of_a_class_is_used_about_equally_often():
    labels = np.repeat([0, 1], [7, 30])
    count = np.bincount(fills.donors(labels, neutral=0)[labels == 1], minlength=7)
    assert count[:7].min() >= 4 and count[:7].max() <= 5


def test_a_donor_of_the_own_class_is_another_image_of_it_and_each_image_is_one_once():
    found = fills.donors_of_own_class(LABELS, seed=3)
    assert (
        (LABELS[found] == LABELS).all()
        and (found != np.arange(12)).all()
        and sorted(found) == list(range(12))
    )
    assert not np.array_equal(found, fills.donors_of_own_class(LABELS, seed=8))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: control_mask(np.ones((4, 4), bool), "ring", 0),
            "unknown control 'ring': choose from random, radial",
        ),
        (
            lambda: fills.donors([0, 1, 1], neutral=0),
            "of class 0 needs another image of the neutral class 0",
        ),
        (lambda: fills.donors_of_own_class([0, 0, 1]), "class 1 has one image, and no other"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    """Besides what tests/trials and test_methods have."""
    with pytest.raises(ValueError, match=message):
        call()
