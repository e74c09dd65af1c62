"""The border test: is the recall of a class lost when its images get what surrounds the objects of other classes?

What is everywhere (JPEG, noise, brightness) or at the border (a tag, a frame, a background) is in the border of an
image, where objects are rare. Each test image gets the border of images of its own class, which pays for what any
foreign border costs, and of an image of each other class, nine of them at most.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.images.source import Pixels, fitting_batch, index_batches
from frequency_shortcuts.images.splits import first_of_each_class
from frequency_shortcuts.spectrum.arrays import IntArray

from .border import COMMON_LOSS, OWN, Borders, lost_recall
from .patch import exchanged_pixels

OTHERS = 9  # classes, at most, an image of each of which gives its border
CHOOSING = 30  # ranking images of a class by which the mask is chosen
POOL = 200  # images of a class that give their borders, at most

Name = Callable[[Tensor], IntArray]


def frame(size: torch.Size, share: float) -> Tensor:
    """The outer pixels of images of H x W, a share of each side: bool [H, W]."""
    outer = torch.ones(size, dtype=torch.bool)
    rows, columns = (round(share * side) for side in size)
    outer[rows:-rows, columns:-columns] = False
    return outer


MASKS: Mapping[str, Callable[[torch.Size], Tensor]] = {  # widest first
    "1/5": functools.partial(frame, share=1 / 5),
    "1/8": functools.partial(frame, share=1 / 8),
    "1/16 and corners": exchanged_pixels,
}


def measure_borders(
    name: Name,
    ranking: Pixels,
    test: Pixels,
    n_classes: int,
    *,
    seed: int = 0,
    progress: bool = False,
) -> Borders:
    """Give each test image the border of others, and see whether it is still called its class.

    name : images [n, channels, H, W] in pixels, which it may overwrite -> the class of each, int64 [n]
    ranking : the images that give their borders; test : those that get them, all of them

    The mask is the widest of `MASKS` for which, on ranking images, the median over classes of the lost recall is at
    most 0.02: where objects reach the border, all classes lose.
    """
    with tqdm(
        total=passes_of_borders(len(test), n_classes),
        desc="borders",
        leave=False,
        disable=None if progress else True,
    ) as bar:
        exchange = _Exchange(ranking, n_classes, name, seed, bar)
        few = first_of_each_class(ranking.labels, CHOOSING)
        *wide, narrowest = MASKS
        for mask in wide:
            borders = exchange.borders(ranking, few, mask)
            lost = [lost_recall(borders, c).value for c in range(n_classes)]
            if np.median(lost) <= COMMON_LOSS:
                break
        else:
            mask = narrowest
        return exchange.borders(test, np.arange(len(test)), mask)


def passes_of_borders(images: int, n_classes: int) -> int:
    """Forward passes of `measure_borders`, at most, for so many test images."""
    each = OWN + min(OTHERS, n_classes - 1)
    choosing = (len(MASKS) - 1) * CHOOSING * n_classes
    return (images + choosing) * each


class _Exchange:
    """Gives images the border of others, and asks what the network then calls them.

    ranking : the images that give their borders; see `measure_borders`
    """

    def __init__(self, ranking: Pixels, n_classes: int, name: Name, seed: int, bar: tqdm) -> None:
        self._ranking = ranking
        self._name = name
        self._seed = seed
        self._bar = bar
        # Each class gets the borders of the next ones in a random order, so that few pools are in memory at a time.
        self._order = np.random.default_rng(seed).permutation(n_classes)
        k = min(OTHERS, n_classes - 1)
        steps = np.arange(n_classes)[:, None] + np.arange(1, k + 1)
        self._givers = np.empty((n_classes, k), np.int64)
        self._givers[self._order] = self._order[steps % n_classes]
        self._pool = functools.lru_cache(maxsize=k + 1)(self._read_pool)

    def borders(self, images: Pixels, chosen: IntArray, mask: str) -> Borders:
        """Whether the chosen images are called their class with the border of others."""
        labels = images.labels[chosen]
        right = np.zeros((len(chosen), OWN + self._givers.shape[1]), bool)
        where = MASKS[mask](torch.Size(images.shape[2:])).to(images.device)
        size = fitting_batch(images.shape[1:])
        for c in self._order:
            generator = torch.Generator().manual_seed(torch_seed(self._seed, int(c)))
            columns = [c] * OWN + [*self._givers[c]]
            for places_of_class in index_batches(np.flatnonzero(labels == c), size):
                taken = images.take(chosen[places_of_class])
                for column, giver in enumerate(columns):
                    given = self._drawn(int(giver), len(taken), generator)
                    called = self._name(torch.where(where, given, taken))
                    right[places_of_class, column] = called == c
                    self._bar.update(len(taken))
        return Borders(right, labels, self._givers, mask)

    def _drawn(self, c: int, count: int, generator: torch.Generator) -> Tensor:
        """Random images of a class from its pool: [count, channels, H, W]."""
        pool = self._pool(c)
        drawn = torch.randint(len(pool), (count,), generator=generator)
        return pool[drawn.to(pool.device)]

    def _read_pool(self, c: int) -> Tensor:
        """Images of class c that give their borders, in pixels: float32 [m, channels, H, W].

        The last ones, since the first ones get borders when the mask is chosen.
        """
        most = fitting_batch(self._ranking.shape[1:], most=POOL)
        return self._ranking.take(np.flatnonzero(self._ranking.labels == c)[-most:])


def torch_seed(*entropy: int) -> int:
    """A seed for PyTorch from several numbers."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
