"""Scores of the methods on data whose truth is known, their cost, and their overlap over seeds.

Fixed before any result was seen:

- A score is the average precision of a method's ranking of the pairs against the planted truth of a class, where the
  network uses the planted mask (`usage`).
- When a method has *found* a truth, and when it is *above chance*, `truth` says for maps and methods alike.
- For the mechanism `redundant`, the score is also that against the better of the two halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.masks import overlap
from frequency_shortcuts.spectrum.pairs import ConjugatePairs

from .truth import INTERVAL, alternatives, best_curve, shuffled

CONTROL = "random_control"  # in the column `method` of `compare_methods`: random masks of the same size
UNFILTERED = "unfiltered"  # in the column `method` of `compare_methods`: images without a filter


def score_methods(
    scores: Mapping[str, FloatArray], truths: Mapping[str, BoolArray], *, draws: int = 100, seed: int = 0
) -> pd.DataFrame:
    """Average precision of every method against every truth of a set, with that of random rankings.

    scores : method -> float [class, H, W], higher where a frequency is more important, centred
    truths : name -> bool [class, H, W]; see `truth.planted`
    draws, seed : of the random rankings, the same for all methods

    Returns one row per class, truth and method: `class`, `truth`, `method`, `average_precision`, by the score, and
    `average_precision_size`, by its absolute value; `random`, `random_low`, `random_high`, the mean of random rankings
    and their 95 % interval. Classes without a truth have no rows.
    """
    pairs = ConjugatePairs(*next(iter(scores.values())).shape[-2:])
    ranked = {name: pairs.gather(values) for name, values in scores.items()}
    inside = {name: pairs.gather(values) for name, values in truths.items()}
    rows: list[dict[str, Any]] = []
    for name, names in alternatives(inside).items():
        for c in range(len(next(iter(inside.values())))):
            planted = [inside[part][c] for part in names]
            if not any(mask.any() for mask in planted):
                continue

            def precision(values: FloatArray, planted: list[BoolArray] = planted) -> float:
                return best_curve(values, planted, pairs.size).average_precision()

            generator = np.random.default_rng([seed, c])
            rankings = shuffled(np.arange(len(pairs)), pairs, "random", draws, generator)
            chance = np.array([precision(ranking) for ranking in rankings])
            low, high = np.quantile(chance, INTERVAL)
            about = {"class": c, "truth": name}
            limits = {"random": chance.mean(), "random_low": low, "random_high": high}
            for method, values in ranked.items():
                precisions = {
                    "average_precision": precision(values[c]),
                    "average_precision_size": precision(np.abs(values[c])),
                }
                rows.append({**about, "method": method, **precisions, **limits})
    return pd.DataFrame(rows)


def overlap_over_seeds(maps: Iterable[Mapping[float, BoolArray]], classes: Iterable[str]) -> pd.DataFrame:
    """Mean intersection over union of a method's maps over all pairs of seeds.

    maps : for each seed, percent -> bool [class, H, W]

    Returns one row per percent and class: `percent`, `class`, `overlap`, `seeds`; no rows for a single seed.
    """
    of_seeds, names = list(maps), list(classes)
    rows = []
    for percent in of_seeds[0] if len(of_seeds) > 1 else ():
        overlaps = [overlap(left[percent], right[percent]) for left, right in combinations(of_seeds, 2)]
        for name, value in zip(names, np.mean(overlaps, axis=0), strict=True):
            rows.append({"percent": percent, "class": name, "overlap": value, "seeds": len(of_seeds)})
    return pd.DataFrame(rows, columns=["percent", "class", "overlap", "seeds"])


def with_best_control(rates: pd.DataFrame, control: str, low_pass: str) -> pd.DataFrame:
    """TPR - FPR of every method minus that of the best control of the same size.

    rates : a table of `compare_methods`, of any number of runs, with the part `keep`
    control, low_pass : the names of the two controls in the column `method`

    Returns one row per run, method, fill, percent and class: `measure`, TPR - FPR (the mean over the draws of the
    random control); `best_control`, the greater of both controls; and `margin`, their difference.
    """
    keys = [*rates.columns.intersection(["dataset", "network", "augmentation", "seed"]), "fill", "percent", "class"]
    kept = rates[rates["part"] == "keep"].assign(measure=lambda table: table["tpr"] - table["fpr"].fillna(0))
    means = kept.groupby([*keys, "method"], sort=False, as_index=False)[["measure", "tpr", "fpr"]].mean()
    controls = means[means["method"].isin([control, low_pass])]
    best = controls.groupby(keys, sort=False)["measure"].max().rename("best_control").reset_index()
    table = means.merge(best, on=keys, how="left", validate="many_to_one")
    return table.assign(margin=table["measure"] - table["best_control"])
