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
import numpy.typing as npt
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
    comparisons = pd.DataFrame([_compare(test, strong) for test in _tests(hits)])
    table = _mean_rates(hits).merge(comparisons, on=_TEST, validate="one_to_one")
    is_recognised = table["tpr_unfiltered"] >= RECOGNISED_TPR
    table["verdict"] = table["verdict"].where(is_recognised)
    is_quoted = (table["part"] == "keep") & (table["fill"] == hits.primary_fill)
    table["headline"] = is_quoted & (table["class"] != hits.neutral)
    return table


def _verdict(test: _Test, margin_low: float, strong: float) -> str:
    """The rule, for a class that is recognised in unfiltered images; margin_low : to the closest control."""
    clearest = test.clearest().margins().values()
    if min(margins.low.min() for margins in clearest) <= 0:
        return TOO_FEW
    if margin_low <= 0:
        return "none"
    return "strong" if _is_strong(test, strong) else "weak"


def _is_strong(test: _Test, strong: float) -> bool:
    """Whether the whole intervals of the map are high in TPR and low in FPR; of its removal, low in TPR."""
    (tpr_low, tpr_high), *fpr = (
        intervals.wilson(hits[test.is_map].mean(), hits.shape[1]) for hits in test.hits(test.is_map)
    )
    if test.removes:
        return bool(tpr_high <= 1 - strong)
    return bool(tpr_low >= strong) and all(high <= MOST_FPR for _, high in fpr)


@dataclass(frozen=True)
class _Test:
    """The test of a class with a part and a fill: whether the class is named, under each mask for each image.

    key : `class`, `part` and `fill`
    kinds : str [mask], the filter; draws : int [mask], the number of its draw, or the class of another map
    right : bool [mask, n], on images of the class; wrong : bool [mask, k], on those for FPR
    has_fpr : bool [mask], whether FPR was measured
    """

    key: dict[str, Any]
    kinds: npt.NDArray[np.str_]
    draws: IntArray
    right: BoolArray
    wrong: BoolArray
    has_fpr: BoolArray

    @property
    def is_map(self) -> BoolArray:
        """Which mask is the map of the class, bool [mask]."""
        return self.kinds == "dfm"

    @property
    def removes(self) -> bool:
        return bool(self.key["part"] == "remove")

    def measures_fpr(self, chosen: BoolArray) -> bool:
        """Whether FPR was measured under the map and some masks, bool [mask]."""
        return bool(self.has_fpr[chosen | self.is_map].all())

    def hits(self, chosen: BoolArray) -> list[BoolArray]:
        """What the map and some masks are compared by: the hits of TPR, and those of FPR if it was measured."""
        return [self.right, self.wrong] if self.measures_fpr(chosen) else [self.right]

    def measure(self, chosen: BoolArray) -> FloatArray:
        """TPR - FPR under some masks, or TPR [mask]."""
        tpr, *fpr = (hits[chosen].mean(axis=1) for hits in self.hits(chosen))
        return tpr - fpr[0] if fpr else tpr

    def margins(self) -> dict[str, Estimate]:
        """The margins of the map over its controls, by their kind: [1], or [mask] over maps of other classes."""
        found: dict[str, Estimate] = {}
        for kind in ("random", "radial", "other"):
            chosen = self.kinds == kind
            if not chosen.any():
                continue
            if kind == "radial":
                found[kind] = self._margin_over_one_more(chosen)
            else:
                found[kind] = self.margin(chosen, over_mean=kind == "random")
        return found

    def margin(self, chosen: BoolArray, over_mean: bool = False) -> Estimate:
        """The margins of the map over some masks, each alone [mask], or over the mean of random ones [1]."""
        gains = []
        for hits in self.hits(chosen):
            controls = hits[chosen]
            if over_mean:
                controls = controls.mean(axis=0, keepdims=True)
            differences = hits[self.is_map].astype(float) - controls
            gains.append(intervals.paired(-differences if self.removes else differences))
        tpr, fpr = gains if len(gains) == 2 else (gains[0], None)
        of_draws = self.variance_of_mean(chosen) if over_mean else ()
        return intervals.joined(tpr, fpr, *of_draws)

    def _margin_over_one_more(self, chosen: BoolArray) -> Estimate:
        """The margin of TPR of the map over the mean of random masks, with the interval of one more draw [1]."""
        draws = self.right[chosen].mean(axis=1)
        margin = self.right[self.is_map].mean(axis=1) - draws.mean()
        half = intervals.reach_of_one_more(draws)
        return Estimate(margin, margin - half, margin + half)

    def variance_of_mean(self, chosen: BoolArray) -> tuple[float, int]:
        """The variance over random masks of their mean measure, and their number: for `intervals.reach`."""
        number = int(chosen.sum())
        return float(self.measure(chosen).var(ddof=1) / number), number

    def clearest(self) -> _Test:
        """The clearest result of these images and masks, at equal FPR: the map does all, controls do nothing."""
        names_all = ~self.is_map if self.removes else self.is_map
        right = np.broadcast_to(names_all[:, None], self.right.shape)
        return replace(self, right=right, wrong=np.zeros_like(self.wrong))


def _tests(hits: Hits) -> Iterator[_Test]:
    """The test of every class, part and fill. The neutral class has no map to compare with."""
    compared = _without_neutral_maps(hits.trials, hits)
    for fill, named in hits.predicted.items():
        tested = hits.tested(fill)
        judged = hits.judged(fill)
        for (part, c), trials in compared.groupby(["part", "class"], sort=False):
            if c not in tested:
                continue
            is_named = named[trials["mask"]] == c
            yield _Test(
                key={"class": c, "part": part, "fill": fill},
                kinds=trials["filter"].to_numpy(str),
                draws=trials["draw"].to_numpy(),
                right=is_named[:, hits.labels == c],
                wrong=is_named[:, judged[c]],
                has_fpr=has_fpr(trials) & judged[c].any(),
            )


def _without_neutral_maps(table: pd.DataFrame, hits: Hits) -> pd.DataFrame:
    """The rows of trials, or of their rates, without the map of the neutral class."""
    return table[(table["filter"] != "other") | (table["draw"] != hits.neutral)]


def _check_draws(trials: pd.DataFrame) -> None:
    """Raise ValueError for fewer than 5 draws of a random kind; no radial masks are drawn for maps that are removed."""
    kept = trials[trials["part"] == "keep"]
    for kind, rows in (("random", trials), ("radial", kept)):
        drawn = (rows["filter"] == kind).groupby([rows["part"], rows["class"]]).sum()
        if (drawn < FEWEST_DRAWS).any():
            raise ValueError(
                f"{drawn.min()} draws of a random mask: a verdict needs at least {FEWEST_DRAWS}"
            )


def _mean_rates(hits: Hits) -> pd.DataFrame:
    """One row per class, part and fill: the rates of each filter, means over its draws."""
    table = _without_neutral_maps(rates(hits), hits)
    table = table.assign(measure=table["tpr"] - table["fpr"].fillna(0))
    by_filter = table.groupby([*_TEST, "filter"], sort=False)
    means = by_filter[["tpr", "fpr", "overlap"]].mean().unstack("filter")  # noqa: PD010 (pivot_table drops what is missing)
    spread = by_filter["measure"].std().unstack("filter")  # noqa: PD010
    draws = by_filter["measure"].count().unstack("filter")  # noqa: PD010
    of_map = table[table["filter"] == "dfm"].set_index(_TEST)
    out = of_map[["neutral", "positions", "images", "negatives"]].copy()
    for rate in ("tpr", "fpr"):
        out[f"{rate}_unfiltered"] = means[rate, "unfiltered"]
    for rate in ("tpr", "fpr"):
        for end in ("", "_low", "_high"):
            out[f"{rate}_dfm{end}"] = of_map[f"{rate}{end}"]
    for kind in draws.columns.intersection(CONTROLS, sort=False):
        out[f"tpr_{kind}"] = means["tpr", kind]
        if kind != "radial":
            out[f"fpr_{kind}"] = means["fpr", kind]
        error = spread[kind] / np.sqrt(draws[kind])
        out[f"error_{kind}"] = error.where(draws[kind] != 1, 0.0)
        out[f"draws_{kind}"] = draws[kind]
    out["overlap_radial"] = means.get(("overlap", "radial"), np.nan)
    return out.reset_index()


def _compare(test: _Test, strong: float) -> dict[str, Any]:
    """The columns of a verdict that compare the map with other masks."""
    margins = test.margins()
    kind = min(margins, key=lambda kind: (float(np.min(margins[kind].low)), kind))
    closest = int(np.argmin(margins[kind].low))
    margin, low, high = (float(np.ravel(end)[closest]) for end in margins[kind])
    other_classes = test.draws[test.kinds == "other"]
    return {
        **test.key,
        "measure": float(test.measure(test.is_map)[0]),
        **_largest_other(test),
        "margin": margin,
        "margin_low": low,
        "margin_high": high,
        "best_control": kind,
        "closest_class": other_classes[closest] if kind == "other" else np.nan,
        "smallest_effect": _smallest_effect(test, kind, closest),
        **_beside_lowest(test),
        "verdict": _verdict(test, low, strong),
    }


def _largest_other(test: _Test) -> dict[str, Any]:
    """The greatest measure from the map of another class, and this class."""
    is_other = test.kinds == "other"
    if not is_other.any():
        return {"largest_other": np.nan, "largest_other_class": np.nan}
    measures = test.measure(is_other)
    best = int(np.argmax(measures))
    return {"largest_other": measures[best], "largest_other_class": test.draws[is_other][best]}


def _beside_lowest(test: _Test) -> dict[str, Any]:
    """The margin of the map over as many of the lowest frequencies, if these were tried, and whether it is better."""
    names = ("low_pass_margin", "low_pass_margin_low", "low_pass_margin_high")
    is_lowest = test.kinds == "low_pass"
    if not is_lowest.any():
        return dict.fromkeys((*names, "than_lowest"), np.nan)
    margin, low, high = (float(end[0]) for end in test.margin(is_lowest))
    columns: dict[str, Any] = dict(zip(names, (margin, low, high), strict=True))
    return {**columns, "than_lowest": intervals.compared(low, high, AS_WELL)}


def _smallest_effect(test: _Test, kind: str, closest: int) -> float:
    """The least margin that would be above 0, if the map hits just the images that the control hits most often.

    It is tried for each number of images that the map hits, from none to all. NaN if none is enough.
    """
    chosen = test.kinds == kind
    draws = test.right[chosen]
    control = draws[closest] if kind == "other" else draws.mean(axis=0)
    control = np.sort(control)[::-1].astype(float)
    n = len(control)
    differences = np.arange(n + 1) - control.sum()
    gains = -differences if test.removes else differences
    if kind == "radial":
        is_above = gains / n > intervals.reach_of_one_more(draws.mean(axis=1))
    else:
        # As in `intervals.paired`: the map differs by 1 - control where it hits, by -control elsewhere.
        squares_where_hit = np.cumsum([0, *(1 - control) ** 2])
        squares_elsewhere = np.cumsum([0, *control[::-1] ** 2])[::-1]
        squares = squares_where_hit + squares_elsewhere
        variance = (squares + 1 - differences**2 / (n + 2)) / (n + 2) ** 2
        if test.measures_fpr(chosen):
            variance += 1 / (test.wrong.shape[1] + 2) ** 2
        of_draws = test.variance_of_mean(chosen) if kind == "random" else ()
        is_above = gains / (n + 2) > intervals.reach(variance, *of_draws)
    return float(gains[is_above].min() / n) if is_above.any() else np.nan


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of a table of `verdicts`, one row per network, class, part and fill.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed), and so do `margin` and
    `largest_other`. `seeds` is the number of seeds, `strong_seeds` the number with a strong shortcut. `measure_mean`
    has the interval `measure_low`, `measure_high` of `intervals.over_networks`; `interval` says of what it is:
    `networks`, from five seeds on, or `these networks`, over their images.
    """
    half = intervals.half_width_of_difference(
        table["tpr_dfm_high"] - table["tpr_dfm_low"], table["fpr_dfm_high"] - table["fpr_dfm_low"]
    )
    table = table.assign(half=half, is_strong=table["verdict"] == "strong")
    groups = table.groupby([*NETWORK, *_TEST], sort=False)
    is_rate = table.columns.str.startswith(("tpr_", "fpr_"))
    is_end = table.columns.str.endswith(("_low", "_high"))
    averaged = [*table.columns[is_rate & ~is_end], "margin", "largest_other"]
    out = groups[averaged].agg(["mean", "std"]).rename(columns={"std": "sd"}, level=1)
    out.columns = ["_".join(column) for column in out.columns]
    out.insert(0, "seeds", groups["seed"].nunique())
    out.insert(1, "strong_seeds", groups["is_strong"].sum())
    out.insert(2, "headline", groups["headline"].any())
    measures = pd.DataFrame(
        [intervals.over_networks(rows["measure"], rows["half"]) for _, rows in groups],
        out.index,
    )
    out["measure_mean"] = measures["value"]
    out["measure_low"] = measures["low"].clip(lower=-1)
    out["measure_high"] = measures["high"].clip(upper=1)
    out["interval"] = measures["of"]
    return out.reset_index()
