"""Restyled test images."""

import tracemalloc

import numpy as np
import pytest

from frequency_shortcuts.data import renditions

SEEDED = {"noisy", "texture"}


def photographs(n=6, channels=3, height=32, width=32, low=0, high=255):
    """Smooth bright blobs with a texture, on a dark border; three classes."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    images = np.empty((n, channels, height, width))
    for image in images:
        centre, size = (
            generator.uniform(0.4, 0.6, 2) * (height, width),
            generator.uniform(0.15, 0.3) * min(height, width),
        )
        blob = np.exp(-((((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / size**2) ** 2))
        image[:] = blob * generator.uniform(0.5, 1, (channels, height, width))
    return (low + images / images.max() * (high - low)).astype(np.uint8), np.arange(n) % 3


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 32, 32), (3, 33, 45)])
@pytest.mark.parametrize("name", renditions.names())
def test_a_rendition_is_repeatable_and_changes_every_image(name, shape):
    images, labels = photographs(6, *shape)
    before = images.copy()
    drawn = renditions.render(name, images, labels, seed=1)
    assert (drawn.dtype, drawn.shape) == (np.uint8, images.shape)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(renditions.render(name, images, labels, seed=1), drawn)
    assert (drawn != images).any(axis=(1, 2, 3)).all()
    assert np.array_equal(renditions.render(name, images, labels, seed=2), drawn) == (name not in SEEDED)


def test_there_are_seven_and_others_are_refused():
    assert len(renditions.names()) == 7
    with pytest.raises(ValueError, match=r"unknown rendition 'oil': choose from sketch, cartoon, .*texture"):
        renditions.render("oil", *photographs())


def test_inverted_is_exact_at_every_level():
    images = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    np.testing.assert_array_equal(renditions.render("inverted", images, np.zeros(1, np.int64)), 255 - images)


def test_a_silhouette_is_the_object_without_its_holes():
    y, x = np.mgrid[:32, :32]
    radius = np.hypot(y - 15.5, x - 15.5)
    for background, tone in ((0, 200), (250, 90)):
        ring = np.where((radius < 10) & (radius > 4), tone, background).astype(np.uint8)
        drawn = renditions.render("silhouette", ring[None, None], np.zeros(1, np.int64))
        np.testing.assert_array_equal(drawn[0, 0], np.where(radius < 10, 255, 0))


def test_a_sketch_is_white_paper_with_lines_at_edges():
    images = np.zeros((1, 1, 32, 32), np.uint8)
    images[..., 16:] = 200
    drawn = renditions.render("sketch", images, np.zeros(1, np.int64))[0, 0]
    assert (drawn[:, 15:17] < 10).all()
    assert (drawn[:, :12] == 255).all()
    assert (drawn[:, 20:] == 255).all()


def test_an_image_of_one_tone_gives_no_lines_and_no_object():
    images = np.full((1, 3, 32, 32), 80, np.uint8)
    assert (renditions.render("sketch", images, np.zeros(1, np.int64)) == 255).all()
    assert (renditions.render("silhouette", images, np.zeros(1, np.int64)) == 0).all()


def test_a_cartoon_has_four_tones_and_keeps_a_straight_edge():
    images, labels = photographs()
    assert set(np.unique(renditions.render("cartoon", images, labels))) <= {0, 85, 170, 255}
    step = np.zeros((1, 1, 32, 32), np.uint8)
    step[..., 16:] = 255
    np.testing.assert_array_equal(renditions.render("cartoon", step, np.zeros(1, np.int64)), step)


def amplitude(images, inside):
    """Mean amplitude over the frequencies of a radius that the predicate holds for."""
    height, width = images.shape[-2:]
    radius = np.hypot(np.fft.fftfreq(height, 1 / height)[:, None], np.fft.fftfreq(width, 1 / width))
    return np.abs(np.fft.fft2(images))[..., inside(radius)].mean()


def test_blurring_damps_high_frequencies_and_scales_with_the_image():
    images, labels = photographs(high=250)
    drawn = renditions.render("blurred", images, labels)
    assert amplitude(drawn, lambda r: r > 10) < 0.2 * amplitude(images, lambda r: r > 10)
    point = np.zeros((1, 1, 64, 64), np.uint8)
    point[..., 32, 32] = 255
    wide = renditions.render("blurred", point, np.zeros(1, np.int64))[0, 0, 32]
    assert np.count_nonzero(wide) > np.count_nonzero(
        renditions.render("blurred", point[..., 16:48, 16:48], np.zeros(1, np.int64))[0, 0, 16]
    )


def test_noise_has_the_stated_spread():
    images = np.full((4, 3, 32, 32), 128, np.uint8)
    noise = renditions.render("noisy", images, np.zeros(4, np.int64)) / 255 - 128 / 255
    assert noise.std() == pytest.approx(0.15, rel=0.03)
    assert abs(noise.mean()) < 0.01


def test_texture_keeps_low_frequencies_and_takes_high_ones_of_another_class():
    images, labels = photographs(low=90, high=150)  # low contrast, so that nothing is clipped
    drawn = renditions.render("texture", images, labels)
    radius = np.hypot(np.fft.fftfreq(32, 1 / 32)[:, None], np.fft.fftfreq(32, 1 / 32))
    before, after = np.fft.fft2(images), np.fft.fft2(drawn)
    rounding = 6 * 32 / np.sqrt(12)  # six standard deviations of the rounding of 32 x 32 pixels
    np.testing.assert_allclose(after[..., radius < 4], before[..., radius < 4], rtol=0, atol=rounding)
    for i, image in enumerate(after):
        donors = [j for j in range(len(images)) if abs(image - before[j])[..., radius >= 4].max() < rounding]
        assert len(donors) == 1
        assert labels[donors[0]] != labels[i]


@pytest.mark.parametrize("name", sorted(set(renditions.names()) - SEEDED))
def test_a_rendition_of_an_image_does_not_depend_on_the_others(name):
    images, labels = photographs(5)
    alone = renditions.render(name, images[2:3], labels[2:3])
    np.testing.assert_array_equal(renditions.render(name, images, labels)[2:3], alone)


@pytest.mark.parametrize("name", renditions.names())
def test_memory_does_not_grow_with_the_number_of_images(tmp_path, monkeypatch, name):
    """64 images of 1 x 64 x 64 are 2 MiB as float64; batches of two images are drawn with less than half of that."""
    pixels, labels = photographs(64, 1, 64, 64)
    monkeypatch.setattr(renditions, "IN_BATCH", 2 * pixels[0].size)
    drawn = renditions.Rendition(name, pixels, labels)
    drawn[:2]  # what is imported and kept at the first call
    tracemalloc.start()
    for start in range(0, 64, 8):
        drawn[start : start + 8]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


def test_the_noise_of_an_image_does_not_depend_on_how_many_follow():
    images, labels = photographs(5)
    np.testing.assert_array_equal(
        renditions.render("noisy", images, labels, 3)[:2], renditions.render("noisy", images[:2], labels[:2], 3)
    )
    drawn = renditions.render("noisy", np.full((40, 1, 32, 32), 128, np.uint8), np.zeros(40, np.int64), 3) / 255
    assert drawn.std() == pytest.approx(0.15, rel=0.01)  # 40,960 draws: a standard error of 0.4 %
    assert np.abs(np.corrcoef(drawn.reshape(40, -1)) - np.eye(40)).max() < 0.15  # 4.7 standard errors of 1 / 32


def test_a_sketch_is_dark_where_a_step_is_and_white_elsewhere():
    images = np.zeros((2, 3, 32, 32), np.uint8)
    images[0, :, :, 16:] = 255  # the second image is empty: nothing of the first may show in it
    step, empty = renditions.render("sketch", images, np.array([0, 1]))
    assert step[:, :, 15:17].max() == 0 and step[:, :, :12].min() == 255 and step[:, :, 20:].min() == 255
    assert empty.min() == 255
