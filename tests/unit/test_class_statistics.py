"""Statistics of classes at each frequency, the radius beyond which they are fine, and moves between them."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spectral_classes import noise, pixels_of, split, waved

from frequency_shortcuts.data.pixels import in_pixels
from frequency_shortcuts.evaluation import class_statistics as statistics_of
from frequency_shortcuts.evaluation import moves
from frequency_shortcuts.evaluation.class_statistics import ClassStatistics, beyond, class_statistics, fine_radius
from frequency_shortcuts.evaluation.moves import Move
from frequency_shortcuts.spectrum.filters import opponent, rgb
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, radius

sizes = st.tuples(st.integers(2, 9), st.integers(2, 9))
few = settings(max_examples=10, deadline=None)


def slow_moments(images, labels, c):
    """Mean and variance of the coefficients of a class, whole planes, in opponent colours where there are three."""
    spectra = np.fft.fft2(images[labels == c].astype(float))
    if spectra.shape[1] == 3:
        colours = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
        spectra = np.stack([sum(weight * spectra[:, i] for i, weight in enumerate(row)) for row in colours], axis=1)
    mean = spectra.mean(axis=0)
    return mean, (np.abs(spectra - mean) ** 2).sum(axis=0) / (len(spectra) - 1)


@few
@given(sizes, st.integers(1, 3))
def test_moments_are_those_of_a_loop(size, channels):
    images, labels = noise(3, 12, size, channels)
    images[labels == 1] *= 1.1
    statistics, half = class_statistics(pixels_of(images, labels), 3), size[1] // 2 + 1
    for c in range(3):
        mean, variance = slow_moments(images, labels, c)
        np.testing.assert_allclose(statistics.of(c).mean, mean[..., :half], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(statistics.of(c).variance, variance[..., :half], rtol=1e-4, atol=1e-9)
        assert statistics.of(c).images == 12
        # The other classes have as many images, so that they are one sample.
        mean, variance = slow_moments(images, labels != c, True)
        np.testing.assert_allclose(statistics.rest(c).mean, mean[..., :half], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(statistics.rest(c).variance, variance[..., :half], rtol=1e-4, atol=1e-9)
        assert statistics.rest(c).images == pytest.approx(24)


def test_each_class_of_the_rest_counts_as_if_it_had_as_many_images():
    images, labels = noise(3, 40, (6, 6))
    chosen = np.concatenate([np.flatnonzero(labels == c)[:n] for c, n in ((0, 20), (1, 10), (2, 40))])
    statistics = class_statistics(pixels_of(images[chosen], labels[chosen]), 3)
    rest, means = statistics.rest(0), [statistics.of(c).mean for c in (1, 2)]
    torch.testing.assert_close(rest.mean, (means[0] + means[1]) / 2)
    assert rest.images == pytest.approx(4 / (1 / 10 + 1 / 40))  # so many images know a mean as well


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_statistics_do_not_depend_on_batches_on_the_dtype_or_on_the_normalisation(monkeypatch, batch):
    images, labels = waved(12, seed=0, channels=3)
    expected = class_statistics(pixels_of(images, labels), 3)
    monkeypatch.setattr(statistics_of, "BATCH", batch)
    normalised = (images / 255 - 0.4) / 0.1
    for same in (
        split(images, labels, mean=0.1, std=0.9),
        split(normalised, labels, mean=0.4, std=0.1),
        split(normalised.astype(np.float32), labels, mean=0.4, std=0.1),
        split(torch.from_numpy(images), labels),
    ):
        found = class_statistics(in_pixels(same, same, torch.device("cpu"))[0], 3)
        torch.testing.assert_close(found.mean, expected.mean, rtol=0, atol=2e-4)
        torch.testing.assert_close(found.variance, expected.variance, rtol=1e-3, atol=1e-5)


def test_float_images_without_a_known_range_have_that_of_the_ranking_images_in_each_channel():
    images, labels = noise(2, 10, (5, 4), channels=2)
    low, high = images.min(axis=(0, 2, 3)), images.max(axis=(0, 2, 3))
    unknown, far = split(images, labels, 0, 1), split(images * [[[3]], [[300]]], labels)
    for ranking, factor in ((unknown, [1, 1]), (far, [3, 300])):  # 300 is no value of pixels from 0 to 1
        pixels, test = in_pixels(ranking, split(ranking.images[:4], labels[:4], ranking.mean[0]), torch.device("cpu"))
        np.testing.assert_allclose(pixels.shift, low * factor, rtol=1e-6)
        np.testing.assert_allclose(pixels.scale, (high - low) * factor, rtol=1e-6)
        taken = pixels.take(np.arange(20))
        assert taken.amin() == 0 and taken.amax() == pytest.approx(1)
        torch.testing.assert_close(test.take(np.arange(4)), taken[:4])
        torch.testing.assert_close(pixels.seen(taken), torch.from_numpy(ranking.images).float())
        assert pixels.seen(torch.full((1, 2, 5, 4), 2.0)).amax(dim=(0, 2, 3)).tolist() == pytest.approx(high * factor)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_differences_are_one_by_chance_and_large_where_a_class_differs(n_classes):
    images, labels = noise(n_classes, 40, (16, 15))
    found = class_statistics(pixels_of(images, labels), n_classes).differences(0)
    assert found.shape == (16, 15) and (found**2).mean() == pytest.approx(1, abs=0.15)
    pair = ConjugatePairs(16, 15).positions[100]
    spectra = np.fft.fftshift(np.fft.fft2(images), axes=(-2, -1))
    for row, column in pair:
        spectra[labels == 0, :, row, column] *= 3
    images = np.fft.ifft2(np.fft.ifftshift(spectra, axes=(-2, -1))).real.astype(np.float32)
    raised = class_statistics(pixels_of(images, labels), n_classes).differences(0)
    highest = np.sort(raised.ravel())[-2:]
    assert {tuple(place) for place in np.argwhere(raised >= highest[0])} == {tuple(place) for place in pair}
    assert highest[0] > 5


def test_ratios_are_bounded_where_a_class_has_no_power():
    variance = torch.full((2, 1, 4, 3), 1e4, dtype=torch.float64)
    variance[0, 0, 1, 1], variance[1, 0, 2, 0] = 0, 0
    statistics = ClassStatistics(
        torch.zeros(variance.shape, dtype=torch.complex128), variance, np.array([20, 20]), (4, 4)
    )
    expected = torch.zeros(1, 4, 3, dtype=torch.float64)
    expected[0, 1, 1], expected[0, 2, 0] = np.log(2e-12) / 2, -np.log(2e-12) / 2
    torch.testing.assert_close(statistics.log_ratio(0)[0], expected, rtol=0, atol=1e-6)


@few
@given(sizes, st.floats(0.01, 0.9))
@example((5, 4), 0.0)
def test_the_radius_leaves_at_most_the_share_outside_and_the_next_smaller_one_more(size, share):
    images, labels = noise(3, 12, size)
    images[labels == 2] += np.random.default_rng(1).normal(0, 0.2, (12, 1, 1, 1)).astype(np.float32)
    statistics = class_statistics(pixels_of(images, labels), 3)
    found, plane = fine_radius(statistics, share), np.fft.ifftshift(radius(*size))

    def outside(limit):
        """The median of the share beyond a radius, on whole planes."""
        shares = []
        for c in range(3):
            (own, own_variance), (rest, rest_variance) = (slow_moments(images, labels == c, on) for on in (True, False))
            power = (np.abs(own - rest) ** 2 + own_variance + rest_variance).sum(axis=0)
            shares.append(power[plane > limit + 1e-9].sum() / power.sum())
        return np.median(shares)

    assert outside(found) <= share + 1e-4
    smaller = plane[plane < found - 1e-9]
    assert not smaller.size or outside(smaller.max()) > share - 1e-4
    assert np.array_equal(beyond(size, found), plane[:, : size[1] // 2 + 1] > found)


def test_images_that_do_not_vary_or_are_few_are_refused():
    images, labels = noise(2, 10, (4, 6))
    with pytest.raises(ValueError, match="class b has 9 images for the statistics of its spectrum: expected at least"):
        class_statistics(pixels_of(images[:-1], labels[:-1]), 2, ("a", "b"))
    flat = np.full_like(images, 0.3) + labels[:, None, None, None].astype(np.float32) / 4
    for same in (flat, flat + np.linspace(0, 0.1, 20, dtype=np.float32)[:, None, None, None]):
        with pytest.raises(ValueError, match="images of each class are all the same, but for brightness: expected im"):
            class_statistics(pixels_of(same, labels), 2)
    for stripes in (images.mean(axis=2, keepdims=True), images.mean(axis=3, keepdims=True)):
        assert len(class_statistics(pixels_of(stripes + 0 * images, labels), 2)) == 2


# Moves between the statistics of classes: the spectra after them, at every frequency, for images of any size


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
