"""Radial filters: low-pass, high-pass and band-stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .arrays import BoolArray, FloatArray
from .masks import low_pass
from .pairs import ConjugatePairs, radius

FILTERS = ("low-pass", "high-pass", "band-stop")


@dataclass(frozen=True)
class Filter:
    """A radial filter: low-pass keeps r < high, high-pass keeps r >= low, band-stop removes low <= r < high.

    Radii are in cycles per image; mask: bool [H, W], centred, true where frequencies are kept.
    """

    name: str
    low: float
    high: float
    mask: BoolArray


def filters(height: int, width: int, cutoffs: Sequence[float], band_width: float) -> list[Filter]:
    """Low-pass and high-pass filters at every cutoff, and adjacent band-stops of `band_width` from 0 outwards.

    DC has the radius 0. Low-pass filters keep it. High-pass filters remove it, so that the pixels vary around the mean
    with which the images were normalised. It belongs to no band, as in `spectrum.bands`, and band-stops keep it.
    Cutoffs beyond the corner of the spectrum are left out, since they would keep everything or nothing. Raises
    ValueError for cutoffs that do not increase from above 0, or are all beyond the corner, and for a band width that is
    not above 0.
    """
    cutoffs = [float(cutoff) for cutoff in cutoffs]
    if not cutoffs or any(b <= a for a, b in zip((0, *cutoffs[:-1]), cutoffs, strict=True)):
        raise ValueError(f"cutoffs {cutoffs}: expected increasing radii above 0, in cycles per image")
    if band_width <= 0:
        raise ValueError(f"band_width {band_width}: expected above 0 cycles per image")
    r = radius(height, width)
    corner = float(r.max())
    within = [cutoff for cutoff in cutoffs if cutoff <= corner]
    if not within:
        raise ValueError(f"cutoffs {cutoffs}: none is within the {corner:.1f} cycles per image of {height} x {width}")
    passed = [low_pass(height, width, cutoff) for cutoff in within]
    chosen = [Filter("low-pass", 0, cutoff, mask) for cutoff, mask in zip(within, passed, strict=True)]
    chosen += [Filter("high-pass", cutoff, math.inf, ~mask) for cutoff, mask in zip(within, passed, strict=True)]
    edges = np.arange(math.floor(corner / band_width) + 2) * band_width  # `high` of a band is `low` of the next one
    for low, high in pairwise(edges.tolist()):
        stopped = (r >= low) & (r < high) & (r > 0)
        if stopped.any():
            chosen.append(Filter("band-stop", low, high, ~stopped))
    return chosen


def shares_beyond(power: FloatArray, pairs: ConjugatePairs) -> tuple[FloatArray, FloatArray]:
    """All radii of a spectrum, and the share of a power that lies beyond each of them.

    power : float64 [H, W // 2 + 1], as a real FFT orders it
    """
    radii, at = np.unique(pairs.radius, return_inverse=True)
    inside = np.cumsum(np.bincount(at, power[pairs.half_row, pairs.half_column] * pairs.size))
    return radii, 1 - inside / inside[-1]
