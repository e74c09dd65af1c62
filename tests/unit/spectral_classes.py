"""Splits and pixels of images of a few classes, classes of noise, and images by the full complex FFT."""

import numpy as np
import torch

from frequency_shortcuts.images.source import Pixels, in_pixels
from frequency_shortcuts.images.splits import Split


def split(images, labels, mean=0.5, std=0.25):
    """A split of images uint8 or float [n, channels, H, W] with classes a, b, c, ..."""
    channels, classes = images.shape[1], tuple("abcdefghij"[: max(labels) + 1])
    return Split(images, labels, classes, np.full(channels, mean), np.full(channels, std))


def pixels_of(images, labels):
    """The `Pixels` of uint8 images, or of float ones as they are."""
    if images.dtype == np.uint8:
        there = split(images, labels)
        return in_pixels(there, there, torch.device("cpu"))[0]
    channels = images.shape[1]
    return Pixels(
        split(images, labels, 0, 1), np.zeros(channels), np.ones(channels), torch.device("cpu")
    )


def noise(n_classes, n, size, channels=1, seed=0):
    """Gray noise float32 [n_classes * n, channels, H, W] from 0 to 1, and labels."""
    images = np.random.default_rng(seed).normal(0.5, 0.05, (n_classes * n, channels, *size))
    return images.astype(np.float32), np.arange(n_classes * n) % n_classes


# The slow reference of every filter, fill and swap


def exchanged(images, mask, other=None):
    """Images float64 [..., H, W] at what a centred mask from 0 to 1 keeps, elsewhere nothing or the other images."""
    kept = np.fft.ifftshift(np.asarray(mask, float), axes=(-2, -1))
    spectra = np.fft.fft2(np.asarray(images, float)) * kept
    if other is not None:
        spectra += np.fft.fft2(np.asarray(other, float)) * (1 - kept)
    found = np.fft.ifft2(spectra)
    assert np.abs(found.imag).max() < 1e-12  # it vanishes by itself
    return found.real
