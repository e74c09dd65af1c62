"""What sets classes apart by their images alone, without a network: likely causes, which images carry them, and facts.

A *wave* or a *checkerboard* is one frequency that stands out in the class, above those beside it. Every other cause is
a trace of processing in the fingerprints of images, see `forensics`. A cause is named where the class differs as by an
artefact, and not as classes do.
"""

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
    labels, channels = np.asarray(labels), images.shape[1]
    if min(images.shape[2:]) < LEAST_SIDE:
        raise ValueError(
            f"images of {images.shape[2]} x {images.shape[3]}: expected sides of {LEAST_SIDE} pixels or more"
        )
    split = Split(
        images, labels, tuple(map(str, range(n_classes))), np.zeros(channels), np.ones(channels)
    )
    pixels = Pixels(split, np.zeros(channels), np.ones(channels), torch.device("cpu"))
    statistics = class_statistics(pixels, n_classes, progress=progress)
    causes = name_causes(pixels, statistics, seed=seed, progress=progress)
    files = np.full(len(labels), np.nan)
    table = pd.DataFrame(
        {"class": range(n_classes), "images": statistics.count, "cause": "", "carriers": np.nan}
    )
    for k, cause in causes.items():
        files[labels == k] = cause.scores[labels == k]
        table.loc[k, ["cause", "carriers"]] = cause.name, cause.carriers
    amplitude = square_root(squared(statistics.mean) + statistics.variance).mean(dim=1).numpy()
    differences = np.stack([statistics.differences(k) for k in range(n_classes)])
    return Comparison(table, differences, from_half_plane(amplitude, statistics.size[1]), files)


def name_causes(
    pixels: Pixels, statistics: ClassStatistics, *, seed: int = 0, progress: bool = False
) -> dict[int, Cause]:
    """The likely cause of each class that has one: class -> cause. Images with a side below 4 pixels have none.

    pixels : the images that the statistics are of. seed : of the images that artefacts are put into
    """
    if min(statistics.size) < LEAST_SIDE:
        return {}
    labels, pairs = pixels.labels, ConjugatePairs(*statistics.size)
    peaks = _peaks(statistics, pairs)
    beside = {
        pair: _beside(pairs.frequencies - pairs.frequencies[pair], pairs) for pair in peaks.values()
    }
    chosen = np.unique(np.concatenate([[0, *beside], *beside.values()]).astype(int))
    amplitudes, prints = [], []
    for _, values in pixels.batches("features", progress):
        amplitudes.append(_log_amplitudes(values.cpu(), pairs)[:, chosen].numpy())
        prints.append(fingerprints(lightness(values.cpu())))
    amplitude, fingerprint, causes = np.concatenate(amplitudes), np.concatenate(prints), {}
    for k, pair in peaks.items():
        scores = amplitude[:, np.searchsorted(chosen, pair)]
        scores = scores - amplitude[:, np.searchsorted(chosen, beside[pair])].mean(axis=1)
        without = ~np.isin(labels, [c for c, other in peaks.items() if other == pair])
        share = 0.0
        if without.any():  # of images above 95 % of the others, beyond the 5 % that these have
            share = max(
                0.0,
                ((scores[labels == k] > np.quantile(scores[without], 0.95)).mean() - 0.05) / 0.95,
            )
        if share >= CARRIED:
            u, v = np.abs(pairs.frequencies[pair])
            highest = u >= pairs.height // 2 and v >= pairs.width // 2  # of both axes
            causes[k] = Cause(CHECKERBOARD if highest else WAVE, float(share), scores)
    sample = evenly(labels, np.arange(len(labels)), SAMPLE, [seed, 50])
    grey = np.concatenate(
        [lightness(pixels.take(batch).cpu()) for batch in index_batches(sample, BATCH)]
    )
    traces = Forensics(fingerprint, labels, len(statistics), grey, sample).find(apart=[*causes])
    scores_of = {k: fingerprint @ trace.weights - trace.offset for k, trace in traces.items()}
    return causes | {
        k: Cause(trace.cause, trace.carriers, scores_of[k]) for k, trace in traces.items()
    }


def _log_amplitudes(values: Tensor, pairs: ConjugatePairs) -> Tensor:
    """Logarithms of amplitudes of images in grey [k, pairs]; rounding of pixels is the floor."""
    power = squared(torch.fft.rfft2(values.mean(dim=1)))[:, pairs.half_row, pairs.half_column]
    return (power + pairs.height * pairs.width / 12 / 255**2).log_() / 2


def _peaks(statistics: ClassStatistics, pairs: ConjugatePairs) -> dict[int, int]:
    """The pair at which each class has a wave, of those that have one."""
    power = (squared(statistics.mean) + statistics.variance).mean(dim=1).cpu().numpy()
    power = power[:, pairs.half_row, pairs.half_column]
    of_all = _median(power)
    peaks = {}
    for k, own in enumerate(power):
        heights = _heights(
            own, of_all if len(power) > MANY else _median(np.delete(power, k, axis=0)), pairs
        )
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
    plane = pairs.scatter(np.log((own + floor) / (rest + floor)) / 2)
    ring = np.ones((SURROUNDINGS, SURROUNDINGS), bool)
    ring[2:-2, 2:-2] = False
    heights: FloatArray = pairs.gather(plane - maximum_filter(plane, footprint=ring, mode="wrap"))
    # Near the highest frequencies, the other member of the pair is beside it.
    reach = np.arange(SURROUNDINGS) - SURROUNDINGS // 2
    for near in _beside(2 * pairs.frequencies, pairs):
        (row, column), partner = pairs.positions[near]
        others = plane.copy()
        others[tuple(partner)] = -np.inf
        beside = others[np.ix_((row + reach) % pairs.height, (column + reach) % pairs.width)]
        heights[near] = plane[row, column] - beside[ring].max()
    heights[pairs.radius < LEAST_RADIUS] = -np.inf
    return heights


def _beside(differences: IntArray, pairs: ConjugatePairs) -> IntArray:
    """Which differences of frequencies [k, 2], some of whole sides apart, are two or three, by their positions."""
    size = np.array([pairs.height, pairs.width])
    apart = np.abs((differences + size // 2) % size - size // 2).max(axis=1)
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
        if (column != column.iloc[0]).any():
            is_number = pd.api.types.is_numeric_dtype(column)
            values = (
                column
                if is_number
                else column.where(column.map(column.value_counts()) >= RARE, NOT_COMMON)
            )
            for k in range(n_classes):
                own = labels == k
                value, has = (_of_numbers if is_number else _of_categories)(values, own)
                rows.append((name, k, value, float(has[own].mean()), float(has[~own].mean())))
    return pd.DataFrame(rows, columns=["fact", "class", "value", "own", "others"])


def _of_numbers(values: pd.Series, own: BoolArray) -> tuple[str, BoolArray]:
    """The side of the middle on which a class lies, in words, and which pictures [n] are there."""
    median, of_others = values[own].median(), values[~own].median()
    middle = (median + of_others) / 2
    above = median >= of_others
    has: BoolArray = (values > middle if above else values < middle).to_numpy()
    return (
        f"{'above' if above else 'below'} {middle:{'.3g' if abs(middle) < 1000 else ',.0f'}}",
        has,
    )


def _of_categories(values: pd.Series, own: BoolArray) -> tuple[str, BoolArray]:
    """The values that are more frequent in a class than in the others, in words, and which pictures [n] have them."""
    share = pd.crosstab(values, own, normalize="columns")  # of the others, and of the class
    names = (
        share[share[True] > share[False]]
        .sort_values(True, ascending=False, kind="stable")
        .index.tolist()
    )
    more = len(names) - NAMED
    others = [f"{more} other{'s' * (more > 1)}"] if more > 0 else []
    return " or ".join([*names[:NAMED], *others]), values.isin(names).to_numpy()
