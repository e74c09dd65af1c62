"""What a difference between the spectra of a class and the rest is likely to be.

The name is a hint, by comparison with patterns, for a class that a network follows or needs: natural textures differ
in the same ways.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.fft import dctn
from scipy.ndimage import median_filter

from frequency_shortcuts.data.artefacts import BLOCKS, CHECKERBOARD, LOST, RAISED, WAVE
from frequency_shortcuts.data.pixels import Pixels
from frequency_shortcuts.intervals import wilson
from frequency_shortcuts.maps.adcs import LUMA
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .class_statistics import ClassStatistics, squared

PEAK = 1.4  # of the logarithm of amplitudes, class over rest, above its surroundings
SURROUNDINGS = 7  # frequencies along a side
LEAST_RADIUS = 2.0  # of a peak, cycles per image
STEEP = (-0.2, 0.05)  # of the same logarithm, from the middle frequencies to the highest: lost, and raised
BLOCK = 8  # pixels, of JPEG
NEAR_ZERO = 0.6  # coefficients of a block that JPEG set to zero, after rounding of the pixels
EMPTY = 0.2  # excess of the share of these in the grid of the blocks
OF_A_CLASS, PIXELS = 200, 2**21  # images that are searched for blocks, and their pixels at most


def cause(pixels: Pixels, statistics: ClassStatistics, k: int) -> str:
    """The likely cause of what tells class k from the rest: a key of `artefacts.CAUSES`, or empty.

    pixels : the images that the statistics are of
    """
    pairs = ConjugatePairs(*statistics.size)
    excess = _log_amplitudes(statistics, k)
    plane = pairs.scatter(excess)
    peak = pairs.gather(plane - median_filter(plane, SURROUNDINGS, mode="wrap"))
    peak[pairs.radius < LEAST_RADIUS] = 0
    highest = int(peak.argmax())
    if peak[highest] >= PEAK:
        return cause_of_peak(highest, pairs)
    if has_blocks(pixels, np.flatnonzero(pixels.labels == k)[: min(OF_A_CLASS, PIXELS // math.prod(statistics.size))]):
        return BLOCKS
    share = pairs.radius / (min(statistics.size) / 2)
    high, middle = excess[share > 0.95], excess[(share > 0.375) & (share < 0.625)]
    if not len(high) or not len(middle):
        return ""
    slope = float(np.median(high) - np.median(middle))
    return LOST if slope <= STEEP[0] else RAISED if slope >= STEEP[1] else ""


def cause_of_peak(pair: int, pairs: ConjugatePairs) -> str:
    """The cause of a peak: a checkerboard at the highest frequency of both axes, and else a wave."""
    u, v = np.abs(pairs.frequencies[pair])
    return CHECKERBOARD if u >= pairs.height // 2 and v >= pairs.width // 2 else WAVE


def _log_amplitudes(statistics: ClassStatistics, k: int) -> FloatArray:
    """The logarithm of the root mean square amplitude of a class over that of the rest, float64 [pairs]."""
    pairs = ConjugatePairs(*statistics.size)
    powers = [
        (squared(moments.mean) + moments.variance).mean(dim=0).cpu().numpy()[pairs.half_row, pairs.half_column]
        for moments in (statistics.of(k), statistics.rest(k))
    ]
    floor = 1e-12 * max(power.max() for power in powers)
    ratio: FloatArray = np.log((powers[0] + floor) / (powers[1] + floor)) / 2
    return ratio


def has_blocks(pixels: Pixels, images: IntArray) -> bool:
    """Whether images were saved as JPEG: many coefficients of the blocks of one grid of 8 x 8 pixels are zero.

    The share of coefficients near zero, among small ones, is compared between the 64 places of the grid. Blocks with
    black or white pixels do not count, since clipping changes their coefficients. Images with a side of less than 15
    pixels have no block at some places: False.
    """
    if min(pixels.shape[2:]) < 2 * BLOCK - 1 or not len(images):
        return False
    luma = _luma(pixels, images)
    high = np.add.outer(np.arange(BLOCK), np.arange(BLOCK)) >= 5
    zero, small = np.zeros((BLOCK, BLOCK)), np.zeros((BLOCK, BLOCK))
    for top in range(BLOCK):
        for left in range(BLOCK):
            blocks = _blocks(luma[:, top:, left:])
            grey = (blocks.min(axis=(1, 2)) > 0) & (blocks.max(axis=(1, 2)) < 255) & (blocks.std(axis=(1, 2)) > 1)
            size = np.abs(dctn(blocks[grey], axes=(1, 2), norm="ortho"))[:, high]
            zero[top, left] = (size < NEAR_ZERO).sum()
            small[top, left] = (size < 3 * NEAR_ZERO).sum()
    share = zero / np.maximum(small, 1)
    best = np.unravel_index(share.argmax(), share.shape)
    # 64 places are tried: the end of an interval that one of 64 exceeds by chance.
    low = wilson(share[best], max(1.0, small[best]), 1 - 0.05 / BLOCK**2)[0]
    return bool(low >= np.median(share) + EMPTY)


def _luma(pixels: Pixels, images: IntArray) -> FloatArray:
    """Images as grey values from 0 to 255, float [n, H, W]."""
    values = 255 * pixels.take(images).cpu().numpy()
    weights = np.array(LUMA) if values.shape[1] == 3 else np.full(values.shape[1], 1 / values.shape[1])
    luma: FloatArray = np.einsum("nchw,c->nhw", values, weights)
    return luma


def _blocks(luma: FloatArray) -> FloatArray:
    """All whole blocks of 8 x 8 pixels, [blocks, 8, 8]."""
    n, rows, columns = len(luma), luma.shape[1] // BLOCK, luma.shape[2] // BLOCK
    whole = luma[:, : rows * BLOCK, : columns * BLOCK].reshape(n, rows, BLOCK, columns, BLOCK)
    return whole.swapaxes(2, 3).reshape(-1, BLOCK, BLOCK)
