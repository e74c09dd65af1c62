"""What sets classes apart by their images alone, without a network: likely causes, which images carry them, and facts.

A *wave* or a *checkerboard* is one frequency that stands out in the class, above those beside it. Every other cause is
a trace of processing in the fingerprints of images, see `forensics`. A cause is named where the class differs as by an
artefact, and not as classes do.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import maximum_filter
from torch import Tensor

from frequency_shortcuts.exchange.class_statistics import ClassStatistics, class_statistics, squared
from frequency_shortcuts.images.artefacts import CHECKERBOARD, WAVE
from frequency_shortcuts.images.source import BATCH, Pixels, index_batches
from frequency_shortcuts.images.splits import Images, Split, evenly
from frequency_shortcuts.intervals import NORMAL
from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, from_half_plane

from .forensics import SAMPLE, Forensics, fingerprints, lightness

SURROUNDINGS = 7  # frequencies along a side, around a wave
LEAST_RADIUS = 2.0  # of a wave, cycles per image
ISOLATED = 0.8  # of the logarithm of an amplitude, above all frequencies two or three beside it
CARRIED = 0.1  # share of the images of a class; a wave that fewer carry is not named
LEAST_SIDE = 4  # pixels
MANY = 20  # classes whose median is that of the others
SETS_APART = 0.7  # share of the images of a class that have a value, minus that of the others
RARE = 5  # values of a fact that fewer pictures have count as one
NOT_COMMON = "none of the common ones"
NAMED = 3  # values of a fact that are written out


class Cause(NamedTuple):
    """What sets a class apart, likely: a hint, since natural textures differ in the same ways.

    name : a key of `CAUSES`. carriers : the estimated share of the images of the class that carry it
    scores : how clearly each image carries it, [n], larger is clearer
    """

    name: str
    carriers: float
    scores: FloatArray


class Comparison(NamedTuple):
    """What sets each class apart.

    table : one row a class: `class`, `images`, the likely `cause` (a key of `CAUSES`, or empty) and `carriers`, the
        estimated share of its images that carry it (NaN without a cause)
    differences : [class, H, W], centred, see `ClassStatistics.differences`
    spectra : [class, H, W], centred, the root mean square amplitude of each class, mean over channels
    files : [n], how clearly each image carries the cause of its class, larger is clearer; NaN without a cause
    """

    table: pd.DataFrame
    differences: FloatArray
    spectra: FloatArray
    files: FloatArray


def compare_classes(
    images: Images, labels: IntArray, n_classes: int, *, seed: int = 0, progress: bool = False
) -> Comparison:
    """What sets each class apart, in two passes over images that are read in batches.

    images : uint8, or float from 0 to 1, [n, channels, H, W]. labels : int64 [n]

    Raises ValueError for a class of fewer than 10 images, for images that are all the same, and for sides below 4
    pixels.
    """
    labels = np.asarray(labels)
    channels, height, width = images.shape[1:]
    if min(height, width) < LEAST_SIDE:
        raise ValueError(
            f"images of {height} x {width}: expected sides of {LEAST_SIDE} pixels or more"
        )
    zero, one = np.zeros(channels), np.ones(channels)
    split = Split(images, labels, tuple(map(str, range(n_classes))), zero, one)
    pixels = Pixels(split, zero, one, torch.device("cpu"))
    statistics = class_statistics(pixels, n_classes, progress=progress)
    causes = name_causes(pixels, statistics, seed=seed, progress=progress)
    files = np.full(len(labels), np.nan)
    table = pd.DataFrame({"class": range(n_classes), "images": statistics.count})
    table["cause"] = ""
    table["carriers"] = np.nan
    for k, cause in causes.items():
        own = labels == k
        files[own] = cause.scores[own]
        table.loc[k, ["cause", "carriers"]] = cause.name, cause.carriers
    power = squared(statistics.mean) + statistics.variance
    amplitude = square_root(power).mean(dim=1).numpy()
    return Comparison(
        table,
        differences=np.stack([statistics.differences(k) for k in range(n_classes)]),
        spectra=from_half_plane(amplitude, width),
        files=files,
    )


def name_causes(
    pixels: Pixels, statistics: ClassStatistics, *, seed: int = 0, progress: bool = False
) -> dict[int, Cause]:
    """The likely cause of each class that has one: class -> cause. Images with a side below 4 pixels have none.

    pixels : the images that the statistics are of. seed : of the images that artefacts are put into
    """
    if min(statistics.size) < LEAST_SIDE:
        return {}
    labels = pixels.labels
    pairs = ConjugatePairs(*statistics.size)
    peaks = _peaks(statistics, pairs)
    heights, prints = _features(pixels, pairs, set(peaks.values()), progress)
    causes = _waves(peaks, heights, labels, pairs)
    sample = evenly(labels, np.arange(len(labels)), SAMPLE, [seed, 50])
    batches = index_batches(sample, BATCH)
    grey = np.concatenate([lightness(pixels.take(batch).cpu()) for batch in batches])
    forensics = Forensics(prints, labels, len(statistics), grey, sample)
    for k, trace in forensics.find(apart=[*causes]).items():
        scores = prints @ trace.weights - trace.offset
        causes[k] = Cause(trace.cause, trace.carriers, scores)
    return causes


def _features(
    pixels: Pixels, pairs: ConjugatePairs, peaks: Collection[int], progress: bool
) -> tuple[dict[int, FloatArray], FloatArray]:
    """What causes are named by, of each image: how high it is at each pair of `peaks`, and its fingerprint.

    Returns pair -> float [n], above the mean of the logarithms of amplitudes beside it; and [n, numbers]
    """
    frequencies = pairs.frequencies
    beside = {peak: _beside(frequencies - frequencies[peak], pairs) for peak in peaks}
    needed = np.unique(np.concatenate([[0, *peaks], *beside.values()]).astype(int))
    amplitudes, prints = [], []
    for _, values in pixels.batches("features", progress):
        pictures = values.cpu()
        amplitudes.append(_log_amplitudes(pictures, pairs)[:, needed].numpy())
        prints.append(fingerprints(lightness(pictures)))
    amplitude = np.concatenate(amplitudes)
    heights = {}
    for peak in peaks:
        around = amplitude[:, np.searchsorted(needed, beside[peak])].mean(axis=1)
        heights[peak] = amplitude[:, np.searchsorted(needed, peak)] - around
    return heights, np.concatenate(prints)


def _waves(
    peaks: Mapping[int, int],
    heights: Mapping[int, FloatArray],
    labels: IntArray,
    pairs: ConjugatePairs,
) -> dict[int, Cause]:
    """The wave or checkerboard of each class that has one in enough of its images.

    peaks : class -> the pair at which it may have a wave. heights : pair -> how high each image is there, [n]
    """
    waves = {}
    for k, pair in peaks.items():
        scores = heights[pair]
        with_this_wave = [c for c, other in peaks.items() if other == pair]
        without = ~np.isin(labels, with_this_wave)
        if not without.any():
            continue
        # Of images above 95 % of the others, beyond the 5 % that these have.
        bar = np.quantile(scores[without], 0.95)
        above = float((scores[labels == k] > bar).mean())
        carriers = (above - 0.05) / 0.95
        if carriers >= CARRIED:
            u, v = np.abs(pairs.frequencies[pair])
            is_highest = u >= pairs.height // 2 and v >= pairs.width // 2  # of both axes
            waves[k] = Cause(CHECKERBOARD if is_highest else WAVE, carriers, scores)
    return waves


def _log_amplitudes(values: Tensor, pairs: ConjugatePairs) -> Tensor:
    """Logarithms of amplitudes of images in grey [k, pairs]; rounding of pixels is the floor."""
    spectra = torch.fft.rfft2(values.mean(dim=1))
    power = squared(spectra)[:, pairs.half_row, pairs.half_column]
    rounding = pairs.height * pairs.width / 12 / 255**2
    return (power + rounding).log_() / 2


def _peaks(statistics: ClassStatistics, pairs: ConjugatePairs) -> dict[int, int]:
    """The pair at which each class has a wave, of those that have one."""
    of_channels = squared(statistics.mean) + statistics.variance
    plane = of_channels.mean(dim=1).cpu().numpy()
    power = plane[:, pairs.half_row, pairs.half_column]
    of_all = _median(power)
    peaks = {}
    for k, own in enumerate(power):
        rest = of_all if len(power) > MANY else _median(np.delete(power, k, axis=0))
        heights = _heights(own, rest, pairs)
        highest = int(heights.argmax())
        by_chance = NORMAL / 2 / np.sqrt(statistics.count[k])  # of the logarithm of an amplitude
        if heights[highest] - by_chance >= ISOLATED:
            peaks[k] = highest
    return peaks


def _median(power: FloatArray) -> FloatArray:
    """The median over classes of their power [class, pairs], which a wave in fewer than half of them does not raise."""
    return np.quantile(power, 0.5, axis=0, method="lower")


def _heights(own: FloatArray, rest: FloatArray, pairs: ConjugatePairs) -> FloatArray:
    """How far the amplitude of a class over that of others is above all frequencies two or three beside it [pairs]."""
    floor = 1e-12 * max(own.max(), rest.max())
    ratio = (own + floor) / (rest + floor)
    plane = pairs.scatter(np.log(ratio) / 2)
    ring = np.ones((SURROUNDINGS, SURROUNDINGS), bool)
    ring[2:-2, 2:-2] = False
    highest_beside = maximum_filter(plane, footprint=ring, mode="wrap")
    heights: FloatArray = pairs.gather(plane - highest_beside)
    # Near the highest frequencies, the other member of the pair is beside it.
    reach = np.arange(SURROUNDINGS) - SURROUNDINGS // 2
    for near in _beside(2 * pairs.frequencies, pairs):
        (row, column), partner = pairs.positions[near]
        others = plane.copy()
        others[tuple(partner)] = -np.inf
        rows = (row + reach) % pairs.height
        columns = (column + reach) % pairs.width
        beside = others[np.ix_(rows, columns)]
        heights[near] = plane[row, column] - beside[ring].max()
    heights[pairs.radius < LEAST_RADIUS] = -np.inf
    return heights


def _beside(differences: IntArray, pairs: ConjugatePairs) -> IntArray:
    """Which differences of frequencies [k, 2], some of whole sides apart, are two or three, by their positions."""
    size = np.array([pairs.height, pairs.width])
    shortest = (differences + size // 2) % size - size // 2
    apart = np.abs(shortest).max(axis=1)
    return np.flatnonzero((apart >= 2) & (apart <= SURROUNDINGS // 2))


def share_facts(facts: pd.DataFrame, labels: IntArray, n_classes: int) -> pd.DataFrame:
    """What speaks for each class in each fact: a row a fact and class, without facts that are the same everywhere.

    facts : a column a fact, a row a picture; text is a category. labels : int64 [n]

    Returns `fact`, `class` (its number), `value`, and the shares of the pictures that have it: `own`, of the class, and
    `others`. Of a category: the values that are more frequent in the class. Of a number: above or below the middle
    between the medians of the class and of the others.
    """
    rows: list[tuple[object, ...]] = []
    for name, column in facts.items():
        if (column == column.iloc[0]).all():
            continue
        is_number = pd.api.types.is_numeric_dtype(column)
        values = column if is_number else _rare_as_one(column)
        for k in range(n_classes):
            own = labels == k
            value, has = _of_numbers(values, own) if is_number else _of_categories(values, own)
            share = float(has[own].mean())
            share_of_others = float(has[~own].mean())
            rows.append((name, k, value, share, share_of_others))
    return pd.DataFrame(rows, columns=["fact", "class", "value", "own", "others"])


def _of_numbers(values: pd.Series, own: BoolArray) -> tuple[str, BoolArray]:
    """The side of the middle on which a class lies, in words, and which pictures [n] are there."""
    median = values[own].median()
    of_others = values[~own].median()
    middle = (median + of_others) / 2
    number = f"{middle:.3g}" if abs(middle) < 1000 else f"{middle:,.0f}"
    if median >= of_others:
        return f"above {number}", (values > middle).to_numpy()
    return f"below {number}", (values < middle).to_numpy()


def _rare_as_one(values: pd.Series) -> pd.Series:
    """Categories [n], where those that few pictures have are one."""
    count = values.map(values.value_counts())
    return values.where(count >= RARE, NOT_COMMON)


def _of_categories(values: pd.Series, own: BoolArray) -> tuple[str, BoolArray]:
    """The values that are more frequent in a class than in the others, in words, and which pictures [n] have them."""
    share = pd.crosstab(values, own, normalize="columns")  # of the others, and of the class
    more_frequent = share[share[True] > share[False]]
    names = more_frequent.sort_values(True, ascending=False, kind="stable").index.tolist()
    words = names[:NAMED]
    left_out = len(names) - NAMED
    if left_out == 1:
        words.append("1 other")
    elif left_out > 1:
        words.append(f"{left_out} others")
    return " or ".join(words), values.isin(names).to_numpy()
