"""Images and networks for the tests of the exchange test."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from frequency_shortcuts.data.pixels import Pixels, in_pixels
from frequency_shortcuts.data.splits import Split
from frequency_shortcuts.exchange.part import Subject


def grey(n_classes: int, each: int, size: tuple[int, int] = (20, 20), channels: int = 1, seed: int = 0) -> Split:
    """Noise about mid grey; class c has a bright square in the middle, which is larger for a higher class."""
    labels = np.arange(n_classes * each) % n_classes
    images = np.random.default_rng(seed).normal(0.4, 0.02, (len(labels), channels, *size))
    row, column = (np.abs(np.arange(side) - (side - 1) / 2) for side in size)
    for image, c in zip(images, labels, strict=True):
        image[:, np.ix_(row < 2 + c, column < 2 + c)[0], np.ix_(row < 2 + c, column < 2 + c)[1]] += 0.3
    pixels = np.rint(255 * images).clip(0, 255).astype(np.uint8)
    return Split(pixels, labels, mean=np.zeros(channels), std=np.ones(channels))


def subject(split: Split, name=None, seed: int = 0) -> Subject:  # type: ignore[no-untyped-def]
    """What a part is made from; the network calls everything class 0 unless `name` is given."""
    pixels: Pixels = in_pixels(split, split, torch.device("cpu"))[0]
    k = len(split.classes)
    return Subject(
        pixels,
        name or (lambda images: np.zeros(len(images), np.int64)),
        ~np.eye(k, dtype=bool),
        torch.Generator().manual_seed(seed),
    )


class Squares(nn.Module):
    """Tells the classes of `grey` by the mean of the middle, and class 0 by something else.

    cue : images [n, channels, H, W] -> whether each is called class 0 at any rate, bool [n]
    """

    def __init__(self, n_classes: int, cue=None) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.n_classes, self.cue = n_classes, cue

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        bright = (images.mean(1) > 0.55).float().mean((1, 2)) * images.shape[-2] * images.shape[-1]
        areas = torch.tensor([(2 * (2 + c)) ** 2 for c in range(self.n_classes)], dtype=torch.float32)
        logits = -(bright[:, None] - areas).abs()
        if self.cue is not None:
            logits[:, 0] += 1000 * self.cue(images).float()
        return logits
