"""Images whose classes are long waves, and a network that tells them apart, for the tests of the exchange test."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from frequency_shortcuts.exchange.part import Subject
from frequency_shortcuts.images.source import in_pixels
from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

WAVES = (
    (0, 2),
    (2, 0),
    (2, 2),
    (2, -2),
    (0, 3),
    (3, 0),
    (3, 3),
    (3, -3),
    (2, 3),
    (3, 2),
)  # of the classes
SIZE = (20, 20)


def waves(n_classes: int, size: tuple[int, int]) -> FloatArray:
    """The object of each class: a wave over the whole image, [class, H, W], from -1 to 1."""
    y, x = np.mgrid[: size[0], : size[1]]
    return np.stack(
        [np.cos(2 * np.pi * (u * y / size[0] + v * x / size[1])) for u, v in WAVES[:n_classes]]
    )


def grey(
    n_classes: int, each: int, size: tuple[int, int] = SIZE, channels: int = 1, seed: int = 0
) -> Split:
    """Noisy images with a mean of 0.45; those of class c have its wave."""
    labels = np.arange(n_classes * each) % n_classes
    images = np.random.default_rng(seed).normal(0.45, 0.03, (len(labels), channels, *size))
    images += 0.1 * waves(n_classes, size)[labels][:, None]
    pixels = np.rint(255 * images).clip(0, 255).astype(np.uint8)
    return Split(pixels, labels, mean=np.zeros(channels), std=np.ones(channels))


def subject(
    split: Split, name: Callable[[Tensor], IntArray] | None = None, seed: int = 0
) -> Subject:
    """What a part is made from; the network calls everything class 0 unless `name` is given."""
    return Subject(
        in_pixels(split, split, torch.device("cpu"))[0],
        name or (lambda images: np.zeros(len(images), np.int64)),
        ~np.eye(len(split.classes), dtype=bool),
        torch.Generator().manual_seed(seed),
    )


class Waves(nn.Module):
    """Tells the classes of `grey` by their waves, and calls class 0 whatever has a cue.

    cue : images [n, channels, H, W] -> whether each has it, bool [n]
    """

    def __init__(self, n_classes: int, cue: Callable[[Tensor], Tensor] | None = None) -> None:
        super().__init__()
        self.n_classes, self.cue, self.passes = n_classes, cue, 0

    def forward(self, images: Tensor) -> Tensor:
        self.passes += len(images)
        like = torch.from_numpy(waves(self.n_classes, tuple(images.shape[2:]))).to(images)
        logits = torch.einsum("nhw,khw->nk", images.mean(1), like)
        if self.cue is not None:
            logits[:, 0] += 1000 * self.cue(images)
        return logits
