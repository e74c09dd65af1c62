"""Likely causes of differences between spectra, on images with artefacts."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from spectral_classes import pixels_of

from frequency_shortcuts.data.artefacts import KINDS, Artefact
from frequency_shortcuts.evaluation import causes
from frequency_shortcuts.evaluation.class_statistics import class_statistics


def photographs(size, channels, n=120, seed=0):
    """Smooth images with some grain, uint8 [n, channels, H, W], and labels of three classes."""
    generator = np.random.default_rng(seed)
    smooth = gaussian_filter(generator.normal(size=(n, channels, *size)), (0, 0, 1.5, 1.5))
    images = 128 + 25 * smooth / smooth.std() + generator.normal(0, 4, smooth.shape)
    return np.rint(images).clip(0, 255).astype(np.uint8), np.arange(n) % 3


def cause_of(kind, size, channels, strength=2, label=1, **options):
    images, labels = photographs(size, channels)
    artefact = Artefact(kind, KINDS[kind].levels[strength - 1], label, **options)
    pixels = pixels_of(artefact.add_to(images, artefact.carriers(labels)), labels)
    statistics = class_statistics(pixels, 3)
    assert causes.cause(pixels, statistics, 2) in ("", causes.LOST, causes.RAISED)  # of the rest, never a pattern
    return causes.cause(pixels, statistics, label)


@pytest.mark.parametrize(("size", "channels"), [((32, 32), 1), ((32, 32), 3), ((30, 37), 1)])
@pytest.mark.parametrize("kind", ["jpeg", "resized", "blurred", "noise", "sharpened", "checkerboard"])
def test_the_cause_of_an_artefact_is_named(kind, size, channels):
    assert cause_of(kind, size, channels) == KINDS[kind].cause != ""


@pytest.mark.parametrize("frequency", [(5, 9), (0, 7), (12, -3)])
def test_a_wave_is_named(frequency):
    assert cause_of("wave", (32, 30), 1, frequency=frequency) == causes.WAVE


def test_images_without_an_artefact_have_no_cause():
    images, labels = photographs((32, 32), 1)
    pixels = pixels_of(images, labels)
    statistics = class_statistics(pixels, 3)
    assert [causes.cause(pixels, statistics, k) for k in range(3)] == [""] * 3


@pytest.mark.parametrize("size", [(7, 9), (12, 12), (15, 16)])
def test_small_images_of_noise_have_no_blocks(size):
    images, labels = photographs(size, 1)
    assert not causes.has_blocks(pixels_of(images, labels), np.arange(30))


def test_blocks_are_found_where_images_were_cropped_afterwards():
    images, _ = photographs((44, 46), 1, n=60)
    saved = Artefact("jpeg", 50, 0).add_to(images, np.ones(60, bool))[..., 3:43, 5:46]
    assert causes.has_blocks(pixels_of(saved, np.arange(60) % 3), np.arange(60))


def test_blocks_are_found_beside_a_part_that_is_overexposed():
    images, _ = photographs((40, 56), 1, n=60)
    saved = Artefact("jpeg", 50, 0).add_to(images, np.ones(60, bool))
    saved[..., :41] = np.random.default_rng(0).normal(254, 2, (60, 1, 40, 41)).clip(0, 255)
    assert causes.has_blocks(pixels_of(saved, np.arange(60) % 3), np.arange(60))
