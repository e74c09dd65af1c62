"""Fills: what stands at the frequencies of an image that are not its own.

- `zeros`: nothing stands there, the published way. An image with 95 % zeros is unlike all that a network has seen, so
  that the test also asks what the network calls an empty image.
- `swap`: the coefficients of another image, its donor. Where a set has a neutral class, the image stays like the data.

A fill knows all that depends on it. Tables, files and settings hold its name; `named` gives the object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, IntArray, as_array

if TYPE_CHECKING:
    from torch import Tensor

# Positions of images [k] -> complex [k, channels, H, W // 2 + 1], what stands at their other frequencies, or None.
Background = Callable[[IntArray], Any]


class Fill(NamedTuple):
    """A fill, and what depends on it.

    name : in tables and files; words : in figures; needs_donors : whether each image has a donor
    """

    name: str
    words: str
    needs_donors: bool

    def background(self, take: Callable[[IntArray], Tensor], donors: IntArray | None) -> Background:
        """What stands behind images; take : positions [k] -> images [k, channels, H, W]; donors : of all images [n]."""
        import torch

        if not self.needs_donors:
            return lambda chosen: None
        assert donors is not None

        def of_donors(chosen: IntArray) -> Tensor:
            images = take(donors[chosen])
            return torch.fft.rfft2(images)

        return of_donors

    def judged(self, negatives: BoolArray, labels: IntArray, donors: IntArray | None) -> BoolArray:
        """The images on which FPR of each class is measured, bool [class, n], out of the negatives.

        None whose donor is of the class: they may rightly be assigned to it.
        """
        if not self.needs_donors:
            return negatives
        classes = np.arange(len(negatives))
        is_of_class = labels[donors] == classes[:, None]
        return negatives & ~is_of_class

    def tested(self, n_classes: int, neutral: int | None) -> list[int]:
        """The classes that have a test; images of the neutral class may be the donors."""
        return [c for c in range(n_classes) if not (self.needs_donors and c == neutral)]


ZEROS = Fill("zeros", "zeros elsewhere", needs_donors=False)
# The coefficients of another image, its donor, stand at the other frequencies.
SWAP = Fill("swap", "another image elsewhere", needs_donors=True)
FILLS = {fill.name: fill for fill in (ZEROS, SWAP)}


def named(name: str) -> Fill:
    """The fill of a name. Raises ValueError for another name.

    >>> named("swap").tested(3, neutral=0)
    [1, 2]
    """
    if name not in FILLS:
        raise ValueError(f"unknown fill {name!r}: choose from {', '.join(FILLS)}")
    return FILLS[name]


def all_named(names: Sequence[str]) -> list[Fill]:
    """The fills of some names. Raises ValueError for another name, and for none."""
    if not names:
        raise ValueError(f"no fill to test: choose from {', '.join(FILLS)}")
    return [named(name) for name in names]


def quoted(neutral: int | None) -> Fill:
    """The fill of the test to quote: `swap` where a set has a neutral class, else `zeros`."""
    return ZEROS if neutral is None else SWAP


def donors(
    labels: npt.ArrayLike, *, neutral: int | None = None, seed: int | Sequence[int] = 0
) -> IntArray:
    """The donor of every image: position [n] of another image among the same n.

    It is an image of the `neutral` class where the set has one, else of another class than the image's own. Each
    image that can be a donor of a class is used about equally often. An image is never its own donor.

    labels : int [n]

    >>> donors([0, 0, 1, 1], neutral=0)[:2]  # the two images of class 0 are each other's donors
    array([1, 0])

    Raises ValueError where there is no donor: a single class, or one image of the neutral class.
    """
    labels = as_array(labels)
    generator = np.random.default_rng(seed)
    out = np.empty(len(labels), np.int64)
    for c in np.unique(labels):
        is_neutral = c == neutral
        can_give = labels != c if neutral is None else labels == neutral
        pool = generator.permutation(np.flatnonzero(can_give))
        least = 2 if is_neutral else 1
        if len(pool) < least:
            which = "of another class" if neutral is None else f"of the neutral class {neutral}"
            raise ValueError(
                f"fill swap: an image of class {c} needs another image {which} as its donor, and there is none"
            )
        if is_neutral:  # each gives to the next one of the shuffled circle
            out[pool] = np.roll(pool, 1)
        else:
            receivers = np.flatnonzero(labels == c)
            out[receivers] = np.resize(pool, len(receivers))
    return out


def donors_of_own_class(labels: npt.ArrayLike, *, seed: int | Sequence[int] = 0) -> IntArray:
    """The donor of every image among the others of its class: position [n]. Each image is the donor of one.

    labels : int [n]

    >>> donors_of_own_class([0, 1, 0, 1])
    array([2, 3, 0, 1])

    Raises ValueError for a class of a single image.
    """
    labels = as_array(labels)
    generator = np.random.default_rng(seed)
    out = np.empty(len(labels), np.int64)
    for c in np.unique(labels):
        members = np.flatnonzero(labels == c)
        pool = generator.permutation(members)
        if len(pool) < 2:
            raise ValueError(
                f"class {c} has one image, and no other of the class that could be its donor"
            )
        out[pool] = np.roll(pool, 1)
    return out
