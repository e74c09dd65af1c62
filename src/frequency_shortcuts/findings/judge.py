"""The verdict on every finding: statistic, interval over images and seeds, effect size.

`definitions` defines each finding; `evidence` and `dynamics` collect the numbers from the tables of a study.

Intervals add two uncertainties. *Images*: the interval of a share of k of n images is Jeffreys', that of
Beta(k + 1/2, n - k + 1/2); a bootstrap would have no width at a share of 0 or 1. All seeds, networks and renditions are
tested on the same images, so their errors count as equal: more of them do not reduce this uncertainty. *Seeds*: the
interval of the mean over several seeds of one network is Student's t, which is very wide for two seeds. With one seed
the interval covers only the images. Classes and data sets are not random samples: a verdict is about the tested ones.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import TAIL
from frequency_shortcuts.spectrum.arrays import FloatArray

from . import dynamics
from . import evidence as tables
from .definitions import EVERYWHERE, FINDINGS, UNDECIDED, Finding, verdict
from .dynamics import Correlation
from .evidence import Evidence, Margin, Share, half_widths
from .spread import jeffreys, standard_error, students_t, welch

COLUMNS = [
    "finding", "claim", "dataset", "statistic", "value", "low", "high", "threshold", "effect", "effect_size", "verdict",
    "cases", "networks", "seeds", "images", "detail",
]  # fmt: skip
Measured = Margin | Correlation
MEASURES: dict[str, Callable[[Evidence, np.random.Generator], Iterable[Measured]]] = {
    "a": dynamics.correlations_a,
    "b": tables.margins_b,
    "c": dynamics.correlations_c,
    "d": tables.margins_d,
    "e1": tables.margins_e1,
    "e2": tables.margins_e2,
    "f": tables.margins_f,
    "g": tables.margins_g,
}


def judge(evidence: Evidence, seed: int = 0) -> pd.DataFrame:
    """Every finding on each data set and on all of them (`dataset` "all"): a tidy table with the columns `COLUMNS`.

    `cases` is the number of values in the statistic, `networks` and `seeds` are those behind them (the fewest seeds of
    a network), `images` is the fewest images of a class behind a share. A finding without a case is undecided.
    seed : of the resampled images for the errors of rank correlations
    """
    rows = []
    for letter, finding in FINDINGS.items():
        found = list(MEASURES[letter](evidence, np.random.default_rng(seed)))
        for scope in (EVERYWHERE, *dict.fromkeys(one.dataset for one in found)):
            rows.append(_row(finding, scope, [one for one in found if scope in (EVERYWHERE, one.dataset)]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(finding: Finding, scope: str, found: list[Measured]) -> dict[str, object]:
    row: dict[str, object] = {
        "finding": finding.letter,
        "claim": finding.claim,
        "dataset": scope,
        "statistic": finding.statistic,
        "threshold": finding.threshold,
        "effect": finding.effect,
    }
    if not found:
        missing = dict.fromkeys(("value", "low", "high", "effect_size", "images"), np.nan)
        counts = dict.fromkeys(("cases", "networks", "seeds"), 0)
        return {**row, **missing, **counts, "verdict": UNDECIDED, "detail": f"needs {finding.needs}"}
    if finding.kind == "mean":
        statistic = _mean(found)
    else:
        statistic = _largest([one for one in found if isinstance(one, Margin)], finding.threshold)
    seeds = _grouped(found, lambda one: (one.dataset, one.network)).values()
    return {
        **row,
        "value": statistic.value,
        "low": statistic.low,
        "high": statistic.high,
        "effect_size": _effect_size(*statistic.shares),
        "verdict": verdict(statistic.low, statistic.high, finding.threshold),
        "cases": len({(one.dataset, one.network, one.case) for one in found}),
        "networks": len(seeds),
        "seeds": min(len({one.seed for one in of_network}) for of_network in seeds),
        "images": min(one.n_images for one in found),
        "detail": statistic.detail,
    }


def _effect_size(first: float, second: float) -> float:
    """Cohen's h of two shares; a correlation is its own effect size."""
    return float(first if np.isnan(second) else 2 * np.arcsin(np.sqrt(first)) - 2 * np.arcsin(np.sqrt(second)))


class _Statistic(NamedTuple):
    """A statistic with its interval, the shares behind it, and a remark."""

    value: float
    low: float
    high: float
    shares: tuple[float, float]
    detail: str


def _mean(found: list[Measured]) -> _Statistic:
    """Mean over cases, then seeds, networks and data sets.

    The interval combines those of the cases: half widths are added if cases share images or random masks, else their
    squares are added.
    """
    datasets = _grouped(found, lambda one: one.dataset).values()
    value, first, second = 0.0, 0.0, 0.0
    widths: dict[Hashable, FloatArray] = {}  # of each set of images; those of different classes are independent
    draws: dict[Hashable, float] = {}  # of each run; its classes share the random masks
    spread: list[tuple[float, int]] = []  # of each network: variance over seeds and its degrees of freedom
    for of_dataset in datasets:
        networks = _grouped(of_dataset, lambda one: one.network).values()
        for of_network in networks:
            runs = list(_grouped(of_network, lambda one: one.seed).values())
            share = 1 / (len(datasets) * len(networks))
            for run in runs:
                for one in run:
                    weight = share / (len(runs) * len(run))
                    value += weight * one.value
                    first, second = first + weight * one.shares[0], second + weight * one.shares[1]
                    source = (one.dataset, one.source)
                    widths[source] = widths.get(source, np.zeros(2)) + weight * one.half_widths
                    run_of = (one.dataset, one.network, one.seed)
                    draws[run_of] = draws.get(run_of, 0.0) + weight * one.half_width_by_draws()
            if len(runs) > 1:
                means = [np.mean([one.value for one in run]) for run in runs]
                spread.append((float(share**2 * np.var(means, ddof=1) / len(runs)), len(runs) - 1))
    by_images = np.sqrt(np.sum(np.square(list(widths.values())), axis=0))
    by_draws = np.sqrt(np.sum(np.square(list(draws.values()))))
    below, above = np.sqrt(by_images**2 + by_draws**2 + welch(spread) ** 2)
    reach = max(one.greatest for one in found)
    return _Statistic(value, max(value - below, -reach), min(value + above, reach), (first, second), "")


def _largest(found: list[Margin], threshold: float) -> _Statistic:
    """The largest case, each a mean over seeds, with an interval that accounts for the number of cases.

    The intervals hold for all cases at once. So the largest true value is at least the greatest lower end and at most
    the greatest upper end. The interval of a case adds the squared half widths of two shares and of the spread over
    seeds (Newcombe 1998, method 10).
    """
    cases = list(_grouped(found, lambda one: (one.dataset, one.network, one.case)).values())
    tail = TAIL / len(cases)
    intervals = np.array([_interval(case, tail) for case in cases])
    value, low, high = intervals.max(axis=0)
    best = cases[int(np.argmax(intervals[:, 0]))]
    above = int((intervals[:, 1] > threshold).sum())
    detail = f"{above} of {len(cases)} cases above the threshold; largest: {_label(best[0])}"
    first, second = np.mean([one.shares for one in best], axis=0)
    return _Statistic(float(value), float(low), float(high), (float(first), float(second)), detail)


def _interval(case: Sequence[Margin], tail: float) -> tuple[float, float, float]:
    """Mean of a case over its seeds, and the ends of its interval, with `tail` of the probability beyond each end."""
    value, share, mark = (float(np.mean([getattr(one, name) for one in case])) for name in ("value", "share", "mark"))
    low, high = jeffreys(share, min(one.n_images for one in case), tail)
    terms = zip(*(one.mark_shares for one in case), strict=False)  # FPR may be missing in a seed
    against = [Share(of_seeds[0].sign, *_mean_share(of_seeds)) for of_seeds in terms]
    less, more = np.hypot(half_widths(against, tail), np.mean([one.half_width_by_draws(tail) for one in case]))
    # Uncertainty below the floor does not count.
    least = case[0].floor
    ends = [max(end, least) for end in (mark - less, mark + more, mark)]
    by_seeds = 0.0
    if len(case) > 1:
        deviation = np.std([one.value for one in case], ddof=1)
        by_seeds = float(students_t(standard_error(deviation, len(case)), len(case), tail))
    below = np.sqrt((share - low) ** 2 + (ends[1] - ends[2]) ** 2 + by_seeds**2)
    above = np.sqrt((high - share) ** 2 + (ends[2] - ends[0]) ** 2 + by_seeds**2)
    reach = case[0].greatest
    return value, max(value - below, -reach), min(value + above, reach if least < 0 else 1.0 - least)


def _mean_share(of_seeds: Sequence[Share]) -> tuple[float, int]:
    """The mean of a share over seeds, and the fewest images: more seeds do not increase the number of images."""
    return float(np.mean([one.value for one in of_seeds])), min(one.n_images for one in of_seeds)


def _label(one: Measured) -> str:
    parts = [one.dataset, *(one.network if isinstance(one.network, tuple) else (one.network,))]
    parts += one.case if isinstance(one.case, tuple) else (one.case,)
    return ", ".join(str(part) for part in parts if part != "none")


T = TypeVar("T", bound=Measured)


def _grouped(found: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups: dict[Hashable, list[T]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups
