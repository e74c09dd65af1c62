"""The parts of the exchange test: what a class gives, and what is swapped, against slow references."""

import numpy as np
import pytest
import torch
from exchange_subjects import grey, subject
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.exchange.field import Field, coefficients, surface
from frequency_shortcuts.exchange.fine import LARGEST, LONGEST, Fine, Rings
from frequency_shortcuts.exchange.patch import Patch, places
from frequency_shortcuts.images.splits import Split

SIZES, LARGER = (st.tuples(sides, sides) for sides in (st.integers(5, 12), st.integers(6, 70)))
few = settings(max_examples=25, deadline=None)
OPPONENT = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])


def cycles(height: int, width: int) -> np.ndarray:
    """Cycles per pixel of each frequency of an FFT, [H, W]."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))


def slow_fine(image: np.ndarray, wavelength: float) -> np.ndarray:
    """The waves of an image [H, W] that are shorter than `wavelength` pixels, one by one."""
    height, width = image.shape
    y, x = np.mgrid[:height, :width]
    made = np.zeros(image.shape)
    for u in range(-(height // 2), (height + 1) // 2):
        for v in range(-(width // 2), (width + 1) // 2):
            if np.hypot(u / height, v / width) > 1 / wavelength + 1e-9:  # rounding
                wave = np.exp(2j * np.pi * (u * y / height + v * x / width))
                made += (np.vdot(wave, image) * wave).real / image.size
    return made


@few
@given(SIZES)
def test_swapped_images_have_the_fine_part_of_the_partner_and_keep_the_rest(size):
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 2, *size)))
    partner = torch.tensor([1, 2, 2])
    swapped, longest = Fine.swap(images, partner), min(8.5, min(size) / 7)
    for n, m in enumerate(partner):
        for channel in range(2):
            own, other = (images[k, channel].numpy() for k in (n, m))
            expected = own - slow_fine(own, longest) + slow_fine(other, longest)
            np.testing.assert_allclose(swapped[n, channel], expected, atol=1e-12)


@few
@given(SIZES)
def test_the_power_of_a_ring_is_the_mean_over_the_whole_plane(size):
    image = np.random.default_rng(0).normal(size=size)
    found = Rings(torch.Size(size)).mean(torch.fft.rfft2(torch.from_numpy(image)).abs().square())
    ring = np.floor(min(size) * cycles(*size) + 1e-9)
    power = np.abs(np.fft.fft2(image)) ** 2
    expected = [power[ring == number].mean() for number in range(len(found)) if (ring == number).any()]
    np.testing.assert_allclose(found[~found.isnan()], expected)


@pytest.mark.parametrize(("k", "channels", "size"), [(4, 1, (20, 20)), (3, 3, (11, 14)), (2, 1, (9, 8))])
def test_half_of_the_images_get_the_pattern_of_the_class_and_half_its_strength_in_rings(k, channels, size):
    plain = grey(k, 12, size, channels)
    images = plain.images.astype(float)
    noise = np.random.default_rng(5).normal(0, 20, images.shape)
    images[plain.labels == 1] += noise[plain.labels == 1]  # one class is noisy
    split = Split(images.clip(0, 255).astype(np.uint8), plain.labels, mean=np.zeros(channels), std=np.ones(channels))
    who = subject(split)
    pixels = who.ranking.take(np.arange(len(split))).double().numpy()
    seen = pixels if channels == 1 else np.einsum("ij,njhw->nihw", OPPONENT, pixels)
    spectra = np.fft.fft2(seen)
    ring, short = np.floor(min(size) * cycles(*size) + 1e-9), cycles(*size) > 1 / LONGEST + 1e-9
    shape = (2, k, channels, *size)  # of each frequency, and of each ring
    ratio, noise, pattern = np.ones(shape), np.zeros(shape), np.zeros(shape, complex)
    power = np.stack([(np.abs(spectra[split.labels == c]) ** 2).mean(axis=0) for c in range(k)])
    in_rings = np.stack([power[..., ring == number].mean(axis=-1) for number in np.unique(ring[short])], axis=-1)
    in_rings = np.log(in_rings).reshape(k, -1)
    for c in range(k):
        own = spectra[split.labels == c]
        farthest = int(((in_rings - in_rings[c]) ** 2).sum(axis=1).argmax())
        others = [other for other in range(k) if other != c and (other != farthest or k == 2)]
        rest = [spectra[split.labels == other] for other in others]
        mean, rest_mean = own.mean(axis=0), np.mean([of.mean(axis=0) for of in rest], axis=0)
        variance = (np.abs(own - mean) ** 2).sum(axis=0) / 11  # of 12 images
        rest_variance = np.mean([(np.abs(of - rest_mean) ** 2).mean(axis=0) for of in rest], axis=0)
        rest_variance = rest_variance * 12 * len(rest) / (12 * len(rest) - 1)
        for channel, u, v in np.argwhere(np.broadcast_to(short, mean.shape)):
            at = channel, u, v
            r = min(1, np.sqrt(variance[at] / rest_variance[at]))
            ratio[0][c][at], pattern[0][c][at] = r, mean[at] - r * rest_mean[at]
            noise[0][c][at] = np.sqrt(max(0, variance[at] - rest_variance[at]))
            here = channel, ring == ring[u, v]
            r = np.sqrt(variance[here].mean() / rest_variance[here].mean()).clip(1 / LARGEST, LARGEST)
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
        image, h = shown[n].double().numpy(), half[n]
        own = image if channels == 1 else np.tensordot(OPPONENT, image, 1)
        added = pattern[h, c] + noise[h, c] * np.fft.fft2(drawn[n]) / np.sqrt(size[0] * size[1])
        expected = np.fft.ifft2(ratio[h, c] * np.fft.fft2(own) + added).real
        expected = expected if channels == 1 else np.tensordot(OPPONENT.T, expected, 1)
        np.testing.assert_allclose(made[n], expected, atol=2e-5)


# Field


def slow_surface(image: np.ndarray) -> np.ndarray:
    """The surface a + b x + c y + d r^2 closest to the border of an image [H, W], by the normal equations."""
    height, width = image.shape
    rows, columns = max(2, height // 16), max(2, width // 16)
    points = []
    for i in range(height):
        for j in range(width):
            y, x = -1 + 2 * i / (height - 1), -1 + 2 * j / (width - 1)
            outer = i < rows or i >= height - rows or j < columns or j >= width - columns
            points.append((1.0, x, y, x * x + y * y, outer))
    terms = np.array([point[:4] for point in points])
    outer = np.array([point[4] for point in points])
    design = terms[outer]
    fitted = np.linalg.solve(design.T @ design, design.T @ image.ravel()[outer])
    return (terms @ fitted).reshape(image.shape)


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
        expected = means[c] - surface(torch.from_numpy(of_class[others].mean(axis=0)), torch.Size((20, 20))).numpy()
        np.testing.assert_allclose(part, expected, atol=1e-5)
    np.testing.assert_allclose(added[2].mean(axis=(1, 2)), [40 / 255, 0, 0], atol=0.04)
    assert 0.1 < added[1, 1, 0, -1] - added[1, 1, 0, 0] < 0.2  # about 40 / 255


def test_of_two_classes_the_field_is_the_difference_to_the_other_one():
    split = grey(2, 5)
    own = Field(subject(split)).own
    torch.testing.assert_close(own[0], -own[1])


def test_swapped_images_have_the_surface_of_the_partner():
    images = torch.from_numpy(np.random.default_rng(2).normal(size=(3, 1, 10, 18)))
    partner = torch.tensor([2, 1, 0])
    swapped = Field.swap(images, partner)
    for n, m in enumerate(partner):
        expected = images[n, 0].numpy() - slow_surface(images[n, 0].numpy()) + slow_surface(images[m, 0].numpy())
        np.testing.assert_allclose(swapped[n, 0], expected, atol=1e-8)


# Patch


@pytest.mark.parametrize("size", [(32, 32), (20, 35), (9, 9), (48, 48)])
def test_places_are_windows_of_a_fifth_that_cover_the_image_and_the_frame(size):
    masks = places(torch.Size(size))
    assert masks.shape == (37, *size)
    height, width = (round(side / 5) for side in size)
    for number, mask in enumerate(masks[:36]):
        rows, columns = (np.flatnonzero(mask.any(dim=axis)) for axis in (1, 0))
        assert int(mask.sum()) == height * width == len(rows) * len(columns)
        for found, side, own, place in ((rows, size[0], height, number // 6), (columns, size[1], width, number % 6)):
            assert found[0] == round(place * (side - own) / 5) and found[-1] == found[0] + own - 1
    assert masks[:36].any(dim=0).all() or min(size) < 20
    frame = masks[36]
    assert frame[0].all() and frame[:, -1].all() and not frame[2:-2, 2:-2][1:-1, 1:-1].any()


def tagged(place: int | None, n_classes: int = 3) -> tuple[Split, torch.Tensor]:
    """Images of which those of class 0 are white at a place, and where."""
    plain = grey(n_classes, 40)
    masks = places(torch.Size((20, 20)))
    images = plain.images.copy()
    mask = masks[place] if place is not None else torch.zeros(20, 20, dtype=torch.bool)
    images[np.ix_(plain.labels == 0, [0])] = np.where(mask, 255, images[np.ix_(plain.labels == 0, [0])])
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
        for image, donor, after in zip(images, donors, made, strict=True):
            for i in range(20):
                for j in range(20):
                    assert after[0, i, j] == (donor if mask[i, j] else image)[0, i, j]


def test_a_swap_exchanges_the_corners_and_the_frame():
    images = torch.rand(4, 2, 20, 30)
    partner = torch.tensor([1, 2, 3, 3])
    swapped = Patch.swap(images, partner)
    for n, m in enumerate(partner):
        for i in range(20):
            for j in range(30):
                outer = min(i, 19 - i) < 2 or min(j, 29 - j) < 2 or (min(i, 19 - i) < 4 and min(j, 29 - j) < 6)
                assert torch.equal(swapped[n, :, i, j], images[m if outer else n, :, i, j])
