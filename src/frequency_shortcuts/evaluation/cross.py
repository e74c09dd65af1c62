"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import Estimate, bootstrap, joined, paired
from frequency_shortcuts.spectrum.arrays import FloatArray

from .hits import Hits, counts_of


def cross_matrix(hits: Hits) -> pd.DataFrame:
    """The cross matrix of a network under each fill, from hits with the part `keep`.

    Returns a tidy table, one row per fill, class and map: `fill`, `headline` (whether this is the fill to quote, see
    `Hits.primary_fill`), `class`, `map` (the class whose map is kept), `tpr`, `fpr` and `measure` (TPR - FPR; TPR where
    no FPR was measured).

    >>> cross_matrix(hits).query("headline").pivot(index="class", columns="map", values="measure")
    """
    columns = ["fill", "headline", "class", "map", "tpr", "fpr", "measure"]
    tables = [pd.DataFrame(columns=columns)]
    for fill, named in hits.predicted.items():
        judged = hits.judged(fill)
        for c, maps in maps_of_classes(hits).items():
            own = hits.labels == c
            right, wrong = counts_of(named[list(maps.values())], c, own, judged[c])
            tpr, fpr = right / own.sum(), wrong / judged[c].sum() if judged[c].any() else np.full(len(wrong), np.nan)
            measure = tpr - np.nan_to_num(fpr)
            about = {"fill": fill, "headline": fill == hits.primary_fill, "class": c, "map": list(maps)}
            tables.append(pd.DataFrame({**about, "tpr": tpr, "fpr": fpr, "measure": measure}))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def own_map_advantage(hits: Hits, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The own-map advantage of a network under each fill, with an interval over images.

    draws, seed : of the bootstrap, which draws the images within each class

    Returns one row per fill: `fill`, `headline` (see `cross_matrix`), `classes`, `own` (mean of M[c, c]), `others`
    (mean of M[c, m], m not c), `advantage`, their difference, and its 95 % interval `advantage_low`, `advantage_high`.

    >>> own_map_advantage(hits).set_index("fill")["advantage"]
    """
    rows = []
    matrix = cross_matrix(hits)
    for fill, table in matrix.groupby("fill", sort=False):
        is_own = table["class"] == table["map"]
        own = table[is_own].set_index("class")["measure"]
        others = table[~is_own].groupby("class")["measure"].mean()
        advantage, influence = float((own - others).mean()), _influence(hits, str(fill))

        def drawn(weights: FloatArray, advantage: float = advantage, influence: FloatArray = influence) -> FloatArray:
            advantages: FloatArray = advantage + weights @ influence
            return advantages

        low, high = bootstrap(hits.labels, drawn, draws=draws, seed=seed)
        rows.append(
            {
                "fill": fill,
                "headline": fill == hits.primary_fill,
                "classes": len(own),
                "own": float(own.mean()),
                "others": float(others.mean()),
                "advantage": advantage,
                "advantage_low": low,
                "advantage_high": high,
            }
        )
    return pd.DataFrame(rows)


def advantage_of_class(hits: Hits, c: int) -> Estimate:
    """The own-map advantage of one class under the fill to quote, M[c, c] minus the mean of M[c, m], m not c.

    >>> value, low, high = advantage_of_class(hits, 3)
    """
    fill, maps = hits.primary_fill, maps_of_classes(hits)[c]
    sign = np.array([1.0 if m == c else -1.0 / (len(maps) - 1) for m in maps])
    difference = sign @ (hits.predicted[fill][list(maps.values())] == c)
    judged = hits.judged(fill)[c]
    return joined(paired(difference[hits.labels == c]), paired(difference[judged]) if judged.any() else None)


def maps_of_classes(hits: Hits) -> dict[int, dict[int, int]]:
    """class -> the class of each map that is tried on it -> the index of its mask; without the neutral class."""
    kept = hits.trials[(hits.trials["part"] == "keep") & hits.trials["filter"].isin(["dfm", "other"])]
    kept = kept.assign(of=np.where(kept["filter"] == "dfm", kept["class"], kept["draw"]))
    kept = kept[(kept["class"] != hits.neutral) & (kept["of"] != hits.neutral)].sort_values(["class", "of"])
    return {
        int(c): dict(zip(table["of"].tolist(), table["mask"].tolist(), strict=True))
        for c, table in kept.groupby("class", sort=True)
    }


def _influence(hits: Hits, fill: str) -> FloatArray:
    """What one more copy of each image adds to the own-map advantage, [n].

    The number of images of a class is fixed when they are drawn within classes, so TPR is exact. That of the judged
    images varies a little where images of some donors do not count: there it is the linear part of the change.
    """
    named, judged, maps = hits.predicted[fill], hits.judged(fill), maps_of_classes(hits)
    influence: FloatArray = np.zeros(len(hits.labels))
    for c, of_class in maps.items():
        sign = np.array([1.0 if m == c else -1.0 / (len(of_class) - 1) for m in of_class])
        hit = sign @ (named[list(of_class.values())] == c)
        for sign_of_rate, images in ((1, hits.labels == c), (-1, judged[c])):
            if images.any():
                influence[images] += sign_of_rate * (hit[images] - hit[images].mean()) / images.sum() / len(maps)
    return influence
