"""The field of images: what is smooth and no object. Brightness, colour cast, a gradient, a vignette.

For each channel it is the surface a + b x + c y + d r^2 that is closest to the border of an image, where objects are
rare. Four numbers a channel cannot draw an object.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import IntArray

from .part import Subject, not_compared


def border(size: torch.Size) -> Tensor:
    """The outer pixels of images of H x W, one sixteenth of each side but at least 2: bool [H, W]."""
    outer = torch.ones(size, dtype=torch.bool)
    rows, columns = (max(2, side // 16) for side in size)
    outer[rows:-rows, columns:-columns] = False
    return outer


def terms(size: torch.Size) -> Tensor:
    """1, x, y and r^2 at each pixel of images of H x W: float64 [4, H, W]; x and y go from -1 to 1."""
    y, x = torch.meshgrid(
        *(torch.linspace(-1, 1, side, dtype=torch.float64) for side in size), indexing="ij"
    )
    return torch.stack([torch.ones_like(x), x, y, x**2 + y**2])


def coefficients(images: Tensor) -> Tensor:
    """Those of the surfaces that are closest to the borders of images [..., H, W], by least squares: [..., 4]."""
    outer = border(images.shape[-2:])
    fit = torch.linalg.pinv(terms(images.shape[-2:])[:, outer]).to(images)
    return images[..., outer.to(images.device)] @ fit


def surface(coefficients: Tensor, size: torch.Size) -> Tensor:
    """The surfaces [..., H, W] of coefficients [..., 4]."""
    return torch.tensordot(coefficients, terms(size).to(coefficients), dims=1)


class Field:
    """The mean field of a class minus the median of those of other classes is added, without the farthest one.

    own : the coefficients of this difference, float64 [class, channels, 4], in pixels
    """

    passes = 0

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        self.place = np.zeros(subject.n_classes, np.int64)
        ranking, n_classes = subject.ranking, subject.n_classes
        sums = torch.zeros(n_classes, ranking.shape[1], 4, dtype=torch.float64)
        for batch, images in ranking.batches():
            sums.index_add_(
                0, torch.from_numpy(ranking.labels[batch]), coefficients(images).double().cpu()
            )
        means = sums / torch.from_numpy(ranking.labels).bincount(minlength=n_classes)[:, None, None]
        others = torch.empty_like(means)
        for c, left_out in enumerate(not_compared(means.flatten(1))):
            compared = [other for other in range(n_classes) if other not in left_out]
            others[c] = means[compared].quantile(0.5, dim=0)
        self.own, self._size = means - others, torch.Size(ranking.shape[2:])

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        return images + surface(self.own[classes], self._size).to(images)

    @staticmethod
    def swap(images: Tensor, partner: Tensor, place: int | None = None) -> Tensor:
        own = coefficients(images)
        return images + surface(own[partner] - own, images.shape[-2:])
