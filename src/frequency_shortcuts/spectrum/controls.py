"""Masks that a map is compared with: of its size, drawn at random or of the lowest frequencies."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Literal

import numpy as np

from .arrays import BoolArray, IntArray
from .masks import check_mask
from .pairs import ConjugatePairs

# Drawn in two ways, the lowest frequencies, and the maps of the other classes.
CONTROLS = ("random", "radial", "low_pass", "other")


def control_mask(mask: BoolArray, kind: Literal["random", "radial"], seed: int | Sequence[int]) -> BoolArray:
    """A random mask with exactly as many positions as `mask`, bool [H, W], centred and symmetric.

    `random` draws the pairs uniformly; `radial` draws, within each ring of one cycle per image, as many
    pairs as the map has there. Both take as many pairs of one position (DC, Nyquist corners) as the map
    holds, which is what makes the sizes equal. Raises ValueError for a mask that is not symmetric.
    """
    mask = check_mask(mask)
    pairs = _pairs(*mask.shape)
    inside = pairs.gather(mask)
    generator = np.random.default_rng(seed)
    drawn = np.zeros(len(pairs), bool)
    for members in _members(*mask.shape, kind):
        if count := inside[members].sum():
            drawn[generator.choice(members, count, replace=False)] = True
    return pairs.scatter(drawn)


def low_pass_mask(mask: BoolArray) -> BoolArray:
    """The lowest frequencies, as many positions as `mask` [H, W] has, bool [H, W], centred and symmetric.

    By radius, ties by (u, v). It holds one position more than the map where the last pair does not fit.
    """
    pairs = _pairs(*mask.shape)
    order = np.argsort((pairs.frequencies**2).sum(axis=1), kind="stable")  # pairs stand in the order of (u, v)
    filled = np.cumsum(pairs.size[order])
    kept = np.zeros(len(pairs), bool)
    kept[order[: np.searchsorted(filled, mask.sum()) + 1]] = mask.any()
    return pairs.scatter(kept)


def strata(pairs: ConjugatePairs, kind: Literal["random", "radial"]) -> IntArray:
    """Within what a control draws its pairs, int64 [pairs]: those of one size and, for `radial`, of one ring."""
    if kind == "radial":
        return pairs.size + 3 * np.rint(pairs.radius).astype(np.int64)
    if kind != "random":
        raise ValueError(f"unknown control {kind!r}: choose from random, radial")
    return pairs.size


@functools.lru_cache(maxsize=8)
def _members(height: int, width: int, kind: Literal["random", "radial"]) -> list[IntArray]:
    """The pairs of each stratum, in ascending order of `strata`."""
    stratum = strata(_pairs(height, width), kind)
    return [np.flatnonzero(stratum == s) for s in np.unique(stratum)]


_pairs = functools.lru_cache(maxsize=4)(ConjugatePairs)  # two dozen controls a class are drawn from the same
