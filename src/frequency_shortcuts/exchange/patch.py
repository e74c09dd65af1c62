"""A patch of images: what has a place, such as a tag, a logo, a ruler or a frame.

It is a window of one fifth of each side, at one of 6 x 6 places, or the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

from .field import border
from .part import Part, Subject

ACROSS = 6  # windows along a side
SHARE = 0.2  # of a side, that a window has
PLACE_NUMBERS = range(ACROSS**2 + 1)
OUTER = (0, ACROSS - 1, ACROSS**2 - ACROSS, ACROSS**2 - 1, ACROSS**2)  # the corners and the frame
# By which a place that was found is widened when it is exchanged: a share of the side, at least 2 pixels.
MARGIN = 0.1
# Of the search: so many of the best places, with so many ranking images.
ROUNDS = ((len(PLACE_NUMBERS), 6), (4, 24))


def places(size: torch.Size) -> Tensor:
    """The windows of images of H x W, row by row, and the frame as the last one: bool [37, H, W]."""
    rows, columns = map(_windows, size)
    masks = [torch.outer(row, column) for row, column in product(rows, columns)]
    return torch.stack([*masks, border(size)])


def _windows(side: int) -> Tensor:
    """Which pixels of a side are in each window along it: bool [ACROSS, side]."""
    length = max(1, round(SHARE * side))
    starts = torch.from_numpy(np.rint(np.linspace(0, side - length, ACROSS)))[:, None]
    pixel = torch.arange(side)
    return (pixel >= starts) & (pixel < starts + length)


def rectangle(number: int, size: Sequence[int]) -> tuple[range, range] | None:
    """The rows and columns of a window of images of H x W, by its number among `places`; None of the frame."""
    if number == ACROSS**2:
        return None
    rows, columns = (
        np.flatnonzero(_windows(side)[at]).tolist()
        for side, at in zip(size, divmod(number, ACROSS), strict=True)
    )
    return range(rows[0], rows[-1] + 1), range(columns[0], columns[-1] + 1)


def place_in_words(number: int, size: Sequence[int]) -> str:
    """Where a place of `places` is, such as "top right, columns 41 to 53, rows 0 to 12", from 0.

    >>> place_in_words(5, (64, 64))
    'top right, columns 51 to 63, rows 0 to 12'
    """
    pixels = rectangle(number, size)
    if pixels is None:
        high, wide = (max(2, side // 16) for side in size)
        return f"the frame, {high} rows and {wide} columns wide"
    return rectangle_in_words(*pixels, size)


def rectangle_in_words(rows: range, columns: range, size: Sequence[int]) -> str:
    """Where a rectangle of images of H x W is, such as "top right, columns 41 to 53, rows 0 to 12", from 0.

    It is the frame if it covers more than half of both sides.

    >>> rectangle_in_words(range(13), range(51, 64), (64, 64))
    'top right, columns 51 to 63, rows 0 to 12'
    """
    height, width = size
    if len(rows) > height / 2 and len(columns) > width / 2:
        return "the frame"
    vertical = ("top", "middle", "bottom")[_third(rows, height)]
    horizontal = ("left", "centre", "right")[_third(columns, width)]
    in_columns = f"columns {columns[0]} to {columns[-1]}"
    in_rows = f"rows {rows[0]} to {rows[-1]}"
    return f"{vertical} {horizontal}, {in_columns}, {in_rows}"


def _third(pixels: range, side: int) -> int:
    """In which third of a side the middle of some pixels lies: 0 to 2."""
    return 3 * (pixels[0] + pixels[-1]) // (2 * side)


def exchanged_pixels(size: torch.Size, found: Sequence[int] = ()) -> Tensor:
    """The pixels of images of H x W that are exchanged in training: bool [H, W].

    found : numbers of `places`, each of which is widened by `MARGIN` on all sides. Without any, these are the frame and
        the windows in the corners, where objects are rare
    """
    if not found:
        return places(size)[list(OUTER)].any(dim=0)
    chosen = places(size)[list(found)].any(dim=0)
    margins = [max(2, round(MARGIN * side)) for side in size]
    window = [2 * margin + 1 for margin in margins]
    widened = functional.max_pool2d(chosen[None].float(), window, stride=1, padding=margins)
    return widened[0] > 0


class Patch(Part):
    """A patch of a random ranking image takes the place of the image's own.

    The place for a class is where most ranking images of other classes are called it, minus the control. It is searched
    from coarse to fine: at all places with few images, then at the best ones with more.

    place : of each class, int [class], numbers of `places`
    """

    passes = sum(2 * at * images for at, images in ROUNDS)

    def __init__(self, subject: Subject, place: IntArray | None = None) -> None:
        super().__init__(subject, place)
        self._places = places(self.size)
        if place is None:
            self.place = np.array([self._best_place(c) for c in range(subject.n_classes)])

    def _best_place(self, c: int) -> int:
        ranking, generator = self.subject.ranking, self.subject.generator
        others = np.flatnonzero(self.subject.comparable[c][ranking.labels])
        best = np.arange(len(self._places))
        for most, count in ROUNDS:
            best = best[:most]
            drawn = torch.randperm(len(others), generator=generator)[:count]
            chosen = others[drawn.numpy()]
            images = ranking.take(chosen)
            called = self._called(images, np.full(len(chosen), c), c, best)
            called_after_control = self._called(images, ranking.labels[chosen], c, best)
            best = best[np.argsort(called_after_control - called, kind="stable")]
        return int(best[0])

    def _called(self, images: Tensor, classes: IntArray, c: int, at: IntArray) -> FloatArray:
        """How many images [n] are called c with a patch of `classes` [n], at each of some places: [places]."""
        masks = self._places[at][:, None, None].to(images.device)
        changed = torch.where(masks, self.subject.donors(classes), images)
        names = self.subject.name(changed.flatten(0, 1))
        return (names == c).reshape(len(at), -1).sum(axis=1)

    def give(self, images: Tensor, classes: IntArray, c: int) -> Tensor:
        mask = self._places[self.place[c]].to(images.device)
        return torch.where(mask, self.subject.donors(classes), images)
