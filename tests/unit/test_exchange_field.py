from __future__ import annotations

import numpy as np
import torch
from exchange_subjects import grey, subject
from hypothesis import given, settings
from hypothesis import strategies as st

from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.exchange.field import Field, border, coefficients, surface

SIZES = st.tuples(st.integers(6, 40), st.integers(6, 40))


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


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_the_surface_is_the_closest_to_the_border(size):
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, *size)))
    made = surface(coefficients(images), torch.Size(size))
    for image, fitted in zip(images.flatten(0, 1), made.flatten(0, 1), strict=True):
        np.testing.assert_allclose(fitted, slow_surface(image.numpy()), atol=1e-8)


def test_the_border_is_a_sixteenth_of_each_side_and_two_pixels_at_least():
    assert border(torch.Size((32, 64))).sum() == 32 * 64 - 28 * 56
    assert border(torch.Size((20, 20))).sum() == 20 * 20 - 16 * 16


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
