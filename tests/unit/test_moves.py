"""Moves between the statistics of classes: the spectra after them, at every frequency, for images of any size."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral_classes import noise, pixels_of

from frequency_shortcuts.evaluation import moves
from frequency_shortcuts.evaluation.class_statistics import ClassStatistics, beyond, class_statistics
from frequency_shortcuts.evaluation.moves import Move
from frequency_shortcuts.spectrum.filters import opponent, rgb
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

sizes = st.tuples(st.integers(2, 9), st.integers(2, 9))
few = settings(max_examples=10, deadline=None)


def problem(size, channels, n=15):
    """Three classes of gray noise, b with other means and amplitudes at every frequency; images and labels."""
    images, labels = noise(3, n, size, channels)
    generator, own = np.random.default_rng(1), labels == 1
    gain = np.abs(np.fft.rfft2(generator.normal(size=(channels, *size)))) / (size[0] * size[1]) ** 0.5 + 0.2
    images[own] = np.fft.irfft2(np.fft.rfft2(images[own]) * gain, s=size)
    images[own] += generator.normal(0, 0.1, (channels, *size))
    return torch.from_numpy(images), labels


def of_images(images, labels, certain):
    """Their statistics; if certain, as if they were of so many images that nothing is shrunk."""
    found = class_statistics(pixels_of(images.numpy(), labels), 3)
    if certain:
        variance, n = found.variance.clone(), found.count[:, None, None, None]
        return ClassStatistics(found.mean, variance * torch.from_numpy((n - 1) / n), found.count * 10**14, found.size)
    return found


def moments(images):
    spectra = opponent(torch.fft.fft2(images.double()))  # in which the statistics of colour images are
    return spectra.mean(dim=0), spectra.var(dim=0, correction=0).real


def is_complete(move, images):
    """Whether the images after a move have the coefficients that it says: it is the same at conjugate frequencies."""
    spectra = torch.fft.rfft2(images)
    expected = rgb(move.shift + move.ratio * opponent(spectra))
    found = torch.fft.rfft2(move.apply(spectra, images.shape[-2:]))
    return torch.allclose(found, expected, rtol=0, atol=1e-4 * float(expected.abs().max()))


@few
@given(sizes, st.sampled_from([1, 3]))
def test_moved_images_have_the_mean_and_the_variance_of_the_class_at_every_frequency(size, channels):
    images, labels = problem(size, channels)
    statistics = of_images(images, labels, certain=True)
    largest, moves.LARGEST_RATIO = moves.LARGEST_RATIO, np.inf
    try:
        for start, end, move in (
            (labels != 1, labels == 1, moves.move_to(statistics, 1)),
            (labels == 1, labels != 1, moves.move_away(statistics, 1)),
        ):
            moved = move.apply(torch.fft.rfft2(images[start]), size)
            for found, expected in zip(moments(moved), moments(images[end]), strict=True):
                assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
            assert is_complete(move, images[start])
    finally:
        moves.LARGEST_RATIO = largest


@few
@given(sizes, st.integers(0, 100))
def test_differences_are_shrunk_by_what_chance_gives(size, seed):
    images, labels = noise(3, 12, size, seed=seed)
    images[labels == 1] *= 1.2
    statistics = of_images(torch.from_numpy(images), labels, certain=False)
    move, own, rest = moves.move_to(statistics, 1), statistics.of(1), statistics.rest(1)
    pairs = ConjugatePairs(*size)
    for place in zip(pairs.half_row, pairs.half_column, strict=True):
        at = 0, *(int(n) for n in place)
        alone = pairs.size[pairs.half_plane[at[1:]]] == 1
        means = [m.mean[at] * max(0, 1 - m.variance[at] / (m.images * abs(m.mean[at]) ** 2)) for m in (own, rest)]
        log = np.log(float(own.variance[at] / rest.variance[at])) / 2
        chance = (1 / own.images + 1 / rest.images) / (2 if alone else 4)
        ratio = np.exp(np.clip(log * max(0, 1 - chance / log**2), -np.log(8), np.log(8)))
        assert move.ratio[at] == pytest.approx(float(ratio), rel=1e-4)
        assert abs(move.shift[at] - (means[0] - ratio * means[1])) < 1e-4 * (1 + abs(means[0]))


def test_nothing_moves_where_nothing_differs_and_a_ratio_is_limited():
    images, labels = noise(3, 400, (8, 8))
    move = moves.move_to(of_images(torch.from_numpy(images), labels, certain=False), 0)
    of_noise = 0.05 * 8  # standard deviation of a coefficient
    shift = move.shift.flatten()[1:]  # without the mean brightness, which differs from 0
    assert move.ratio.sub(1).abs().max() < 0.1 and shift.abs().max() < 0.15 * of_noise
    assert (move.ratio == 1).float().mean() > 0.5 and (shift == 0).float().mean() > 0.2
    images[labels == 0] = 0.5 + 100 * (images[labels == 0] - 0.5)
    statistics = of_images(torch.from_numpy(images), labels, certain=False)
    assert moves.move_to(statistics, 0).ratio[0, 1, 1] == pytest.approx(moves.LARGEST_RATIO)
    assert moves.move_away(statistics, 0).ratio[0, 1, 1] == pytest.approx(1 / moves.LARGEST_RATIO)


@few
@given(sizes, st.sampled_from([1, 3]), st.floats(0, 5), st.integers(0, 100))
def test_a_sham_has_the_same_sizes_in_each_ring_and_gives_real_images(size, channels, least, seed):
    images, labels = problem(size, channels)
    pairs, region = ConjugatePairs(*size), beyond(size, least)
    move = moves.move_to(of_images(images, labels, certain=False), 1).within(torch.from_numpy(region))
    made = moves.sham(move, pairs, region, np.random.default_rng(seed))
    assert is_complete(move, images) and is_complete(made, images)
    assert (made.shift[:, ~region] == 0).all() and (made.ratio[:, ~region] == 1).all()
    ring, at = np.floor(pairs.radius), (slice(None), pairs.half_row, pairs.half_column)
    ring = np.minimum(ring, ring.max() - 1)  # the last two are one
    for number in np.unique(ring):
        # What a pair gets comes from one other pair, in all channels.
        sizes_of = (torch.cat([one.shift[at].abs(), one.ratio[at]])[:, ring == number].T for one in (move, made))
        before, after = (sorted(of_pairs.tolist()) for of_pairs in sizes_of)
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-6)


def test_the_sham_of_a_checkerboard_is_none():
    pairs, region = ConjugatePairs(32, 32), beyond((32, 32), 5)
    corner = torch.zeros(1, 32, 17, dtype=torch.complex64)
    corner[0, 16, 16] = 1
    move = Move(corner, torch.ones(1, 32, 17))
    made = [moves.sham(move, pairs, region, np.random.default_rng(seed)).shift for seed in range(10)]
    assert np.mean([float(one[0, 16, 16].abs()) for one in made]) < 0.5


def test_shams_differ_in_places_and_phases():
    pairs, region = ConjugatePairs(16, 16), np.ones((16, 9), bool)
    shift, ratio = torch.zeros(1, 16, 9, dtype=torch.complex64), torch.ones(1, 16, 9)
    shift[0, 5, 3] = 2
    generator = np.random.default_rng(0)
    made = [moves.sham(Move(shift, ratio), pairs, region, generator).shift for _ in range(20)]
    assert len({int(one.abs().argmax()) for one in made}) > 5
    angles = [float(one.flatten()[one.abs().argmax()].angle()) for one in made]
    assert min(angles) < -1.5 and max(angles) > 1.5
    for one in made:
        assert 5 <= pairs.radius[pairs.half_plane.ravel()[one.abs().argmax()]] < 6


def test_donors_are_other_images_of_the_class():
    labels, generator = np.array([0, 0, 1, 2, 2, 2]), np.random.default_rng(0)
    images = np.tile(np.arange(6), 30)
    of_own = moves.draw_donors(labels, labels[images], images, generator)
    assert (of_own[images == 2] == -1).all()  # it has no other image of its class
    there = of_own >= 0
    assert (labels[of_own[there]] == labels[images[there]]).all() and (of_own != images).all()
    assert set(of_own[images == 3]) == {4, 5} and there.sum() == 150
    of_other = moves.draw_donors(labels, np.full(len(images), 1), images, generator)
    assert (of_other[images != 2] == 2).all()
