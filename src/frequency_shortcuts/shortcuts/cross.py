"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
Beside it stands the margin of the own map over as many of the lowest frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    columns = ["fill", "headline", "class", "map", "tpr", "fpr", "measure"]
    of_fills = [rows[columns] for _, rows in table.groupby("fill", sort=False)]
    return pd.concat(of_fills, ignore_index=True)


def _with_maps(trials: pd.DataFrame, neutral: int | None) -> pd.DataFrame:
    """The trials that keep a map, or the lowest frequencies: in the order of class and `map`, the class of the map."""
    is_kept = trials["part"] == "keep"
    has_map = trials["filter"].isin(["dfm", "other", "low_pass"])
    kept = trials[is_kept & has_map]
    is_other = kept["filter"] == "other"
    is_lowest = kept["filter"] == "low_pass"
    map_class = kept["draw"].where(is_other, kept["class"])
    kept = kept.assign(map=map_class.mask(is_lowest, LOWEST))
    is_neutral = (kept["class"] == neutral) | (kept["map"] == neutral)
    return kept[~is_neutral].sort_values(["class", "map"])


def own_map_advantage(hits: Hits) -> pd.DataFrame:
    """The own-map advantage of a network under each fill, and the margin of the own map over the lowest frequencies.

    Returns one row per fill: `fill`, `headline` (see `cross_matrix`), `classes`, `own` (mean of M[c, c]), `others`
    (mean of M[c, m], m not c), and two means over the classes, each with its 95 % interval `_low`, `_high`, for which
    the images are drawn anew within each class:

    - `advantage`: `own` minus `others`; NaN where no other map was tried
    - `low_pass_margin`: M[c, c] minus TPR - FPR from the lowest frequencies; NaN where these were not tried

    >>> own_map_advantage(hits).set_index("fill")["advantage"]
    """
    matrix = cross_matrix(hits)
    matrix = matrix[matrix["map"] != LOWEST]
    rows = []
    for fill, cells in matrix.groupby("fill", sort=False):
        is_own = cells["class"] == cells["map"]
        own = cells["measure"][is_own]
        others = cells[~is_own].groupby("class")["measure"].mean()
        row = {
            "fill": fill,
            "headline": fill == hits.primary_fill,
            "classes": len(own),
            "own": own.mean(),
            "others": others.mean(),
        }
        for name, margin in _mean_margins(hits, str(fill)).items():
            low, high = bootstrap(hits.labels, margin.of_drawn)
            row |= {name: margin.value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


@dataclass
class _MeanMargin:
    """A mean over classes of TPR - FPR under the own map minus that under other masks, NaN if one is missing.

    influence : what one more copy of each image adds to it [n]
    """

    value: float
    influence: FloatArray

    def add(self, margin: FloatArray, images: BoolArray, weight: float) -> None:
        """Add the mean over some images, bool [n], of the margin of each image [n]."""
        if not images.any():
            return
        margins = margin[images]
        mean = margins.mean()
        self.value += weight * mean
        self.influence[images] += weight * (margins - mean) / len(margins)

    def of_drawn(self, weights: FloatArray) -> FloatArray:
        """The margin [draws] if each image is drawn so often [draws, n].

        Where images of some donors do not count, the number of judged images varies: it is the linear part of the
        change.
        """
        return np.asarray(self.value + weights @ self.influence)


def _mean_margins(hits: Hits, fill: str) -> dict[str, _MeanMargin]:
    """The means over classes of `own_map_advantage`."""
    judged = hits.judged(fill)
    n = len(hits.labels)
    means = {name: _MeanMargin(0.0, np.zeros(n)) for name in _MARGINS}
    tests = _with_maps(hits.trials, hits.neutral).groupby("class")
    weight = 1 / len(tests)
    for c, trials in tests:
        is_named = hits.predicted[fill][trials["mask"]] == c
        margins = _margins(c, trials["map"].to_numpy(), is_named)
        for name, margin in margins.items():
            means[name].add(margin, hits.labels == c, weight)
            means[name].add(margin, judged[c], -weight)
    return means


def _margins(c: int, maps: IntArray, is_named: BoolArray) -> dict[str, FloatArray]:
    """Of each number, whether class c is named from its own map, minus the same from other masks [n]; NaN without.

    maps : int [mask], the class of each map, or `LOWEST`; is_named : bool [mask, n]
    """
    missing = np.full(is_named.shape[1], np.nan)
    margins = dict.fromkeys(_MARGINS, missing)
    is_own = maps == c
    is_lowest = maps == LOWEST
    is_other = ~is_lowest & ~is_own
    if is_lowest.any():
        own = is_named[is_own].astype(float)
        margins["low_pass_margin"] = (own - is_named[is_lowest])[0]
    if is_other.any():
        weights = np.where(is_other, -1 / is_other.sum(), 1.0)
        from_maps = weights[:, None] * is_named
        margins["advantage"] = from_maps[~is_lowest].sum(axis=0)
    return margins
