"""The cross matrix: every class with every map, and the own-map advantage, from hits.

M[c, m] is TPR - FPR of class c when only the map of class m is kept. FPR of c counts the same images for all m. A
neutral class has no row and no column. The own-map advantage of a network is the mean of M[c, c] minus the mean of
M[c, m] with m not c: whether maps are specific to their class. A mask that would serve any class adds nothing to it.
Two margins of the own map stand beside it: over as many of the lowest frequencies, and over the best other map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from frequency_shortcuts.intervals import Estimate, bootstrap, joined, paired
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

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


Contrast = tuple[list[int], FloatArray]  # masks, and the weight of each, [mask, 1 or image]


def own_map_advantage(hits: Hits, *, draws: int = 2000, seed: int = 0) -> pd.DataFrame:
    """The own-map advantage of a network under each fill, and two margins of the own map, with intervals over images.

    draws, seed : of the bootstrap, which draws the images within each class

    Returns one row per fill: `fill`, `headline` (see `cross_matrix`), `classes`, `own` (mean of M[c, c]), `others`
    (mean of M[c, m], m not c), and three means over the classes, each with its 95 % interval `_low`, `_high`:

    - `advantage`: `own` minus `others`
    - `low_pass_margin`: M[c, c] minus TPR - FPR from the lowest frequencies; NaN where these have no FPR
    - `best_other_margin`: M[c, c] minus M[c, m] of the best m. It is chosen on every second image of each class, and
      compared with the own map on the others, and the other way round; NaN with one image of a class

    >>> own_map_advantage(hits).set_index("fill")["advantage"]
    """
    rows = []
    matrix = cross_matrix(hits)
    for fill, table in matrix.groupby("fill", sort=False):
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
        for name, contrasts in _contrasts(hits, str(fill)):
            row[name], row[f"{name}_low"], row[f"{name}_high"] = _mean(hits, str(fill), contrasts, draws, seed)
        rows.append(row)
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


def _contrasts(hits: Hits, fill: str) -> Iterator[tuple[str, Mapping[int, Contrast | None]]]:
    """(name, class -> what its own map is compared with) of each difference; None where it cannot be."""
    maps = maps_of_classes(hits)
    yield "advantage", {c: (list(of.values()), _signs([1.0 if m == c else -1 / (len(of) - 1) for m in of]))
                        for c, of in maps.items()}  # fmt: skip
    trials = hits.trials[(hits.trials["part"] == "keep") & (hits.trials["filter"] == "low_pass")]
    lowest = dict(zip(trials["class"], trials["mask"], strict=True)) if hits.false_positives else {}
    signs = _signs([1.0, -1.0])
    yield "low_pass_margin", {c: ([of[c], lowest[c]], signs) if c in lowest else None for c, of in maps.items()}
    halves = pd.Series(hits.labels).groupby(hits.labels).cumcount().to_numpy() % 2 == 1
    yield "best_other_margin", {c: _best_other(hits, fill, c, of, halves) for c, of in maps.items()}


def _signs(of_masks: list[float]) -> FloatArray:
    return np.array(of_masks)[:, None]


def _best_other(hits: Hits, fill: str, c: int, maps: Mapping[int, int], halves: BoolArray) -> Contrast | None:
    """The own map against the other one with the largest TPR - FPR on the half that an image is not of.

    maps : class -> its mask; halves : bool [image], in which half each image is
    """
    masks = [maps[c], *(mask for m, mask in maps.items() if m != c)]
    named, own, judged = hits.predicted[fill][masks] == c, hits.labels == c, hits.judged(fill)[c]
    if len(masks) < 2 or not (own & halves).any() or not (own & ~halves).any():
        return None
    signs = np.zeros(named.shape)
    signs[0] = 1
    for half in (halves, ~halves):
        fpr = named[1:, judged & half].mean(axis=1) if (judged & half).any() else 0.0
        best = 1 + int(np.argmax(named[1:, own & half].mean(axis=1) - fpr))
        signs[best, ~half] = -1
    return masks, signs


def _mean(
    hits: Hits, fill: str, contrasts: Mapping[int, Contrast | None], draws: int, seed: int
) -> tuple[float, float, float]:
    """The mean over the classes of the weighted sum of TPR - FPR of masks, with its interval; NaN if one is missing.

    The number of images of a class is fixed when they are drawn within classes, so TPR is exact. That of the judged
    images varies a little where images of some donors do not count: there it is the linear part of the change.
    """
    known = {c: contrast for c, contrast in contrasts.items() if contrast is not None}
    if len(known) < len(contrasts):
        return np.nan, np.nan, np.nan
    named, judged, mean = hits.predicted[fill], hits.judged(fill), 0.0
    influence: FloatArray = np.zeros(len(hits.labels))  # what one more copy of each image adds
    for c, (masks, signs) in known.items():
        hit = (signs * (named[masks] == c)).sum(axis=0)
        for sign_of_rate, images in ((1, hits.labels == c), (-1, judged[c])):
            if images.any():
                rate, share = hit[images].mean(), sign_of_rate / len(known)
                mean += share * rate
                influence[images] += share * (hit[images] - rate) / images.sum()

    def drawn(weights: FloatArray) -> FloatArray:
        means: FloatArray = mean + weights @ influence
        return means

    return (mean, *bootstrap(hits.labels, drawn, draws=draws, seed=seed))
