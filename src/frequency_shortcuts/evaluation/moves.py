"""Moves: what gives images the spectrum of a class, and changes of the same size that do not.

At each frequency the coefficient F of an image becomes b + ratio F. Without shrinkage and clipping this is optimal
transport between two Gaussians: the image keeps its object, and takes on what the class has in common.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray
from frequency_shortcuts.spectrum.filters import opponent, rgb
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .class_statistics import LARGEST_RATIO, ClassStatistics, Moments, squared


class Move(NamedTuple):
    """A move F -> shift + ratio F: complex64 and float32 [channels, H, W // 2 + 1], as a real FFT orders them.

    The channels of colour images are opponent colours (`spectrum.filters`).
    """

    shift: Tensor
    ratio: Tensor

    def within(self, region: Tensor) -> Move:
        """The move in a region bool [H, W // 2 + 1], nothing elsewhere."""
        return Move(torch.where(region, self.shift, 0), torch.where(region, self.ratio, 1))

    def apply(self, spectra: Tensor, size: tuple[int, int]) -> Tensor:
        """Images [n, channels, H, W] after the move, from their spectra [n, channels, H, W // 2 + 1]; not clipped.

        The spectra are those of images in red, green and blue.
        """
        moved = rgb(torch.addcmul(self.shift, opponent(spectra), self.ratio))
        images: Tensor = torch.fft.irfft2(moved, s=size)
        return images


def move_to(statistics: ClassStatistics, k: int) -> Move:
    """The move that gives images of other classes the statistics of class k."""
    logarithm, by_chance = statistics.log_ratio(k)
    return _move(statistics.rest(k), statistics.of(k), logarithm, by_chance)


def move_away(statistics: ClassStatistics, k: int) -> Move:
    """The move that gives images of class k the statistics of all others."""
    logarithm, by_chance = statistics.log_ratio(k)
    return _move(statistics.of(k), statistics.rest(k), -logarithm, by_chance)


def _move(start: Moments, end: Moments, logarithm: Tensor, by_chance: Tensor) -> Move:
    """The shrunk move between two moments; logarithm of the ratio of their standard deviations, and its variance."""
    shrunk = logarithm * (1 - by_chance / logarithm.square().clamp(min=1e-300)).clamp(min=0)
    ratio = shrunk.clamp(-np.log(LARGEST_RATIO), np.log(LARGEST_RATIO)).exp()
    shift = _shrunk_mean(end) - ratio * _shrunk_mean(start)
    return Move(shift.to(torch.complex64), ratio.float())


def _shrunk_mean(moments: Moments) -> Tensor:
    by_chance = moments.variance / moments.images / squared(moments.mean).clamp(min=1e-300)
    return moments.mean * (1 - by_chance).clamp(min=0)


def sham(move: Move, pairs: ConjugatePairs, region: BoolArray, generator: np.random.Generator) -> Move:
    """A move of the same size at other frequencies: shift and ratio permuted together, within rings of one cycle.

    region : bool [H, W // 2 + 1], where the move acts; within it pairs of the same floor(radius) exchange their values,
    and each shift gets a random phase, 1 or -1 where a pair is its own partner
    """
    here = region[pairs.half_row, pairs.half_column]
    order = np.arange(len(pairs))
    ring = np.floor(pairs.radius).astype(int)
    ring = np.minimum(ring, ring.max() - 1)  # in the last one, the Nyquist corner can be alone
    for number in np.unique(ring[here]):
        members = np.flatnonzero(here & (ring == number))
        order[members] = generator.permutation(members)
    angle = generator.uniform(0, 2 * np.pi, len(pairs))
    device = move.shift.device
    row, column, source = (torch.from_numpy(n).to(device) for n in (pairs.half_row, pairs.half_column, order))
    shift, ratio = (values[:, row, column][:, source] for values in move)
    sign, alone = (torch.from_numpy(n).to(device) for n in (np.where(angle < np.pi, 1, -1), pairs.size == 1))
    phase = torch.from_numpy(np.exp(1j * angle)).to(shift)
    shift = torch.where(alone, sign * square_root(squared(shift)), phase * shift)
    where = torch.from_numpy(pairs.half_plane).to(device)
    spread = shift[:, where]
    mirrored = torch.ones(pairs.half_plane.shape, dtype=torch.bool, device=device)
    mirrored[row, column] = False  # where the half plane holds the first member of a pair
    return Move(torch.where(mirrored, spread.conj(), spread).resolve_conj(), ratio[:, where])


def draw_donors(labels: IntArray, classes: IntArray, images: IntArray, generator: np.random.Generator) -> IntArray:
    """For each of some images [m] another one at random, of these classes [m]: positions, -1 where there is none."""
    donors = np.full(len(images), -1)
    for c in np.unique(classes):
        members, places = np.flatnonzero(labels == c), np.flatnonzero(classes == c)
        if not len(members):
            continue
        drawn = members[generator.integers(len(members), size=len(places))]
        same = drawn == images[places]
        while len(members) > 1 and same.any():
            drawn[same] = members[generator.integers(len(members), size=int(same.sum()))]
            same = drawn == images[places]
        donors[places] = np.where(same, -1, drawn)
    return donors
