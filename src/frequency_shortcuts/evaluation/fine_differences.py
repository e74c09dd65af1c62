"""What tells a class from the others by its fine spectrum alone, without a network, and in which files it is.

For each class against the rest: logarithms of amplitudes in cells of the fine spectrum and at the few sharpest pairs,
in ridge regression with five folds. A large area under the curve says that a network *could* use the difference.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy.fft import dctn
from scipy.ndimage import median_filter
from torch import Tensor
from tqdm import tqdm

from frequency_shortcuts.data.pixels import Pixels
from frequency_shortcuts.data.source import fitting_batch, index_batches
from frequency_shortcuts.data.splits import Images, Split
from frequency_shortcuts.intervals import NORMAL
from frequency_shortcuts.spectrum.arrays import FloatArray, IntArray
from frequency_shortcuts.spectrum.colours import opponent
from frequency_shortcuts.spectrum.pairs import ConjugatePairs, from_half_plane

from . import causes
from .class_statistics import ClassStatistics, fine_radius, squared

FOLDS = 5
FINE = 0.2  # of the squared difference between two classes lies outside the fine radius
RINGS, SECTORS = 12, 8  # of the cells
SHARPEST = 4  # pairs of a class
PENALTY = 0.01  # of the ridge regression, of standardised features, a share of the images
PERMUTATIONS = 39
BATCH = 64  # images


class Told(NamedTuple):
    """What tells each class from the rest.

    table : one row a class: `class`, `images`, `auc` with `auc_low` and `auc_high`, the `null` that permuted labels
        reach (their 95 % quantile), `z` (the largest of a fine frequency), `cause` (a key of `causes.CAUSES`, or empty)
        and `carriers` (the estimated share of images that carry it; NaN without a cause)
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

    Raises ValueError for a class of fewer than 10 images, and for images that do not vary.

    >>> tell(images, labels, 10).table[["class", "auc", "cause"]]
    """
    labels = np.asarray(labels)
    pixels = _in_pixels(images, labels, n_classes)
    folds = _folds(labels, n_classes, np.random.default_rng([seed, 48]))
    statistics, grey = _first_pass(pixels, n_classes, folds, progress)
    pairs = ConjugatePairs(*statistics.size)
    fine = pairs.radius > fine_radius(statistics, FINE)
    sharpest = [_sharpest(_without(grey, fold, statistics.size), pairs) for fold in range(FOLDS)]  # [fold][class][few]
    cells, at_pairs = _second_pass(pixels, pairs, fine, np.unique(np.stack(sharpest)), progress)
    everything = np.unique(np.stack(sharpest))
    columns = [np.searchsorted(everything, np.unique(of)) for of in sharpest]
    areas, null = _areas(cells, at_pairs, columns, labels, n_classes, folds, seed)
    count = np.bincount(labels, minlength=n_classes)
    named = [causes.cause(pixels, statistics, k) for k in range(n_classes)]
    files, shares = np.full(len(labels), np.nan), np.full(n_classes, np.nan)
    for k, name in enumerate(named):
        if name:
            score = carries(pixels, name, statistics=statistics, k=k)
            files[labels == k] = score[labels == k]
            shares[k] = _share_above(score[labels == k], score[labels != k])
    differences = np.stack([statistics.differences(k) for k in range(n_classes)])
    ends = np.array([auc_interval(a, n, len(labels) - n) for a, n in zip(areas, count, strict=True)])
    table = pd.DataFrame({
        "class": np.arange(n_classes), "images": count, "auc": areas, "auc_low": ends[:, 0], "auc_high": ends[:, 1],
        "null": null, "z": [float(pairs.gather(of)[fine].max()) for of in differences], "cause": named,
        "carriers": shares,
    })  # fmt: skip
    power = (squared(statistics.mean) + statistics.variance).sqrt().mean(dim=1).numpy()
    return Told(table, differences, from_half_plane(power, statistics.size[1]), files)


def carries(pixels: Pixels, cause: str, *, statistics: ClassStatistics, k: int) -> FloatArray:
    """How clearly each image carries a named cause of class k, float64 [n], larger is clearer.

    cause : a key of `causes.CAUSES`; statistics : of images with the classes of which k is one
    """
    if cause not in causes.CAUSES:
        raise ValueError(f"unknown cause {cause!r}: choose from {', '.join(causes.CAUSES)}")
    pairs = ConjugatePairs(*statistics.size)
    if cause == causes.BLOCKS:
        return _near_zero(pixels)
    if cause in (causes.WAVE, causes.CHECKERBOARD):
        plane = pairs.scatter(causes._log_amplitudes(statistics, k))
        peak = pairs.gather(plane - median_filter(plane, causes.SURROUNDINGS, mode="wrap"))
        peak[pairs.radius < causes.LEAST_RADIUS] = 0
        at = int(peak.argmax())
        around = np.hypot(*(pairs.frequencies - pairs.frequencies[at]).T)
        inside, outside = np.arange(len(pairs)) == at, (around > 0) & (around <= 3)
    else:
        share = pairs.radius / (min(statistics.size) / 2)
        inside, outside = share > 0.95, (share > 0.375) & (share < 0.625)
    made = []
    for batch in index_batches(np.arange(len(pixels)), min(BATCH, fitting_batch(pixels.shape[1:]))):
        power = _log_power(_grey(pixels.take(batch)))[:, pairs.half_row, pairs.half_column]
        made.append((power[:, inside].mean(dim=1) - power[:, outside].mean(dim=1)).numpy())
    score = np.concatenate(made).astype(float)
    return -score if cause == causes.LOST else score


def auc_interval(area: float, own: int, others: int) -> tuple[float, float]:
    """The interval of an area under the curve, of so many images of a class and others: its ends.

    A score interval, as Wilson's of a share: the areas whose standard error, after Hanley and McNeil, reaches the one
    that was found (R. Newcombe, Statistics in Medicine 25, 2006, method 5).

    >>> auc_interval(0.5, 100, 900)
    """
    ends = []
    for side in (0.0, 1.0):
        low, high = sorted((area, side))
        for _ in range(50):
            middle = (low + high) / 2
            within = abs(area - middle) <= NORMAL * np.sqrt(_variance(middle, own, others))
            if within == (side == 0):
                high = middle
            else:
                low = middle
        ends.append((low + high) / 2)
    return ends[0], ends[1]


def _variance(area: float, own: int, others: int) -> float:
    rest = (own + others) / 2 - 1
    return area * (1 - area) * (1 + rest * ((1 - area) / (2 - area) + area / (1 + area))) / (own * others)


def _in_pixels(images: Images, labels: IntArray, n_classes: int) -> Pixels:
    channels = images.shape[1]
    split = Split(images, labels, tuple(map(str, range(n_classes))), np.zeros(channels), np.ones(channels))
    return Pixels(split, np.zeros(channels), np.ones(channels), torch.device("cpu"))


def _folds(labels: IntArray, n_classes: int, generator: np.random.Generator) -> IntArray:
    """The fold of each image, [n]: each class is spread over all."""
    folds = np.empty(len(labels), int)
    for k in range(n_classes):
        members = np.flatnonzero(labels == k)
        folds[members] = (generator.permutation(len(members)) + generator.integers(FOLDS)) % FOLDS
    return folds


def _grey(pixels: Tensor) -> Tensor:
    """Images [k, channels, H, W] as [k, H, W]: lightness of colour images, the mean of others."""
    return pixels.mean(dim=1)


def _log_power(grey: Tensor) -> Tensor:
    """The logarithm of amplitudes of grey images [k, H, W], [k, H, W // 2 + 1]; rounding of pixels is the floor."""
    floor = grey.shape[1] * grey.shape[2] / 12 / 255**2
    return (squared(torch.fft.rfft2(grey)) + floor).log() / 2


def _first_pass(
    pixels: Pixels, n_classes: int, folds: IntArray, progress: bool
) -> tuple[ClassStatistics, tuple[Tensor, Tensor, IntArray]]:
    """The statistics of each class, and sums of the grey images of each fold and class."""
    height, width = pixels.shape[2:]
    half = height, width // 2 + 1
    total = torch.zeros(n_classes, pixels.shape[1], *half, dtype=torch.complex128)
    power = torch.zeros(total.shape, dtype=torch.float64)
    grey_total = torch.zeros(FOLDS * n_classes, *half, dtype=torch.complex64)
    grey_power = torch.zeros(grey_total.shape)
    groups = folds * n_classes + pixels.labels
    for batch in _batches(pixels, "statistics", progress):
        values = pixels.take(batch)
        spectra = torch.fft.rfft2(values)
        own = torch.from_numpy(pixels.labels[batch])
        grey = _grey(spectra)
        spectra = opponent(spectra)
        total.index_add_(0, own, spectra.to(torch.complex128))
        power.index_add_(0, own, squared(spectra).double())
        group = torch.from_numpy(groups[batch])
        grey_total.index_add_(0, group, grey)
        grey_power.index_add_(0, group, squared(grey))
    count = np.bincount(pixels.labels, minlength=n_classes)
    n = torch.from_numpy(count)[:, None, None, None].double()
    mean = total.div_(n)
    variance = power.div_(n).sub_(squared(mean)).clamp_(min=0).mul_(n / (n - 1))
    of_groups = np.bincount(groups, minlength=FOLDS * n_classes).reshape(FOLDS, n_classes)
    shape = FOLDS, n_classes, 1, *half
    return ClassStatistics(mean, variance, count, (height, width)), (
        grey_total.reshape(shape), grey_power.reshape(shape), of_groups
    )  # fmt: skip


def _without(grey: tuple[Tensor, Tensor, IntArray], fold: int, size: tuple[int, int]) -> ClassStatistics:
    """The statistics of grey images of all folds but one."""
    others = [f for f in range(FOLDS) if f != fold]
    total, power = (values[others].sum(dim=0) for values in grey[:2])
    count = grey[2][others].sum(axis=0)
    n = torch.from_numpy(count)[:, None, None, None].double()
    mean = total.to(torch.complex128) / n
    variance = (power.double() / n - squared(mean)).clamp(min=0) * (n / (n - 1))
    return ClassStatistics(mean, variance, count, size)


def _sharpest(statistics: ClassStatistics, pairs: ConjugatePairs) -> IntArray:
    """The pairs of each class whose difference stands out most from its neighbours, [class, few]."""
    found = []
    for k in range(len(statistics)):
        plane = pairs.scatter(pairs.gather(statistics.differences(k)))
        sharp = pairs.gather(plane - median_filter(plane, causes.SURROUNDINGS, mode="wrap"))
        sharp[pairs.radius < causes.LEAST_RADIUS] = 0
        found.append(np.argsort(sharp)[-SHARPEST:])
    return np.stack(found)


def _second_pass(
    pixels: Pixels, pairs: ConjugatePairs, fine: Any, chosen: IntArray, progress: bool
) -> tuple[FloatArray, FloatArray]:
    """The features of each image: logarithms of amplitudes in the cells [n, cells], and at the chosen pairs."""
    cell = _cells(pairs, fine)
    weights = torch.zeros(len(pairs), cell.max() + 1)
    weights[fine, cell[fine]] = 1
    weights /= weights.sum(dim=0)
    cells, at_pairs = [], []
    for batch in _batches(pixels, "features", progress):
        power = _log_power(_grey(pixels.take(batch)))[:, pairs.half_row, pairs.half_column]
        cells.append((power @ weights).numpy())
        at_pairs.append(power[:, chosen].numpy())
    return np.concatenate(cells), np.concatenate(at_pairs)


def _cells(pairs: ConjugatePairs, fine: Any) -> IntArray:
    """The number of the polar cell of each fine pair, [pairs]; -1 of others."""
    radius, angle = pairs.radius[fine], np.arctan2(*pairs.frequencies[fine].T) % np.pi
    ring = np.minimum(RINGS * (radius - radius.min()) / (np.ptp(radius) + 1e-9), RINGS - 1).astype(int)
    sector = np.minimum(SECTORS * angle / np.pi, SECTORS - 1).astype(int)
    cell = np.full(len(pairs), -1)
    cell[fine] = np.unique(ring * SECTORS + sector, return_inverse=True)[1]
    return cell


def _areas(
    cells: FloatArray, at_pairs: FloatArray, columns: list[IntArray], labels: IntArray, n_classes: int,
    folds: IntArray, seed: int,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """The area under the curve of each class against the rest, and the 95 % quantile of that of permuted labels."""
    generator = np.random.default_rng([seed, 49])
    drawn = np.stack([labels, *(generator.permutation(labels) for _ in range(PERMUTATIONS))])
    targets = (drawn[:, :, None] == np.arange(n_classes)).transpose(1, 0, 2).reshape(len(labels), -1)
    scores = np.empty(targets.shape)
    for fold in range(FOLDS):
        features = np.hstack([cells, at_pairs[:, columns[fold]]]).astype(float)
        trained, scored = folds != fold, folds == fold
        centre, spread = features[trained].mean(axis=0), features[trained].std(axis=0) + 1e-9
        x = (features - centre) / spread
        y = targets[trained] - targets[trained].mean(axis=0)
        gram = x[trained].T @ x[trained] + PENALTY * trained.sum() * np.eye(x.shape[1])
        scores[scored] = x[scored] @ np.linalg.solve(gram, x[trained].T @ y)
    areas = np.array([_area(score, target) for score, target in zip(scores.T, targets.T, strict=True)])
    areas = areas.reshape(PERMUTATIONS + 1, n_classes)
    return areas[0], np.quantile(areas[1:], 0.95, axis=0)


def _area(scores: FloatArray, own: Any) -> float:
    """The area under the curve of scores [n], of the images that are `own` [n] against the others."""
    n = int(own.sum())
    return float((pd.Series(scores).rank().to_numpy()[own].sum() - n * (n + 1) / 2) / (n * (len(own) - n)))


def _share_above(own: FloatArray, others: FloatArray) -> float:
    """The share of own images that score higher than nearly all others do, beyond what others do."""
    bar = np.quantile(others, 0.95)
    return float(max(0.0, ((own > bar).mean() - 0.05) / 0.95))


def _near_zero(pixels: Pixels) -> FloatArray:
    """The share of coefficients near zero in the blocks of each image, in the grid that starts at its corner, [n]."""
    made = []
    for batch in index_batches(np.arange(len(pixels)), BATCH):
        luma = causes._luma(pixels, batch)
        for image in luma:
            blocks = causes._blocks(image[None])
            made.append(float((np.abs(dctn(blocks, axes=(1, 2), norm="ortho")) < causes.NEAR_ZERO).mean()))
    return np.array(made)


def _batches(pixels: Pixels, words: str, progress: bool) -> Any:
    size = min(BATCH, fitting_batch(pixels.shape[1:]))
    batches = list(index_batches(np.arange(len(pixels)), size))
    return tqdm(batches, desc=words, unit="batch", disable=None if progress else True)
