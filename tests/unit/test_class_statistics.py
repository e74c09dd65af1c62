"""Statistics of classes at each frequency."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spectral_classes import noise, pixels_of, split

from frequency_shortcuts.exchange import class_statistics as statistics_of
from frequency_shortcuts.exchange.class_statistics import ClassStatistics, class_statistics
from frequency_shortcuts.images.pixels import in_pixels
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

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
    grey, labels = noise(3, 12, (16, 15), channels=3)
    images = np.rint(255 * grey).astype(np.uint8)
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
