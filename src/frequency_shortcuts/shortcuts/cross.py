"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
Beside it stands the margin of the own map over as many of the lowest frequencies.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import bootstrap
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray

from .hits import Hits, rates

# In the place of the class of a map: as many of the lowest frequencies as the own map has.
LOWEST = -1
_MARGINS = ("advantage", "low_pass_margin")


def cross_matrix(hits: Hits) -> pd.DataFrame:
    """The cross matrix of a network under each fill, from hits with the part `keep`.

    Returns a tidy table, one row per fill, class and map: `fill`, `headline` (whether this is the fill to quote, see
    `Hits.primary_fill`), `class`, `map` (the class whose map is kept, or `LOWEST`: as many of the lowest frequencies as
    the own map has), `tpr`, `fpr` and `measure` (TPR - FPR; TPR where no FPR was measured).

    >>> cross_matrix(hits).query("headline").pivot(index="class", columns="map", values="measure")
    """
    table = _with_maps(rates(hits), hits.neutral)
    table["headline"] = table["fill"] == hits.primary_fill
    table["measure"] = table["tpr"] - table["fpr"].fillna(0)
    of_fills = [rows for _, rows in table.groupby("fill", sort=False)]
    table = pd.concat(of_fills, ignore_index=True)
    return table[["fill", "headline", "class", "map", "tpr", "fpr", "measure"]]


def _with_maps(trials: pd.DataFrame, neutral: int | None) -> pd.DataFrame:
    """The trials that keep a map, or the lowest frequencies: in the order of class and `map`, the class of the map."""
    is_kept = trials["part"] == "keep"
    kept = trials[is_kept & trials["filter"].isin(["dfm", "other", "low_pass"])]
    map_class = kept["draw"].where(kept["filter"] == "other", kept["class"])
    kept = kept.assign(map=map_class.mask(kept["filter"] == "low_pass", LOWEST))
    is_neutral = (kept["class"] == neutral) | (kept["map"] == neutral)
    return kept[~is_neutral].sort_values(["class", "map"])


def own_map_advantage(hits: Hits, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The own-map advantage of a network under each fill, and the margin of the own map over the lowest frequencies.

    draws, seed : of the bootstrap, which draws the images within each class

    Returns one row per fill: `fill`, `headline` (see `cross_matrix`), `classes`, `own` (mean of M[c, c]), `others`
    (mean of M[c, m], m not c), and two means over the classes, each with its 95 % interval `_low`, `_high`:

    - `advantage`: `own` minus `others`; NaN where no other map was tried
    - `low_pass_margin`: M[c, c] minus TPR - FPR from the lowest frequencies; NaN where these were not tried

    >>> own_map_advantage(hits).set_index("fill")["advantage"]
    """
    matrix = cross_matrix(hits)
    rows = []
    for fill, cells in matrix[matrix["map"] != LOWEST].groupby("fill", sort=False):
        is_own = cells["class"] == cells["map"]
        own = cells["measure"][is_own]
        others = cells[~is_own].groupby("class")["measure"].mean()
        row = {
            "fill": fill,
            "headline": fill == hits.primary_fill,
            "classes": len(own),
            "own": float(own.mean()),
            "others": float(others.mean()),
        }
        for name, (mean, influence) in _mean_margins(hits, str(fill)).items():
            row[name] = mean
            row[f"{name}_low"], row[f"{name}_high"] = _interval(
                hits, mean, influence, draws=draws, seed=seed
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(
    hits: Hits, mean: float, influence: FloatArray, draws: int, seed: int
) -> tuple[float, float]:
    """The ends of the interval of a mean over classes; influence : what one more copy of each image adds [n].

    Where images of some donors do not count, the number of judged images varies: it is the linear part of the change.
    """
    if np.isnan(mean):
        return np.nan, np.nan
    return bootstrap(
        hits.labels, lambda weights: np.asarray(mean + weights @ influence), draws=draws, seed=seed
    )


def _mean_margins(hits: Hits, fill: str) -> dict[str, tuple[float, FloatArray]]:
    """Each mean over the classes of TPR - FPR of the own map over other masks, NaN if one is missing.

    Beside it, what one more copy of each image adds to it [n].
    """
    judged = hits.judged(fill)
    means = dict.fromkeys(_MARGINS, 0.0)
    influences = {name: np.zeros(len(hits.labels)) for name in _MARGINS}
    tests = _with_maps(hits.trials, hits.neutral).groupby("class")
    for c, trials in tests:
        is_named = hits.predicted[fill][trials["mask"]] == c
        margins = _margins(c, trials["map"].to_numpy(), is_named)
        for name, margin in margins.items():
            for sign, images in ((1, hits.labels == c), (-1, judged[c])):
                if not images.any():
                    continue
                share = sign / len(tests)
                rate = margin[images].mean()
                means[name] += share * rate
                influences[name][images] += share * (margin[images] - rate) / images.sum()
    return {name: (means[name], influences[name]) for name in _MARGINS}


def _margins(c: int, maps: IntArray, is_named: BoolArray) -> dict[str, FloatArray]:
    """Of each number, whether class c is named from its own map, minus the same from other masks [n]; NaN without.

    maps : int [mask], the class of each map, or `LOWEST`; is_named : bool [mask, n]
    """
    missing = np.full(is_named.shape[1], np.nan)
    margins = dict.fromkeys(_MARGINS, missing)
    is_lowest = maps == LOWEST
    is_other = ~is_lowest & (maps != c)
    if is_lowest.any():
        own = is_named[maps == c].astype(float)
        margins["low_pass_margin"] = (own - is_named[is_lowest])[0]
    if is_other.any():
        weights = np.where(is_other, -1 / is_other.sum(), 1.0)[~is_lowest]
        margins["advantage"] = (weights[:, None] * is_named[~is_lowest]).sum(axis=0)
    return margins
