"""Early learning and distinctive frequencies: rank correlations over the classes of a network and seed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from frequency_shortcuts.intervals import NORMAL
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.pairs import radius
from frequency_shortcuts.storage.tables import NETWORK

from .evidence import Evidence
from .spread import jeffreys_quantiles

DRAWS = 400  # draws of images for the error of a rank correlation


@dataclass(frozen=True)
class Correlation:
    """A rank correlation over the classes of one network and seed, with its standard error over images."""

    dataset: str
    network: Hashable
    seed: int
    value: float
    error: float
    n_images: int
    case: Hashable = ""
    source: Hashable = ""

    @property
    def half_widths(self) -> FloatArray:
        """Distances from the value to the lower and the upper end of its interval over images, [2]."""
        return np.full(2, NORMAL * self.error)

    @property
    def shares(self) -> tuple[float, float]:
        """The correlation: it is its own effect size."""
        return self.value, np.nan

    greatest = 1.0

    def half_width_by_draws(self) -> float:
        """0, since there are no random masks."""
        return 0.0


def _correlations(
    evidence: Evidence,
    generator: np.random.Generator,
    speed: Callable[[Mapping[str, FloatArray]], FloatArray],
    distinct: Callable[[FloatArray, npt.NDArray[np.bool_]], FloatArray],
) -> Iterator[Correlation]:
    """Findings (a) and (c): over the classes of a run, the rank correlation of early learning and distinctiveness.

    speed : mean F1 [..., class] over the first iterations, by view -> the first variable
    distinct : |ADCS| [class, H, W] without DC (NaN there) and the low frequencies [H, W] -> the second variable
    """
    if evidence.dynamics is None or evidence.adcs is None or evidence.cutoffs is None:
        return
    for (*names, seed), part in evidence.dynamics.groupby([*NETWORK, "seed"], sort=False):
        dataset, network, augmentation = map(str, names)
        if dataset not in evidence.adcs or dataset not in evidence.cutoffs:
            continue
        values, classes = evidence.adcs[dataset]
        if len(classes) < 3:
            continue
        height, width = values.shape[-2:]
        size = np.abs(values).astype(float)
        size[:, height // 2, width // 2] = np.nan
        stands_out = distinct(size, radius(height, width) < evidence.cutoffs[dataset])
        learned = {str(view): _EarlyTests(rows, classes) for view, rows in part.groupby("view", sort=False)}
        rho = _spearman(speed({view: one.f1() for view, one in learned.items()})[None], stands_out)[0]
        if np.isnan(rho):
            continue
        drawn = _spearman(speed({view: one.resampled(generator, DRAWS) for view, one in learned.items()}), stands_out)
        images = min(one.images.min() for one in learned.values())
        yield Correlation(
            dataset, (network, augmentation), int(str(seed)), float(rho), float(np.nanstd(drawn)), int(images)
        )


class _EarlyTests:
    """The tests of one run and view during the first iterations; arrays [iteration, class]."""

    def __init__(self, rows: pd.DataFrame, classes: Sequence[str]) -> None:
        def plane(column: str) -> FloatArray:
            wide = rows.pivot_table(column, "iteration", "class", "first", sort=False)
            values: FloatArray = wide.reindex(columns=list(classes)).to_numpy(float)
            return values

        self.images, called = plane("images"), plane("called")
        self._hits = plane("recall") * self.images
        self._false = called - self._hits
        self._others = self.images.sum(axis=1, keepdims=True) - self.images

    def f1(self) -> FloatArray:
        """F1 of each class, mean over the iterations."""
        mean: FloatArray = _f1(self._hits, self._false, self.images).mean(axis=0)
        return mean

    def resampled(self, generator: np.random.Generator, count: int) -> FloatArray:
        """The same for resampled images, [count, class].

        All tests of a run are on the same images, so their errors are the same: a class has one quantile for all
        iterations."""
        tests, classes = self.images.shape
        total = np.zeros((count, classes))
        right, wrong = generator.random((2, count, classes))
        for hits, false, images, others in zip(self._hits, self._false, self.images, self._others, strict=True):
            some = _quantiles(right, hits, images) * images
            total += _f1(some, _quantiles(wrong, false, others) * others, images)
        mean: FloatArray = total / tests
        return mean


def _quantiles(at: FloatArray, hits: FloatArray, images: FloatArray) -> FloatArray:
    """The shares whose Jeffreys distribution has these quantiles, [count, class]; to within a 256th of probability."""
    steps = (np.arange(256) + 0.5) / 256
    table = np.stack([jeffreys_quantiles(round(k), int(n), 256) for k, n in zip(hits, images, strict=True)], axis=1)
    return np.take_along_axis(table, np.minimum((at * len(steps)).astype(int), len(steps) - 1), axis=0)


def _f1(hits: FloatArray, false: FloatArray, images: FloatArray) -> FloatArray:
    return 2 * hits / np.maximum(hits + false + images, np.finfo(float).tiny)


def _spearman(drawn: FloatArray, fixed: FloatArray) -> FloatArray:
    """Rank correlation over classes of each row [count, class] with [class]; NaN if one side has no order."""
    ranks, fixed_ranks = stats.rankdata(drawn, axis=1), stats.rankdata(fixed)
    ranks -= ranks.mean(axis=1, keepdims=True)
    fixed_ranks = fixed_ranks - fixed_ranks.mean()
    scale = np.sqrt((ranks**2).sum(axis=1) * (fixed_ranks**2).sum())
    correlation: FloatArray = np.divide(ranks @ fixed_ranks, scale, out=np.full(len(ranks), np.nan), where=scale > 0)
    return correlation


def correlations_a(evidence: Evidence, generator: np.random.Generator) -> Iterator[Correlation]:
    """Finding (a)."""

    def distinct(size: FloatArray, low: npt.NDArray[np.bool_]) -> FloatArray:
        difference: FloatArray = np.nanmean(size[:, low], axis=1) - np.nanmean(size[:, ~low], axis=1)
        return difference

    return _correlations(evidence, generator, lambda f1: f1["low-pass"] - f1["high-pass"], distinct)


def correlations_c(evidence: Evidence, generator: np.random.Generator) -> Iterator[Correlation]:
    """Finding (c)."""
    return _correlations(evidence, generator, lambda f1: f1["full"], lambda size, low: np.nanmean(size, axis=(1, 2)))
