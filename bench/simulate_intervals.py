"""How often each interval of `frequency_shortcuts.intervals` holds the true value.

Where a number of outcomes is possible, each is weighted by its chance (`trials` 0); else they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from frequency_shortcuts import intervals
from frequency_shortcuts.evaluation.cure import mean_interval
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .outcomes import Outcome

SHARES = np.arange(1, 200) / 200  # true shares
MIDDLE, ENDS = "0.1 to 0.9", "below 0.1, above 0.9"
IMAGES = (15, 50, 100, 450)  # of a class in renditions, in the shortcut test, twice as many; of the other classes
PAIRS_OF_SIZES = ((50, 450), (50, 150), (50, 50), (15, 15))  # images of a class and of the others, for a difference
DRAWS = 20_000


def outcomes(generator: np.random.Generator) -> Iterator[Outcome]:
    """Coverage of every interval."""
    yield from _of_shares()
    yield from _newcombe()
    yield from _hypergeometric()
    yield from _students_t(generator)
    yield from _welch(generator)
    yield from _of_trainings(generator)


def beta(mean: float, deviation: float) -> tuple[float, float]:
    """The parameters of a beta distribution with this mean and standard deviation."""
    size = mean * (1 - mean) / deviation**2 - 1
    return mean * size, (1 - mean) * size


def _summaries(interval: str, setting: str, at_ends: BoolArray, coverage: FloatArray) -> Iterator[Outcome]:
    for name, some in ((MIDDLE, ~at_ends), (ENDS, at_ends)):
        for measure, value in (("mean", coverage[some].mean()), ("least", coverage[some].min())):
            yield Outcome("shares", interval, setting, f"{measure}, share {name}", float(value))


def _of_shares() -> Iterator[Outcome]:
    def exact(method: str, n: int) -> FloatArray:
        """Low and high ends for 0 to n hits, [2, n + 1]."""
        if method == "wilson":
            return np.array(intervals.wilson(np.arange(n + 1) / n, n))
        if method == "jeffreys":
            return np.array([intervals.jeffreys(k / n, n) for k in range(n + 1)]).T
        return np.array([intervals.clopper_pearson(k, n) for k in range(n + 1)]).T

    sizes = dict.fromkeys(("wilson", "jeffreys"), IMAGES) | {"clopper_pearson": (8, 80, 200)}
    for method, counts in sizes.items():
        for n in counts:
            low, high = exact(method, n)
            inside = (low <= SHARES[:, None] + 1e-12) & (SHARES[:, None] <= high + 1e-12)
            coverage = (stats.binom.pmf(np.arange(n + 1), n, SHARES[:, None]) * inside).sum(axis=1)
            unit = "draws" if method == "clopper_pearson" else "images"
            yield from _summaries(method, f"{n} {unit}", (SHARES < 0.1) | (SHARES > 0.9), coverage)


def _newcombe() -> Iterator[Outcome]:
    shares = SHARES[4::5]
    for m, n in PAIRS_OF_SIZES:
        one, other = np.arange(m + 1)[:, None] / m, np.arange(n + 1)[None] / n
        value, below, above = intervals.newcombe(one, m, other, n)
        first, second = (stats.binom.pmf(np.arange(k + 1), k, shares[:, None]) for k in (m, n))
        coverage = np.empty((len(shares), len(shares)))
        for i, j in np.ndindex(coverage.shape):
            true = shares[i] - shares[j]
            inside = (value - below <= true + 1e-12) & (true <= value + above + 1e-12)
            coverage[i, j] = first[i] @ inside @ second[j]
        at_end = (shares < 0.1) | (shares > 0.9)
        yield from _summaries("newcombe", f"{m} and {n} images", at_end[:, None] | at_end, coverage)


def _hypergeometric() -> Iterator[Outcome]:
    for population, drawn, step in ((130, 8, 1), (480, 8, 1), (20_000, 200, 100)):
        ends = [intervals.hypergeometric(population, drawn, k) for k in range(drawn + 1)]
        low, high = np.array(ends).T
        members = np.arange(step, population, step)
        coverage = np.array(
            [
                (intervals.hypergeometric_chances(population, n, drawn) * ((low <= n) & (n <= high))).sum()
                for n in members
            ]
        )
        share = members / population
        yield from _summaries("hypergeometric", f"{drawn} of {population}", (share < 0.1) | (share > 0.9), coverage)


def _students_t(generator: np.random.Generator) -> Iterator[Outcome]:
    for draws in (3, 5, 10):
        for name, mean, deviation in (
            ("normal", 0.0, 1.0),
            ("rates of mean 0.3, SD 0.1", 0.3, 0.1),
            ("rates of mean 0.1, SD 0.1", 0.1, 0.1),
        ):
            shape = (DRAWS, draws)
            values = (
                generator.standard_normal(shape) if name == "normal" else generator.beta(*beta(mean, deviation), shape)
            )
            error = intervals.standard_error(values.std(axis=1, ddof=1), draws)
            inside = np.abs(values.mean(axis=1) - mean) <= intervals.students_t(error, draws)
            yield Outcome("means", "students_t", f"{draws} draws; {name}", "mean", float(inside.mean()), DRAWS)


def _welch(generator: np.random.Generator) -> Iterator[Outcome]:
    sizes = np.array([3, 10])  # seeds and classes of the default study
    for first, second in ((1.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 1.0)):
        scale = np.array([first, second])
        values = scale[:, None] * generator.standard_normal((DRAWS, 2, 1)) / np.sqrt(sizes)[:, None]
        variance = scale**2 * generator.chisquare(sizes - 1, (DRAWS, 2)) / (sizes - 1) / sizes
        half = [
            intervals.welch([(one, n - 1) for one, n in zip(row, sizes.tolist(), strict=True) if one > 0])
            for row in variance.tolist()
        ]
        inside = np.abs(values.sum(axis=(1, 2))) <= half
        setting = f"3 seeds and 10 classes; SD {first:g} and {second:g}"
        yield Outcome("means", "welch", setting, "mean", float(inside.mean()), DRAWS)


def _of_trainings(generator: np.random.Generator) -> Iterator[Outcome]:
    """The interval behind "cures": a mean over seeds and classes, which differ, and so do single values."""
    for of_seeds, of_classes, single in ((0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1), (3, 1, 1)):
        inside = []
        for _ in range(DRAWS // 4):
            values = (
                of_seeds * generator.standard_normal((3, 1))
                + of_classes * generator.standard_normal((1, 10))
                + single * generator.standard_normal((3, 10))
            )
            _, low, high = mean_interval(values)
            inside.append(low <= 0 <= high)
        setting = f"3 seeds x 10 classes; SD of seeds {of_seeds}, of classes {of_classes}, of single values {single}"
        yield Outcome("means", "cure.mean_interval", setting, "mean", float(np.mean(inside)), len(inside))
