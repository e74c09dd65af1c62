"""The field of images: what is smooth and no object. Brightness, colour cast, a gradient, a vignette.

For each channel it is the surface a + b x + c y + d r^2 that is closest to the border of an image, where objects are
rare. Four numbers a channel cannot draw an object.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.images.source import Pixels
from frequency_shortcuts.spectrum.arrays import IntArray

from .part import Part, Subject, not_compared


def border(size: torch.Size) -> Tensor:
    """The outer pixels of images of H x W, one sixteenth of each side but at least 2: bool [H, W]."""
    outer = torch.ones(size, dtype=torch.bool)
    rows, columns = (max(2, side // 16) for side in size)
    outer[rows:-rows, columns:-columns] = False
    return outer


def terms(size: torch.Size) -> Tensor:
    """1, x, y and r^2 at each pixel of images of H x W: float64 [4, H, W]; x and y go from -1 to 1."""
    sides = [torch.linspace(-1, 1, side, dtype=torch.float64) for side in size]
    y, x = torch.meshgrid(*sides, indexing="ij")
    return torch.stack([torch.ones_like(x), x, y, x**2 + y**2])


def beside(taken: Tensor) -> Tensor:
    """The outer pixels of images, one fifth of each side, but for those that are taken: bool [H, W], as `taken`.

    All of the border, where nothing is left.
    """
    outer = torch.ones_like(taken)
    rows, columns = (round(side / 5) for side in taken.shape)
    outer[rows:-rows, columns:-columns] = False
    outer &= ~taken
    return outer if outer.any() else border(taken.shape)


def coefficients(images: Tensor, outer: Tensor | None = None) -> Tensor:
    """Those of the surfaces that are closest to pixels of images [..., H, W], by least squares: [..., 4].

    outer : these pixels, bool [H, W]; by default the border
    """
    size = images.shape[-2:]
    outer = border(size) if outer is None else outer
    fit = torch.linalg.pinv(terms(size)[:, outer]).to(images)
    return images[..., outer.to(images.device)] @ fit


def surface(coefficients: Tensor, size: torch.Size) -> Tensor:
    """The surfaces [..., H, W] of coefficients [..., 4]."""
    return torch.tensordot(coefficients, terms(size).to(coefficients), dims=1)


class Field(Part):
    """The mean field of a class minus the median of those of other classes is added, without the farthest one.

    own : the coefficients of this difference, float64 [class, channels, 4], in pixels
    """

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        super().__init__(subject, place)
        means = _mean_coefficients(subject.ranking, subject.n_classes)
        self.own = torch.empty_like(means)
        for c, left_out in enumerate(not_compared(means.flatten(1))):
            compared = np.delete(np.arange(len(means)), left_out)
            self.own[c] = means[c] - means[compared].quantile(0.5, dim=0)

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        return images + surface(self.own[classes], self.size).to(images)


def _mean_coefficients(images: Pixels, n_classes: int) -> Tensor:
    """The mean `coefficients` of the images of each class: float64 [class, channels, 4], on the CPU."""
    sums = torch.zeros(n_classes, images.shape[1], 4, dtype=torch.float64)
    for batch, values in images.batches():
        labels = torch.from_numpy(images.labels[batch])
        sums.index_add_(0, labels, coefficients(values).double().cpu())
    count = torch.from_numpy(images.labels).bincount(minlength=n_classes)
    return sums / count[:, None, None]
