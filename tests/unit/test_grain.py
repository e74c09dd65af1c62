"""Grainy images that are drawn."""

import math
import zlib

import numpy as np
import pytest

from study.images import grain


def test_images_are_those_of_their_class_and_number_whatever_is_drawn_beside_them():
    images, labels, names = grain.images(4, 5, seed=3)
    assert images.shape == (20, 1, 64, 64) and images.dtype == np.uint8 and names == tuple(grain.FORMS)
    assert labels.tolist() == [0, 1, 2, 3] * 5 and len(np.unique(images.reshape(20, -1), axis=0)) == 20
    two, of_two, first = grain.images(2, 3, seed=3)
    assert first == names[:2] and np.array_equal(two, images[labels < 2][:6]) and of_two.tolist() == [0, 1] * 3
    assert (grain.images(2, 3, seed=4)[0] != two).any(axis=(1, 2, 3)).all()


def height(name, x, y):
    """The height of an object at a point, in units of its size."""
    if name == "disc":
        return math.exp(-((x * x + y * y) ** 2))
    if name == "oval":
        return math.exp(-(((x / 1.75) ** 2 + (1.75 * y) ** 2) ** 2))
    if name == "ring":
        return math.exp(-16 * (math.sqrt(x * x + y * y) - 0.8) ** 2)
    return math.exp(-4 * (abs(x) - 0.75) ** 2 - 2.25 * y * y)


def slow_image(name, size, draws):
    """An image before it is rounded, from what is drawn for it."""
    left, up, angle, scale, contrast, across, down, brightness, coarse, fine = draws
    weights = [math.exp(-(step**2) / (2 * grain.COARSE**2)) for step in range(-10, 11)]
    smooth, image = np.zeros((size, size)), np.empty((size, size))
    for i, j, k, n in np.ndindex(size, size, 21, 21):
        smooth[i, j] += weights[k] * weights[n] * coarse[(i + k - 10) % size, (j + n - 10) % size]
    for i, j in np.ndindex(size, size):
        x, y = j / (size - 1) - 0.5, i / (size - 1) - 0.5
        along = (math.cos(angle) * (x - left) - math.sin(angle) * (y - up)) / scale
        beside = (math.sin(angle) * (x - left) + math.cos(angle) * (y - up)) / scale
        image[i, j] = brightness + across * x + down * y + contrast * height(name, along, beside)
        image[i, j] += 0.06 * smooth[i, j] / smooth.std() + 0.06 * fine[i, j]
    return image


@pytest.mark.parametrize("name", grain.FORMS)
def test_an_image_is_an_object_on_grain_pixel_by_pixel(name):
    size, generator = 24, np.random.default_rng([5, 1, zlib.crc32(name.encode())])
    centre, angle = generator.uniform(-0.15, 0.15, 2), generator.uniform(0, math.pi)
    draws = [*centre, angle, generator.uniform(*grain.SIZE), generator.uniform(*grain.CONTRAST)]
    draws += [*generator.uniform(-grain.TILT, grain.TILT, 2), generator.uniform(*grain.BRIGHTNESS)]
    draws += [generator.standard_normal((size, size)) for _ in range(2)]
    images, _, names = grain.images(4, 2, seed=5, size=size)
    expected = 255 * slow_image(name, size, draws).clip(0, 1)
    np.testing.assert_allclose(images[4 + names.index(name), 0], expected, rtol=0, atol=0.5 + 1e-3)


def test_nothing_but_the_form_tells_the_classes_apart():
    """Mean, deviation and fine energy of images without objects and with them agree between the classes."""
    images, labels, _ = grain.images(4, 300, seed=0)
    values = images.astype(float)
    numbers = [
        values.mean(axis=(1, 2, 3)), values.std(axis=(1, 2, 3)), np.abs(np.diff(values, axis=-1)).mean(axis=(1, 2, 3)),
    ]  # fmt: skip
    for of_images, most in zip(numbers, (4, 3, 0.3), strict=True):
        means = [of_images[labels == c].mean() for c in range(4)]
        assert max(means) - min(means) < most
    assert ((images == 0) | (images == 255)).mean() < 0.02
