"""Rates: the shares of images that a network assigns to a class, with their intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.intervals import shares
from frequency_shortcuts.spectrum.arrays import BoolArray, IntArray

from .hits import Hits


def with_rates(
    about: pd.DataFrame,
    right: npt.ArrayLike,
    images: npt.ArrayLike,
    wrong: npt.ArrayLike,
    negatives: npt.ArrayLike,
) -> pd.DataFrame:
    """The rows of a table [n] with the columns of rates behind them.

    right, images : int [n] or one number, how many of the images of the class are assigned to it, and how many there
        are
    wrong, negatives : int [n] or one number, the same of the images of other classes

    Adds `images`, `negatives`, `tpr`, `tpr_low`, `tpr_high`, `fpr`, `fpr_low`, `fpr_high`: shares with Wilson's
    intervals, missing (NaN) where there are no images.

    >>> with_rates(pd.DataFrame({"class": ["cat"]}), 12, 20, 3, 60)["tpr"].tolist()
    [0.6]
    """
    table = about.copy()

    def of_rows(count: npt.ArrayLike) -> IntArray:
        return np.broadcast_to(np.asarray(count, np.int64), len(table))

    table["images"], table["negatives"] = of_rows(images), of_rows(negatives)
    for rate, hits, of in (("tpr", of_rows(right), of_rows(images)), ("fpr", of_rows(wrong), of_rows(negatives))):
        found = np.full((3, len(table)), np.nan)
        found[:, of > 0] = shares(hits[of > 0], of[of > 0])
        table[rate], table[f"{rate}_low"], table[f"{rate}_high"] = found
    return table


def counts_of(named: npt.NDArray[np.integer], c: int, own: BoolArray, judged: BoolArray) -> tuple[IntArray, IntArray]:
    """How often a class is named under some masks, among its own images and among the judged ones, int [mask] each.

    named : int [mask, n]; own, judged : bool [n], the images of class c, and those on which its FPR is measured
    """
    found = named == c
    return found[:, own].sum(axis=1), found[:, judged].sum(axis=1)


def rates(hits: Hits) -> pd.DataFrame:
    """TPR and FPR of every class, unfiltered, filtered by its map and by controls of the same size, from hits.

    Returns a tidy table, one row per class, part, fill, filter and draw, with the columns `class`, `neutral` (whether
    it is the neutral class), `part`, `fill`, `filter` (unfiltered, dfm, random, radial, low_pass, other; for `remove`
    unfiltered, dfm and random), `draw` (number of the draw, or the other class), `positions` (of the mask), `overlap`
    (intersection over union with the map of the class), and those of `with_rates`.

    >>> rates(read_hits(file)).query("filter == 'dfm'")[["class", "fill", "tpr", "fpr"]]
    """
    tables, size = [], hits.masks[0].size
    by_test = dict(list(hits.trials.groupby(["part", "class"], sort=False)))
    unfiltered = pd.DataFrame({"filter": ["unfiltered"], "draw": 0, "positions": size, "overlap": np.nan})
    columns = ["class", "neutral", "part", "fill", *unfiltered]
    for fill, named in hits.named.items():
        judged = hits.judged(fill)
        for part in dict.fromkeys(hits.trials["part"]):
            for c in hits.tested(fill):
                own, trials = hits.labels == c, by_test[part, c]
                shown = np.concatenate([hits.unfiltered[None], named[trials["mask"]]])
                right, wrong = counts_of(shown, c, own, judged[c])
                negatives = np.where(np.r_[True, hits.has_fpr(trials)], judged[c].sum(), 0)
                about = pd.concat([unfiltered, trials[list(unfiltered)]], ignore_index=True)
                about = about.assign(**{"class": c, "neutral": c == hits.neutral, "part": part, "fill": fill})[columns]
                tables.append(with_rates(about, right, int(own.sum()), wrong, negatives))
    return pd.concat(tables, ignore_index=True)
