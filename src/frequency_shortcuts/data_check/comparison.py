"""What sets classes apart by their images alone, without a network: likely causes, which images carry them, and facts.

A *wave* or a *checkerboard* is one frequency that stands out in the class, above those beside it. Every other cause is
a trace of processing in the fingerprints of images, see `forensics`. A cause is named where the class differs as by an
artefact, and not as classes do. What has a place is found beside causes, see `marks`.
"""

from collections.abc import Collection, Mapping
from itertools import chain
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
from .marks import find_marks

SURROUNDINGS = 7  # frequencies along a side, around a wave
LEAST_RADIUS = 2.0  # of a wave, cycles per image
ISOLATED = 0.8  # of the logarithm of an amplitude, above all frequencies two or three beside it
CARRIED = 0.1  # share of the images of a class; a wave that fewer carry is not named
LEAST_SIDE = 4  # pixels
MANY = 20  # classes whose median is that of the others
SETS_APART = 0.7  # share of the images of a class that have a value, minus that of the others
RARE = 5  # values of a fact that fewer pictures have count as one
NOT_COMMON = "none of the common ones"
WRITTEN_OUT = 3  # values of a fact that are named
# Two or three frequencies beside one, in a square around it.
RING = np.ones((SURROUNDINGS, SURROUNDINGS), bool)
RING[2:-2, 2:-2] = False


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

    table : one row a class: `class`, `images`, the likely `cause` (a key of `CAUSES`, or empty), `carriers`, the
        estimated share of its images that carry it (NaN without a cause), and the `place` of a mark in words, or empty
    differences : [class, H, W], centred, see `ClassStatistics.differences`
    spectra : [class, H, W], centred, the root mean square amplitude of each class, mean over channels
    files : [n], how clearly each image carries the cause of its class, larger is clearer; NaN without a cause
    """

    table: pd.DataFrame
    differences: FloatArray
    spectra: FloatArray
    files: FloatArray


def compare_classes(
    images: Images,
    labels: IntArray,
    n_classes: int,
    *,
    seed: int = 0,
    progress: bool = False,
) -> Comparison:
    """What sets each class apart, in three passes over images that are read in batches.

    images : uint8, or float from 0 to 1, [n, channels, H, W]. labels : int64 [n]

    Raises ValueError for a class of fewer than 10 images, and for images that are all the same.
    """
    channels = images.shape[1]
    classes = [str(k) for k in range(n_classes)]
    no_shift = np.zeros(channels)
    no_scale = np.ones(channels)
    split = Split(images, labels, tuple(classes), no_shift, no_scale)
    pixels = Pixels(split, no_shift, no_scale, torch.device("cpu"))
    statistics = class_statistics(pixels, n_classes, progress=progress)
    causes = name_causes(pixels, statistics, seed=seed, progress=progress)
    table = pd.DataFrame(
        {
            "class": range(n_classes),
            "images": statistics.count,
            "cause": "",
            "carriers": np.nan,
            "place": "",
        }
    )
    files = np.full(len(labels), np.nan)
    for k, cause in causes.items():
        table.loc[k, "cause"] = cause.name
        table.loc[k, "carriers"] = cause.carriers
        in_class = labels == k
        files[in_class] = cause.scores[in_class]
    for k, place in find_marks(pixels, n_classes, progress).items():
        # A wave has steps at fixed places all over the image.
        if table.loc[k, "cause"] not in (WAVE, CHECKERBOARD):
            table.loc[k, "place"] = place
    differences = [statistics.differences(k) for k in range(n_classes)]
    amplitudes = square_root(_power(statistics))
    amplitude = amplitudes.mean(dim=1).numpy()
    return Comparison(
        table,
        differences=np.stack(differences),
        spectra=from_half_plane(amplitude, images.shape[-1]),
        files=files,
    )


def name_causes(
    pixels: Pixels, statistics: ClassStatistics, *, seed: int = 0, progress: bool = False
) -> dict[int, Cause]:
    """The likely cause of each class that has one: class -> cause. Images with a side below 4 pixels have none.

    pixels : the images that the statistics are of, on the CPU. seed : of the images that artefacts are put into
    """
    if min(statistics.size) < LEAST_SIDE:
        return {}
    labels = pixels.labels
    pairs = ConjugatePairs(*statistics.size)
    peaks = _peaks(statistics, pairs)
    heights, prints = _features(pixels, pairs, set(peaks.values()), progress)
    causes = _name_waves(peaks, heights, labels, pairs)
    everywhere = np.arange(len(labels))
    sample = evenly(labels, everywhere, SAMPLE, [seed, 50])
    batches = index_batches(sample, BATCH)
    grey = np.concatenate([lightness(pixels.take(batch)) for batch in batches])
    forensics = Forensics(prints, labels, len(statistics), grey, sample)
    traces = forensics.find(apart=causes)
    for k, trace in traces.items():
        scores = prints @ trace.weights - trace.offset
        causes[k] = Cause(trace.cause, trace.carriers, scores)
    return causes


def _power(statistics: ClassStatistics) -> Tensor:
    """The mean square amplitude of each class, float64 [class, channels, H, W // 2 + 1]."""
    return squared(statistics.mean) + statistics.variance


def _features(
    pixels: Pixels, pairs: ConjugatePairs, peaks: Collection[int], progress: bool
) -> tuple[dict[int, FloatArray], FloatArray]:
    """What causes are named by, of each image: how high it is at each pair of `peaks`, and its fingerprint.

    Returns pair -> float [n], above the mean of the logarithms of amplitudes beside it; and [n, numbers]
    """
    frequencies = pairs.frequencies
    beside = {}
    for peak in peaks:
        differences = frequencies - frequencies[peak]
        beside[peak] = _beside(differences, pairs)
    needed = np.unique([*peaks, *chain(*beside.values())]).astype(int)
    of_batches = []
    prints = []
    for _, pictures in pixels.batches("features", progress):
        amplitudes = _log_amplitudes(pictures, pairs)[:, needed]
        of_batches.append(amplitudes.numpy())
        prints.append(fingerprints(lightness(pictures)))
    amplitude = np.concatenate(of_batches)
    heights = {}
    for peak, pairs_beside in beside.items():
        column = np.searchsorted(needed, peak)
        columns_beside = np.searchsorted(needed, pairs_beside)
        around = amplitude[:, columns_beside].mean(axis=1)
        heights[peak] = amplitude[:, column] - around
    return heights, np.concatenate(prints)


def _name_waves(
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
        # There are some: no wave is above its neighbours in every class, each beside the others.
        without = ~np.isin(labels, with_this_wave)
        # Of images above 95 % of the others, beyond the 5 % that these have.
        bar = np.quantile(scores[without], 0.95)
        is_above = scores[labels == k] > bar
        carriers = (is_above.mean() - 0.05) / 0.95
        if carriers >= CARRIED:
            name = _name_of_wave(pair, pairs)
            waves[k] = Cause(name, carriers, scores)
    return waves


def _name_of_wave(pair: int, pairs: ConjugatePairs) -> str:
    """A wave of the highest frequency of both axes is a checkerboard."""
    u, v = np.abs(pairs.frequencies[pair])
    is_vertically = u >= pairs.height // 2
    is_horizontally = v >= pairs.width // 2
    if is_vertically and is_horizontally:
        return CHECKERBOARD
    return WAVE


def _log_amplitudes(values: Tensor, pairs: ConjugatePairs) -> Tensor:
    """Logarithms of amplitudes of images in grey [k, pairs]; rounding of pixels is the floor."""
    grey = values.mean(dim=1)
    plane = squared(torch.fft.rfft2(grey))
    power = plane[:, pairs.half_row, pairs.half_column]
    rounding = pairs.height * pairs.width / 12 / 255**2
    return (power + rounding).log_() / 2


def _peaks(statistics: ClassStatistics, pairs: ConjugatePairs) -> dict[int, int]:
    """The pair at which each class has a wave, of those that have one."""
    plane = _power(statistics).mean(dim=1).numpy()
    power = plane[:, pairs.half_row, pairs.half_column]
    median = _median(power)
    peaks = {}
    for k, power_of_class in enumerate(power):
        if len(power) <= MANY:
            others = np.delete(power, k, axis=0)
            median = _median(others)
        heights = _heights(power_of_class, median, pairs)
        highest = int(heights.argmax())
        # Of the logarithm of an amplitude.
        by_chance = NORMAL / 2 / np.sqrt(statistics.count[k])
        if heights[highest] - by_chance >= ISOLATED:
            peaks[k] = highest
    return peaks


def _median(power: FloatArray) -> FloatArray:
    """The median over classes of their power [class, pairs], which a wave in fewer than half of them does not raise."""
    return np.quantile(power, 0.5, axis=0, method="lower")


def _heights(power: FloatArray, rest: FloatArray, pairs: ConjugatePairs) -> FloatArray:
    """How far the amplitude of a class over that of others is above all frequencies two or three beside it [pairs].

    power, rest : of the class, and of the others, [pairs]
    """
    floor = 1e-12 * max(power.max(), rest.max())
    ratio = (power + floor) / (rest + floor)
    log_amplitude = np.log(ratio) / 2
    plane = pairs.scatter(log_amplitude)
    highest_beside = maximum_filter(plane, footprint=RING, mode="wrap")
    heights: FloatArray = pairs.gather(plane - highest_beside)
    # Near the highest frequencies, the other member of the pair is beside it.
    for pair in _beside(2 * pairs.frequencies, pairs):
        members = pairs.positions[pair]
        heights[pair] = _height_without_partner(plane, members)
    heights[pairs.radius < LEAST_RADIUS] = -np.inf
    return heights


def _height_without_partner(plane: FloatArray, members: IntArray) -> float:
    """How far the first member [2, 2] of a pair is above all beside it in a plane [H, W], but the second member."""
    (row, column), partner = members
    others = plane.copy()
    others[tuple(partner)] = -np.inf
    reach = np.arange(SURROUNDINGS) - SURROUNDINGS // 2
    rows = others.take(row + reach, axis=0, mode="wrap")
    square = rows.take(column + reach, axis=1, mode="wrap")
    highest = square[RING].max()
    return plane[row, column] - highest


def _beside(differences: IntArray, pairs: ConjugatePairs) -> IntArray:
    """Which differences of frequencies [k, 2], some of whole sides apart, are two or three, by their positions."""
    size = np.array([pairs.height, pairs.width])
    half = size // 2
    shortest = (differences + half) % size - half
    distance = np.abs(shortest).max(axis=1)
    is_beside = (distance >= 2) & (distance <= SURROUNDINGS // 2)
    return np.flatnonzero(is_beside)


def share_facts(facts: pd.DataFrame, labels: IntArray, n_classes: int) -> pd.DataFrame:
    """What speaks for each class in each fact: a row a fact and class, without facts that are the same everywhere.

    facts : a column a fact, a row a picture; text is a category. labels : int64 [n]

    Returns `fact`, `class` (its number), `value`, and the shares of the pictures that have it: `own`, of the class, and
    `others`. Of a category: the values that are more frequent in the class. Of a number: above or below the middle
    between the medians of the class and of the others.
    """
    rows = []
    for name, column in facts.items():
        if (column == column.iloc[0]).all():
            continue
        describe = _side_of_the_middle
        if not pd.api.types.is_numeric_dtype(column):
            column = _rare_as_one(column)
            describe = _frequent_categories
        for k in range(n_classes):
            in_class = labels == k
            value, has_value = describe(column, in_class)
            share = has_value[in_class].mean()
            share_of_others = has_value[~in_class].mean()
            rows.append((name, k, value, share, share_of_others))
    return pd.DataFrame(rows, columns=["fact", "class", "value", "own", "others"])


def _side_of_the_middle(values: pd.Series, in_class: BoolArray) -> tuple[str, BoolArray]:
    """The side of the middle on which a class lies, in words, and which pictures [n] are there."""
    median = values[in_class].median()
    of_others = values[~in_class].median()
    middle = (median + of_others) / 2
    number = f"{middle:.3g}" if abs(middle) < 1000 else f"{middle:,.0f}"
    if median >= of_others:
        return f"above {number}", (values > middle).to_numpy()
    return f"below {number}", (values < middle).to_numpy()


def _rare_as_one(values: pd.Series) -> pd.Series:
    """Categories [n], where those that few pictures have are one."""
    count = values.map(values.value_counts())
    return values.where(count >= RARE, NOT_COMMON)


def _frequent_categories(values: pd.Series, in_class: BoolArray) -> tuple[str, BoolArray]:
    """The values that are more frequent in a class than in the others, in words, and which pictures [n] have them."""
    share = pd.crosstab(values, in_class, normalize="columns")  # of the others, and of the class
    more_frequent = share[share[True] > share[False]]
    ranked = more_frequent.sort_values(True, ascending=False, kind="stable")
    names = ranked.index.tolist()
    words = names[:WRITTEN_OUT]
    if len(names) > WRITTEN_OUT:
        words.append("others")
    return " or ".join(words), values.isin(names).to_numpy()
