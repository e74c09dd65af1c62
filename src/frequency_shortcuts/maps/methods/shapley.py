"""Shapley values of rings of frequencies (I-ASIDE, Jia et al. 2024): radial maps, exact over all sets of rings.

The value of a set of rings is the mean probability of the class when only these rings are the image's own. The Shapley
value of a ring is its mean contribution over all orders in which the rings can be added.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np

from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .method import Size
from .workspace import Workspace

MOST = 12  # rings: their sets double with each


@dataclass(frozen=True)
class Settings:
    """rings : number of rings of equal width, from radius 0 to the corner of the spectrum
    fill : what stands at missing rings, `swap` as published, or `zeros`
    """

    rings: int = 8
    fill: str = "swap"

    def __post_init__(self) -> None:
        if not 1 <= self.rings <= MOST:
            raise ValueError(f"rings {self.rings}: expected 1 to {MOST}")
        named(self.fill)


def passes(settings: Settings, size: Size) -> int:
    """Every set of rings is shown to every image."""
    return (1 << settings.rings) * size.n_images


def scores(workspace: Workspace, settings: Settings) -> FloatArray:
    """The Shapley value of the ring of each pair, float64 [class, pairs]."""
    sets = (np.arange(2**settings.rings)[:, None] >> np.arange(settings.rings)) % 2 == 1
    ring = rings(workspace.pairs, settings.rings)
    value = workspace.class_means(sets[:, ring], settings.fill, "shapley").probability
    return shapley_values(value)[:, ring]


def rings(pairs: ConjugatePairs, count: int) -> IntArray:
    """The ring of each pair, int64 [pairs], from 0."""
    ring: IntArray = np.minimum((count * pairs.radius / max(pairs.radius.max(), 1e-9)).astype(np.int64), count - 1)
    return ring


def shapley_values(value: FloatArray) -> FloatArray:
    """Shapley values [class, players] of a game: value [2**players, class], where bit i says if player i is in the set.

    They sum to the value of the full set minus that of the empty one.
    """
    players = len(value).bit_length() - 1
    sets = np.arange(len(value))
    size = np.array([int(number).bit_count() for number in sets])
    weight = np.array([factorial(n) * factorial(players - n - 1) for n in range(players)]) / factorial(players)
    shapley = np.empty((value.shape[1], players))
    for i in range(players):
        without = sets[(sets >> i) % 2 == 0]
        shapley[:, i] = weight[size[without]] @ (value[without | 1 << i] - value[without])
    return shapley
