"""True and false positive rates: their intervals, the verdict on a class, and their spread over seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import bdtr, bdtrik, ndtri  # scipy.stats takes each job half a second to import

from .controls import CONTROLS
from .spectrum import FloatArray

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


def _wilson_low(hits: npt.ArrayLike, count: npt.ArrayLike, confidence: float = 0.95) -> FloatArray:
    """The lower end of Wilson's interval of a share, E. B. Wilson, J. Am. Stat. Assoc. 22 (1927)."""
    p, n = np.asarray(hits) / np.asarray(count), np.asarray(count)
    z = ndtri((1 + confidence) / 2)
    middle, reach = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    return p**2 / (middle + reach)  # is (middle - reach) / (1 + z**2 / n), but exactly 0 at a share of 0


def verdicts(table: pd.DataFrame, strong: float = STRONG) -> pd.DataFrame:
    """One row a class, from a table of `shortcuts.measure`: is there a shortcut?

    A map stands *clearly above its controls* where the lower end of its TPR's 95 % Wilson interval is above
    the mean TPR of each kind of control; the bootstrap's interval has no width at a TPR of 1 and would
    be too sure of few images. The verdict is `strong` where it does and its TPR is at least `strong`,
    `weak` where it does and its TPR is lower, and `none` where it does not. FPR does not enter, but is
    given beside. `overlap_radial` says how much of the map its radial controls hold: near 1 they cannot
    tell.
    """
    per_filter = table.pivot_table(["tpr", "fpr", "overlap"], "class", "filter", "mean", dropna=False)
    own = table[table["filter"] == "dfm"].set_index("class")
    out = pd.DataFrame(
        {
            **{name: own[name] for name in ("images", "negatives") if name in own},
            "tpr_unfiltered": per_filter["tpr", "unfiltered"],
            "fpr_unfiltered": per_filter["fpr", "unfiltered"],
            "tpr_dfm": own["tpr"],
            "tpr_dfm_low": own["tpr_low"],
            "tpr_dfm_high": own["tpr_high"],
            "fpr_dfm": own["fpr"],
        }
    )
    kinds = [kind for kind in CONTROLS if ("tpr", kind) in per_filter]
    for kind in kinds:
        out[f"tpr_{kind}"] = per_filter["tpr", kind]
        out[f"fpr_{kind}"] = per_filter["fpr", kind]
    out["overlap_radial"] = per_filter["overlap", "radial"]
    hits = (out["tpr_dfm"] * out["images"]).round().astype(int)
    clear = _wilson_low(hits, out["images"]) > out[[f"tpr_{kind}" for kind in kinds]].max(axis=1)
    out["verdict"] = np.where(~clear, "none", np.where(out["tpr_dfm"] >= strong, "strong", "weak"))
    return out.loc[own.index].reset_index()  # in the order of the classes, which pivoting sorts away


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of the rates in a table of `verdicts`, one row a network and class.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed); `seeds` is
    how many there were, `strong_seeds` in how many the shortcut is strong.
    """
    groups = table.groupby(["dataset", "network", "augmentation", "class"], sort=False)
    rates = [name for name in table if name.startswith(("tpr_", "fpr_")) and not name.endswith(("_low", "_high"))]
    spread = groups[rates].agg(["mean", "std"])
    spread.columns = [f"{rate}_{'mean' if kind == 'mean' else 'sd'}" for rate, kind in spread.columns]
    spread.insert(0, "seeds", groups["seed"].nunique())
    spread.insert(1, "strong_seeds", groups["verdict"].agg(lambda verdict: int((verdict == "strong").sum())))
    return spread.reset_index()
