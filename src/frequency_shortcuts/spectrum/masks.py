"""Masks of frequencies: bands, low-pass, sizes, symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, IntArray
from .pairs import mirror, radius

if TYPE_CHECKING:
    from torch import Tensor


def bands(height: int, width: int, edges: Sequence[float]) -> BoolArray:
    """Masks of the radial bands r < edges[0], edges[0] <= r < edges[1], ..., r >= edges[-1].

    Returns bool [len(edges) + 1, height, width]. DC belongs to none of them. Edges are in cycles
    per image, positive and increasing.
    """
    if not edges or any(b <= a for a, b in zip((0, *edges[:-1]), edges, strict=True)):
        raise ValueError(f"band edges {list(edges)}: expected increasing radii above 0, in cycles per image")
    band = np.digitize(radius(height, width), edges)
    masks: BoolArray = band == np.arange(len(edges) + 1)[:, None, None]
    masks[:, height // 2, width // 2] = False
    return masks


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
    return max(1, Fraction(str(percent)) * height * width // 100)


def top_pairs(increment: npt.NDArray[np.floating], size: IntArray, wanted: int) -> IntArray:
    """The best pairs, in order, that fill `wanted` positions; `size` [pairs] is what each fills.

    increment : float [pairs]; of equal ones the first comes first

    >>> top_pairs(np.array([0.1, 0.3, 0.2]), np.array([2, 1, 2]), 3)
    array([1, 2])
    """
    order = np.argsort(-increment, kind="stable")
    return order[: int(np.searchsorted(np.cumsum(size[order]), wanted)) + 1]


def symmetric(mask: npt.ArrayLike) -> bool:
    """Whether every frequency of the mask(s) [..., H, W] has its conjugate partner in it."""
    mask = np.asarray(mask)
    return bool(np.array_equal(mask, mirror(mask)))


def check_mask(mask: npt.ArrayLike | Tensor, name: str = "mask") -> BoolArray:
    """The mask(s) [..., H, W] as an array. Raises ValueError, with the name, unless it is bool and symmetric."""
    array = mask.detach().cpu().numpy() if hasattr(mask, "detach") else np.asarray(mask)
    if array.dtype != bool:
        raise ValueError(f"{name} of dtype {array.dtype}: expected bool")
    if not symmetric(array):
        raise ValueError(f"{name} is not symmetric: (u, v) and (-u mod H, -v mod W) must both be in it or out of it")
    return array


def overlap(left: npt.ArrayLike, right: npt.ArrayLike) -> FloatArray:
    """Intersection over union of masks bool [..., H, W], for each of them: float64 [...]; NaN where both are empty.

    Raises ValueError for masks of different shapes.
    """
    left, right = np.asarray(left), np.asarray(right)
    if left.shape != right.shape:
        raise ValueError(
            f"masks of shapes {left.shape} and {right.shape}: only maps of one size and as many classes overlap"
        )
    return overlap_of_counts((left & right).sum(axis=(-2, -1)), left.sum(axis=(-2, -1)), right.sum(axis=(-2, -1)))


def overlap_of_counts(both: npt.NDArray[Any], left: npt.NDArray[Any], right: npt.NDArray[Any]) -> FloatArray:
    """Intersection over union from the numbers of positions in both masks, in the left and in the right one."""
    union = np.asarray(left + right - both, float)
    share: FloatArray = np.divide(both, union, out=np.full(union.shape, np.nan), where=union > 0)
    return share
