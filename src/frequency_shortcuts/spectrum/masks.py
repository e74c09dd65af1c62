"""Masks of frequencies: bands, low-pass, sizes, symmetry; and those that a map is compared with, its controls."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, IntArray, as_array
from .pairs import ConjugatePairs, mirror, radius

if TYPE_CHECKING:
    from torch import Tensor

Draw = Literal["random", "radial"]  # how a random control is drawn
# Controls are drawn in two ways, the lowest frequencies, and the maps of the other classes.
CONTROLS = ("random", "radial", "low_pass", "other")


def bands(height: int, width: int, edges: Sequence[float]) -> BoolArray:
    """Masks of the radial bands r < edges[0], edges[0] <= r < edges[1], ..., r >= edges[-1].

    Returns bool [len(edges) + 1, height, width]. DC belongs to none of them. Edges are in cycles
    per image, positive and increasing.
    """
    if not edges or min(np.diff(edges, prepend=0)) <= 0:
        raise ValueError(
            f"band edges {list(edges)}: expected increasing radii above 0, in cycles per image"
        )
    band = np.digitize(radius(height, width), edges)
    band[height // 2, width // 2] = -1
    masks = [band == number for number in range(len(edges) + 1)]
    return np.stack(masks)


def low_pass(height: int, width: int, cutoff: float) -> BoolArray:
    """Mask of the frequencies below `cutoff` cycles per image, DC among them; its complement is the high-pass."""
    if cutoff <= 0:
        raise ValueError(f"cutoff {cutoff}: expected a radius above 0, in cycles per image")
    return radius(height, width) < cutoff


def positions(height: int, width: int, percent: float) -> int:
    """How many positions of a height x width spectrum the top `percent` % must fill, at least one.

    The floor of percent / 100 * height * width, without rounding errors: `percent` counts as the decimal number that
    is written, so that 29 % of 100 x 100 are 2,900. Raises ValueError for a percentage that is not in (0, 100].
    """
    if not 0 < percent <= 100:
        raise ValueError(f"percent {percent}: expected above 0 and at most 100")
    share = Fraction(str(percent)) / 100
    return max(1, int(share * height * width))


def top_pairs(increment: npt.NDArray[Any], size: IntArray, wanted: int) -> IntArray:
    """The best pairs, in order, that fill `wanted` positions; `size` [pairs] is what each fills.

    increment : float [pairs]; of equal ones the first comes first
    """
    order = np.argsort(-increment, kind="stable")
    filled = np.cumsum(size[order])
    count = int(np.searchsorted(filled, wanted)) + 1
    return order[:count]


def symmetric(mask: npt.ArrayLike) -> bool:
    """Whether every frequency of the mask(s) [..., H, W] has its conjugate partner in it."""
    mask = np.asarray(mask)
    return bool(np.array_equal(mask, mirror(mask)))


def check_mask(mask: npt.ArrayLike | Tensor, name: str = "mask") -> BoolArray:
    """The mask(s) [..., H, W] as an array. Raises ValueError, with the name, unless it is bool and symmetric."""
    array = as_array(mask)
    if array.dtype != bool:
        raise ValueError(f"{name} of dtype {array.dtype}: expected bool")
    if not symmetric(array):
        raise ValueError(
            f"{name} is not symmetric: (u, v) and (-u mod H, -v mod W) must both be in it or out of it"
        )
    return array


def overlap(left: npt.ArrayLike, right: npt.ArrayLike) -> FloatArray:
    """Intersection over union of masks bool [..., H, W], for each of them: float64 [...]; NaN where both are empty.

    Raises ValueError for masks of different shapes.
    """
    left = np.asarray(left)
    right = np.asarray(right)
    if left.shape != right.shape:
        raise ValueError(
            f"masks of shapes {left.shape} and {right.shape}: only maps of one size and as many classes overlap"
        )
    both = (left & right).sum(axis=(-2, -1))
    either = (left | right).sum(axis=(-2, -1))
    missing = np.full(np.shape(either), np.nan)
    return np.divide(both, either, out=missing, where=either > 0)


def control_mask(mask: BoolArray, kind: Draw, seed: int | Sequence[int]) -> BoolArray:
    """A random mask with exactly as many positions as `mask`, bool [H, W], centred and symmetric.

    `random` draws the pairs uniformly; `radial` draws, within each ring of one cycle per image, as many
    pairs as the map has there. Both take as many pairs of one position (DC, Nyquist corners) as the map
    holds, which is what makes the sizes equal. Raises ValueError for a mask that is not symmetric.
    """
    mask = check_mask(mask)
    pairs = _pairs(*mask.shape)
    inside = pairs.gather(mask)
    generator = np.random.default_rng(seed)
    is_drawn = np.zeros(len(pairs), bool)
    for members in _members(*mask.shape, kind):
        count = inside[members].sum()
        if count:
            drawn = generator.choice(members, count, replace=False)
            is_drawn[drawn] = True
    return pairs.scatter(is_drawn)


def low_pass_mask(mask: BoolArray) -> BoolArray:
    """The lowest frequencies, as many positions as `mask` [H, W] has, bool [H, W], centred and symmetric.

    By radius, ties by (u, v). It holds one position more than the map where the last pair does not fit.
    """
    pairs = _pairs(*mask.shape)
    kept = np.zeros(len(pairs), bool)
    if mask.any():
        # Pairs stand in the order of (u, v), and of equal radii the first comes first.
        squared_radius = (pairs.frequencies**2).sum(axis=1)
        lowest = top_pairs(-squared_radius, pairs.size, mask.sum())
        kept[lowest] = True
    return pairs.scatter(kept)


def strata(pairs: ConjugatePairs, kind: Draw) -> IntArray:
    """Within what a control draws its pairs, int64 [pairs]: those of one size and, for `radial`, of one ring."""
    if kind == "radial":
        ring = np.rint(pairs.radius).astype(np.int64)
        return 3 * ring + pairs.size
    if kind != "random":
        raise ValueError(f"unknown control {kind!r}: choose from random, radial")
    return pairs.size


@functools.lru_cache(maxsize=8)
def _members(height: int, width: int, kind: Draw) -> list[IntArray]:
    """The pairs of each stratum, in ascending order of `strata`."""
    stratum = strata(_pairs(height, width), kind)
    return [np.flatnonzero(stratum == number) for number in np.unique(stratum)]


# Two dozen controls a class are drawn from the same.
_pairs = functools.lru_cache(maxsize=4)(ConjugatePairs)
