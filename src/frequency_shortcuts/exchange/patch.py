"""A patch of images: what has a place, such as a tag, a logo, a ruler or a frame.

It is a window of one fifth of each side, at one of 6 x 6 places, or the frame.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .field import border
from .part import Subject

ACROSS, SHARE = 6, 0.2  # windows along a side, and the share of a side that one has
OUTER = [0, ACROSS - 1, ACROSS**2 - ACROSS, ACROSS**2 - 1, ACROSS**2]  # the corners and the frame
# Of the search: so many of the best places, with so many ranking images.
ROUNDS = (
    (ACROSS**2 + 1, 6),
    (4, 24),
)


def places(size: torch.Size) -> Tensor:
    """The windows of images of H x W, row by row, and the frame as the last one: bool [37, H, W]."""
    sides = [max(1, round(SHARE * side)) for side in size]
    starts = [
        np.rint(np.linspace(0, side - own, ACROSS)).astype(int)
        for side, own in zip(size, sides, strict=True)
    ]
    masks = torch.zeros(ACROSS**2 + 1, *size, dtype=torch.bool)
    for number, (top, left) in enumerate((top, left) for top in starts[0] for left in starts[1]):
        masks[number, top : top + sides[0], left : left + sides[1]] = True
    masks[-1] = border(size)
    return masks


class Patch:
    """A patch of a random ranking image takes the place of the image's own.

    The place for a class is where most ranking images of other classes are called it, minus the control. It is searched
    from coarse to fine: at all places with few images, then at the best ones with more.

    place : of each class, int [class], numbers of `places`
    """

    passes = sum(2 * at * images for at, images in ROUNDS)

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        self._subject, self._places = subject, places(torch.Size(subject.ranking.shape[2:]))
        self.place = (
            np.array([self._best_place(c) for c in range(subject.n_classes)])
            if place is None
            else place
        )

    def _best_place(self, c: int) -> int:
        ranking, generator = self._subject.ranking, self._subject.generator
        others = np.flatnonzero(self._subject.comparable[c][ranking.labels])
        best = np.arange(len(self._places))
        for most, count in ROUNDS:
            best = best[:most]
            chosen = others[torch.randperm(len(others), generator=generator)[:count].numpy()]
            images, labels = ranking.take(chosen), ranking.labels[chosen]
            gain = self._called(images, np.full(len(chosen), c), c, best) - self._called(
                images, labels, c, best
            )
            best = best[np.argsort(-gain, kind="stable")]
        return int(best[0])

    def _called(self, images: Tensor, classes: IntArray, c: int, at: IntArray) -> FloatArray:
        """How many images [n] are called c with a patch of `classes` [n], at each of some places: [places]."""
        masks = self._places[at][:, None, None].to(images.device)
        changed = torch.where(masks, self._subject.donors(classes), images).flatten(0, 1)
        return (self._subject.name(changed) == c).reshape(len(at), -1).sum(axis=1)

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        mask = self._places[self.place[c]].to(images.device)
        return torch.where(mask, self._subject.donors(classes), images)

    @staticmethod
    def swap(images: Tensor, partner: Tensor, place: int | None = None) -> Tensor:
        """See `Part`. By default the frame and the windows in the corners, where objects are rare."""
        mask = places(images.shape[-2:])[OUTER if place is None else [place]].any(dim=0)
        return torch.where(mask.to(images.device), images[partner], images)
