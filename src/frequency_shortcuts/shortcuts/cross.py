"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
Two margins of the own map stand beside it: over as many of the lowest frequencies, and over the best other map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import bootstrap
from frequency_shortcuts.spectrum.arrays import FloatArray

from .hits import Hits, rates


def cross_matrix(hits: Hits) -> pd.DataFrame:
    """The cross matrix of a network under each fill, from hits with the part `keep`.

    Returns a tidy table, one row per fill, class and map: `fill`, `headline` (whether this is the fill to quote, see
    `Hits.primary_fill`), `class`, `map` (the class whose map is kept), `tpr`, `fpr` and `measure` (TPR - FPR; TPR where
    no FPR was measured).

    >>> cross_matrix(hits).query("headline").pivot(index="class", columns="map", values="measure")
    """
    table = rates(hits).query("part == 'keep' and filter in ['dfm', 'other']")
    table = table.assign(
        headline=table["fill"] == hits.primary_fill,
        map=table["draw"].where(table["filter"] == "other", table["class"]),
        measure=table["tpr"] - table["fpr"].fillna(0),
        place=table["fill"].map([*hits.predicted].index),
    )
    table = table[(table["class"] != hits.neutral) & (table["map"] != hits.neutral)]
    table = table.sort_values(["place", "class", "map"], ignore_index=True)
    return table[["fill", "headline", "class", "map", "tpr", "fpr", "measure"]]


def own_map_advantage(hits: Hits, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The own-map advantage of a network under each fill, and two margins of the own map, with intervals over images.

    draws, seed : of the bootstrap, which draws the images within each class

    Returns one row per fill: `fill`, `headline` (see `cross_matrix`), `classes`, `own` (mean of M[c, c]), `others`
    (mean of M[c, m], m not c), and three means over the classes, each with its 95 % interval `_low`, `_high`:

    - `advantage`: `own` minus `others`; NaN where no other map was tried
    - `low_pass_margin`: M[c, c] minus TPR - FPR from the lowest frequencies; NaN where these were not tried
    - `best_other_margin`: M[c, c] minus M[c, m] of the best m. It is chosen on every second image of each class, and
      compared with the own map on the others, and the other way round; NaN with one image of a class

    >>> own_map_advantage(hits).set_index("fill")["advantage"]
    """
    rows = []
    for fill, table in cross_matrix(hits).groupby("fill", sort=False):
        is_own = table["class"] == table["map"]
        own = table[is_own].set_index("class")["measure"]
        others = table[~is_own].groupby("class")["measure"].mean()
        row = {
            "fill": fill,
            "headline": fill == hits.primary_fill,
            "classes": len(own),
            "own": float(own.mean()),
            "others": float(others.mean()),
        }
        for name, over in NUMBERS.items():
            row[name], row[f"{name}_low"], row[f"{name}_high"] = _mean(hits, str(fill), over, draws, seed)
        rows.append(row)
    return pd.DataFrame(rows)


def maps_of_classes(hits: Hits) -> dict[int, dict[int, int]]:
    """class -> the class of each map that is tried on it -> the index of its mask; without the neutral class."""
    kept = hits.trials[(hits.trials["part"] == "keep") & hits.trials["filter"].isin(["dfm", "other"])]
    kept = kept.assign(map=np.where(kept["filter"] == "dfm", kept["class"], kept["draw"]))
    kept = kept[(kept["class"] != hits.neutral) & (kept["map"] != hits.neutral)].sort_values(["class", "map"])
    return {int(c): table.set_index("map")["mask"].to_dict() for c, table in kept.groupby("class")}


# Of a class c, with its maps (class -> mask): the hits of its own map on each image minus those of what the map is
# compared with, [n]; None where it cannot be.


def _over_others(hits: Hits, fill: str, c: int, maps: Mapping[int, int]) -> FloatArray | None:
    """Over the mean of the other maps."""
    if len(maps) < 2:
        return None
    weights = np.array([1.0 if m == c else -1 / (len(maps) - 1) for m in maps])
    return (weights[:, None] * (hits.predicted[fill][list(maps.values())] == c)).sum(axis=0)


def _over_lowest(hits: Hits, fill: str, c: int, maps: Mapping[int, int]) -> FloatArray | None:
    """Over as many of the lowest frequencies."""
    lowest = hits.trials.query("part == 'keep' and filter == 'low_pass' and `class` == @c")["mask"]
    if lowest.empty:
        return None
    own, low = hits.predicted[fill][[maps[c], lowest.item()]] == c
    return np.subtract(own, low, dtype=float)


def _over_best_other(hits: Hits, fill: str, c: int, maps: Mapping[int, int]) -> FloatArray | None:
    """Over the other map with the largest TPR - FPR on the half that an image is not of."""
    halves = pd.Series(hits.labels).groupby(hits.labels).cumcount().to_numpy() % 2 == 1
    others = hits.predicted[fill][[mask for m, mask in maps.items() if m != c]] == c
    own, judged = hits.labels == c, hits.judged(fill)[c]
    if not len(others) or not (own & halves).any() or not (own & ~halves).any():
        return None
    difference: FloatArray = (hits.predicted[fill][maps[c]] == c).astype(float)
    for half in (halves, ~halves):
        fpr = others[:, judged & half].mean(axis=1) if (judged & half).any() else 0.0
        best = int(np.argmax(others[:, own & half].mean(axis=1) - fpr))
        difference[~half] -= others[best, ~half]
    return difference


NUMBERS = {"advantage": _over_others, "low_pass_margin": _over_lowest, "best_other_margin": _over_best_other}


def _mean(
    hits: Hits, fill: str, over: Callable[..., FloatArray | None], draws: int, seed: int
) -> tuple[float, float, float]:
    """The mean over the classes of TPR - FPR of the own map over others, with its interval; NaN if one is missing.

    Where images of some donors do not count, the number of judged images varies: it is the linear part of the change.
    """
    judged, mean, maps = hits.judged(fill), 0.0, maps_of_classes(hits)
    influence: FloatArray = np.zeros(len(hits.labels))  # what one more copy of each image adds
    for c, of_class in maps.items():
        if (hit := over(hits, fill, c, of_class)) is None:
            return np.nan, np.nan, np.nan
        for sign_of_rate, images in ((1, hits.labels == c), (-1, judged[c])):
            if images.any():
                rate, share = hit[images].mean(), sign_of_rate / len(maps)
                mean += share * rate
                influence[images] += share * (hit[images] - rate) / images.sum()
    ends = bootstrap(hits.labels, lambda weights: np.asarray(mean + weights @ influence), draws=draws, seed=seed)
    return (mean, *ends)
