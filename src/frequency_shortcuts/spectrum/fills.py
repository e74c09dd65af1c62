"""Fills: what stands at the frequencies of an image that are not its own.

A test keeps some frequencies of an image and takes the others from a *fill*:

- `zeros`: nothing stands there, the published way. An image with 95 % zeros is unlike all that a network has seen, so
  that the test also asks what the network calls an empty image.
- `swap`: the coefficients of another image, its donor. Where a set has a neutral class, the image stays like the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from .arrays import IntArray, as_array

Fill = Literal["zeros", "swap"]
FILLS: tuple[Fill, ...] = ("zeros", "swap")
NO_NOISE = (
    "fill noise is gone: one background served all images of a run, and random masks over it gave one class nearly "
    f"everything; choose from {', '.join(FILLS)}"
)


def check_fills(fills: Sequence[str]) -> None:
    """Raise ValueError unless these are fills, at least one."""
    if "noise" in fills:
        raise ValueError(NO_NOISE)
    for name in fills:
        if name not in FILLS:
            raise ValueError(f"unknown fill {name!r}: choose from {', '.join(FILLS)}")
    if not fills:
        raise ValueError(f"no fill to test: choose from {', '.join(FILLS)}")


def donors(labels: npt.ArrayLike, *, neutral: int | None = None, seed: int | Sequence[int] = 0) -> IntArray:
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
        own = np.flatnonzero(labels == c)
        pool = generator.permutation(np.flatnonzero(labels != c if neutral is None else labels == neutral))
        if len(pool) < 1 + (c == neutral):
            of = "of another class" if neutral is None else f"of the neutral class {neutral}"
            raise ValueError(
                f"fill swap: an image of class {c} needs another image {of} as its donor, and there is none"
            )
        if c == neutral:  # each gives to the next one of the shuffled circle
            out[pool] = np.roll(pool, 1)
        else:
            out[own] = np.resize(pool, len(own))
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
        pool = generator.permutation(np.flatnonzero(labels == c))
        if len(pool) < 2:
            raise ValueError(f"class {c} has one image, and no other of the class that could be its donor")
        out[pool] = np.roll(pool, 1)
    return out
