"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
Beside it stands the margin of the own map over as many of the lowest frequencies.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import bootstrap
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .hits import Hits, rates

# In the place of the class of a map: as many of the lowest frequencies as the own map has.
LOWEST = -1


def cross_matrix(hits: Hits) -> pd.DataFrame:
    """The cross matrix of a network under each fill, from hits with the part `keep`.

    Returns a tidy table, one row per fill, class and map: `fill`, `headline` (whether this is the fill to quote, see
    `Hits.primary_fill`), `class`, `map` (the class whose map is kept, or `LOWEST`: as many of the lowest frequencies as
    the own map has), `tpr`, `fpr` and `measure` (TPR - FPR; TPR where no FPR was measured).

    >>> cross_matrix(hits).query("headline").pivot(index="class", columns="map", values="measure")
    """
    table = rates(hits).query("part == 'keep' and filter in ['dfm', 'other', 'low_pass']")
    kept_map = table["class"].mask(table["filter"] == "other", table["draw"])
    table = table.assign(
        headline=table["fill"] == hits.primary_fill,
        map=kept_map.mask(table["filter"] == "low_pass", LOWEST),
        measure=table["tpr"] - table["fpr"].fillna(0),
        place=table["fill"].map([*hits.predicted].index),
    )
    table = table[(table["class"] != hits.neutral) & (table["map"] != hits.neutral)]
    table = table.sort_values(["place", "class", "map"], ignore_index=True)
    return table[["fill", "headline", "class", "map", "tpr", "fpr", "measure"]]


def own_map_advantage(hits: Hits, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The own-map advantage of a network under each fill, and the margin of the own map over the lowest frequencies.

    draws, seed : of the bootstrap, which draws the images within each class

    Returns one row per fill: `fill`, `headline` (see `cross_matrix`), `classes`, `own` (mean of M[c, c]), `others`
    (mean of M[c, m], m not c), and two means over the classes, each with its 95 % interval `_low`, `_high`:

    - `advantage`: `own` minus `others`; NaN where no other map was tried
    - `low_pass_margin`: M[c, c] minus TPR - FPR from the lowest frequencies; NaN where these were not tried

    >>> own_map_advantage(hits).set_index("fill")["advantage"]
    """
    kept = hits.trials[
        (hits.trials["part"] == "keep") & hits.trials["filter"].isin(["dfm", "other"])
    ]
    kept = kept.assign(map=np.where(kept["filter"] == "dfm", kept["class"], kept["draw"]))
    kept = kept[(kept["class"] != hits.neutral) & (kept["map"] != hits.neutral)].sort_values(
        ["class", "map"]
    )
    # Class -> mask, each.
    maps = {int(c): own.set_index("map")["mask"].to_dict() for c, own in kept.groupby("class")}
    rows = []
    of_maps = cross_matrix(hits).query("map != @LOWEST")
    for fill, table in of_maps.groupby("fill", sort=False):
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
        rows.append(row | _numbers(hits, str(fill), maps, draws, seed))
    return pd.DataFrame(rows)


def _numbers(
    hits: Hits, fill: str, maps: Mapping[int, Mapping[int, int]], draws: int, seed: int
) -> dict[str, float]:
    """The means over the classes of TPR - FPR of the own map over others, with intervals; NaN if one is missing.

    maps : class -> class of each map that is tried on it -> its mask

    Where images of some donors do not count, the number of judged images varies: it is the linear part of the change.
    """
    judged, means = hits.judged(fill), dict.fromkeys(("advantage", "low_pass_margin"), 0.0)
    # What one more copy of each image adds.
    influence = {name: np.zeros(len(hits.labels)) for name in means}
    for c, of_class in maps.items():
        margins = _margins(hits, fill, c, of_class, judged[c])
        for name in means:
            if name not in margins:
                means[name] = np.nan
                continue
            hit = margins[name]
            for sign_of_rate, images in ((1, hits.labels == c), (-1, judged[c])):
                if images.any():
                    rate, share = hit[images].mean(), sign_of_rate / len(maps)
                    means[name] += share * rate
                    influence[name][images] += share * (hit[images] - rate) / images.sum()

    def number(name: str) -> tuple[float, float, float]:
        mean = means[name]
        if np.isnan(mean):
            return mean, np.nan, np.nan
        own = influence[name]
        return mean, *bootstrap(
            hits.labels, lambda weights: np.asarray(mean + weights @ own), draws=draws, seed=seed
        )

    ends = ("", "_low", "_high")
    return {
        f"{name}{end}": value
        for name in means
        for end, value in zip(ends, number(name), strict=True)
    }


def _margins(
    hits: Hits, fill: str, c: int, maps: Mapping[int, int], judged: BoolArray
) -> dict[str, FloatArray]:
    """Of each number that class c has: the hits of its own map on each image minus those of what it is over, [n].

    maps : class -> mask, of the maps that are tried on class c; judged : bool [n], the images for its FPR
    """
    margins, others = {}, [mask for m, mask in maps.items() if m != c]
    own: FloatArray = (hits.predicted[fill][maps[c]] == c).astype(float)
    lowest = hits.trials.query("part == 'keep' and filter == 'low_pass' and `class` == @c")["mask"]
    if not lowest.empty:
        margins["low_pass_margin"] = own - (hits.predicted[fill][lowest.item()] == c)
    if others:
        weights = np.array([1.0 if m == c else -1 / len(others) for m in maps])
        margins["advantage"] = (
            weights[:, None] * (hits.predicted[fill][list(maps.values())] == c)
        ).sum(axis=0)
    return margins
