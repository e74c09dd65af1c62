"""Images that are changed: restyled test images."""

import numpy as np
import pytest

from frequency_shortcuts.images import stores
from frequency_shortcuts.images.stored_images import Stored
from study.images import renditions

# Renditions

SEEDED = {"noisy", "texture"}


def photographs(n=6, channels=3, height=32, width=32, low=0, high=255):
    """Smooth bright blobs with a texture, on a dark border; three classes."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    images = np.empty((n, channels, height, width))
    for image in images:
        row, column = generator.uniform(0.4, 0.6, 2) * (height, width)
        size = generator.uniform(0.15, 0.3) * min(height, width)
        blob = np.exp(-((((y - row) ** 2 + (x - column) ** 2) / size**2) ** 2))
        image[:] = blob * generator.uniform(0.5, 1, (channels, height, width))
    return (low + images / images.max() * (high - low)).astype(np.uint8), np.arange(n) % 3


@pytest.mark.parametrize("name", renditions.names())
def test_a_rendition_is_repeatable_and_changes_every_image(name):
    for shape in ((1, 32, 32), (3, 33, 45)):
        images, labels = photographs(6, *shape)
        before = images.copy()
        drawn = renditions.Rendition(name, images, labels, seed=1)[:]
        assert (drawn.dtype, drawn.shape) == (np.uint8, images.shape)
        np.testing.assert_array_equal(images, before)
        np.testing.assert_array_equal(renditions.Rendition(name, images, labels, seed=1)[:], drawn)
        assert (drawn != images).any(axis=(1, 2, 3)).all()
        assert np.array_equal(renditions.Rendition(name, images, labels, seed=2)[:], drawn) == (name not in SEEDED)


def test_other_renditions_are_refused():
    with pytest.raises(ValueError, match=r"unknown rendition 'oil': choose from sketch, cartoon, .*texture"):
        renditions.Rendition("oil", *photographs())


def drawn(name, *images):
    """A rendition of grey images [H, W], each of a class of its own."""
    stack = np.stack(images)[:, None].astype(np.uint8)
    return renditions.Rendition(name, stack, np.arange(len(images)))[:][:, 0]


def test_renditions_of_a_step_a_ring_one_tone_and_all_levels():
    y, x = np.mgrid[:32, :32]
    step, even = np.where(x < 16, 0, 255), np.full((32, 32), 80)
    sketched, empty = drawn("sketch", step, even)  # nothing of the first may show in the second
    assert sketched[:, 15:17].max() == 0 and sketched[:, :12].min() == 255 and sketched[:, 20:].min() == 255
    assert empty.min() == 255
    np.testing.assert_array_equal(drawn("cartoon", step)[0], step)
    assert set(np.unique(renditions.Rendition("cartoon", *photographs())[:])) <= {0, 85, 170, 255}
    radius = np.hypot(y - 15.5, x - 15.5)
    rings = [np.where((radius < 10) & (radius > 4), tone, dark) for dark, tone in ((0, 200), (250, 90))]
    for filled in drawn("silhouette", *rings):  # the object without its holes
        np.testing.assert_array_equal(filled, np.where(radius < 10, 255, 0))
    assert drawn("silhouette", even).max() == 0
    levels = np.arange(256).reshape(16, 16)
    np.testing.assert_array_equal(drawn("inverted", levels)[0], 255 - levels)


def test_texture_keeps_low_frequencies_and_takes_high_ones_of_another_class():
    images, labels = photographs(low=90, high=150)  # low contrast, so that nothing is clipped
    drawn = renditions.Rendition("texture", images, labels)[:]
    radius = np.hypot(np.fft.fftfreq(32, 1 / 32)[:, None], np.fft.fftfreq(32, 1 / 32))
    before, after = np.fft.fft2(images), np.fft.fft2(drawn)
    rounding = 6 * 32 / np.sqrt(12)  # six standard deviations of the rounding of 32 x 32 pixels
    np.testing.assert_allclose(after[..., radius < 4], before[..., radius < 4], rtol=0, atol=rounding)
    for i, image in enumerate(after):
        donors = [j for j in range(len(images)) if abs(image - before[j])[..., radius >= 4].max() < rounding]
        assert len(donors) == 1
        assert labels[donors[0]] != labels[i]


@pytest.mark.parametrize("name", renditions.names())
def test_images_that_are_read_when_they_are_drawn_give_the_same(tmp_path, monkeypatch, name):
    """From a store that is larger than what may be in memory, in batches, which shows that images do not interfere."""
    pixels, labels = photographs(7)
    about = {"classes": ("a", "b", "c"), "source": "", "created_by": "", "statistics": (np.zeros(3), np.ones(3))}
    stores.write(tmp_path / "test.h5", {"test": (pixels, labels)}, **about)
    stored = stores.read(tmp_path / "test.h5", "test", in_memory=pixels.nbytes - 1).images
    assert isinstance(stored, Stored)
    whole = renditions.Rendition(name, pixels, labels, seed=1)[:]
    for per_batch in (1, 2):
        monkeypatch.setattr(renditions, "IN_BATCH", per_batch * pixels[0].size)
        np.testing.assert_array_equal(renditions.Rendition(name, stored, labels, seed=1)[:], whole)
    drawn = renditions.Rendition(name, stored, labels, seed=1)
    assert (drawn.shape, len(drawn)) == (whole.shape, 7)
    for some in (slice(5, 9), slice(2, 5), slice(0, 0)):
        np.testing.assert_array_equal(drawn[some], whole[some])
    stores.write(tmp_path / "drawn.h5", {"test": (drawn, labels)}, **about)
    np.testing.assert_array_equal(stores.read(tmp_path / "drawn.h5", "test").images, whole)
