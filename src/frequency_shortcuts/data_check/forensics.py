"""Traces of processing in images: JPEG, resizing, blur, noise and sharpening, apart from how classes differ anyway.

An image has a *fingerprint* of some 40 numbers: amplitudes in rings of the spectrum, sizes of local differences, zeros
in the grid of JPEG. What an artefact does to fingerprints is found by putting it into images of the other classes. A
class has a trace if its fingerprints differ from those of the others as by an artefact, and more than classes do.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, pairwise
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
LEAST_SPREAD = 0.03  # standard deviation of a number of the fingerprint
BESIDE = 0.25  # weight of the other artefacts among what a trace must differ from
# A score counts above both: a share of the artefact's mean, and standard deviations of other images.
LEAST_SCORE = 0.5
LEAST_DEVIATIONS = 3.0
GRID = 5.0  # of blocks: zeros in the grid of the class, above other classes, in standard errors


class Trace(NamedTuple):
    """How a class differs as by an artefact.

    artefact : key of `TRIED`
    alike : cosine between the difference of the class and that by the artefact, in units of the spread of images and
        classes
    share, least_share : of its images that are above the bar, and the lower end of its 95 % interval
    carriers : the same share, by the one that the artefact itself would bring above the bar
    grid : how many more zeros than other classes it has in the grid of JPEG, in standard errors; 0 of small images
    weights, offset : the score of fingerprints is `fingerprints @ weights - offset`, about 0 for other classes and 1
        with the artefact
    """

    artefact: str
    alike: float
    share: float
    least_share: float
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
        if kind.cause == BLOCKS and self.grid < GRID:
            return False
        return self.alike >= kind.alike and self.least_share >= kind.share


def lightness(pixels: Tensor) -> FloatArray:
    """The middle of images [k, channels, H, W] of pixels from 0 to 1, in grey values 0 to 255, float32 [k, h, w].

    Its corner lies on the grid of blocks of JPEG.
    """
    channels, height, width = pixels.shape[1:]
    top = _start(height)
    left = _start(width)
    values = 255 * pixels[:, :, top : top + SIDE, left : left + SIDE]
    weights = torch.ones(channels) / channels
    if channels == 3:
        weights = torch.tensor(LUMA)
    return torch.einsum("nchw,c->nhw", values, weights.to(values)).numpy()


def _start(side: int) -> int:
    """Where the middle of a side begins, on the grid of blocks of JPEG."""
    blocks = (side - SIDE) // 2 // BLOCK
    return max(0, blocks * BLOCK)


def fingerprints(grey: npt.NDArray[Any]) -> FloatArray:
    """The fingerprints of grey images [k, h, w] from 0 to 255, float64 [k, numbers]."""
    flat = grey.reshape(len(grey), -1)
    is_darkest = flat == flat.min(axis=1, keepdims=True)
    is_lightest = flat == flat.max(axis=1, keepdims=True)
    contrast = np.log1p(flat.std(axis=1))
    numbers = [
        contrast,
        *_rings(grey),
        is_darkest.mean(axis=1),
        is_lightest.mean(axis=1),
        *_local_differences(grey),
    ]
    if _has_grid(grey):
        numbers.extend(_grid(grey))
    return np.stack(numbers, axis=1).astype(float)


def _has_grid(grey: FloatArray) -> bool:
    """Whether images are large enough for blocks in the grid of JPEG and in others."""
    return min(grey.shape[1:]) >= 2 * BLOCK


def _rings(grey: FloatArray) -> FloatArray:
    """Logarithms of amplitudes in rings, and at the ends of both axes [rings, k]; rounding of pixels is the floor."""
    height, width = grey.shape[1:]
    rounding = height * width / 12
    spectra = np.fft.rfft2(grey).astype(np.complex64)
    power = np.abs(spectra) ** 2 + rounding
    flat = power.reshape(len(grey), -1)
    mean = _weights_of_rings(height, width) @ flat.T
    return np.log(mean) / 2


def _weights_of_rings(height: int, width: int) -> FloatArray:
    """The weight of each frequency of a real FFT in the mean of each ring that has some: [rings, frequencies]."""
    u, v = np.meshgrid(
        np.abs(np.fft.fftfreq(height)),
        np.fft.rfftfreq(width),
        indexing="ij",
    )
    radius = np.hypot(u, v)
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(EDGES)]
    rings.append((u > 0.35) & (v < 0.15))
    rings.append((u < 0.15) & (v > 0.35))
    # Each frequency of the inner columns stands for its conjugate as well; the mean does not count.
    times = np.full_like(radius, 2)
    times[v == 0] = 1
    times[2 * v * width == width] = 1
    times[0, 0] = 0
    weights = np.where(rings, times, 0)
    weights = weights.reshape(len(rings), -1)
    sums = weights.sum(axis=1)
    has_some = sums > 0
    weights = weights[has_some] / sums[has_some, None]
    return weights.astype(np.float32)


def _local_differences(grey: FloatArray) -> FloatArray:
    """Quantiles of local differences [numbers, k]: of four neighbours, of a square, and along both axes."""
    inner = grey[:, 1:-1, 1:-1]
    above = grey[:, :-2, 1:-1]
    below = grey[:, 2:, 1:-1]
    left = grey[:, 1:-1, :-2]
    right = grey[:, 1:-1, 2:]
    upper = grey[:, :-1]
    lower = grey[:, 1:]
    vertical = above + below
    horizontal = left + right
    diagonal = upper[:, :, :-1] + lower[:, :, 1:]
    differences = [
        vertical + horizontal - 4 * inner,
        diagonal - lower[:, :, :-1] - upper[:, :, 1:],
        vertical - 2 * inner,
        horizontal - 2 * inner,
    ]
    return np.concatenate([_quantiles(values) for values in differences])


def _quantiles(differences: FloatArray) -> FloatArray:
    """Logarithms of quantiles of the sizes of differences [k, h, w], at some places: [quantiles, k]."""
    sizes = np.abs(differences).reshape(len(differences), -1)
    step = math.ceil(sizes.shape[1] / PLACES)
    some = sizes[:, ::step]
    last = some.shape[1] - 1
    ranks = (QUANTILES * last).astype(int)
    ranked = np.partition(some, ranks, axis=1)
    return np.log1p(ranked[:, ranks]).T


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
    share = (zeros + 1 / 3) / (smalls + 1)
    expected = small * share
    variance = expected * (1 - share)
    return (zero - expected) / np.sqrt(variance + 1)


def _near_zero(grey: FloatArray) -> tuple[IntArray, IntArray]:
    """How many coefficients of the blocks of an image are near zero, and small, [number of `CLIPPED`, k] each."""
    blocks = _blocks(grey)
    coefficients = dctn(blocks, axes=(2, 3), norm="ortho")
    sizes = np.abs(coefficients[..., HIGH])
    zero = (sizes < NEAR_ZERO).sum(axis=-1)
    small = (sizes < 3 * NEAR_ZERO).sum(axis=-1)
    is_clipped = (blocks <= 0) | (blocks >= 255)
    clipped = is_clipped.sum(axis=(2, 3))
    varies = blocks.std(axis=(2, 3)) > 1
    counted = [varies & (clipped <= most) for most in CLIPPED]
    zeros = np.where(counted, zero, 0)
    smalls = np.where(counted, small, 0)
    return zeros.sum(axis=2), smalls.sum(axis=2)


def _blocks(grey: FloatArray) -> FloatArray:
    """The whole blocks of images [k, h, w], from their corner on: [k, blocks, BLOCK, BLOCK]."""
    k, height, width = grey.shape
    rows = height // BLOCK
    columns = width // BLOCK
    whole = grey[:, : rows * BLOCK, : columns * BLOCK]
    grid = whole.reshape(k, rows, BLOCK, columns, BLOCK)
    return grid.swapaxes(2, 3).reshape(k, -1, BLOCK, BLOCK)


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
        self.count = np.bincount(labels, minlength=n_classes)
        self._prints = [prints[labels == k] for k in range(n_classes)]
        means = [of_class.mean(axis=0) for of_class in self._prints]
        spreads = [np.cov(of_class.T, bias=True) for of_class in self._prints]
        self._mean = np.stack(means)
        self._spread = np.stack(spreads)
        self._sample = prints[positions]
        self._sample_labels = labels[positions]
        self._has_grid = _has_grid(grey)
        whole = np.rint(grey).clip(0, 255)
        pixels = whole.astype(np.uint8)[:, None]
        self._changed = {}
        for number, name in enumerate(TRIED):
            self._changed[name] = self._with_artefact(name, number, pixels)

    def _with_artefact(self, name: str, first: int, pixels: npt.NDArray[np.uint8]) -> FloatArray:
        """The fingerprints of images [m, 1, h, w] with an artefact, whose levels take turns from `first` on."""
        levels = TRIED[name].tried
        turns = (np.arange(len(pixels)) + first) % len(levels)
        changed = np.empty_like(self._sample)
        for turn, level in enumerate(levels):
            chosen = turns == turn
            images = put(name, level, pixels[chosen])
            grey = images[:, 0].astype(np.float32)
            changed[chosen] = fingerprints(grey)
        return changed

    def find(self, apart: Collection[int] = ()) -> dict[int, Trace]:
        """The classes that have a trace, the clearest first: class -> its trace.

        A class with a trace is no longer compared with, so that what sets it apart is not found as the reverse in the
        others. apart : classes that are not compared with from the start, and have no trace
        """
        found: dict[int, Trace] = {}
        left = [k for k in range(len(self.count)) if k not in apart]
        while True:
            traces = {k: self.traces(k, left) for k in left}
            clearest = _clearest_trace(traces)
            if clearest is None:
                return found
            found[clearest] = traces[clearest][0]
            left.remove(clearest)

    def traces(self, k: int, classes: Sequence[int]) -> list[Trace]:
        """How class k differs from some classes as by each artefact: those that are found first, the clearest before.

        Without another class there is none.
        """
        others = np.array([c for c in classes if c != k], int)
        sampled = np.isin(self._sample_labels, others)
        if not sampled.any():
            return []
        before = self._sample[sampled]
        changes = {name: changed[sampled] - before for name, changed in self._changed.items()}
        shifts = {name: change.mean(axis=0) for name, change in changes.items()}
        spread = self._spread_of(others)
        inverse = np.linalg.inv(spread)
        median = np.median(self._mean[others], axis=0)
        difference = self._mean[k] - median
        grid = 0.0
        if self._has_grid:
            zeros = difference[-len(CLIPPED) :]
            grid = zeros.max() * math.sqrt(self.count[k])
        traces = []
        for name, shift in shifts.items():
            if TRIED[name].family == FINE and shift.any():
                alike = _cosine(difference, shift, inverse)
                weights = _score_weights(name, changes[name], shifts, spread)
                traces.append(self._trace(name, k, others, alike, grid, weights))
        return sorted(
            traces,
            key=lambda trace: (trace.found, trace.alike * trace.share),
            reverse=True,
        )

    def _spread_of(self, others: IntArray) -> FloatArray:
        """The covariance of fingerprints, within some classes and between them, made regular."""
        means = self._mean[others]
        median = np.median(means, axis=0)
        deviations = means - median
        between = deviations.T @ deviations / len(others)
        images = self.count[others].sum()
        shares = self.count[others] / images
        within = np.tensordot(shares, self._spread[others], 1)
        spread: FloatArray = within + between
        more = 1 + 1e-3 + len(spread) / images
        diagonal = spread.diagonal() * more + LEAST_SPREAD**2
        np.fill_diagonal(spread, diagonal)
        return spread

    def _trace(
        self,
        name: str,
        k: int,
        others: IntArray,
        alike: float,
        grid: float,
        weights: FloatArray,
    ) -> Trace:
        """What the scores of class k by some weights say of an artefact, beside those of others."""
        scores = self._prints[k] @ weights
        offset = float(np.median(self._mean[others] @ weights))
        variances = self._spread[others] @ weights @ weights
        deviation = math.sqrt(np.median(variances))
        bar = offset + max(LEAST_SCORE, LEAST_DEVIATIONS * deviation)
        share = (scores > bar).mean()
        least_share, _ = wilson(share, self.count[k])
        sampled = np.isin(self._sample_labels, others)
        scores_with_artefact = self._changed[name][sampled] @ weights
        reached = (scores_with_artefact > bar).mean()
        return Trace(
            artefact=name,
            alike=alike,
            share=share,
            least_share=float(least_share),
            carriers=min(1.0, share / max(reached, 1e-3)),
            grid=grid,
            weights=weights,
            offset=offset,
        )


def _cosine(first: FloatArray, second: npt.NDArray[Any], inverse: npt.NDArray[Any]) -> float:
    """The cosine between two differences of fingerprints, in units of a spread whose inverse this is."""
    product = first @ inverse @ second
    size = first @ inverse @ first
    other_size = second @ inverse @ second
    return product / math.sqrt(size * other_size + 1e-300)


def _score_weights(
    name: str,
    change: FloatArray,
    shifts: Mapping[str, FloatArray],
    spread: FloatArray,
) -> FloatArray:
    """The weights [numbers] that tell images with an artefact best from others: 0 is no change, 1 its mean one.

    change : of the fingerprint of each image by this artefact, [m, numbers]. shifts : the mean one by each artefact
    """
    shift = shifts[name]
    cause = KINDS[name].cause
    by_others = [other for key, other in shifts.items() if KINDS[key].cause != cause]
    rows = np.stack(by_others)
    of_change = np.cov(change.T, bias=True) / 2
    of_others = BESIDE * rows.T @ rows
    within = spread + of_change + of_others
    weights = np.linalg.solve(within, shift)
    return weights / (weights @ shift)


def _clearest_trace(traces: Mapping[int, Sequence[Trace]]) -> int | None:
    """The class whose first trace is found, is no reverse and is the clearest; None without one."""
    clear = {}
    for k, of_class in traces.items():
        for trace in of_class[:1]:
            if trace.found and not _is_reverse(k, trace, traces):
                # Blocks first: they are the reverse of nothing.
                clear[k] = trace.cause == BLOCKS, trace.alike
    return max(clear, key=clear.__getitem__, default=None)


def _is_reverse(k: int, trace: Trace, traces: Mapping[int, Sequence[Trace]]) -> bool:
    """Whether another class is more alike to the opposite: what is blurred makes the others look sharp."""
    opposite = {LOST: RAISED, RAISED: LOST}.get(trace.cause)
    others = chain(*(of_class for c, of_class in traces.items() if c != k))
    return any(other.cause == opposite and other.alike > trace.alike for other in others)
