"""Traces of processing in images: JPEG, resizing, blur, noise and sharpening, apart from how classes differ anyway.

An image has a *fingerprint* of some 40 numbers: amplitudes in rings of the spectrum, sizes of local differences, zeros
in the grid of JPEG. What an artefact does to fingerprints is found by putting it into images of the other classes. A
class has a trace if its fingerprints differ from those of the others as by an artefact, and more than classes do.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from scipy.fft import dctn
from torch import Tensor

from frequency_shortcuts.images.artefacts import BLOCKS, FINE, KINDS, LOST, RAISED, put
from frequency_shortcuts.intervals import wilson
from frequency_shortcuts.maps.adcs import LUMA
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray

# Artefacts that classes are compared with.
TRIED = {name: kind for name, kind in KINDS.items() if kind.tried}
SIDE = 128  # pixels of the middle of an image that is looked at, at most
SAMPLE = 400  # images that artefacts are put into
EDGES = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9.5, 12]) / 16  # of rings, cycles per pixel
QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9, 0.97])  # of local differences
PLACES = 4096  # of an image whose local differences are ranked, at most
BLOCK = 8  # pixels, of JPEG
NEAR_ZERO = 0.6  # coefficients of a block that JPEG set to zero, after rounding of the pixels
HIGH = np.add.outer(np.arange(BLOCK), np.arange(BLOCK)) >= 5  # coefficients of a block
CLIPPED = (0, 24)  # black or white pixels of a block of JPEG, at most
FLOOR = 0.03  # of the standard deviation of a number of the fingerprint
BESIDE = 0.25  # weight of the other artefacts among what a trace must differ from
# Of a score that counts: of the artefact's mean, and standard deviations of other images.
BAR = (
    0.5,
    3.0,
)
GRID = 5.0  # of blocks: zeros in the grid of the class, above other classes, in standard errors


class Trace(NamedTuple):
    """How a class differs as by an artefact.

    artefact : key of `TRIED`. alike : cosine between the difference of the class and that by the artefact, in units of
    the spread of images and classes. share : of its images that are above the bar, and at least (95 %). carriers : the
    same, by the share that the artefact itself would bring above the bar. grid : how many more zeros than other classes
    it has in the grid of JPEG, in standard errors. weights, offset : the score of fingerprints
    is `fingerprints @ weights - offset`, about 0 for other classes and 1 with the artefact
    """

    artefact: str
    alike: float
    share: tuple[float, float]
    carriers: float
    grid: float
    weights: FloatArray
    offset: float

    @property
    def cause(self) -> str:
        return KINDS[self.artefact].cause

    @property
    def found(self) -> bool:
        kind = KINDS[self.artefact]
        alike = self.alike >= kind.alike and self.share[1] >= kind.share
        return alike and (kind.cause != BLOCKS or self.grid >= GRID)


def lightness(pixels: Tensor) -> FloatArray:
    """The middle of images [k, channels, H, W] of pixels from 0 to 1, in grey values 0 to 255, float32 [k, h, w].

    Its corner lies on the grid of blocks of JPEG.
    """
    top, left = (max(0, (side - SIDE) // 2 // BLOCK * BLOCK) for side in pixels.shape[2:])
    values = 255 * pixels[:, :, top : top + SIDE, left : left + SIDE]
    weights = (
        torch.tensor(LUMA)
        if values.shape[1] == 3
        else torch.ones(values.shape[1]) / values.shape[1]
    )
    return torch.einsum("nchw,c->nhw", values, weights.to(values)).numpy()


def fingerprints(grey: FloatArray) -> FloatArray:
    """The fingerprints of grey images [k, h, w] from 0 to 255, float64 [k, numbers]."""
    flat = grey.reshape(len(grey), -1)
    extremes = [(flat == end(axis=1, keepdims=True)).mean(axis=1) for end in (flat.min, flat.max)]
    # In the grid at the corner and in others.
    blocks = _grid(grey) if min(grey.shape[1:]) >= 2 * BLOCK else ()
    parts = [np.log1p(flat.std(axis=1)), *_rings(grey), *extremes, *_differences(grey), *blocks]
    return np.stack(parts, axis=1).astype(float)


def _rings(grey: FloatArray) -> list[FloatArray]:
    """Logarithms of amplitudes in rings, and at the ends of both axes; rounding of pixels is the floor."""
    height, width = grey.shape[1:]
    power = np.abs(np.fft.rfft2(grey).astype(np.complex64)) ** 2 + height * width / 12
    u, v = np.abs(np.fft.fftfreq(height))[:, None], np.fft.rfftfreq(width)[None, :]
    radius = np.hypot(u, v)
    twice = np.where((v == 0) | (2 * v * width == width), 1, 2) * np.ones_like(radius)
    twice[0, 0] = 0
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(EDGES)]
    rings += [(u > 0.35) & (v < 0.15), (u < 0.15) & (v > 0.35)]
    weights = np.stack([ring * twice for ring in rings if (ring * twice).any()]).reshape(
        -1, radius.size
    )
    weights /= weights.sum(axis=1, keepdims=True)
    return list(np.log(weights.astype(np.float32) @ power.reshape(len(grey), -1).T) / 2)


def _differences(grey: FloatArray) -> list[FloatArray]:
    """Logarithms of quantiles of local differences: of four neighbours, of a square, and along both axes."""
    inner = grey[:, 1:-1, 1:-1]
    rows, columns = grey[:, 2:, 1:-1] + grey[:, :-2, 1:-1], grey[:, 1:-1, 2:] + grey[:, 1:-1, :-2]
    square = grey[:, 1:, 1:] + grey[:, :-1, :-1] - grey[:, 1:, :-1] - grey[:, :-1, 1:]
    made: list[FloatArray] = []
    for values in (rows + columns - 4 * inner, square, rows - 2 * inner, columns - 2 * inner):
        sizes = np.abs(values).reshape(len(grey), -1)
        sizes = sizes[:, :: math.ceil(sizes.shape[1] / PLACES)]
        ranks = (QUANTILES * (sizes.shape[1] - 1)).astype(int)
        made += list(np.log1p(np.partition(sizes, ranks, axis=1)[:, ranks]).T)
    return made


def _grid(grey: FloatArray) -> FloatArray:
    """How many more coefficients of blocks are near zero in the grid at the corner than in others, in deviations.

    [number of `CLIPPED`, k]
    """
    half = BLOCK // 2
    counts = np.array([_near_zero(grey[:, top:, left:]) for top in (0, half) for left in (0, half)])
    (zero, small), (zeros, smalls) = counts[0], counts[1:].sum(axis=0)
    expected = (zeros + 1 / 3) / (smalls + 1)
    return (zero - small * expected) / np.sqrt(small * expected * (1 - expected) + 1)


def _near_zero(grey: FloatArray) -> tuple[IntArray, IntArray]:
    """How many coefficients of the blocks of an image are near zero, and small, [number of `CLIPPED`, k] each."""
    rows, columns = grey.shape[1] // BLOCK, grey.shape[2] // BLOCK
    blocks = grey[:, : rows * BLOCK, : columns * BLOCK].reshape(
        len(grey), rows, BLOCK, columns, BLOCK
    )
    blocks = blocks.swapaxes(2, 3).reshape(len(grey), -1, BLOCK, BLOCK)
    size = np.abs(dctn(blocks, axes=(2, 3), norm="ortho")[..., HIGH])
    zero, small = ((size < NEAR_ZERO * bound).sum(axis=-1) for bound in (1, 3))
    ends = ((blocks <= 0) | (blocks >= 255)).sum(axis=(2, 3))
    counted = (blocks.std(axis=(2, 3)) > 1) & (ends <= np.array(CLIPPED)[:, None, None])
    return (zero * counted).sum(axis=2), (small * counted).sum(axis=2)


class Forensics:
    """What artefacts would do to images of some classes, and which classes differ so from the others.

    prints : fingerprints [n, numbers]. labels : [n]. grey : images [m, h, w] that artefacts are put into. positions :
    which of the n these are, [m]
    """

    def __init__(
        self,
        prints: FloatArray,
        labels: IntArray,
        n_classes: int,
        grey: FloatArray,
        positions: IntArray,
    ) -> None:
        self.prints, self.labels, self.count = (
            prints,
            labels,
            np.bincount(labels, minlength=n_classes),
        )
        self._mean = np.stack([prints[labels == k].mean(axis=0) for k in range(n_classes)])
        self._spread = np.stack(
            [np.cov(prints[labels == k].T, bias=True) for k in range(n_classes)]
        )
        self._positions, self._labels = positions, labels[positions]
        self._has_grid = min(grey.shape[1:]) >= 2 * BLOCK
        self._changed: dict[str, FloatArray] = {}
        pixels = np.rint(grey).clip(0, 255).astype(np.uint8)[:, None]
        for number, (name, kind) in enumerate(TRIED.items()):
            changed = np.empty((len(positions), prints.shape[1]))
            for which, level in enumerate(kind.tried):
                own = (np.arange(len(positions)) + number) % len(kind.tried) == which
                if own.any():
                    changed[own] = fingerprints(
                        put(name, level, pixels[own])[:, 0].astype(np.float32)
                    )
            self._changed[name] = changed

    def find(self, apart: Sequence[int] = ()) -> dict[int, Trace]:
        """The classes that have a trace, the clearest first: class -> its trace.

        A class with a trace is no longer compared with, so that what sets it apart is not found as the reverse in the
        others. apart : classes that are not compared with from the start, and have no trace
        """
        found: dict[int, Trace] = {}
        while True:
            left = [k for k in range(len(self.count)) if k not in found and k not in apart]
            traces = {k: self.traces(k, left) for k in left}
            best = {
                k: own[0]
                for k, own in traces.items()
                if own and own[0].found and not _is_reverse(k, own[0], traces)
            }
            if not best:
                return found
            # Blocks first: they are the reverse of nothing.
            clearest = max(best, key=lambda k: (best[k].cause == BLOCKS, best[k].alike))
            found[clearest] = best[clearest]

    def traces(self, k: int, classes: Sequence[int]) -> list[Trace]:
        """How class k differs from some classes as by each artefact: those that are found first, the clearest before.

        Without another class there is none.
        """
        others = np.array([c for c in classes if c != k], int)
        elsewhere = np.isin(self._labels, others)
        if not elsewhere.any():
            return []
        centre = np.median(self._mean[others], axis=0)
        own, apart = self._mean[k] - centre, self._mean[others] - centre
        grid = (
            float(own[-len(CLIPPED) :].max() * math.sqrt(self.count[k])) if self._has_grid else 0.0
        )
        images = self.count[others].sum()
        spreads = self._spread[others]
        spread = np.tensordot(self.count[others] / images, spreads, 1) + apart.T @ apart / len(
            others
        )
        spread[np.diag_indices_from(spread)] *= 1 + 1e-3 + len(centre) / images
        spread[np.diag_indices_from(spread)] += FLOOR**2
        inverse = np.linalg.inv(spread)
        before = self.prints[self._positions][elsewhere]
        changes = {name: changed[elsewhere] - before for name, changed in self._changed.items()}
        shifts = {name: change.mean(axis=0) for name, change in changes.items()}
        traces = []
        for name in (
            name for name, kind in TRIED.items() if kind.family == FINE and shifts[name].any()
        ):
            shift = shifts[name]
            beside = [s for other, s in shifts.items() if KINDS[other].cause != KINDS[name].cause]
            within = (
                spread
                + np.cov(changes[name].T, bias=True) / 2
                + BESIDE * np.transpose(beside) @ np.stack(beside)
            )
            weights = np.linalg.solve(within, shift)
            weights /= weights @ shift
            offset = float(np.median(self._mean[others] @ weights))
            deviation = math.sqrt(np.median(spreads @ weights @ weights))
            bar = offset + max(BAR[0], BAR[1] * deviation)
            share = float((self.prints[self.labels == k] @ weights > bar).mean())
            reached = float((self._changed[name][elsewhere] @ weights > bar).mean())
            sizes = (own @ inverse @ own) * (shift @ inverse @ shift)
            traces.append(
                Trace(
                    name,
                    float(own @ inverse @ shift / math.sqrt(sizes + 1e-300)),
                    (share, float(wilson(share, self.count[k])[0])),
                    min(1.0, share / max(reached, 1e-3)),
                    grid,
                    weights,
                    offset,
                )
            )
        return sorted(
            traces, key=lambda trace: (trace.found, trace.alike * trace.share[0]), reverse=True
        )


def _is_reverse(k: int, trace: Trace, traces: Mapping[int, Sequence[Trace]]) -> bool:
    """Whether another class is more alike to the opposite: what is blurred makes the others look sharp."""
    opposite = {LOST: RAISED, RAISED: LOST}.get(trace.cause)
    return any(
        other.cause == opposite and other.alike > trace.alike
        for c, own in traces.items()
        if c != k
        for other in own
    )
