"""The parts of the exchange test and the statistics of spectra that they use, against slow references."""

import numpy as np
import pytest
import torch
from exchange_subjects import grey, subject
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spectral_classes import noise, pixels_of, split

from frequency_shortcuts.exchange.class_statistics import ClassStatistics, class_statistics
from frequency_shortcuts.exchange.field import Field, coefficients, surface
from frequency_shortcuts.exchange.fine import LARGEST, LONGEST, Fine
from frequency_shortcuts.exchange.patch import Patch, exchanged_pixels, places
from frequency_shortcuts.exchange.swap import exchanged
from frequency_shortcuts.images import source
from frequency_shortcuts.images.source import in_pixels
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

SIZES, LARGER = (st.tuples(sides, sides) for sides in (st.integers(5, 12), st.integers(6, 70)))
few = settings(max_examples=25, deadline=None)
OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])


def cycles(height: int, width: int) -> np.ndarray:
    """Cycles per pixel of each frequency of an FFT, [H, W]."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))


def slow_spectra(images: np.ndarray) -> np.ndarray:
    """Whole planes, in opponent colours where there are three."""
    spectra = np.fft.fft2(images.astype(float))
    return spectra if spectra.shape[1] != 3 else np.einsum("ij,njhw->nihw", OPPONENT, spectra)


def slow_moments(images: np.ndarray, labels: np.ndarray, c: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the coefficients of a class."""
    spectra = slow_spectra(images[labels == c])
    mean = spectra.mean(axis=0)
    return mean, (np.abs(spectra - mean) ** 2).sum(axis=0) / (len(spectra) - 1)


def slow_fine(image: np.ndarray) -> np.ndarray:
    """The waves of an image [H, W] that are shorter than 8.5 pixels and than a seventh of its sides, one by one."""
    height, width = image.shape
    wavelength = min(8.5, height / 7, width / 7)
    y, x = np.mgrid[:height, :width]
    made = np.zeros(image.shape)
    for u in range(-(height // 2), (height + 1) // 2):
        for v in range(-(width // 2), (width + 1) // 2):
            if np.hypot(u / height, v / width) > 1 / wavelength + 1e-9:  # rounding
                wave = np.exp(2j * np.pi * (u * y / height + v * x / width))
                made += (np.vdot(wave, image) * wave).real / image.size
    return made


@pytest.mark.parametrize(
    ("k", "channels", "size"), [(4, 1, (20, 20)), (3, 3, (11, 14)), (2, 1, (9, 8))]
)
def test_half_of_the_images_get_the_pattern_of_the_class_and_half_its_strength_in_rings(
    k, channels, size
):
    plain = grey(k, 12, size, channels)
    images = plain.images.astype(float)
    noise = np.random.default_rng(5).normal(0, 20, images.shape)
    images[plain.labels == 1] += noise[plain.labels == 1]  # one class is noisy
    split = Split(
        images.clip(0, 255).astype(np.uint8),
        plain.labels,
        mean=np.zeros(channels),
        std=np.ones(channels),
    )
    who = subject(split)
    pixels = who.ranking.take(np.arange(len(split))).double().numpy()
    spectra = slow_spectra(pixels)
    ring, short = np.floor(min(size) * cycles(*size) + 1e-9), cycles(*size) > 1 / LONGEST + 1e-9
    shape = (2, k, channels, *size)  # of each frequency, and of each ring
    ratio, noise, pattern = np.ones(shape), np.zeros(shape), np.zeros(shape, complex)
    power = np.stack([(np.abs(spectra[split.labels == c]) ** 2).mean(axis=0) for c in range(k)])
    in_rings = np.stack(
        [power[..., ring == number].mean(axis=-1) for number in np.unique(ring[short])], axis=-1
    )
    in_rings = np.log(in_rings).reshape(k, -1)
    for c in range(k):
        farthest = int(((in_rings - in_rings[c]) ** 2).sum(axis=1).argmax())
        others = [other for other in range(k) if other != c and (other != farthest or k == 2)]
        mean, variance = slow_moments(pixels, split.labels, c)
        rest_mean, rest_variance = slow_moments(pixels, np.isin(split.labels, others), True)
        for channel, u, v in np.argwhere(np.broadcast_to(short, mean.shape)):
            at = channel, u, v
            r = min(1, np.sqrt(variance[at] / rest_variance[at]))
            ratio[0][c][at], pattern[0][c][at] = r, mean[at] - r * rest_mean[at]
            noise[0][c][at] = np.sqrt(max(0, variance[at] - rest_variance[at]))
            here = channel, ring == ring[u, v]
            r = np.sqrt(variance[here].mean() / rest_variance[here].mean()).clip(
                1 / LARGEST, LARGEST
            )
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
        h, own = half[n], slow_spectra(shown[n : n + 1].double().numpy())[0]
        added = pattern[h, c] + noise[h, c] * np.fft.fft2(drawn[n]) / np.sqrt(size[0] * size[1])
        expected = np.fft.ifft2(ratio[h, c] * own + added).real
        expected = expected if channels == 1 else np.tensordot(OPPONENT.T, expected, 1)
        np.testing.assert_allclose(made[n], expected, atol=2e-5)


def slow_surface(image: np.ndarray, pixels: np.ndarray | None = None) -> np.ndarray:
    """The surface a + b x + c y + d r^2 closest to pixels of an image [H, W], by the normal equations.

    pixels : bool [H, W]; by default the border
    """
    height, width = image.shape
    rows, columns = max(2, height // 16), max(2, width // 16)
    points = []
    for i, j in np.ndindex(height, width):
        y, x = -1 + 2 * i / (height - 1), -1 + 2 * j / (width - 1)
        outer = i < rows or i >= height - rows or j < columns or j >= width - columns
        points.append((1.0, x, y, x * x + y * y, outer))
    terms = np.array([point[:4] for point in points])
    outer = np.array([point[4] for point in points])
    if pixels is not None:
        outer = pixels.ravel()
    design = terms[outer]
    fitted = np.linalg.solve(design.T @ design, design.T @ image.ravel()[outer])
    return (terms @ fitted).reshape(image.shape)


@pytest.mark.parametrize(
    ("part", "slow", "tolerance"), [("fine", slow_fine, 1e-12), ("field", slow_surface, 1e-8)]
)
@few
@given(SIZES)
@example((10, 18))
def test_swapped_images_have_the_part_of_the_partner_and_keep_the_rest(part, slow, tolerance, size):
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 2, *size)))
    partner = torch.tensor([1, 2, 2])
    swapped = exchanged(images, {part: partner})
    for n, m in enumerate(partner):
        for channel in range(2):
            own, other = (images[k, channel].numpy() for k in (n, m))
            np.testing.assert_allclose(
                swapped[n, channel], own - slow(own) + slow(other), atol=tolerance
            )


@few
@given(LARGER)
def test_the_surface_is_the_closest_to_the_border(size):
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, *size)))
    made = surface(coefficients(images), torch.Size(size))
    for image, fitted in zip(images.flatten(0, 1), made.flatten(0, 1), strict=True):
        np.testing.assert_allclose(fitted, slow_surface(image.numpy()), atol=1e-8)


def test_a_field_is_that_of_the_class_minus_the_median_of_others_without_the_farthest():
    plain = grey(4, 6, channels=3)
    images = plain.images.astype(float)
    images[plain.labels == 2, 0] += 40  # a colour cast
    images[plain.labels == 1] += np.linspace(-20, 20, 20)  # a gradient along x
    split = Split(np.rint(images).astype(np.uint8), plain.labels, mean=np.zeros(3), std=np.ones(3))
    who = subject(split)
    field = Field(who)
    pixels = who.ranking.take(np.arange(len(split))).double().numpy()
    of_image = np.array([[slow_surface(channel) for channel in image] for image in pixels])
    means = np.stack([of_image[split.labels == c].mean(axis=0) for c in range(4)])
    classes = np.array([0, 1, 2, 3])
    shown = who.ranking.take(np.arange(4))
    added = (field.give(shown, classes, 0) - shown).numpy()
    of_class = coefficients(torch.from_numpy(means)).numpy()
    for c, part in zip(classes, added, strict=True):
        distance = np.sqrt(((of_class - of_class[c]) ** 2).sum(axis=(1, 2)))
        others = [k for k in range(4) if k not in (c, distance.argmax())]
        expected = (
            means[c]
            - surface(torch.from_numpy(of_class[others].mean(axis=0)), torch.Size((20, 20))).numpy()
        )
        np.testing.assert_allclose(part, expected, atol=1e-5)
    np.testing.assert_allclose(added[2].mean(axis=(1, 2)), [40 / 255, 0, 0], atol=0.04)
    assert 0.1 < added[1, 1, 0, -1] - added[1, 1, 0, 0] < 0.2  # about 40 / 255


def test_of_two_classes_the_field_is_the_difference_to_the_other_one():
    split = grey(2, 5)
    own = Field(subject(split)).own
    torch.testing.assert_close(own[0], -own[1])


@pytest.mark.parametrize("size", [(32, 32), (20, 35), (9, 9), (48, 48)])
def test_places_are_windows_of_a_fifth_that_cover_the_image_and_the_frame(size):
    masks = places(torch.Size(size))
    assert masks.shape == (37, *size)
    height, width = (round(side / 5) for side in size)
    for number, mask in enumerate(masks[:36]):
        rows, columns = (np.flatnonzero(mask.any(dim=axis)) for axis in (1, 0))
        assert int(mask.sum()) == height * width == len(rows) * len(columns)
        for found, side, own, place in (
            (rows, size[0], height, number // 6),
            (columns, size[1], width, number % 6),
        ):
            assert found[0] == round(place * (side - own) / 5) and found[-1] == found[0] + own - 1
    assert masks[:36].any(dim=0).all() or min(size) < 20
    frame = masks[36]
    assert frame[0].all() and frame[:, -1].all() and not frame[2:-2, 2:-2][1:-1, 1:-1].any()


def tagged(place: int) -> tuple[Split, torch.Tensor]:
    """Images of which those of class 0 are white at a place, and where."""
    plain, mask = grey(3, 40), places(torch.Size((20, 20)))[place]
    images = np.where(
        (plain.labels == 0)[:, None, None, None] & mask.numpy(), 255, plain.images
    ).astype(np.uint8)
    return Split(images, plain.labels, mean=np.zeros(1), std=np.ones(1)), mask


@pytest.mark.parametrize("place", [0, 5, 17, 30, 36])
def test_the_place_of_a_tag_is_found(place):
    split, mask = tagged(place)

    def name(images):
        white = images[:, 0, mask].mean(1) > 0.9
        return np.where(white, 0, 1)

    assert Patch(subject(split, name)).place[0] == place


def test_a_patch_is_put_at_the_place_of_the_class_that_is_tested():
    split, _ = tagged(7)
    who = subject(split, lambda images: (images[:, 0].mean((1, 2)) > 0.4).long().numpy())
    patch = Patch(who)
    images, classes = who.ranking.take(np.arange(4)), np.array([0, 2, 1, 0])
    for c in range(3):
        who.generator.manual_seed(1)
        made = patch.give(images, classes, c)
        who.generator.manual_seed(1)
        donors = who.donors(classes)
        mask = places(torch.Size((20, 20)))[patch.place[c]]
        assert torch.equal(made, torch.where(mask, donors, images))


def test_a_swap_exchanges_the_corners_and_the_frame():
    images = torch.rand(4, 2, 20, 30)
    partner = torch.tensor([1, 2, 3, 3])
    swapped = exchanged(images, {"patch": partner})
    for n, i, j in np.ndindex(4, 20, 30):
        outer = (
            min(i, 19 - i) < 2 or min(j, 29 - j) < 2 or (min(i, 19 - i) < 4 and min(j, 29 - j) < 6)
        )
        assert torch.equal(swapped[n, :, i, j], images[partner[n] if outer else n, :, i, j])


@pytest.mark.parametrize("size", [(32, 32), (20, 50)])
@pytest.mark.parametrize("found", [(5,), (14, 36)])
def test_a_place_that_was_found_is_exchanged_with_a_margin(size, found):
    """Of two pixels at 20, and of a tenth of larger sides; of the frame, inward."""
    masks = places(torch.Size(size))[list(found)].numpy()
    rows, columns = (max(2, round(0.1 * side)) for side in size)
    expected = np.zeros(size, bool)
    for _, i, j in np.argwhere(masks):
        expected[max(0, i - rows) : i + rows + 1, max(0, j - columns) : j + columns + 1] = True
    assert expected.sum() > masks.any(axis=0).sum() and not expected.all()
    images = torch.rand(2, 1, *size)
    swapped = exchanged(images, {"patch": torch.tensor([1, 0])}, found)
    assert torch.equal(swapped, torch.where(torch.from_numpy(expected), images.flip(0), images))


def test_the_field_is_taken_off_first_and_that_of_the_partner_put_on_last():
    """The field is that of the outer fifth, without the pixels of the patch."""
    images = torch.rand(4, 1, 20, 20, dtype=torch.float64)
    partners = {part: torch.randperm(4) for part in ("field", "fine", "patch")}
    outer = np.ones((20, 20), bool)
    outer[4:-4, 4:-4] = False
    outer &= ~exchanged_pixels(torch.Size((20, 20))).numpy()
    fields = torch.stack(
        [torch.from_numpy(slow_surface(image[0].numpy(), outer)) for image in images]
    )
    rest = exchanged(images - fields[:, None], {"patch": partners["patch"]})
    rest = exchanged(rest, {"fine": partners["fine"]})
    expected = rest + fields[partners["field"], None]
    torch.testing.assert_close(exchanged(images, partners), expected)


def test_an_exchanged_frame_leaves_nothing_inside():
    """With the field of the frame taken off, the inside would be darker than the frame that took its place."""
    plain = torch.from_numpy(noise(1, 40, (32, 32), 1)[0]).double()
    framed = plain.clone()
    frame = places(torch.Size((32, 32)))[36]
    framed[:, :, frame] += 200
    partner = torch.arange(40).roll(1)
    inside = ~exchanged_pixels(torch.Size((32, 32)))
    both = [
        exchanged(torch.cat([images, plain]), {"field": torch.cat([40 + partner, partner]),
                                               "patch": torch.cat([40 + partner, partner])})[:40]
        for images in (plain, framed)
    ]  # fmt: skip
    torch.testing.assert_close(both[0][..., inside], both[1][..., inside])
    torch.testing.assert_close(both[0], both[1])


@few
@given(st.tuples(st.integers(2, 9), st.integers(2, 9)), st.integers(1, 3))
def test_moments_are_those_of_a_loop(size, channels):
    images, labels = noise(3, 12, size, channels)
    images[labels == 1] *= 1.1
    statistics, half = class_statistics(pixels_of(images, labels), 3), size[1] // 2 + 1
    for c in range(3):
        mean, variance = slow_moments(images, labels, c)
        np.testing.assert_allclose(statistics.of(c).mean, mean[..., :half], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            statistics.of(c).variance, variance[..., :half], rtol=1e-4, atol=1e-9
        )
        assert statistics.of(c).images == 12
        # The other classes have as many images, so that they are one sample.
        mean, variance = slow_moments(images, labels != c, True)
        np.testing.assert_allclose(statistics.rest(c).mean, mean[..., :half], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            statistics.rest(c).variance, variance[..., :half], rtol=1e-4, atol=1e-9
        )
        assert statistics.rest(c).images == pytest.approx(24)


def test_each_class_of_the_rest_counts_as_if_it_had_as_many_images():
    images, labels = noise(3, 40, (6, 6))
    chosen = np.concatenate(
        [np.flatnonzero(labels == c)[:n] for c, n in ((0, 20), (1, 10), (2, 40))]
    )
    statistics = class_statistics(pixels_of(images[chosen], labels[chosen]), 3)
    rest, means = statistics.rest(0), [statistics.of(c).mean for c in (1, 2)]
    torch.testing.assert_close(rest.mean, (means[0] + means[1]) / 2)
    assert rest.images == pytest.approx(4 / (1 / 10 + 1 / 40))  # so many images know a mean as well


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_statistics_do_not_depend_on_batches_on_the_dtype_or_on_the_normalisation(
    monkeypatch, batch
):
    grey, labels = noise(3, 12, (16, 15), channels=3)
    images = np.rint(255 * grey).astype(np.uint8)
    expected = class_statistics(pixels_of(images, labels), 3)
    monkeypatch.setattr(source, "BATCH", batch)
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
    for ranking, factor in (
        (unknown, [1, 1]),
        (far, [3, 300]),
    ):  # 300 is no value of pixels from 0 to 1
        pixels, test = in_pixels(
            ranking, split(ranking.images[:4], labels[:4], ranking.mean[0]), torch.device("cpu")
        )
        shift, scale = ranking.pixel_units
        np.testing.assert_allclose(shift, low * factor, rtol=1e-6)
        np.testing.assert_allclose(scale, (high - low) * factor, rtol=1e-6)
        taken = pixels.take(np.arange(20))
        assert taken.amin() == 0 and taken.amax() == pytest.approx(1)
        torch.testing.assert_close(test.take(np.arange(4)), taken[:4])
        torch.testing.assert_close(pixels.seen(taken), torch.from_numpy(ranking.images).float())
        assert pixels.seen(torch.full((1, 2, 5, 4), 2.0)).amax(
            dim=(0, 2, 3)
        ).tolist() == pytest.approx(high * factor)


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
    assert {tuple(place) for place in np.argwhere(raised >= highest[0])} == {
        tuple(place) for place in pair
    }
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
    with pytest.raises(
        ValueError,
        match="class b has 9 images for the statistics of its spectrum: expected at least",
    ):
        class_statistics(pixels_of(images[:-1], labels[:-1]), 2, ("a", "b"))
    flat = np.full_like(images, 0.3) + labels[:, None, None, None].astype(np.float32) / 4
    for same in (flat, flat + np.linspace(0, 0.1, 20, dtype=np.float32)[:, None, None, None]):
        with pytest.raises(
            ValueError,
            match="images of each class are all the same, but for brightness: expected im",
        ):
            class_statistics(pixels_of(same, labels), 2)
    for stripes in (images.mean(axis=2, keepdims=True), images.mean(axis=3, keepdims=True)):
        assert len(class_statistics(pixels_of(stripes + 0 * images, labels), 2)) == 2
