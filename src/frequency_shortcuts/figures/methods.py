"""Drawings of the methods side by side: against the truth, by tests of their maps, by cost, and over seeds."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.method_scores import CONTROL, UNFILTERED

from .canvas import PAGE, colour_bar, despine, hues, style

LOW_PASS, RANDOM = "low_pass", "random"
BASELINES = ("gradient", "adcs", "energy", LOW_PASS, RANDOM)  # the simple methods that others must beat
# The truths of a data set that have a column, and what is added to its name.
TRUTHS = {"own": "", "better_half": " (better half)", "decoy": " (the decoy)", "with_harmonics": " (with harmonics)"}
_MARKS = "osD^vP*Xhp<>d8H"


def truth(table: pd.DataFrame, mechanisms: Mapping[str, str], found: float) -> Figure:
    """Average precision of every method against the planted truth of every data set, as a heat map.

    table : of `method_scores`, of all runs; its scores are means over classes and seeds where the network uses the
        planted mask. mechanisms : data set -> its name in the figure, in order
    found : average precision from which a truth is found (`truth.FOUND`); means from there on are bold

    Some data sets have more than one truth: see `truth.planted`.
    """
    own = table[table["truth"].isin(list(TRUTHS))].dropna(subset=["average_precision"])
    there = set(zip(own["dataset"], own["truth"], strict=True))
    cells = [(name, truth) for name in mechanisms for truth in TRUTHS if (name, truth) in there]
    methods = _in_order(own)
    means = own.groupby(["dataset", "truth", "method"])["average_precision"].mean()
    chance = own.groupby(["dataset", "truth"])[["random", "random_low", "random_high"]].mean()
    values = np.array([[means.get((*cell, method), np.nan) for cell in cells] for method in methods])
    random = np.array([[chance.loc[cell, "random"] for cell in cells]])
    shown = np.concatenate([values, random])
    labels = [*methods, "random rankings"]
    with style():
        figure, axis = plt.subplots(figsize=(PAGE, 1.3 + 0.24 * len(labels)))
        axis.imshow(np.ma.masked_invalid(shown), cmap="viridis", vmin=0, vmax=1, aspect="auto")
        axis.set_facecolor("0.93")
        for i, j in np.ndindex(shown.shape):
            if np.isfinite(shown[i, j]):
                bold = i < len(methods) and shown[i, j] >= found
                axis.text(
                    j, i, f"{shown[i, j]:.2f}", ha="center", va="center", fontsize=6.5,
                    color="white" if shown[i, j] < 0.6 else "black", fontweight="bold" if bold else "normal",
                )  # fmt: skip
        used = own[own["method"] == own["method"].iloc[0]].groupby(["dataset", "truth"]).size()
        names = [f"{mechanisms[name]}{TRUTHS[truth]}, n = {used.get((name, truth), 0)}" for name, truth in cells]
        axis.set_xticks(range(len(cells)), names, rotation=30, ha="right", rotation_mode="anchor")
        axis.set_yticks(range(len(labels)), labels)
        axis.tick_params(length=0)
        for label, name in zip(axis.get_yticklabels(), labels, strict=True):
            label.set_fontstyle("italic" if name in BASELINES or name == labels[-1] else "normal")
        for place in _borders(methods):
            axis.axhline(place - 0.5, color="white", linewidth=2)
        for spine in axis.spines.values():
            spine.set_visible(False)
        colour_bar(figure, np.array([axis]), "viridis", 0, 1, "average precision")
    return figure


def _in_order(table: pd.DataFrame) -> list[str]:
    """The methods in the order of the data set that has most of them, in which each stands at its place."""
    names = [list(dict.fromkeys(mine)) for _, mine in table.groupby("dataset", sort=False)["method"]]
    return list(dict.fromkeys([*max(names, key=len), *table["method"]]))


def _borders(methods: Sequence[str]) -> list[int]:
    """The rows that begin the simple methods and the random rankings."""
    first = next((i for i, name in enumerate(methods) if name in BASELINES), None)
    return [*([] if first is None else [first]), len(methods)]


def rates(table: pd.DataFrame, part: str) -> Figure:
    """By the size of the maps: TPR - FPR with the maps kept, or TPR with the maps removed; a panel a data set and fill.

    table : of `method_rates`, of all data sets to draw; means over classes and seeds. part : keep or remove

    In grey, and dashed, stand the controls: random masks of the same size, and the lowest frequencies. With two classes
    and the fill swap there is no FPR, since the donor of each other image is of the class: there, TPR is shown.
    """
    rows = table[(table["part"] == part) & (table["method"] != UNFILTERED) & (table["method"] != RANDOM)]
    rows = rows.assign(shown=rows["measure"] if part == "keep" else rows["tpr"])
    panels = list(dict.fromkeys(zip(rows["dataset"], rows["fill"], strict=True)))
    methods = [name for name in _in_order(rows) if name not in (CONTROL, LOW_PASS)]
    per_row = 2 if len(panels) == 4 else min(3, len(panels))
    count = -(-len(panels) // per_row)
    with style():
        figure, axes = plt.subplots(
            count, per_row, figsize=(PAGE, 0.9 + 1.75 * count), sharex=True, sharey=True, squeeze=False
        )
        colours = _colours(methods)
        for axis, (dataset, fill) in zip(axes.flat, panels, strict=False):
            mine = rows[(rows["dataset"] == dataset) & (rows["fill"] == fill)]
            means = mine.groupby(["method", "percent"])["shown"].mean()
            for name, line in ((CONTROL, ":"), (LOW_PASS, "--")):
                if name in means.index.get_level_values(0):
                    curve = means[name]
                    label = "random masks" if name == CONTROL else "low-pass"
                    axis.plot(curve.index, curve, line, color="0.35", linewidth=1.6, label=label)
            for i, name in enumerate(methods):
                if name in means.index.get_level_values(0):
                    curve = means[name]
                    axis.plot(
                        curve.index, curve, marker=_MARKS[i % len(_MARKS)], markersize=3.5, linewidth=1.0,
                        color=colours[name], label=name,
                    )  # fmt: skip
            without_fpr = part == "keep" and mine["fpr"].isna().all()
            axis.set_title(f"{dataset}, {fill}{' (TPR alone)' if without_fpr else ''}")
            _size_axis(axis, sorted(set(mine["percent"])))
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel("TPR - FPR" if part == "keep" else "TPR")
        for axis in axes.flat[max(0, len(panels) - per_row) : len(panels)]:
            axis.set_xlabel("frequencies kept, %" if part == "keep" else "frequencies removed, %")
            axis.tick_params(labelbottom=True)
        despine(figure.axes)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _size_axis(axis: Axes, percents: Sequence[float]) -> None:
    axis.set_xscale("log")
    axis.set_xticks(percents, [f"{percent:g}" for percent in percents])
    axis.minorticks_off()


def _colours(methods: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    return dict(zip(methods, hues(len(methods)), strict=True))


def cost(scores: pd.DataFrame, rates: pd.DataFrame, percent: float) -> Figure:
    """Quality against forward passes: average precision where the truth is known, and margin over the best control.

    scores, rates : of `method_scores` and `method_rates`; percent : size of the maps of the margin

    Methods that need no pass stand at the left end. Passes are those of a run, the mean over runs. A mean over data
    sets is shown for methods that ran on all of them.
    """
    own = scores[scores["truth"] == "own"].dropna(subset=["average_precision"])
    there = own.groupby("method")["dataset"].nunique()
    own = own[own["method"].isin(there[there == there.max()].index)] if len(own) else own
    methods = _in_order(scores)
    colours, marks = _colours(methods), dict(zip(methods, itertools.cycle(_MARKS), strict=False))
    plain = scores[scores["truth"].isna()]
    margins = rates[(rates["percent"] == percent) & (rates["part"] == "keep")]
    panels: list[tuple[str, pd.Series, pd.Series]] = []
    if len(own):
        by = own.groupby("method", sort=False)
        datasets = own.groupby(["method", "dataset"], sort=False)["average_precision"].mean()
        panels.append(("planted truth: average precision", by["passes"].mean(), datasets.groupby("method").mean()))
    for (dataset, fill), mine in margins[margins["dataset"].isin(set(plain["dataset"]))].groupby(["dataset", "fill"]):
        passes = plain[plain["dataset"] == dataset].groupby("method", sort=False)["passes"].mean()
        panels.append((f"{dataset}, {fill}: margin at {percent:g} %", passes, mine.groupby("method")["margin"].mean()))
    with style():
        figure, axes = plt.subplots(1, len(panels), figsize=(PAGE, 3.1), squeeze=False)
        for axis, (title, passes, quality) in zip(axes[0], panels, strict=True):
            names = [name for name in passes.index if name in quality.index]
            nothing = 0.3 * min(passes[passes > 0], default=1.0)
            for name in names:
                axis.scatter(
                    max(passes[name], nothing), quality[name], color=colours[name], marker=marks[name], s=22, label=name
                )
            axis.set_xscale("log")
            axis.axvline(nothing * 1.7, color="0.85", linewidth=0.8)
            axis.set_title(title, fontsize=7)
            axis.set_xlabel("forward passes (left of the line: none)", fontsize=7)
        despine(figure.axes)
        handles = {
            name: handle for axis in axes[0] for handle, name in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        shown = [name for name in methods if name in handles]
        figure.legend([handles[name] for name in shown], shown, loc="outside lower center", ncols=6)
    return figure


def overlap(table: pd.DataFrame, percent: float) -> Figure:
    """Overlap of the maps of networks with other seeds, by method; each point is a data set.

    table : of `method_overlap`; percent : size of the maps
    """
    rows = table[table["percent"] == percent]
    means = rows.groupby(["method", "dataset"], sort=False)["overlap"].mean().reset_index()
    order = means.groupby("method")["overlap"].mean().sort_values(ascending=False).index
    from seaborn import stripplot  # here, since it takes a job a second to import

    with style():
        figure, axis = plt.subplots(figsize=(PAGE, 0.9 + 0.2 * len(order)))
        stripplot(means, x="overlap", y="method", hue="dataset", order=order, jitter=False, ax=axis, size=4)
        mean = means.groupby("method")["overlap"].mean()
        axis.scatter(mean[order], range(len(order)), marker="|", s=120, color="black", label="mean")
        axis.set_xlabel(f"overlap (IoU) of the top {percent:g} % between seeds, mean over classes")
        axis.set_ylabel("")
        axis.set_xlim(0, 1.02)
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        despine(figure.axes)
    return figure
