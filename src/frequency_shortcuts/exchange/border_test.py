"""The border test: is the recall of a class lost when its images get what surrounds the objects of other classes?

What is everywhere (JPEG, noise, brightness) or at the border (a tag, a frame, a background) is in the border of an
image, where objects are rare. Each test image gets the border of images of its own class, which pays for what any
foreign border costs, and of an image of each other class, nine of them at most.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.images.source import Pixels, fitting_batch, index_batches
from frequency_shortcuts.spectrum.arrays import IntArray

from .border import OWN, Borders
from .patch import exchanged_pixels

OTHERS = 9  # classes, at most, an image of each of which gives its border
POOL = 200  # images of a class that give their borders, at most
ROOM = 2**28  # numbers of the images that are in memory to give their borders

Name = Callable[[Tensor], IntArray]


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

    The border is the frame of 1/16 of each side, at least 2 pixels, with windows of 1/5 of each side in the corners,
    where objects are rare.
    """
    exchange = _Exchange(ranking, n_classes, name, seed)
    with tqdm(
        total=passes_of_borders(len(test), n_classes),
        desc="borders",
        leave=False,
        disable=None if progress else True,
    ) as bar:
        return exchange.borders(test, bar)


def passes_of_borders(images: int, n_classes: int) -> int:
    """Forward passes of `measure_borders` for so many test images."""
    return images * (OWN + min(OTHERS, n_classes - 1))


class _Exchange:
    """Gives images the border of others, and asks what the network then calls them.

    ranking : the images that give their borders; see `measure_borders`
    """

    def __init__(self, ranking: Pixels, n_classes: int, name: Name, seed: int) -> None:
        self._ranking = ranking
        self._name = name
        self._seed = seed
        # Each class gets the borders of the next ones in a random order, so that few pools are in memory at a time.
        self._order = np.random.default_rng(seed).permutation(n_classes)
        k = min(OTHERS, n_classes - 1)
        steps = np.arange(n_classes)[:, None] + np.arange(1, k + 1)
        self._givers = np.empty((n_classes, k), np.int64)
        self._givers[self._order] = self._order[steps % n_classes]
        self._pool = functools.lru_cache(maxsize=k + 1)(self._read_pool)

    def borders(self, images: Pixels, bar: tqdm) -> Borders:
        """Whether images are called their class with the border of others."""
        labels = images.labels
        right = np.zeros((len(labels), OWN + self._givers.shape[1]), bool)
        where = exchanged_pixels(torch.Size(images.shape[2:])).to(images.device)
        size = fitting_batch(images.shape[1:])
        for c in self._order:
            generator = torch.Generator().manual_seed(torch_seed(self._seed, int(c)))
            columns = [c] * OWN + [*self._givers[c]]
            for chosen in index_batches(np.flatnonzero(labels == c), size):
                taken = images.take(chosen)
                for column, giver in enumerate(columns):
                    given = self._drawn(int(giver), len(taken), generator)
                    called = self._name(torch.where(where, given, taken))
                    right[chosen, column] = called == c
                    bar.update(len(taken))
        return Borders(right, labels, self._givers)

    def _drawn(self, c: int, count: int, generator: torch.Generator) -> Tensor:
        """Random images of a class from its pool: [count, channels, H, W]."""
        pool = self._pool(c)
        drawn = torch.randint(len(pool), (count,), generator=generator)
        return pool[drawn.to(pool.device)]

    def _read_pool(self, c: int) -> Tensor:
        """Images of class c that give their borders, in pixels: float32 [m, channels, H, W]."""
        pools = self._givers.shape[1] + 1
        fitting = ROOM // (pools * math.prod(self._ranking.shape[1:]))
        most = max(1, min(POOL, fitting))
        return self._ranking.take(np.flatnonzero(self._ranking.labels == c)[:most])


def torch_seed(*entropy: int) -> int:
    """A seed for PyTorch from several numbers."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
