"""Cells: groups of neighbouring conjugate pairs, for methods that search from coarse to fine."""

from __future__ import annotations

import numpy as np

from .arrays import IntArray
from .pairs import ConjugatePairs


def cells(pairs: ConjugatePairs, height: float, width: float, *, shift: float = 0) -> IntArray:
    """The cell of every pair, int64 [pairs]: numbers from 0 without gaps.

    A cell holds the pairs whose member with v >= 0 lies in one rectangle of `height` x `width` positions. The
    rectangles tile the half plane from its corner; where a cell is wider than one
    position, the Nyquist column joins its neighbours. Every cell is symmetric by construction.

    height, width : of a cell, in cycles per image, at least 1
    shift : by which part of a cell the tiling is moved, from 0 to below 1

    >>> len(np.unique(cells(ConjugatePairs(32, 32), 8, 8)))
    8

    Raises ValueError for a cell below one position, and for a shift out of range.
    """
    if height < 1 or width < 1 or not 0 <= shift < 1:
        raise ValueError(f"cells of {height} x {width}, shift {shift}: expected at least 1 x 1, and 0 to below 1")
    row = (pairs.half_row + pairs.height // 2) % pairs.height
    column = pairs.half_column
    if width > 1:
        column = np.minimum(column, max(0, (pairs.width - 1) // 2))
    place = np.floor(np.stack([row / height + shift, column / width + shift])).astype(np.int64)
    return np.unique(place, axis=1, return_inverse=True)[1].reshape(-1)
