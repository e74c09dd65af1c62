"""True and false positive rates: their intervals, the verdict on a class, and their spread over seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import bdtr, bdtrik, ndtri, stdtrit  # scipy.stats takes each job half a second to import

from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.controls import CONTROLS
from frequency_shortcuts.spectrum.fills import FILLS

CONFIDENCE = 0.95
RECOGNISED = 0.5  # unfiltered TPR below which a class has no verdict
SAME = 0.9  # overlap from which another class's map is the same as that of the class
STRONG = 0.6  # a filtered TPR from here on is called strong (Wang et al. 2023)


def share(hits: npt.NDArray[np.bool_], confidence: float = 0.95) -> tuple[float, float, float]:
    """Share of true values with its percentile bootstrap interval: (share, low, high).

    Resampling n true-or-false values with replacement gives a binomial count, so the interval is read
    from the quantiles of that distribution: the bootstrap with infinitely many resamples. At a share of
    0 or 1 a bootstrap has no width. All are missing (NaN) where there is no value.
    """
    if len(hits) == 0:
        return np.nan, np.nan, np.nan
    p, low, high = shares(np.sum(hits), len(hits), confidence).tolist()
    return p, low, high


def shares(hits: npt.ArrayLike, count: npt.ArrayLike, confidence: float = 0.95) -> FloatArray:
    """As `share`, from how many values are true and how many there are (at least one), [...] each: [3, ...]."""
    tail = (1 - confidence) / 2
    n = np.asarray(count)
    p = np.asarray(hits) / n
    return np.stack([p, *(_binomial_quantile(level, n, p) / n for level in (tail, 1 - tail))])


def _binomial_quantile(level: float, count: npt.NDArray, p: FloatArray) -> FloatArray:
    """The smallest number of hits among `count` that, with probability `level`, is not exceeded; each hits with p."""
    near = np.ceil(bdtrik(level, count, np.where(p > 0, p, 1)))  # where the continuous inverse puts it, or one above
    below = np.maximum(near - 1, 0)
    return np.where(p > 0, np.where(bdtr(below, count, p) >= level, below, near), 0)


def wilson(share: npt.ArrayLike, count: npt.ArrayLike, confidence: float = CONFIDENCE) -> tuple[FloatArray, FloatArray]:
    """Wilson's interval of shares [...] of so many images [...]: the lower and the upper ends [...].

    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    p, n = np.asarray(share, float), np.asarray(count, float)
    z = ndtri((1 + confidence) / 2)

    def low(p: FloatArray) -> FloatArray:
        middle, reach = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
        return p**2 / (middle + reach)  # is (middle - reach) / (1 + z**2 / n), but exactly 0 at a share of 0

    return low(p), 1 - low(1 - p)


def difference(
    tpr: npt.ArrayLike, images: npt.ArrayLike, fpr: npt.ArrayLike, negatives: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """TPR - FPR [...] and how far its interval reaches below and above it, each [...].

    Newcombe's interval of the difference of two independent shares, from Wilson's interval of each: method 10 of
    R. G. Newcombe, Statistics in Medicine 17 (1998). Where no FPR was measured (NaN), it is TPR alone.
    """
    tpr, fpr = np.asarray(tpr, float), np.asarray(fpr, float)
    low, high = wilson(tpr, images)
    there = ~np.isnan(fpr)
    least, most = wilson(np.where(there, fpr, 0), np.where(there, negatives, 1))
    fpr = np.where(there, fpr, 0)
    below = np.hypot(tpr - low, np.where(there, most - fpr, 0))
    above = np.hypot(high - tpr, np.where(there, fpr - least, 0))
    return tpr - fpr, below, above


def verdicts(table: pd.DataFrame, strong: float = STRONG) -> pd.DataFrame:
    """One row a class, part and fill, from a table of `shortcuts.measure`: is there a shortcut?

    The measure is TPR - FPR: a network that assigns every image to one class has a TPR of 1 there, and a measure of 0.
    `margin` is the map's measure minus that of a kind of control (the mean over its draws); for the part `remove` it is
    the other way round, since there a map matters whose removal leaves less. `margin`, its interval `margin_low` to
    `margin_high` and `best_control` are those of the kind with the smallest margin.

    Maps of other classes whose overlap with the class's map is at least `SAME` are no controls of it.

    The interval joins by squares what is uncertain about the map's measure, about the control's, and about the
    choice of its draws: `difference` of each, and t * SD / sqrt(draws). Map and control see the same images, and are
    mostly right about the same ones, so that taking their errors as independent makes the interval rather too wide. The
    draws are compared by their mean: a map that is itself one more random mask is above it in a few percent of cases.

    `verdict` : a map is *above its controls* where the lower end of the margin is above 0 for every kind of them.
        `strong` where it is, and its TPR is at least `strong` (for `remove` at most 1 - `strong`); `weak` where it is;
        else `none`. Missing (NaN) for a class whose unfiltered TPR is below `RECOGNISED`
    `smallest_effect` : the smallest margin over the best control, FPR being equal, whose interval would be above 0
        with so many images; NaN where even all images would not do
    `robust` : whether `keep` is strong under zeros, swap and noise; missing where not all were tested, or where the set
        has a neutral class
    `headline` : whether this row is the one to quote: `keep`, with the fill `swap` where the set has a neutral class
        (the class's frequencies put into images without a cue), else `zeros`, as published, or the first fill tested
    `error_random`, `draws_random`, ... : SD / sqrt(draws) of a control's measure over its draws, and their number
    `overlap_radial` : how much of the map its radial controls hold; near 1 they cannot tell
    """
    keys = ["class", "part", "fill"]
    # Where classes have the same cue they have the same map: it is no control of itself.
    table = table[(table["filter"] != "other") | (table["overlap"] < SAME)]
    own = table[table["filter"] == "dfm"].set_index(keys)
    means = table.pivot_table(["tpr", "fpr", "overlap"], keys, "filter", "mean", dropna=False)
    out = own[["neutral", "images", "negatives"]].assign(
        tpr_unfiltered=means["tpr", "unfiltered"],
        fpr_unfiltered=means["fpr", "unfiltered"],
        **{f"{rate}{end}": own[rate.replace("_dfm", "") + end] for rate, end in
           (("tpr_dfm", ""), ("tpr_dfm", "_low"), ("tpr_dfm", "_high"), ("fpr_dfm", ""))},
    )  # fmt: skip
    kinds = [kind for kind in CONTROLS if ("tpr", kind) in means]
    for kind in kinds:
        out[f"tpr_{kind}"], out[f"fpr_{kind}"] = means["tpr", kind], means["fpr", kind]
        out[f"error_{kind}"], out[f"draws_{kind}"] = _of_draws(table, keys, kind)
    out["overlap_radial"] = means.get(("overlap", "radial"), np.nan)
    margins = {kind: _Margin(out, kind) for kind in kinds}
    value, low, high = (
        np.array([np.broadcast_to(found, len(out)) for found in ends])
        for ends in zip(*(margin.of(out["tpr_dfm"], out["fpr_dfm"]) for margin in margins.values()), strict=True)
    )
    tested = np.where(np.isnan(value), np.inf, value)  # a kind that this part has not
    best = tested.argmin(axis=0)
    rows = np.arange(len(out))
    out["margin"], out["margin_low"], out["margin_high"] = value[best, rows], low[best, rows], high[best, rows]
    out["best_control"] = np.array(kinds)[best]
    out["smallest_effect"] = [margins[kinds[k]].smallest(i) for i, k in enumerate(best)]
    removed = out.index.get_level_values("part") == "remove"
    above = (np.where(np.isnan(low), np.inf, low) > 0).all(axis=0)
    far = np.where(removed, out["tpr_dfm"] <= 1 - strong, out["tpr_dfm"] >= strong)
    verdict = pd.Series(np.where(above, np.where(far, "strong", "weak"), "none"), out.index)
    out["verdict"] = verdict.where(out["tpr_unfiltered"] >= RECOGNISED)
    out = out.reset_index()
    has_neutral = bool(out["neutral"].any())
    out["robust"] = _robust(out, has_neutral)
    out["headline"] = _headline(out, has_neutral)
    return out


class _Margin:
    """By how much TPR - FPR of a map is above that of one kind of control, for all rows of a table of verdicts."""

    def __init__(self, rows: pd.DataFrame, kind: str) -> None:
        self._images, self._negatives = (rows[name].to_numpy(float) for name in ("images", "negatives"))
        self._tpr, self._fpr = rows[f"tpr_{kind}"].to_numpy(float), rows[f"fpr_{kind}"].to_numpy(float)
        self._sign = np.where(rows.index.get_level_values("part") == "remove", -1, 1)
        self._control = difference(self._tpr, self._images, self._fpr, self._negatives)
        self._spread = half_width(rows[f"error_{kind}"], rows[f"draws_{kind}"])

    def of(
        self, tpr: npt.ArrayLike, fpr: npt.ArrayLike, row: Any = slice(None)
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The margin of maps with these rates in the rows, and the ends of its interval."""
        own, below, above = difference(tpr, self._images[row], fpr, self._negatives[row])
        control, less, more = (found[row] for found in self._control)
        value = own - control
        low = value - np.sqrt(below**2 + more**2 + self._spread[row] ** 2)
        high = value + np.sqrt(above**2 + less**2 + self._spread[row] ** 2)
        kept = self._sign[row] > 0
        return np.where(kept, value, -value), np.where(kept, low, -high), np.where(kept, high, -low)

    def smallest(self, row: int) -> float:
        """The smallest margin of a row whose lower end is above 0, at the FPR of the control; NaN if there is none."""
        n = int(self._images[row])
        value, low, _ = self.of(np.arange(n + 1) / n, self._fpr[row], row)
        return float(value[low > 0].min(initial=np.inf)) if (low > 0).any() else np.nan


def draws_error(deviation: npt.ArrayLike, draws: npt.ArrayLike) -> FloatArray:
    """SD / sqrt(draws) [...] of a control's measure; 0 where there is a single draw, or none."""
    deviation, draws = np.asarray(deviation, float), np.asarray(draws, float)
    return np.where(draws > 1, deviation / np.sqrt(np.maximum(draws, 1)), 0)


def half_width(error: npt.ArrayLike, draws: npt.ArrayLike, tail: float = (1 - CONFIDENCE) / 2) -> FloatArray:
    """Half the interval [...] by the choice of draws alone, `tail` of the probability beyond each end: Student's t."""
    return stdtrit(np.maximum(np.asarray(draws, float) - 1, 1), 1 - tail) * np.asarray(error, float)


def _of_draws(table: pd.DataFrame, keys: list[str], kind: str) -> tuple[FloatArray, npt.NDArray]:
    """`draws_error` and number of the draws of a control, one a row of verdicts."""
    measure = (table["tpr"] - table["fpr"].fillna(0)).where(table["filter"] == kind)
    groups = measure.groupby([table[key] for key in keys], sort=False)
    order = table[table["filter"] == "dfm"].set_index(keys).index
    draws = groups.count().reindex(order).to_numpy()
    return draws_error(groups.std().reindex(order), draws), draws


def _robust(verdicts: pd.DataFrame, has_neutral: bool) -> pd.Series:
    """Of each row, whether its class is strong under all fills; missing where that cannot be said."""
    kept = verdicts[verdicts["part"] == "keep"]
    if has_neutral or not set(FILLS) <= set(kept["fill"]):
        return pd.Series(np.nan, verdicts.index, object)
    strong = kept.assign(strong=kept["verdict"] == "strong").groupby("class")["strong"].all()
    judged = kept.groupby("class")["verdict"].agg(lambda verdict: verdict.notna().all())
    return verdicts["class"].map(strong.where(judged))


def _headline(verdicts: pd.DataFrame, has_neutral: bool) -> pd.Series:
    """Of each row, whether it is the one to quote."""
    fills = verdicts["fill"].unique()
    wanted = "swap" if has_neutral else "zeros"
    return (verdicts["part"] == "keep") & (verdicts["fill"] == (wanted if wanted in fills else fills[0]))


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of the rates in a table of `verdicts`, one row a network, class, part and fill.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed), and so does `margin`; `seeds`
    is how many there were, `strong_seeds` in how many the shortcut is strong, `robust_seeds` in how many it is robust.
    """
    groups = table.groupby(["dataset", "network", "augmentation", "class", "part", "fill"], sort=False)
    rates = [name for name in table if name.startswith(("tpr_", "fpr_")) and not name.endswith(("_low", "_high"))]
    spread = groups[[*rates, "margin"]].agg(["mean", "std"])
    spread.columns = [f"{rate}_{'mean' if kind == 'mean' else 'sd'}" for rate, kind in spread.columns]
    spread.insert(0, "seeds", groups["seed"].nunique())
    spread.insert(1, "strong_seeds", groups["verdict"].agg(lambda verdict: int((verdict == "strong").sum())))
    spread.insert(2, "robust_seeds", groups["robust"].agg(lambda robust: int((robust == True).sum())))  # noqa: E712
    spread.insert(3, "headline", groups["headline"].any())
    return spread.reset_index()
