"""The verdict on each class of a network from the hits of its shortcut tests, and rates over seeds.

All comparisons are of two masks on the same images (`intervals.paired`). The controls of a map are the map of each
other class, the mean of the random masks, and one more random mask with its radii; of a map that is removed, the mean
of the random masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from frequency_shortcuts import intervals
from frequency_shortcuts.intervals import Estimate
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.masks import CONTROLS

from .hits import Hits, has_fpr, rates

RECOGNISED_TPR = 0.5  # unfiltered TPR below which a class has no verdict
STRONG_TPR = 0.6  # least lower end of the TPR of a strong shortcut; our choice
MOST_FPR = 0.1  # greatest upper end of its FPR
AS_WELL = 0.1  # of TPR - FPR: a map within it does as well as the lowest frequencies
FEWEST_DRAWS = 5  # of each random kind, for a variance over draws
LOWEST = {  # column `than_lowest` -> as a sentence about the lowest frequencies
    "worse": "the lowest frequencies do better",
    "as well": "the lowest frequencies do as well",
    "better": "the lowest frequencies do worse",
    "undecided": "it is undecided whether the lowest frequencies do as well",
}
TOO_FEW = "too few images"  # the verdict where not even a TPR of 1 against 0 would be clear


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
    trials = pd.crosstab([hits.trials["part"], hits.trials["class"]], hits.trials["filter"])
    draws = trials.reindex(columns=["random", "radial"], fill_value=0)
    draws.loc[draws.index.get_level_values("part") != "keep", "radial"] = (
        FEWEST_DRAWS  # not drawn for maps removed
    )
    if (drawn := int(draws.to_numpy().min())) < FEWEST_DRAWS:
        raise ValueError(f"{drawn} draws of a random mask: a verdict needs at least {FEWEST_DRAWS}")
    judged = pd.DataFrame([_judge(one, strong) for one in _tests(hits)])
    measured = rates(hits)
    controls = measured[(measured["filter"] != "other") | (measured["draw"] != hits.neutral)]
    table = _means(controls).merge(judged, on=["class", "part", "fill"], validate="one_to_one")
    recognised = table["tpr_unfiltered"] >= RECOGNISED_TPR
    table["verdict"] = table["verdict"].where(recognised)
    quoted = (table["part"] == "keep") & (table["fill"] == hits.primary_fill)
    table["headline"] = quoted & (table["class"] != hits.neutral)
    return table


def _means(table: pd.DataFrame) -> pd.DataFrame:
    """A table of rates with one row per class, part and fill: the rates of each filter, means over its draws."""
    keys = ["class", "part", "fill"]
    measure = table["tpr"] - table["fpr"].fillna(0)
    own = table[table["filter"] == "dfm"].set_index(keys)
    groups = table.assign(measure=measure).groupby([*keys, "filter"], sort=False)
    means = groups[["tpr", "fpr", "overlap"]].mean().unstack("filter")  # noqa: PD010 (pivot_table drops what is missing)
    spread, count = (groups["measure"].agg(how).unstack("filter") for how in ("std", "count"))  # noqa: PD010
    out = own[["neutral", "positions", "images", "negatives"]].copy()
    for name in ("unfiltered", "dfm", *(kind for kind in CONTROLS if kind in count)):
        for rate in ("tpr", "fpr") if name != "radial" else ("tpr",):
            out[f"{rate}_{name}"] = means[rate, name]
            if name == "dfm":
                out[f"{rate}_dfm_low"], out[f"{rate}_dfm_high"] = (
                    own[f"{rate}_low"],
                    own[f"{rate}_high"],
                )
        if name in CONTROLS:
            error = (spread[name] / np.sqrt(count[name])).where(count[name] != 1, 0.0)
            out[f"error_{name}"], out[f"draws_{name}"] = error, count[name]
    out["overlap_radial"] = means.get(("overlap", "radial"), np.nan)
    return out.reset_index()


@dataclass(frozen=True)
class _TestedMaps:
    """The test of a class, part and fill: whether the class is named, on its images (`right`) and on others (`wrong`).

    Of each mask: its filter, the number of its draw or the other class, and whether FPR was measured.
    """

    key: dict[str, Any]
    kinds: np.ndarray
    draws: IntArray
    right: BoolArray
    wrong: BoolArray
    measured: BoolArray

    @property
    def own(self) -> BoolArray:
        """Where the map of the class is, bool [mask]."""
        return self.kinds == "dfm"

    def rates(self, chosen: BoolArray) -> list[BoolArray]:
        """The hits of TPR and of FPR, or those of TPR alone if FPR was not measured under the map and these masks."""
        return [self.right, self.wrong] if self.measured[chosen | self.own].all() else [self.right]

    def measure(self, chosen: BoolArray) -> FloatArray:
        """TPR - FPR under some masks, or TPR [mask]."""
        right, *wrong = (hits[chosen].mean(axis=1) for hits in self.rates(chosen))
        return right - wrong[0] if wrong else right

    def margin(self, chosen: BoolArray, mean: bool = False) -> Estimate:
        """Margins of the map over some masks [mask], each alone, or over their mean [1]."""
        parts, sign = [], -1 if self.key["part"] == "remove" else 1
        for hits in self.rates(chosen):
            against = hits[chosen].mean(axis=0, keepdims=True) if mean else hits[chosen]
            parts.append(intervals.paired(sign * (hits[self.own].astype(float) - against)))
        fpr = parts[1] if len(parts) > 1 else None
        return (
            intervals.joined(parts[0], fpr, *self.of_draws(chosen))
            if mean
            else intervals.joined(parts[0], fpr)
        )

    def of_draws(self, chosen: BoolArray) -> tuple[float, int]:
        """The variance of the measure over draws, divided by their number, and this number: for `intervals.reach`."""
        return float(self.measure(chosen).var(ddof=1) / chosen.sum()), int(chosen.sum())

    def over_one_more(self, chosen: BoolArray) -> Estimate:
        """The margin of TPR of the map over the mean of draws, with the interval of one more draw [1]."""
        draws = self.right[chosen].mean(axis=1)
        value, half = (
            self.right[self.own].mean(axis=1) - draws.mean(),
            intervals.reach_of_one_more(draws),
        )
        return Estimate(value, value - half, value + half)

    def controls(self) -> dict[str, Estimate]:
        """Margins of the map over what it must be above: the mean of random masks, one more radial, each other map."""
        margins: dict[str, Callable[[BoolArray], Estimate]]
        margins = {
            "random": partial(self.margin, mean=True),
            "radial": self.over_one_more,
            "other": self.margin,
        }
        return {
            kind: margin(self.kinds == kind)
            for kind, margin in margins.items()
            if kind in self.kinds
        }


def _tests(hits: Hits) -> Iterator[_TestedMaps]:
    """The test of every class, part and fill. The neutral class has no map to compare with."""
    for fill, named in hits.predicted.items():
        judged, tested = hits.judged(fill), hits.tested(fill)
        for (part, c), trials in hits.trials.groupby(["part", "class"], sort=False):
            if c not in tested:
                continue
            trials = trials[(trials["filter"] != "other") | (trials["draw"] != hits.neutral)]
            shown = named[trials["mask"]]
            right, wrong = shown[:, hits.labels == c], shown[:, judged[c]]
            yield _TestedMaps(
                {"class": c, "part": part, "fill": fill},
                trials["filter"].to_numpy(str),
                trials["draw"].to_numpy(),
                right == c,
                wrong == c,
                has_fpr(trials) & judged[c].any(),
            )


def _judge(test: _TestedMaps, strong: float) -> dict[str, Any]:
    """The columns of a verdict that compare masks."""
    others = test.kinds == "other"
    controls = test.controls()
    low, kind = _lowest(controls)
    closest = int(np.argmin(controls[kind].low))
    margin, _, high = (float(np.ravel(end)[closest]) for end in controls[kind])
    measure, of_others = float(test.measure(test.own)[0]), test.measure(others)
    row = {
        **test.key,
        "measure": measure,
        "largest_other": of_others.max() if others.any() else np.nan,
        "largest_other_class": test.draws[others][np.argmax(of_others)] if others.any() else np.nan,
        "margin": margin,
        "margin_low": low,
        "margin_high": high,
        "best_control": kind,
        "closest_class": test.draws[others][closest] if kind == "other" else np.nan,
        "smallest_effect": _smallest_effect(test, kind, closest),
    }
    names = ("low_pass_margin", "low_pass_margin_low", "low_pass_margin_high")
    row |= dict.fromkeys((*names, "than_lowest"), np.nan)
    if (lowest := test.kinds == "low_pass").any():
        ends = [float(end[0]) for end in test.margin(lowest)]
        row |= dict(zip(names, ends, strict=True)) | {
            "than_lowest": intervals.compared(ends[1], ends[2], AS_WELL)
        }
    (tpr_low, tpr_high), *fpr = (
        intervals.wilson(hits[test.own].mean(), hits.shape[1]) for hits in test.rates(test.own)
    )
    kept = tpr_low >= strong and all(high <= MOST_FPR for _, high in fpr)
    clear = tpr_high <= 1 - strong if test.key["part"] == "remove" else kept
    # The clearest TPR that these images and masks can give, at equal FPR: the map does all, controls nothing.
    hit = np.broadcast_to((test.own != (test.key["part"] == "remove"))[:, None], test.right.shape)
    if _lowest(replace(test, right=hit, wrong=np.zeros_like(test.wrong)).controls())[0] <= 0:
        return {**row, "verdict": TOO_FEW}
    return {**row, "verdict": "none" if low <= 0 else "strong" if clear else "weak"}


def _lowest(controls: dict[str, Estimate]) -> tuple[float, str]:
    """The least lower end of the margins over some controls, and the kind of this control."""
    return min((float(np.min(margins.low)), kind) for kind, margins in controls.items())


def _smallest_effect(test: _TestedMaps, kind: str, closest: int) -> float:
    """The least margin that would be above 0, if the map hits just the images that the control hits most often."""
    chosen = test.kinds == kind
    masks, remove = test.right[chosen], test.key["part"] == "remove"
    control = np.sort(masks[closest] if kind == "other" else masks.mean(axis=0))[::-1].astype(float)
    n = len(control)
    # Of the differences on all images, for each number of hits of the map.
    total = np.arange(n + 1) - control.sum()
    squares = np.cumsum([0, *(1 - control) ** 2]) + np.cumsum([0, *control[::-1] ** 2])[::-1]
    variance = (squares + 1 - total**2 / (n + 2)) / (n + 2) ** 2
    if test.measured[chosen | test.own].all():
        variance += 1 / (test.wrong.shape[1] + 2) ** 2
    margin = -total if remove else total
    enough = margin / (n + 2) > intervals.reach(
        variance, *(test.of_draws(chosen) if kind == "random" else ())
    )
    if kind == "radial":
        enough = margin / n > intervals.reach_of_one_more(masks.mean(axis=1))
    return float(margin[enough].min() / n) if enough.any() else np.nan


def over_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread over seeds of a table of `verdicts`, one row per network, class, part and fill.

    table: verdicts of several runs with the columns `dataset`, `network`, `augmentation` and `seed`. Every
    rate x becomes x_mean and x_sd (sample standard deviation; missing for a single seed), and so do `margin` and
    `largest_other`. `seeds` is the number of seeds, `strong_seeds` the number with a strong shortcut. `measure_mean`
    has the interval `measure_low`, `measure_high` of `intervals.over_networks`; `interval` says of what it is:
    `networks`, from five seeds on, or `these networks`, over their images.
    """
    groups = table.groupby(
        ["dataset", "network", "augmentation", "class", "part", "fill"], sort=False
    )
    means = [
        name
        for name in table
        if name.startswith(("tpr_", "fpr_")) and not name.endswith(("_low", "_high"))
    ]
    spread = groups[[*means, "margin", "largest_other"]].agg(["mean", "std"])
    spread.columns = [
        f"{rate}_{'mean' if kind == 'mean' else 'sd'}" for rate, kind in spread.columns
    ]
    spread.insert(0, "seeds", groups["seed"].nunique())
    spread.insert(
        1, "strong_seeds", groups["verdict"].agg(lambda verdict: int((verdict == "strong").sum()))
    )
    spread.insert(2, "headline", groups["headline"].any())
    squares = sum(
        ((table[f"{rate}_dfm_high"] - table[f"{rate}_dfm_low"]).fillna(0) / 2) ** 2
        for rate in ("tpr", "fpr")
    )
    halves = table.assign(half=np.sqrt(squares)).groupby(list(groups.keys), sort=False)
    means_of = [
        intervals.over_networks(of_seeds["measure"], of_seeds["half"]) for _, of_seeds in halves
    ]
    measures = [
        mean._replace(low=max(mean.low, -1.0), high=min(mean.high, 1.0)) for mean in means_of
    ]
    spread[["measure_mean", "measure_low", "measure_high", "interval"]] = pd.DataFrame(
        measures, spread.index
    )
    return spread.reset_index()
