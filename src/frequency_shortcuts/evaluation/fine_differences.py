"""What tells a class from the others by its fine spectrum alone, without a network, and in which files it is.

For each class against the rest: logarithms of amplitudes in cells of the fine spectrum and at the few sharpest pairs,
and fingerprints (`forensics`), in ridge regression with five folds. A large area under the curve says that a network
*could* use the difference. A likely cause is named where the class differs as by an artefact, and not as classes do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import maximum_filter, median_filter
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.data.artefacts import CAUSES, CHECKERBOARD, WAVE
from frequency_shortcuts.data.pixels import Pixels
from frequency_shortcuts.data.source import fitting_batch, index_batches, prefetched
from frequency_shortcuts.data.splits import Images, Split
from frequency_shortcuts.intervals import NORMAL
from frequency_shortcuts.networks.numerics import square_root
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.colours import opponent
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, from_half_plane

from .causes import LEAST_RADIUS, SURROUNDINGS, cause_of_peak
from .class_statistics import BATCH, FEWEST, ClassStatistics, fine_radius, squared
from .fact_scores import area
from .forensics import COARSE, SAMPLE, Forensics, fingerprints, lightness

FOLDS = 5
FINE = 0.2  # of the squared difference between two classes lies outside the fine radius
RINGS, SECTORS = 12, 8  # of the cells
SHARPEST = 4, 200  # pairs of a class, and of all classes but one each
PERMUTATIONS = 39
ISOLATED = 0.8  # of a peak, above all frequencies two or three beside it
CARRIED = 0.1  # share of the images of a class; a cause that fewer carry is not named
LEAST_SIDE = 4  # pixels
MANY = 20  # classes whose median is that of the others


class Told(NamedTuple):
    """What tells each class from the rest.

    table : one row a class: `class`, `images`, `auc` with `auc_low` and `auc_high`, the `null` that permuted labels
        reach (their 95 % quantile), `z` (the largest of a fine frequency), `cause` (a key of `CAUSES`, or empty)
        and `carriers` (the estimated share of its images that carry it; NaN without a cause)
    differences : [class, H, W], centred, see `ClassStatistics.differences`
    spectra : [class, H, W], centred, the root mean square amplitude of each class, mean over channels
    files : [n], how clearly each image carries the cause of its class, larger is clearer; NaN without a cause
    """

    table: pd.DataFrame
    differences: FloatArray
    spectra: FloatArray
    files: FloatArray


def tell(images: Images, labels: IntArray, n_classes: int, *, seed: int = 0, progress: bool = False) -> Told:
    """What tells each class from the rest, in two passes over images that are read in batches.

    images : uint8, or float from 0 to 1, [n, channels, H, W]. labels : int64 [n]

    Raises ValueError for a class of fewer than 10 images, for fewer than two classes, for images that are all the same,
    and for sides below 4 pixels.

    >>> tell(images, labels, 10).table[["class", "auc", "cause"]]
    """
    labels = np.asarray(labels)
    pixels = _in_pixels(images, labels, n_classes)
    count = np.bincount(labels, minlength=n_classes)
    if n_classes < 2 or count.min() < FEWEST:
        raise ValueError(f"classes of {count.tolist()} images: expected two or more, with at least {FEWEST} in each")
    if min(images.shape[2:]) < LEAST_SIDE:
        raise ValueError(
            f"images of {images.shape[2]} x {images.shape[3]}: expected sides of {LEAST_SIDE} pixels or more"
        )
    folds = _folds(labels, n_classes, np.random.default_rng([seed, 48]))
    statistics, of_folds = _statistics(pixels, n_classes, folds, progress)
    pairs = ConjugatePairs(*statistics.size)
    if not (squared(statistics.mean) + statistics.variance).flatten(2)[..., 1:].any():
        raise ValueError("all images are the same, but for brightness: expected images that vary")
    fine = pairs.radius > min(fine_radius(statistics, FINE), pairs.radius.max() - 1)
    sharpest = [_sharpest(of_fold, pairs) for of_fold in of_folds]
    peaks = {k: pair for k in range(n_classes) if (pair := _peak(statistics, k, pairs)) is not None}
    surroundings = [around for pair in peaks.values() for around in _around(pair, pairs)]
    chosen = np.unique(np.concatenate([*sharpest, *surroundings]))
    cells, at_pairs, prints = _features(pixels, pairs, fine, chosen, progress)

    features = np.hstack([cells, prints[:, COARSE:]])
    places = [np.searchsorted(chosen, of_fold) for of_fold in sharpest]
    areas, ends, null = _areas(features, at_pairs, places, labels, n_classes, folds, seed)
    forensics = _forensics(pixels, prints, n_classes, seed)
    named, shares, files = [""] * n_classes, np.full(n_classes, np.nan), np.full(len(labels), np.nan)
    for k, pair in peaks.items():
        height = _height(at_pairs, chosen, pair, pairs)
        without = ~np.isin(labels, [c for c, other in peaks.items() if other == pair])
        share = _share_above(height[labels == k], height[without]) if without.any() else 0.0
        if share >= CARRIED:
            named[k], shares[k], files[labels == k] = cause_of_peak(pair, pairs), share, height[labels == k]
    for k, trace in forensics.find(apart=np.flatnonzero(np.array(named) != "").tolist()).items():
        named[k], shares[k], files[labels == k] = trace.cause, trace.carriers, forensics.scores(trace)[labels == k]
    differences = np.stack([statistics.differences(k) for k in range(n_classes)])
    table = pd.DataFrame({
        "class": np.arange(n_classes), "images": count, "auc": areas, "auc_low": ends[:, 0], "auc_high": ends[:, 1],
        "null": null, "z": [float(pairs.gather(of)[fine].max()) for of in differences], "cause": named,
        "carriers": shares,
    })  # fmt: skip
    amplitude = square_root(squared(statistics.mean) + statistics.variance).mean(dim=1).numpy()
    return Told(table, differences, from_half_plane(amplitude, statistics.size[1]), files)


def carries(
    pixels: Pixels, named: Mapping[int, str], *, statistics: ClassStatistics, seed: int = 0
) -> dict[int, FloatArray]:
    """How clearly each image carries the cause of a class: class -> float64 [n], larger is clearer.

    pixels : images of all classes, which the statistics are of. named : class -> its cause, a key of `CAUSES`

    Raises ValueError for another cause.

    >>> np.argsort(-carries(pixels, {3: "blocks"}, statistics=statistics)[3])[:10]
    """
    if unknown := set(named.values()) - set(CAUSES):
        raise ValueError(f"unknown cause {min(unknown)!r}: choose from {', '.join(CAUSES)}")
    pairs = ConjugatePairs(*statistics.size)
    peaks = {k: int(_heights(statistics, k, pairs).argmax()) for k, of in named.items() if of in (WAVE, CHECKERBOARD)}
    chosen = np.unique(np.concatenate([[0], *(around for pair in peaks.values() for around in _around(pair, pairs))]))
    _, at_pairs, prints = _features(pixels, pairs, pairs.radius > 0, chosen, False)
    found = {k: _height(at_pairs, chosen, pair, pairs).astype(float) for k, pair in peaks.items()}
    if len(peaks) < len(named):
        forensics = _forensics(pixels, prints, len(statistics), seed)
        for k in named.keys() - peaks.keys():
            traces = forensics.traces(k, range(len(statistics)))
            found[k] = forensics.scores(next(trace for trace in traces if trace.cause == named[k]))
    return found


def _in_pixels(images: Images, labels: IntArray, n_classes: int) -> Pixels:
    channels = images.shape[1]
    split = Split(images, labels, tuple(map(str, range(n_classes))), np.zeros(channels), np.ones(channels))
    return Pixels(split, np.zeros(channels), np.ones(channels), torch.device("cpu"))


def _batches(pixels: Pixels) -> list[IntArray]:
    return list(index_batches(np.arange(len(pixels)), min(BATCH, fitting_batch(pixels.shape[1:]))))


def _read(pixels: Pixels, words: str, progress: bool) -> Iterator[tuple[IntArray, Tensor]]:
    """All images in batches, read ahead: their positions and pixels."""
    batches = _batches(pixels)
    bar = tqdm(prefetched(pixels.take, batches), words, len(batches), unit="batch", disable=None if progress else True)
    yield from zip(batches, bar, strict=True)


def _folds(labels: IntArray, n_classes: int, generator: np.random.Generator) -> IntArray:
    """The fold of each image, [n]; each class is spread over all."""
    folds = np.empty(len(labels), int)
    for k in range(n_classes):
        members = np.flatnonzero(labels == k)
        folds[members] = (generator.permutation(len(members)) + k) % FOLDS
    return folds


def _log_amplitudes(values: Tensor, pairs: ConjugatePairs) -> Tensor:
    """Logarithms of amplitudes of images in grey [k, pairs]; rounding of pixels is the floor."""
    power = squared(torch.fft.rfft2(values.mean(dim=1)))[:, pairs.half_row, pairs.half_column]
    return (power + pairs.height * pairs.width / 12 / 255**2).log_() / 2


def _statistics(
    pixels: Pixels, n_classes: int, folds: IntArray, progress: bool
) -> tuple[ClassStatistics, Iterator[ClassStatistics]]:
    """The statistics of each class, and those of the images in grey without those of each fold."""
    size = pixels.shape[2], pixels.shape[3]
    half = size[0], size[1] // 2 + 1
    total = torch.zeros(n_classes, pixels.shape[1], *half, dtype=torch.complex128)
    grey = torch.zeros(FOLDS * n_classes, 1, *half, dtype=torch.complex64)
    power, grey_power = torch.zeros(total.shape, dtype=torch.float64), torch.zeros(grey.shape)
    groups = folds * n_classes + pixels.labels
    for batch, values in _read(pixels, "statistics", progress):
        spectra = torch.fft.rfft2(values)
        in_grey, group = spectra.mean(dim=1, keepdim=True), torch.from_numpy(groups[batch])
        spectra, label = opponent(spectra), torch.from_numpy(pixels.labels[batch])
        total.index_add_(0, label, spectra.to(total.dtype))
        power.index_add_(0, label, squared(spectra).double())
        grey.index_add_(0, group, in_grey)
        grey_power.index_add_(0, group, squared(in_grey))
    counts = np.bincount(groups, minlength=FOLDS * n_classes).reshape(FOLDS, n_classes)

    def of_sums(total: Tensor, power: Tensor, count: IntArray) -> ClassStatistics:
        n = torch.from_numpy(count)[:, None, None, None].double()
        mean = total / n
        return ClassStatistics(mean, (power / n - squared(mean)).clamp_(min=0) * (n / (n - 1)), count, size)

    def without(fold: int) -> ClassStatistics:
        kept = [other for other in range(FOLDS) if other != fold]
        rest, rest_power = (of.reshape(FOLDS, n_classes, *of.shape[1:])[kept].sum(dim=0) for of in (grey, grey_power))
        return of_sums(rest, rest_power, counts[kept].sum(axis=0))

    return of_sums(total, power, counts.sum(axis=0)), (without(fold) for fold in range(FOLDS))


def _sharpest(statistics: ClassStatistics, pairs: ConjugatePairs) -> IntArray:
    """The pairs of each class whose difference stands out most from its neighbours."""
    few = max(1, min(SHARPEST[0], SHARPEST[1] // len(statistics)))
    found = []
    for k in range(len(statistics)):
        plane = statistics.differences(k)
        sharp = pairs.gather(plane - median_filter(plane, SURROUNDINGS, mode="wrap"))
        sharp[pairs.radius < LEAST_RADIUS] = -np.inf
        found.append(np.argsort(sharp)[-few:])
    return np.unique(np.concatenate(found))


def _heights(statistics: ClassStatistics, k: int, pairs: ConjugatePairs) -> FloatArray:
    """How far the amplitude of class k, over that of other classes, is above all frequencies two or three beside it."""
    power = (squared(statistics.mean) + statistics.variance).mean(dim=1).numpy()[:, pairs.half_row, pairs.half_column]
    own, others = power[k], power if len(power) > MANY else np.delete(power, k, axis=0)
    rest = np.quantile(others, 0.5, axis=0, method="lower")  # which a wave in fewer than half of them does not raise
    floor = 1e-12 * max(own.max(), rest.max())
    plane = pairs.scatter(np.log((own + floor) / (rest + floor)) / 2)
    ring = np.ones((SURROUNDINGS, SURROUNDINGS), bool)
    ring[2:-2, 2:-2] = False
    heights: FloatArray = pairs.gather(plane - maximum_filter(plane, footprint=ring, mode="wrap"))
    # Near the highest frequencies, the other member of the pair is beside it.
    size, reach = np.array([pairs.height, pairs.width]), np.arange(SURROUNDINGS) - SURROUNDINGS // 2
    apart = np.abs((2 * pairs.frequencies + size // 2) % size - size // 2).max(axis=1)
    for near in np.flatnonzero((apart >= 2) & (apart <= SURROUNDINGS // 2)):
        (row, column), partner = pairs.positions[near]
        others = plane.copy()
        others[tuple(partner)] = -np.inf
        beside = others[np.ix_((row + reach) % pairs.height, (column + reach) % pairs.width)]
        heights[near] = plane[row, column] - beside[ring].max()
    heights[pairs.radius < LEAST_RADIUS] = -np.inf
    return heights


def _peak(statistics: ClassStatistics, k: int, pairs: ConjugatePairs) -> int | None:
    """The pair at which class k has a wave, if it has one."""
    heights = _heights(statistics, k, pairs)
    highest = int(heights.argmax())
    by_chance = NORMAL / 2 / np.sqrt(statistics.count[k])  # of the logarithm of an amplitude
    return highest if heights[highest] - by_chance >= ISOLATED else None


def _around(pair: int, pairs: ConjugatePairs) -> tuple[IntArray, IntArray]:
    """A pair, and those two or three frequencies beside it."""
    size = np.array([pairs.height, pairs.width])
    apart = np.abs((pairs.frequencies - pairs.frequencies[pair] + size // 2) % size - size // 2).max(axis=1)
    return np.array([pair]), np.flatnonzero((apart >= 2) & (apart <= SURROUNDINGS // 2))


def _height(at_pairs: FloatArray, chosen: IntArray, pair: int, pairs: ConjugatePairs) -> FloatArray:
    """How far each image is above the frequencies two or three beside a pair, [n], from logarithms at chosen pairs."""
    inside, outside = (np.searchsorted(chosen, of) for of in _around(pair, pairs))
    height: FloatArray = at_pairs[:, inside].mean(axis=1) - at_pairs[:, outside].mean(axis=1)
    return height


def _features(
    pixels: Pixels, pairs: ConjugatePairs, fine: BoolArray, chosen: IntArray, progress: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each image the mean logarithms of amplitudes in cells, those at the chosen pairs, and its fingerprint."""
    cell = _cells(pairs, fine)
    weights = torch.zeros(len(pairs), cell.max() + 1)
    weights[fine, cell[fine]] = 1
    weights /= weights.sum(dim=0)
    rows = []
    for _, values in _read(pixels, "features", progress):
        logarithms = _log_amplitudes(values, pairs)
        rows.append(((logarithms @ weights).numpy(), logarithms[:, chosen].numpy(), fingerprints(lightness(values))))
    cells, at_pairs, prints = (np.concatenate(of) for of in zip(*rows, strict=True))
    return cells, at_pairs, prints


def _cells(pairs: ConjugatePairs, fine: BoolArray) -> IntArray:
    """The number of the polar cell of each fine pair, [pairs]; -1 of others."""
    radius, angle = pairs.radius[fine], np.arctan2(*pairs.frequencies[fine].T) % np.pi
    ring = np.minimum(RINGS * (radius - radius.min()) / (np.ptp(radius) + 1e-9), RINGS - 1).astype(int)
    sector = np.minimum(SECTORS * angle / np.pi, SECTORS - 1).astype(int)
    cell = np.full(len(pairs), -1)
    cell[fine] = np.unique(ring * SECTORS + sector, return_inverse=True)[1]
    return cell


def _areas(
    features: FloatArray, at_pairs: FloatArray, places: list[IntArray], labels: IntArray, n_classes: int,
    folds: IntArray, seed: int,
) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
    """The area under the curve of each class, its interval [class, 2], and the 95 % quantile for permuted labels.

    places : of each fold, the columns of `at_pairs` that were chosen without it. All classes and permutations share
    the Gram matrix of a fold.
    """
    generator = np.random.default_rng([seed, 49])
    permutations = min(PERMUTATIONS, max(2, 400 // n_classes))
    drawn = np.stack([labels, *(generator.permutation(labels) for _ in range(permutations))])
    targets = (drawn.T[:, :, None] == np.arange(n_classes)).reshape(len(labels), -1)
    scores = np.empty(targets.shape)
    for fold in range(FOLDS):
        trained, scored = folds != fold, folds == fold
        x = np.hstack([features, at_pairs[:, places[fold]]]).astype(float)
        x = (x - x[trained].mean(axis=0)) / (x[trained].std(axis=0) + 1e-9)
        gram = x[trained].T @ x[trained]
        gram[np.diag_indices_from(gram)] += len(gram)  # the penalty, of standardised features
        y = targets[trained] - targets[trained].mean(axis=0)
        scores[scored] = x[scored] @ np.linalg.solve(gram, x[trained].T @ y)
    ranks = pd.DataFrame(scores[:, n_classes:]).rank().to_numpy()
    own = np.tile(np.bincount(labels, minlength=n_classes), permutations)
    above = (ranks * targets[:, n_classes:]).sum(axis=0) - own * (own + 1) / 2
    pairs = own * (len(labels) - own)
    by_chance = above / pairs
    # Images of a fold share a fit, so that areas vary more than those of independent scores.
    more = max(1.0, float(((by_chance - 0.5) ** 2).sum() / ((len(labels) + 1) / (12 * pairs)).sum()))
    found = np.array([area(scores[:, k], targets[:, k], more) for k in range(n_classes)])
    deviation = np.sqrt((len(labels) + 1) / (12 * pairs[:n_classes]))  # of independent scores
    null = np.quantile((by_chance - 0.5).reshape(permutations, n_classes) / deviation, 0.95)
    return found[:, 0], found[:, 1:], 0.5 + null * deviation


def _share_above(own: FloatArray, others: FloatArray) -> float:
    """The share of images that score higher than 95 % of the others, beyond the 5 % that these have."""
    return float(max(0.0, ((own > np.quantile(others, 0.95)).mean() - 0.05) / 0.95))


def _forensics(pixels: Pixels, prints: FloatArray, n_classes: int, seed: int) -> Forensics:
    """What artefacts do to a sample of the images, with as many of each class."""
    generator, labels = np.random.default_rng([seed, 50]), pixels.labels
    order = generator.permutation(len(labels))
    rank = np.empty(len(labels), int)  # of each image within its class, at random
    for k in range(n_classes):
        own = order[labels[order] == k]
        rank[own] = np.arange(len(own))
    sample = np.sort(order[np.argsort(rank[order], kind="stable")][:SAMPLE])
    grey = np.concatenate([lightness(pixels.take(batch)) for batch in index_batches(sample, BATCH)])
    return Forensics(prints, labels, n_classes, grey, sample)
