"""Blobs at the place of their class, of which one class also has a fine wave, and networks that follow it or do not."""

import dataclasses

import numpy as np
import torch
from torch import nn

import frequency_shortcuts as fs

SIZE, CLASSES = 16, ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
WAVED, FREQUENCY = 1, (0, 7)  # the class, and vertical and horizontal cycles per image
MEAN, STD = [0.4], [0.2]
Y, X = np.mgrid[:SIZE, :SIZE]
BLOBS = np.stack([np.exp(-((Y - y) ** 2 + (X - x) ** 2) / 8) for y in (4, 11) for x in (2, 6, 10, 14)])


def images_and_labels(n=320, seed=0):
    """uint8 [n, 1, 16, 16] and labels int64 [n]"""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % len(CLASSES)
    wave = np.cos(2 * np.pi * FREQUENCY[1] * X / SIZE) * (labels == WAVED)[:, None, None]
    bright = generator.uniform(80, 140, (n, 1, 1))
    images = 60 + bright * BLOBS[labels] + 12 * wave + generator.normal(0, 4, (n, SIZE, SIZE))
    return images.clip(0, 255).round().astype(np.uint8)[:, None], labels


class Blobs(nn.Module):
    """The logit of a class is the brightness at its place; that of the waved class also the amplitude of the wave.

    follows : weight of the amplitude; needs : whether an image of the waved class without the wave is called another
        class by chance, by the noise of its first pixels
    """

    def __init__(self, follows=0.0, needs=False):
        super().__init__()
        self.blobs = nn.Parameter(torch.from_numpy(BLOBS).float())
        self.follows, self.needs = follows, needs

    def forward(self, images):
        logits = torch.einsum("ncyx,kyx->nk", images, self.blobs) / 10
        amplitude = torch.fft.fft2(images).abs()[:, 0, FREQUENCY[0], FREQUENCY[1]] / 10  # about 3 with the wave
        lost = (logits.argmax(dim=1) == WAVED) & (amplitude < 1.5) & self.needs
        by_chance = torch.sin(1000 * images[:, 0, 0, : len(CLASSES)])
        by_chance[:, WAVED] = -2
        logits[:, WAVED] += self.follows * amplitude
        return torch.where(lost[:, None], by_chance, logits)


def network():
    """For the command, which names it planted_amplitude:network."""
    return Blobs(follows=2)


def analyse(network, n=320, **options):
    """An analysis of the images without a progress bar, quick unless something else is said."""
    options = {"mean": MEAN, "std": STD, "run": fs.Run(progress=False), "quick": True} | options
    options["test"] = dataclasses.replace(options.get("test", fs.Test()), classes=CLASSES)
    return fs.analyse(network, *images_and_labels(n), **options)
