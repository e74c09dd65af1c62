"""Classes that differ in brightness and in one fine wave, and a linear network that reads both, with a known answer."""

import numpy as np
import torch
from torch import nn

from frequency_shortcuts.data.pixels import Pixels, in_pixels
from frequency_shortcuts.data.splits import Split

SIZE, FREQUENCY, AMPLITUDE = (16, 15), (5, 3), 0.1
DARK, WAVED, BRIGHT = range(3)


def split(images, labels, mean=0.5, std=0.25, neutral=None):
    """A split of images uint8 or float [n, channels, H, W] with classes a, b, c, ..."""
    channels, classes = images.shape[1], tuple("abcdefghij"[: max(labels) + 1])
    return Split(images, labels, classes, np.full(channels, mean), np.full(channels, std), neutral=neutral)


def pixels_of(images, labels):
    """The `Pixels` of uint8 images, or of float ones as they are."""
    if images.dtype == np.uint8:
        there = split(images, labels)
        return in_pixels(there, there, torch.device("cpu"))[0]
    channels = images.shape[1]
    return Pixels(split(images, labels, 0, 1), np.zeros(channels), np.ones(channels), torch.device("cpu"))


def noise(n_classes, n, size, channels=1, seed=0):
    """Gray noise float32 [n_classes * n, channels, H, W] from 0 to 1, and labels."""
    images = np.random.default_rng(seed).normal(0.5, 0.05, (n_classes * n, channels, *size))
    return images.astype(np.float32), np.arange(n_classes * n) % n_classes


def wave(phase=0.0):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.cos(2 * np.pi * (FREQUENCY[0] * y / SIZE[0] + FREQUENCY[1] * x / SIZE[1]) + phase)


def waved(n, seed, channels=1, classes=3):
    """uint8 [classes * n, ...] and labels: dark, waved and bright images. Brightness holds most of the power."""
    generator = np.random.default_rng(seed)
    labels = np.arange(classes * n) % classes
    brightness = 0.5 + 0.1 * (labels - 1.0) + generator.normal(0, 0.02, len(labels))
    images = brightness[:, None, None, None] + generator.normal(0, 0.02, (len(labels), channels, *SIZE))
    images += AMPLITUDE * (labels == WAVED)[:, None, None, None] * wave()
    return np.rint(255 * images).clip(0, 255).astype(np.uint8), labels


class WaveReader(nn.Module):
    """A linear network: b if the amplitude of the wave is above a threshold, else a where it is dark, else c."""

    def __init__(self, mean=0.5, std=0.25, channels=1, classes=3, threshold=0.75 * AMPLITUDE):
        super().__init__()
        area = channels * SIZE[0] * SIZE[1]
        level = torch.full((channels, *SIZE), 1 / area).flatten()
        amplitude = torch.from_numpy(np.broadcast_to(2 * wave() / area, (channels, *SIZE)).copy()).float().flatten()
        self.weight = nn.Parameter(torch.stack([-level, 1000 * amplitude, level])[:classes])
        self.register_buffer("bias", torch.tensor([0.5, -1000 * threshold, -0.5])[:classes])
        self.mean, self.std = mean, std

    def forward(self, images):
        return nn.functional.linear((images * self.std + self.mean).flatten(1), self.weight, self.bias)
