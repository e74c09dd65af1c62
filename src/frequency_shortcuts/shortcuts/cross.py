"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
Two margins of the own map stand beside it: over as many of the lowest frequencies, and over the best other map.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    rows, maps = [], maps_of_classes(hits)
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
        margins = {c: _margins(hits, str(fill), c, of_class) for c, of_class in maps.items()}
        for name in ("advantage", "low_pass_margin", "best_other_margin"):
            of_classes = {c: own_margins.get(name) for c, own_margins in margins.items()}
            row[name], row[f"{name}_low"], row[f"{name}_high"] = _mean(hits, str(fill), of_classes, draws, seed)
        rows.append(row)
    return pd.DataFrame(rows)


def maps_of_classes(hits: Hits) -> dict[int, dict[int, int]]:
    """class -> the class of each map that is tried on it -> the index of its mask; without the neutral class."""
    kept = hits.trials[(hits.trials["part"] == "keep") & hits.trials["filter"].isin(["dfm", "other"])]
    kept = kept.assign(map=np.where(kept["filter"] == "dfm", kept["class"], kept["draw"]))
    kept = kept[(kept["class"] != hits.neutral) & (kept["map"] != hits.neutral)].sort_values(["class", "map"])
    return {int(c): table.set_index("map")["mask"].to_dict() for c, table in kept.groupby("class")}


def _margins(hits: Hits, fill: str, c: int, maps: Mapping[int, int]) -> dict[str, FloatArray]:
    """Of each number that class c has: the hits of its own map on each image minus those of what it is over, [n].

    maps : class -> mask, of the maps that are tried on class c
    """
    margins, others = {}, [mask for m, mask in maps.items() if m != c]
    own: FloatArray = (hits.predicted[fill][maps[c]] == c).astype(float)
    lowest = hits.trials.query("part == 'keep' and filter == 'low_pass' and `class` == @c")["mask"]
    if not lowest.empty:
        margins["low_pass_margin"] = own - (hits.predicted[fill][lowest.item()] == c)
    if others:
        weights = np.array([1.0 if m == c else -1 / len(others) for m in maps])
        margins["advantage"] = (weights[:, None] * (hits.predicted[fill][list(maps.values())] == c)).sum(axis=0)
    halves = pd.Series(hits.labels).groupby(hits.labels).cumcount().to_numpy() % 2 == 1
    images, judged = hits.labels == c, hits.judged(fill)[c]
    if others and (images & halves).any() and (images & ~halves).any():
        # Over the other map with the largest TPR - FPR on the half that an image is not of.
        hit, difference = hits.predicted[fill][others] == c, own.copy()
        for half in (halves, ~halves):
            fpr = hit[:, judged & half].mean(axis=1) if (judged & half).any() else 0.0
            best = int(np.argmax(hit[:, images & half].mean(axis=1) - fpr))
            difference[~half] -= hit[best, ~half]
        margins["best_other_margin"] = difference
    return margins


def _mean(
    hits: Hits, fill: str, margins: Mapping[int, FloatArray | None], draws: int, seed: int
) -> tuple[float, float, float]:
    """The mean over the classes of a margin of TPR - FPR, with its interval; NaN if that of one class is missing.

    Where images of some donors do not count, the number of judged images varies: it is the linear part of the change.
    """
    judged, mean = hits.judged(fill), 0.0
    influence: FloatArray = np.zeros(len(hits.labels))  # what one more copy of each image adds
    for c, hit in margins.items():
        if hit is None:
            return np.nan, np.nan, np.nan
        for sign_of_rate, images in ((1, hits.labels == c), (-1, judged[c])):
            if images.any():
                rate, share = hit[images].mean(), sign_of_rate / len(margins)
                mean += share * rate
                influence[images] += share * (hit[images] - rate) / images.sum()
    ends = bootstrap(hits.labels, lambda weights: np.asarray(mean + weights @ influence), draws=draws, seed=seed)
    return (mean, *ends)
