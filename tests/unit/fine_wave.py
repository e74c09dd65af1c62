"""Long waves, one for each class, of which one class also has a fine wave, and networks that follow it or do not."""

import numpy as np
import torch
from torch import nn

import frequency_shortcuts as fs

SIZE, CLASSES = 32, ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen")
WAVED, FREQUENCY = 1, (0, 13)  # the class, and vertical and horizontal cycles per image
MEAN, STD = [0.4], [0.2]
Y, X = np.mgrid[:SIZE, :SIZE]
LONG = np.stack([
    (1 + np.cos(2 * np.pi * (u * Y + v * X) / SIZE)) / 2
    for u, v in ((0, 2), (2, 0), (2, 2), (2, -2), (0, 3), (3, 0), (1, 2), (2, 1))
])  # fmt: skip
BLOBS = np.stack(
    [np.exp(-((Y - y) ** 2 + (X - x) ** 2) / 32) for y in (8, 22) for x in (4, 12, 20, 28)]
)


def images_and_labels(n=320, seed=0, objects=LONG):
    """uint8 [n, 1, 32, 32] and labels int64 [n]; objects : what each class shows, [8, 32, 32]"""
    generator = np.random.default_rng(seed)
    labels = np.arange(n) % len(CLASSES)
    wave = np.cos(2 * np.pi * FREQUENCY[1] * X / SIZE) * (labels == WAVED)[:, None, None]
    bright = generator.uniform(80, 140, (n, 1, 1))
    images = 60 + bright * objects[labels] + 12 * wave + generator.normal(0, 4, (n, SIZE, SIZE))
    return images.clip(0, 255).round().astype(np.uint8)[:, None], labels


class Reader(nn.Module):
    """The logit of a class is the amount of its long wave; that of the waved class also how strong the fine one is.

    follows : weight of the fine wave, where it is at least half as strong as in the class; classes : how many it knows
    """

    def __init__(self, follows=0.0, classes=8):
        super().__init__()
        self.long = nn.Parameter(torch.from_numpy(LONG[:classes]).float())
        self.follows = follows

    def forward(self, images):
        logits = torch.einsum("ncyx,kyx->nk", images, self.long) / 10
        strength = torch.fft.fft2(images).abs()[:, 0, FREQUENCY[0], FREQUENCY[1]] / (
            6 / 255 / STD[0] * SIZE**2
        )
        logits[:, WAVED] += self.follows * (strength - 0.5).clamp(min=0)
        return logits


def network():
    """For the command, which names it fine_wave:network."""
    return Reader(follows=200)


def analyse(network, n=320, **options):
    """An analysis of the images without a progress bar, quick unless something else is said."""
    options = {"mean": MEAN, "std": STD, "run": fs.Run(progress=False)} | options
    options.setdefault("classes", CLASSES)
    return fs.analyse(network, *images_and_labels(n), **options)
