"""Scores of maps against the planted truth of a synthetic set, compared with random rankings.

A map is a ranking of the conjugate pairs; the truth is a set of pairs. Both count positions of the spectrum, so that a
pair of two positions weighs twice as much as a frequency that is its own partner. ADCS has many ties, which are ranked
in random order: the average precision has one step per group of ties.

A truth is *found* if the average precision of the ranking is at least `FOUND`. A ranking is *above chance* if it is
above the upper end of the 95 % interval of random rankings (`INTERVAL`), of maps by value and by size (docs/method.md).
A map of a class that the network recognises by other frequencies is right without the planted ones:
`planted_use` tests the planted mask first.
"""

import os
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray
from frequency_shortcuts.spectrum.masks import strata
from frequency_shortcuts.spectrum.pairs import ConjugatePairs
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import RUN

HALVES = ("half_0", "half_1")  # truths of sets in which each class has two cues
FOUND = 0.95  # least average precision of a ranking that found a truth
INTERVAL = (0.025, 0.975)  # quantiles of random rankings; above the upper one is above chance


def planted(store: str | os.PathLike[str]) -> dict[str, BoolArray]:
    """The planted masks of a synthetic or planted set, each bool [class, H, W], centred, from its store.

    `own` : the truth of the class itself. A class with nothing planted has no truth, and no scores
    `half_0`, `half_1` : for the mechanism `redundant`, the two sets of `own`, each of which is enough

    Raises ValueError for a store without a truth.
    """
    with read_hdf5(store) as file:
        if "planted/truth" not in file:
            raise ValueError(
                f"{store} holds no planted masks: only synthetic and planted sets have a known truth"
            )
        masks = {"own": file["planted/truth"][:]}
        if "planted/halves" in file:
            masks |= dict(zip(HALVES, file["planted/halves"][:], strict=True))
    return masks


def only_where_used(table: pd.DataFrame, use: pd.DataFrame) -> pd.DataFrame:
    """A table of scores of runs with the column `uses`, and without scores where the network does not use its mask.

    use : of `planted_use.csv`, which lacks classes that have no planted mask; they have no scores
    """
    keys = [*RUN, "class"]
    table = table.merge(use[[*keys, "uses"]], on=keys, how="left", validate="many_to_one")
    scores = table.columns[table.columns.str.startswith("average_precision")]
    table.loc[table["uses"].ne(True), scores] = np.nan
    return table


def average_precision(
    scores: npt.NDArray[Any], truth: BoolArray, weight: npt.NDArray[Any]
) -> float:
    """As scikit-learn's, of scores [pairs], the highest first; NaN without a truth [pairs].

    weight : positions of each pair
    """
    order = np.argsort(scores, kind="stable")[::-1]
    is_last_of_ties = np.append(np.diff(scores[order]) != 0, True)
    filled = np.cumsum(weight[order])[is_last_of_ties]
    hits = np.cumsum((weight * truth)[order])[is_last_of_ties]
    if not hits[-1]:
        return float("nan")
    return float(np.sum(np.diff(hits, prepend=0) * (hits / filled)) / hits[-1])


def best_average_precision(
    scores: npt.NDArray[Any], truths: Sequence[BoolArray], weight: npt.NDArray[Any]
) -> float:
    """The greatest average precision against one of some truths, of which at least one is not empty."""
    return float(np.nanmax([average_precision(scores, truth, weight) for truth in truths]))


def shuffled(
    scores: npt.NDArray[Any], pairs: ConjugatePairs, draws: int, generator: np.random.Generator
) -> npt.NDArray[Any]:
    """Random rankings: scores [pairs] in shuffled order, [draws, pairs].

    Pairs of two positions and those of one position are shuffled separately. Cut at the size of a map, such a ranking
    gives the same kind of mask as `masks.control_mask` for that map.
    """
    stratum = strata(pairs, "random")
    sorted_by_stratum = np.argsort(stratum, kind="stable")
    # By stratum, at random within it.
    dealt = np.argsort(stratum + generator.random((draws, len(pairs))), axis=-1)
    out = np.empty((draws, len(pairs)), scores.dtype)
    np.put_along_axis(out, dealt, np.broadcast_to(scores[sorted_by_stratum], out.shape), axis=-1)
    return out


def score(
    rankings: Mapping[str, npt.NDArray[Any]], truth: BoolArray, *, draws: int, seed: int
) -> pd.DataFrame:
    """Average precision of each ranking of the frequencies of a class, and of the first one in random order.

    rankings : name -> [class, H, W], higher where a frequency is more important
    truth : bool [class, H, W]
    draws : of the random rankings; class c draws with [seed, c]

    Returns one row per class and ranking, see `truth.csv` in results/README.md. Scores against an empty truth are
    missing.
    """
    pairs = ConjugatePairs(*truth.shape[-2:])
    ranked = {name: pairs.gather(values) for name, values in rankings.items()}
    first = next(iter(ranked.values()))
    rows: list[dict[str, Any]] = []
    for c, planted in enumerate(pairs.gather(truth)):
        for name, values in ranked.items():
            precision = average_precision(values[c], planted, pairs.size)
            rows.append({"class": c, "ranking": name, "average_precision": precision})
        drawn = shuffled(first[c], pairs, draws, np.random.default_rng([seed, c]))
        chance = [average_precision(values, planted, pairs.size) for values in drawn]
        low, high = np.quantile(chance, INTERVAL)
        row = {"average_precision": np.mean(chance), "average_precision_low": low}
        rows.append({"class": c, "ranking": "random", **row, "average_precision_high": high})
    return pd.DataFrame(rows)


def score_methods(
    scores: Mapping[str, FloatArray],
    truths: Mapping[str, BoolArray],
    *,
    draws: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Average precision of every method against every truth of a set, with that of random rankings.

    scores : method -> float [class, H, W], higher where a frequency is more important, centred
    truths : name -> bool [class, H, W]; see `planted`. Against two halves, each ranking and each random draw also has
        the score of the `better_half`: the controls show the better of two halves by chance
    draws, seed : of the random rankings, the same for all methods

    Returns one row per class, truth and method, see `methods.csv` in results/README.md; none of classes without one.
    """
    pairs = ConjugatePairs(*next(iter(scores.values())).shape[-2:])
    ranked = {name: pairs.gather(values) for name, values in scores.items()}
    inside = {name: [pairs.gather(values)] for name, values in truths.items()}
    if set(HALVES) <= set(inside):
        inside["better_half"] = [*inside["half_0"], *inside["half_1"]]
    rows = []
    for (name, masks), c in product(inside.items(), range(len(next(iter(truths.values()))))):
        planted = [mask[c] for mask in masks]
        if not np.any(planted):
            continue
        drawn = shuffled(np.arange(len(pairs)), pairs, draws, np.random.default_rng([seed, c]))
        chance = [best_average_precision(values, planted, pairs.size) for values in drawn]
        of_chance = (np.mean(chance), *np.quantile(chance, INTERVAL))
        for method, values in ranked.items():
            by_value = best_average_precision(values[c], planted, pairs.size)
            by_size = best_average_precision(np.abs(values[c]), planted, pairs.size)
            rows.append((c, name, method, by_value, by_size, *of_chance))
    columns = ["average_precision", "average_precision_size", "random", "random_low", "random_high"]
    return pd.DataFrame(rows, columns=["class", "truth", "method", *columns])
