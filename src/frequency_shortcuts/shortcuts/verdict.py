"""The verdict on each class of a network from the hits of its shortcut tests, and rates over seeds.

`verdicts` says when a class has a shortcut; `_verdict` is the rule.

All comparisons are of two masks on the same images (`intervals.paired`). The controls of a map are the map of each
other class, the mean of the random masks, and one more random mask with its radii; of a map that is removed, the mean
of the random masks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts import intervals
from frequency_shortcuts.intervals import Estimate
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.masks import CONTROLS
from frequency_shortcuts.storage.tables import NETWORK

from .hits import Hits, has_fpr, rates

RECOGNISED_TPR = 0.5  # unfiltered TPR below which a class has no verdict
STRONG_TPR = 0.6  # least lower end of the TPR of a strong shortcut; our choice
MOST_FPR = 0.1  # greatest upper end of its FPR
AS_WELL = 0.1  # of TPR - FPR: a map within it does as well as the lowest frequencies
FEWEST_DRAWS = 5  # of each random kind, for a variance over draws
TOO_FEW = "too few images"  # the verdict where not even a TPR of 1 against 0 would be clear
# In the column `filter`: the map of the class, and what it must be above.
MAP = "dfm"
CONTROL_KINDS: tuple[str, ...] = ("random", "radial", "other")
_TEST = ["class", "part", "fill"]


def verdicts(hits: Hits, strong: float = STRONG_TPR) -> pd.DataFrame:
    """One row per class, part and fill, from the hits of `shortcuts.collect`: is there a shortcut?

    The measure is TPR - FPR; it is TPR where FPR was not measured, under the map or under the control that it is
    compared with. A margin is the measure of the map minus that of a control; of the part `remove`, control minus map.
    A map is *above* a control if the lower end of the 95 % interval of the margin is above 0. All controls must be
    exceeded at once, so the interval is not widened for their number. Of random masks with the radii of the map
    (`radial`), whose TPR alone is measured, the map must be better than one more, not than their mean: its margin to
    their mean has the interval of one more draw (`intervals.reach_of_one_more`).

    `verdict` : `strong` if the map is above each control, and the whole 95 % interval of its TPR is at least `strong`,
        that of its FPR at most 0.1 (for `remove`: that of TPR at most 1 - `strong`); `weak` if it is only above each
        control; else `none`. `too few images` in place of all these where not even the best result would be clear: a
        TPR of 1 from the map, 0 from the controls, without false positives (`remove`: 0 and 1), is not above each
        control either. Missing (NaN) for a class whose unfiltered TPR is below 0.5
    `margin`, `margin_low`, `margin_high` : to the closest control, for which the lower end is least
    `low_pass_margin`, `_low`, `_high` : to the lowest frequencies, which are no control: a shortcut of low frequencies
        is a shortcut

    results/README.md says what the other columns are, at `tables/shortcuts.csv`.

    Raises ValueError for fewer than 5 draws of a random kind.

    >>> verdicts(collect(network, split, masks))[["class", "fill", "margin_low", "verdict"]]
    """
    _check_draws(hits.trials)
    comparisons = [_compare(test, strong) for test in _tests(hits)]
    table = _mean_rates(hits)
    table = table.merge(pd.DataFrame(comparisons), on=_TEST, validate="one_to_one")
    is_recognised = table["tpr_unfiltered"] >= RECOGNISED_TPR
    table["verdict"] = table["verdict"].where(is_recognised)
    is_kept = table["part"] == "keep"
    is_quoted = table["fill"] == hits.primary_fill
    is_neutral = table["class"] == hits.neutral
    table["headline"] = is_kept & is_quoted & ~is_neutral
    return table


def _verdict(test: _Test, margin_low: float, strong: float) -> str:
    """The rule, for a class that is recognised in unfiltered images; margin_low : to the closest control."""
    best_possible = test.clearest().margins().values()
    if min(margins.low.min() for margins in best_possible) <= 0:
        return TOO_FEW
    if margin_low <= 0:
        return "none"
    return "strong" if _is_strong(test, strong) else "weak"


def _is_strong(test: _Test, strong: float) -> bool:
    """Whether the whole intervals of the map are high in TPR and low in FPR; of its removal, low in TPR."""
    tpr_low, tpr_high = _wilson_ends(test.right[MAP])
    if test.removes:
        return tpr_high <= 1 - strong
    if tpr_low < strong:
        return False
    if MAP not in test.wrong:
        return True
    _, fpr_high = _wilson_ends(test.wrong[MAP])
    return fpr_high <= MOST_FPR


def _wilson_ends(hits: BoolArray) -> tuple[float, float]:
    """The ends of the interval of a share of images [1, n]."""
    low, high = intervals.wilson(hits.mean(), hits.size)
    return float(low), float(high)


@dataclass(frozen=True)
class _Test:
    """The test of a class with a part and a fill: whether the class is named, under the masks of each kind.

    key : `class`, `part` and `fill`
    right : kind (the column `filter`) -> bool [mask, n], on images of the class
    wrong : kind -> bool [mask, k], on images for FPR; without the kinds of which it was not measured
    other_classes : int [mask], of the maps of the kind `other`
    """

    key: dict[str, Any]
    right: dict[str, BoolArray]
    wrong: dict[str, BoolArray]
    other_classes: IntArray

    @property
    def removes(self) -> bool:
        """Whether the map is removed."""
        return bool(self.key["part"] == "remove")

    def measures(self, kind: str) -> FloatArray:
        """TPR - FPR, or TPR, under each mask of a kind [mask]."""
        tpr = self.right[kind].mean(axis=1)
        if kind not in self.wrong:
            return tpr
        return tpr - self.wrong[kind].mean(axis=1)

    def margins(self) -> dict[str, Estimate]:
        """The margins of the map over its controls, by their kind: [1], or [mask] over maps of other classes."""
        found = {}
        for kind in CONTROL_KINDS:
            if kind not in self.right:
                continue
            if kind == "radial":
                found[kind] = self._margin_over_one_more()
            else:
                found[kind] = self.margin(kind)
        return found

    def margin(self, kind: str) -> Estimate:
        """The margins of the map over the masks of a kind: each alone [mask], or the mean of random ones [1]."""
        tpr = self._gain(self.right, kind)
        fpr = self._gain(self.wrong, kind) if kind in self.wrong else None
        return intervals.joined(tpr, fpr, *self.spread(kind))

    def _gain(self, hits: dict[str, BoolArray], kind: str) -> intervals.Paired:
        """How much more often the map hits than the masks of a kind, less often if it is removed."""
        controls = hits[kind]
        if kind == "random":
            controls = controls.mean(axis=0, keepdims=True)
        differences = hits[MAP].astype(float) - controls
        return intervals.paired(-differences if self.removes else differences)

    def _margin_over_one_more(self) -> Estimate:
        """The margin of TPR of the map over the mean of radial masks, with the interval of one more draw [1]."""
        draws = self.right["radial"].mean(axis=1)
        margin = self.right[MAP].mean(axis=1) - draws.mean()
        half = intervals.reach_of_one_more(draws)
        return Estimate(margin, margin - half, margin + half)

    def spread(self, kind: str) -> tuple[float, int]:
        """For `intervals.reach`: the variance of the mean measure over random masks, and their number."""
        if kind != "random":
            return 0.0, 2
        measures = self.measures(kind)
        return measures.var(ddof=1) / len(measures), len(measures)

    def clearest(self) -> _Test:
        """The clearest result of these images and masks, at equal FPR: the map does all, controls do nothing."""
        right = {}
        for kind, hits in self.right.items():
            is_named = kind != MAP if self.removes else kind == MAP
            right[kind] = np.full(hits.shape, is_named)
        wrong = {kind: np.zeros_like(hits) for kind, hits in self.wrong.items()}
        return replace(self, right=right, wrong=wrong)


def _tests(hits: Hits) -> Iterator[_Test]:
    """The test of every class, part and fill. The neutral class has no map to compare with."""
    compared = _without_neutral_maps(hits.trials, hits)
    for fill, named in hits.predicted.items():
        tested = hits.tested(fill)
        judged = hits.judged(fill)
        for (part, c), trials in compared.groupby(["part", "class"], sort=False):
            if c not in tested:
                continue
            right = {}
            wrong = {}
            for kind, masks in trials.groupby("filter"):
                is_named = named[masks["mask"]] == c
                right[kind] = is_named[:, hits.labels == c]
                if has_fpr(masks).all() and judged[c].any():
                    wrong[kind] = is_named[:, judged[c]]
            is_other = trials["filter"] == "other"
            yield _Test(
                key={"class": c, "part": part, "fill": fill},
                right=right,
                wrong=wrong,
                other_classes=trials["draw"][is_other].to_numpy(),
            )


def _without_neutral_maps(table: pd.DataFrame, hits: Hits) -> pd.DataFrame:
    """The rows of trials, or of their rates, without the map of the neutral class."""
    is_neutral_map = (table["filter"] == "other") & (table["draw"] == hits.neutral)
    return table[~is_neutral_map]


def _check_draws(trials: pd.DataFrame) -> None:
    """Raise ValueError for fewer than 5 draws of a random kind; no radial masks are drawn for maps that are removed."""
    kept = trials[trials["part"] == "keep"]
    for kind, rows in (("random", trials), ("radial", kept)):
        is_kind = rows["filter"] == kind
        drawn = is_kind.groupby([rows["part"], rows["class"]]).sum()
        if (drawn < FEWEST_DRAWS).any():
            raise ValueError(
                f"{drawn.min()} draws of a random mask: a verdict needs at least {FEWEST_DRAWS}"
            )


def _mean_rates(hits: Hits) -> pd.DataFrame:
    """One row per class, part and fill: the rates of each filter, means over its draws."""
    table = _without_neutral_maps(rates(hits), hits)
    table["measure"] = table["tpr"] - table["fpr"].fillna(0)
    by_filter = table.groupby([*_TEST, "filter"], sort=False)
    # pivot_table drops what is missing.
    means = by_filter[["tpr", "fpr", "overlap"]].mean().unstack("filter")  # noqa: PD010
    spreads = by_filter["measure"].std().unstack("filter")  # noqa: PD010
    draws = by_filter["measure"].count().unstack("filter")  # noqa: PD010
    of_map = table[table["filter"] == MAP].set_index(_TEST)
    out = of_map[["neutral", "positions", "images", "negatives"]].copy()
    out["tpr_unfiltered"] = means["tpr", "unfiltered"]
    out["fpr_unfiltered"] = means["fpr", "unfiltered"]
    for rate in ("tpr", "fpr"):
        for end in ("", "_low", "_high"):
            out[f"{rate}_dfm{end}"] = of_map[f"{rate}{end}"]
    for kind in draws.columns.intersection(CONTROLS, sort=False):
        out[f"tpr_{kind}"] = means["tpr", kind]
        if kind != "radial":
            out[f"fpr_{kind}"] = means["fpr", kind]
        error = spreads[kind] / np.sqrt(draws[kind])
        out[f"error_{kind}"] = error.where(draws[kind] != 1, 0.0)
        out[f"draws_{kind}"] = draws[kind]
    out["overlap_radial"] = means.get(("overlap", "radial"), np.nan)
    return out.reset_index()


def _compare(test: _Test, strong: float) -> dict[str, Any]:
    """The columns of a verdict that compare the map with other masks."""
    margins = test.margins()
    lowest = {kind: margin.low.min() for kind, margin in margins.items()}
    kind = min(lowest, key=lambda name: (lowest[name], name))
    closest = int(margins[kind].low.argmin())
    margin, low, high = (end[closest] for end in margins[kind])
    return {
        **test.key,
        "measure": test.measures(MAP)[0],
        **_largest_other(test),
        "margin": margin,
        "margin_low": low,
        "margin_high": high,
        "best_control": kind,
        "closest_class": test.other_classes[closest] if kind == "other" else np.nan,
        "smallest_effect": _smallest_effect(test, kind, closest),
        **_beside_lowest(test),
        "verdict": _verdict(test, low, strong),
    }


def _largest_other(test: _Test) -> dict[str, Any]:
    """The greatest measure from the map of another class, and this class."""
    if "other" not in test.right:
        return {"largest_other": np.nan, "largest_other_class": np.nan}
    measures = test.measures("other")
    best = measures.argmax()
    return {"largest_other": measures[best], "largest_other_class": test.other_classes[best]}


def _beside_lowest(test: _Test) -> dict[str, Any]:
    """The margin of the map over as many of the lowest frequencies, if these were tried, and whether it is better."""
    if "low_pass" not in test.right:
        names = ("low_pass_margin", "low_pass_margin_low", "low_pass_margin_high", "than_lowest")
        return dict.fromkeys(names, np.nan)
    margin, low, high = (end[0] for end in test.margin("low_pass"))
    return {
        "low_pass_margin": margin,
        "low_pass_margin_low": low,
        "low_pass_margin_high": high,
        "than_lowest": intervals.compared(low, high, AS_WELL),
    }


def _smallest_effect(test: _Test, kind: str, closest: int) -> float:
    """The least margin that would be above 0, if the map hits just the images that the control hits most often.

    It is tried for each number of images that the map hits, from none to all. NaN if none is enough.
    """
    draws = test.right[kind]
    control = draws[closest] if kind == "other" else draws.mean(axis=0)
    most_first = np.sort(control)[::-1].astype(float)
    n = len(most_first)
    differences = np.arange(n + 1) - most_first.sum()
    gains = -differences if test.removes else differences
    if kind == "radial":
        is_above = gains / n > intervals.reach_of_one_more(draws.mean(axis=1))
    else:
        # As in `intervals.paired`: the map differs by 1 - control where it hits, by -control elsewhere.
        squares_if_hit = (1 - most_first) ** 2
        squares_if_not = most_first**2
        squares_where_hit = np.cumsum([0, *squares_if_hit])
        squares_elsewhere = np.cumsum([0, *squares_if_not[::-1]])[::-1]
        squares = squares_where_hit + squares_elsewhere
        variance = (squares + 1 - differences**2 / (n + 2)) / (n + 2) ** 2
        if kind in test.wrong:
            negatives = test.wrong[kind].shape[1]
            variance += 1 / (negatives + 2) ** 2
        half = intervals.reach(variance, *test.spread(kind))
        is_above = gains / (n + 2) > half
    if not is_above.any():
        return np.nan
    return float(gains[is_above].min() / n)


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of a table of `verdicts`, one row per network, class, part and fill.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed), and so do `margin` and
    `largest_other`. `seeds` is the number of seeds, `strong_seeds` the number with a strong shortcut. `measure_mean`
    has the interval `measure_low`, `measure_high` of `intervals.over_networks`; `interval` says of what it is:
    `networks`, from five seeds on, or `these networks`, over their images.
    """
    tpr_width = table["tpr_dfm_high"] - table["tpr_dfm_low"]
    fpr_width = table["fpr_dfm_high"] - table["fpr_dfm_low"]
    half = intervals.half_width_of_difference(tpr_width, fpr_width)
    table = table.assign(half=half, is_strong=table["verdict"] == "strong")
    groups = table.groupby([*NETWORK, *_TEST], sort=False)
    is_rate = table.columns.str.startswith(("tpr_", "fpr_"))
    is_end = table.columns.str.endswith(("_low", "_high"))
    averaged = [*table.columns[is_rate & ~is_end], "margin", "largest_other"]
    out = groups[averaged].agg(["mean", "std"])
    out = out.rename(columns={"std": "sd"}, level=1)
    out.columns = out.columns.map("_".join)
    out.insert(0, "seeds", groups["seed"].nunique())
    out.insert(1, "strong_seeds", groups["is_strong"].sum())
    out.insert(2, "headline", groups["headline"].any())
    of_groups = [intervals.over_networks(rows["measure"], rows["half"]) for _, rows in groups]
    measures = pd.DataFrame(of_groups, out.index)
    out["measure_mean"] = measures["value"]
    out["measure_low"] = measures["low"].clip(lower=-1)
    out["measure_high"] = measures["high"].clip(upper=1)
    out["interval"] = measures["of"]
    return out.reset_index()
