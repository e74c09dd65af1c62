"""The verdict on a class, from its true and false positive rates, and the spread of rates over seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from frequency_shortcuts.intervals import newcombe, standard_error, students_t
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.controls import CONTROLS
from frequency_shortcuts.spectrum.fills import FILLS

RECOGNISED = 0.5  # unfiltered TPR below which a class has no verdict
SAME = 0.9  # overlap from which the map of another class counts as the same map
STRONG = 0.6  # a shortcut is strong from this filtered TPR on (Wang et al. 2023)


def verdicts(table: pd.DataFrame, strong: float = STRONG) -> pd.DataFrame:
    """One row per class, part and fill, from a table of `shortcuts.measure` with all its classes: is there a shortcut?

    The measure is TPR - FPR. If a network assigns every image to one class, the TPR of this class is 1, but its measure
    is 0. `margin` is the measure of the map minus that of a kind of control (the mean over its draws). For the part
    `remove` it is control minus map, since removing an important map leaves a smaller measure. `margin`, its interval
    `margin_low` to `margin_high` and `best_control` are those of the kind with the smallest margin.

    Maps of other classes whose overlap with the map of the class is at least `SAME` are not controls of it.

    The interval is the root of the sum of squares of three uncertainties: of the measure of the map, of the measure of
    the control (`intervals.newcombe` each), and of the choice of the draws (t * SD / sqrt(draws)). The maps of other
    classes are drawn from finitely many, without replacement, so that their SD / sqrt(draws) is multiplied by
    sqrt(1 - share of the maps that were drawn): where all are tested, no choice is uncertain. Map and control are
    tested on the same images and mostly agree on them. The errors count as independent, so the interval is rather too
    wide. The draws are compared by their mean, not one by one. In simulations (docs/statistics.md), a map that is only
    one more random mask is above the mean of ten in at most 2 % of cases if the rates of the masks have a standard
    deviation of up to 0.05, in 3 to 7 % at 0.1 and in 13 to 17 % at 0.2. A map that is only one more of the maps of the
    other classes, whose rates differ more, is above their mean in 5 to 30 %; one that is as good as the lowest
    frequencies in less than 4 %.

    `verdict` : a map is *above its controls* if the lower end of the margin is above 0 for every kind of control.
        `strong` if it is above its controls and its TPR is at least `strong` (for `remove` at most 1 - `strong`);
        `weak` if it is only above its controls; else `none`. Missing (NaN) for a class whose unfiltered TPR is below
        `RECOGNISED`
    `smallest_effect` : the smallest margin over the best control, at equal FPR, whose interval would be above 0 with
        this number of images; NaN if no TPR would be enough
    `robust` : whether `keep` is strong under zeros, swap and noise; missing if not all three were tested, or if the set
        has a neutral class
    `headline` : whether this row is the one to quote: `keep`, with the fill `swap` if the set has a neutral class (the
        frequencies of the class are put into images without a cue), else `zeros`, as published, or the first fill
    `error_random`, `draws_random`, ... : standard error of the measure of a control by its draws, and their number
    `overlap_radial` : share of the map in its radial controls; near 1 these controls are not informative
    """
    keys = ["class", "part", "fill"]
    undrawn = _undrawn(table, keys)
    # Classes with the same cue have the same map, which is not a control of itself.
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
        if kind == "other":
            out["error_other"] *= np.sqrt(undrawn.reindex(out.index).to_numpy())
    out["overlap_radial"] = means.get(("overlap", "radial"), np.nan)
    margins = {kind: _Margin(out, kind) for kind in kinds}
    value, low, high = (
        np.array([np.broadcast_to(found, len(out)) for found in ends])
        for ends in zip(*(margin.of(out["tpr_dfm"], out["fpr_dfm"]) for margin in margins.values()), strict=True)
    )
    tested = np.where(np.isnan(value), np.inf, value)  # inf for kinds that this part does not have
    best = tested.argmin(axis=0)
    rows = np.arange(len(out))
    out["margin"], out["margin_low"], out["margin_high"] = value[best, rows], low[best, rows], high[best, rows]
    out["best_control"] = np.array(kinds)[best]
    out["smallest_effect"] = [margins[kinds[k]].smallest(i) for i, k in enumerate(best)]
    removed = out.index.get_level_values("part") == "remove"
    above = (np.where(np.isnan(low), np.inf, low) > 0).all(axis=0)
    # The tolerance is for rounding: 1 - 0.8 is less than 0.2.
    far = np.where(removed, out["tpr_dfm"] + strong <= 1 + 1e-9, out["tpr_dfm"] >= strong)
    verdict = pd.Series(np.where(above, np.where(far, "strong", "weak"), "none"), out.index)
    out["verdict"] = verdict.where(out["tpr_unfiltered"] >= RECOGNISED)
    out = out.reset_index()
    has_neutral = bool(out["neutral"].any())
    out["robust"] = _robust(out, has_neutral)
    out["headline"] = _headline(out, has_neutral)
    return out


class _Margin:
    """TPR - FPR of a map minus that of one kind of control, for all rows of a table of verdicts."""

    def __init__(self, rows: pd.DataFrame, kind: str) -> None:
        self._images, self._negatives = (rows[name].to_numpy(float) for name in ("images", "negatives"))
        self._tpr, self._fpr = rows[f"tpr_{kind}"].to_numpy(float), rows[f"fpr_{kind}"].to_numpy(float)
        self._sign = np.where(rows.index.get_level_values("part") == "remove", -1, 1)
        self._control = newcombe(self._tpr, self._images, self._fpr, self._negatives)
        self._spread = students_t(rows[f"error_{kind}"], rows[f"draws_{kind}"])

    def of(
        self, tpr: npt.ArrayLike, fpr: npt.ArrayLike, row: Any = slice(None)
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The margin of maps with these rates in the rows, and the ends of its interval."""
        own, below, above = newcombe(tpr, self._images[row], fpr, self._negatives[row])
        control, less, more = (found[row] for found in self._control)
        value = own - control
        low = value - np.sqrt(below**2 + more**2 + self._spread[row] ** 2)
        high = value + np.sqrt(above**2 + less**2 + self._spread[row] ** 2)
        kept = self._sign[row] > 0
        return np.where(kept, value, -value), np.where(kept, low, -high), np.where(kept, high, -low)

    def smallest(self, row: int) -> float:
        """The smallest margin of a row with a lower end above 0, at the FPR of the control; NaN if there is none."""
        n = int(self._images[row])
        value, low, _ = self.of(np.arange(n + 1) / n, self._fpr[row], row)
        return float(value[low > 0].min(initial=np.inf)) if (low > 0).any() else np.nan


def _undrawn(table: pd.DataFrame, keys: list[str]) -> pd.Series:
    """The share of the maps of other classes that were not drawn as controls, by `keys`."""
    tested = table[table["filter"] == "other"]
    n_classes = max(table["class"].nunique(), tested["draw"].nunique())
    return (1 - tested.groupby(keys).size() / max(n_classes - 1, 1)).clip(lower=0)


def _of_draws(table: pd.DataFrame, keys: list[str], kind: str) -> tuple[FloatArray, npt.NDArray[Any]]:
    """`intervals.standard_error` and number of the draws of a control, one for each row of verdicts."""
    measure = (table["tpr"] - table["fpr"].fillna(0)).where(table["filter"] == kind)
    groups = measure.groupby([table[key] for key in keys], sort=False)
    order = table[table["filter"] == "dfm"].set_index(keys).index
    draws = groups.count().reindex(order).to_numpy()
    return standard_error(groups.std().reindex(order), draws), draws


def _robust(verdicts: pd.DataFrame, has_neutral: bool) -> pd.Series:
    """For each row, whether its class is strong under all fills; missing if that is not defined."""
    kept = verdicts[verdicts["part"] == "keep"]
    if has_neutral or not set(FILLS) <= set(kept["fill"]):
        return pd.Series(np.nan, verdicts.index, object)
    strong = kept.assign(strong=kept["verdict"] == "strong").groupby("class")["strong"].all()
    judged = kept.groupby("class")["verdict"].agg(lambda verdict: verdict.notna().all())
    return verdicts["class"].map(strong.where(judged))


def _headline(verdicts: pd.DataFrame, has_neutral: bool) -> pd.Series:
    """For each row, whether it is the one to quote."""
    fills = verdicts["fill"].unique()
    wanted = "swap" if has_neutral else "zeros"
    return (verdicts["part"] == "keep") & (verdicts["fill"] == (wanted if wanted in fills else fills[0]))


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of the rates in a table of `verdicts`, one row per network, class, part and fill.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed), and so does `margin`. `seeds`
    is the number of seeds, `strong_seeds` the number with a strong shortcut, `robust_seeds` that with a robust one.
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
