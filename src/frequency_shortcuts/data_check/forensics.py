"""Traces of processing in images: JPEG, resizing, blur, noise and sharpening, apart from how classes differ anyway.

An image has a *fingerprint* of some 40 numbers: amplitudes in rings of the spectrum, sizes of local differences, zeros
in the grid of JPEG. What an artefact does to fingerprints is found by putting it into images of the other classes. A
class has a trace if its fingerprints differ from those of the others as by an artefact, and more than classes do.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
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
# A score counts above both: a share of the artefact's mean, and standard deviations of other images.
LEAST_SCORE = 0.5
LEAST_DEVIATIONS = 3.0
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
    channels, height, width = pixels.shape[1:]
    top, left = _start(height), _start(width)
    values = 255 * pixels[:, :, top : top + SIDE, left : left + SIDE]
    weights = torch.tensor(LUMA) if channels == 3 else torch.ones(channels) / channels
    return torch.einsum("nchw,c->nhw", values, weights.to(values)).numpy()


def _start(side: int) -> int:
    """Where the middle of a side begins, on the grid of blocks of JPEG."""
    return max(0, (side - SIDE) // 2 // BLOCK * BLOCK)


def fingerprints(grey: npt.NDArray[Any]) -> FloatArray:
    """The fingerprints of grey images [k, h, w] from 0 to 255, float64 [k, numbers]."""
    flat = grey.reshape(len(grey), -1)
    darkest = flat == flat.min(axis=1, keepdims=True)
    lightest = flat == flat.max(axis=1, keepdims=True)
    numbers = [np.log1p(flat.std(axis=1)), *_rings(grey)]
    numbers += [darkest.mean(axis=1), lightest.mean(axis=1)]
    numbers += _differences(grey)
    if _has_grid(grey):
        numbers += [*_grid(grey)]
    return np.stack(numbers, axis=1).astype(float)


def _has_grid(grey: FloatArray) -> bool:
    """Whether images are large enough for blocks in the grid of JPEG and in others."""
    return min(grey.shape[1:]) >= 2 * BLOCK


def _rings(grey: FloatArray) -> list[FloatArray]:
    """Logarithms of amplitudes in rings, and at the ends of both axes; rounding of pixels is the floor."""
    height, width = grey.shape[1:]
    rounding = height * width / 12
    spectra = np.fft.rfft2(grey).astype(np.complex64)
    power = np.abs(spectra) ** 2 + rounding
    u = np.abs(np.fft.fftfreq(height))[:, None]
    v = np.fft.rfftfreq(width)[None, :]
    radius = np.hypot(u, v)
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(EDGES)]
    rings.append((u > 0.35) & (v < 0.15))
    rings.append((u < 0.15) & (v > 0.35))
    # Each frequency of the inner columns stands for its conjugate as well; the mean does not count.
    is_outer = (v == 0) | (2 * v * width == width)
    times = np.where(is_outer, 1, 2) * np.ones_like(radius)
    times[0, 0] = 0
    weights = np.stack([ring * times for ring in rings]).reshape(len(rings), -1)
    weights = weights[weights.any(axis=1)]
    weights /= weights.sum(axis=1, keepdims=True)
    mean = weights.astype(np.float32) @ power.reshape(len(grey), -1).T
    return list(np.log(mean) / 2)


def _differences(grey: FloatArray) -> list[FloatArray]:
    """Logarithms of quantiles of local differences: of four neighbours, of a square, and along both axes."""
    inner = grey[:, 1:-1, 1:-1]
    above_and_below = grey[:, 2:, 1:-1] + grey[:, :-2, 1:-1]
    beside = grey[:, 1:-1, 2:] + grey[:, 1:-1, :-2]
    diagonal = grey[:, 1:, 1:] + grey[:, :-1, :-1]
    square = diagonal - grey[:, 1:, :-1] - grey[:, :-1, 1:]
    around = above_and_below + beside - 4 * inner
    quantiles: list[FloatArray] = []
    for values in (around, square, above_and_below - 2 * inner, beside - 2 * inner):
        sizes = np.abs(values).reshape(len(grey), -1)
        step = math.ceil(sizes.shape[1] / PLACES)
        sizes = sizes[:, ::step]
        ranks = (QUANTILES * (sizes.shape[1] - 1)).astype(int)
        of_ranks = np.partition(sizes, ranks, axis=1)[:, ranks]
        quantiles += list(np.log1p(of_ranks).T)
    return quantiles


def _grid(grey: FloatArray) -> FloatArray:
    """How many more coefficients of blocks are near zero in the grid at the corner than in others, in deviations.

    [number of `CLIPPED`, k]
    """
    half = BLOCK // 2
    zero, small = _near_zero(grey)
    elsewhere = [
        _near_zero(grey[:, :, half:]),
        _near_zero(grey[:, half:]),
        _near_zero(grey[:, half:, half:]),
    ]
    zeros, smalls = np.sum(elsewhere, axis=0)
    expected = (zeros + 1 / 3) / (smalls + 1)
    variance = small * expected * (1 - expected)
    return (zero - small * expected) / np.sqrt(variance + 1)


def _near_zero(grey: FloatArray) -> tuple[IntArray, IntArray]:
    """How many coefficients of the blocks of an image are near zero, and small, [number of `CLIPPED`, k] each."""
    k, height, width = grey.shape
    rows = height // BLOCK
    columns = width // BLOCK
    whole = grey[:, : rows * BLOCK, : columns * BLOCK]
    blocks = whole.reshape(k, rows, BLOCK, columns, BLOCK).swapaxes(2, 3)
    blocks = blocks.reshape(k, -1, BLOCK, BLOCK)
    size = np.abs(dctn(blocks, axes=(2, 3), norm="ortho")[..., HIGH])
    zero = (size < NEAR_ZERO).sum(axis=-1)
    small = (size < 3 * NEAR_ZERO).sum(axis=-1)
    clipped = ((blocks <= 0) | (blocks >= 255)).sum(axis=(2, 3))
    varies = blocks.std(axis=(2, 3)) > 1
    counted = np.stack([varies & (clipped <= most) for most in CLIPPED])
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
        self.prints = prints
        self.labels = labels
        self.count = np.bincount(labels, minlength=n_classes)
        of_classes = [prints[labels == k] for k in range(n_classes)]
        self._mean = np.stack([own.mean(axis=0) for own in of_classes])
        self._spread = np.stack([np.cov(own.T, bias=True) for own in of_classes])
        self._sample = prints[positions]
        self._sample_labels = labels[positions]
        self._has_grid = _has_grid(grey)
        pixels = np.rint(grey).clip(0, 255).astype(np.uint8)[:, None]
        self._changed = {
            name: self._with_artefact(name, number, pixels) for number, name in enumerate(TRIED)
        }

    def _with_artefact(self, name: str, first: int, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """The fingerprints of images [m, 1, h, w] with an artefact, whose levels take turns from `first` on."""
        levels = TRIED[name].tried
        turns = (np.arange(len(pixels)) + first) % len(levels)
        changed = np.empty_like(self._sample)
        for turn, level in enumerate(levels):
            chosen = turns == turn
            if chosen.any():
                grey = put(name, level, pixels[chosen])[:, 0]
                changed[chosen] = fingerprints(grey.astype(np.float32))
        return changed

    def find(self, apart: Sequence[int] = ()) -> dict[int, Trace]:
        """The classes that have a trace, the clearest first: class -> its trace.

        A class with a trace is no longer compared with, so that what sets it apart is not found as the reverse in the
        others. apart : classes that are not compared with from the start, and have no trace
        """
        found: dict[int, Trace] = {}
        while True:
            left = [k for k in range(len(self.count)) if k not in found and k not in apart]
            traces = {k: self.traces(k, left) for k in left}
            first = {k: own[0] for k, own in traces.items() if own}
            best = {
                k: trace
                for k, trace in first.items()
                if trace.found and not _is_reverse(k, trace, traces)
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
        elsewhere = np.isin(self._sample_labels, others)
        if not elsewhere.any():
            return []
        before = self._sample[elsewhere]
        changes = {name: changed[elsewhere] - before for name, changed in self._changed.items()}
        shifts = {name: change.mean(axis=0) for name, change in changes.items()}
        spread = self._spread_of(others)
        traces = []
        for name, kind in TRIED.items():
            if kind.family == FINE and shifts[name].any():
                weights = _weights(name, changes[name], shifts, spread)
                traces.append(self._trace(name, k, others, shifts[name], spread, weights))
        return sorted(
            traces, key=lambda trace: (trace.found, trace.alike * trace.share[0]), reverse=True
        )

    def _spread_of(self, others: IntArray) -> FloatArray:
        """The covariance of fingerprints, within some classes and between them, made regular."""
        apart = self._mean[others] - np.median(self._mean[others], axis=0)
        images = self.count[others].sum()
        within = np.tensordot(self.count[others] / images, self._spread[others], 1)
        spread: FloatArray = within + apart.T @ apart / len(others)
        diagonal = np.diag_indices_from(spread)
        spread[diagonal] *= 1 + 1e-3 + len(spread) / images
        spread[diagonal] += FLOOR**2
        return spread

    def _trace(
        self,
        name: str,
        k: int,
        others: IntArray,
        shift: FloatArray,
        spread: FloatArray,
        weights: FloatArray,
    ) -> Trace:
        """How class k differs from others as by an artefact, which shifts fingerprints; see `_weights`."""
        means = self._mean[others]
        own = self._mean[k] - np.median(means, axis=0)
        inverse = np.linalg.inv(spread)
        sizes = (own @ inverse @ own) * (shift @ inverse @ shift)
        alike = float(own @ inverse @ shift / math.sqrt(sizes + 1e-300))
        offset = float(np.median(means @ weights))
        deviation = math.sqrt(np.median(self._spread[others] @ weights @ weights))
        bar = offset + max(LEAST_SCORE, LEAST_DEVIATIONS * deviation)
        with_artefact = self._changed[name][np.isin(self._sample_labels, others)]
        of_class = self.prints[self.labels == k]
        share = float((of_class @ weights > bar).mean())
        reached = float((with_artefact @ weights > bar).mean())
        grid = 0.0
        if self._has_grid:
            zeros = own[-len(CLIPPED) :].max()
            grid = float(zeros * math.sqrt(self.count[k]))
        return Trace(
            name,
            alike=alike,
            share=(share, float(wilson(share, self.count[k])[0])),
            carriers=min(1.0, share / max(reached, 1e-3)),
            grid=grid,
            weights=weights,
            offset=offset,
        )


def _weights(
    name: str, change: FloatArray, shifts: Mapping[str, FloatArray], spread: FloatArray
) -> FloatArray:
    """The weights [numbers] that tell images with an artefact best from others: 0 is no change, 1 its mean one.

    change : of the fingerprint of each image by this artefact, [m, numbers]. shifts : the mean one by each artefact
    """
    shift = shifts[name]
    by_others = [other for key, other in shifts.items() if KINDS[key].cause != KINDS[name].cause]
    within = (
        spread
        + np.cov(change.T, bias=True) / 2
        + BESIDE * np.transpose(by_others) @ np.stack(by_others)
    )
    weights: npt.NDArray[Any] = np.linalg.solve(within, shift)
    return weights / (weights @ shift)


def _is_reverse(k: int, trace: Trace, traces: Mapping[int, Sequence[Trace]]) -> bool:
    """Whether another class is more alike to the opposite: what is blurred makes the others look sharp."""
    opposite = {LOST: RAISED, RAISED: LOST}.get(trace.cause)
    of_others = [other for c, own in traces.items() if c != k for other in own]
    return any(other.cause == opposite and other.alike > trace.alike for other in of_others)
