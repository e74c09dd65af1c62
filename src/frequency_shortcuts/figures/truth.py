"""Drawings of maps scored against the planted truth, and of methods: how well each ranks it, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.storage.tables import RUN

from .canvas import COLOURS, despine, legend_below, logarithmic, network_label, page_of_panels, style, titles
from .selection import kinds_of

# Rankings that belong to a data set, not to a network: marker and what they are called.
_OF_SET = {"adcs": ("D", "|ADCS|"), "adcs_high": (">", "ADCS, more energy"), "adcs_low": ("<", "ADCS, less energy")}
_TRUTHS = {"own": "planted for the class", "any": "planted for any class"}
PER_ROW, MARKERS = 3, "oDs^vP<>Xp"  # of the panels of methods
_ROOM = 0.3  # to either side of a class, that its networks are spread over


def truth(table: pd.DataFrame) -> Figure:
    """Average precision of maps and ADCS against what was planted.

    table : that of `truth.score` with the columns dataset, network, augmentation, seed and uses, and classes by name

    A row of scores a data set, a line for each of its classes; dots are means over seeds, their bars a standard
    deviation to either side. Only those networks are scored that use the planted mask of a class; where some do not,
    it says so.
    """
    # The average precision is over the whole ranking, the same for maps of all sizes.
    table = table.drop_duplicates([*RUN, "class", "truth", "ranking"])
    # Each data set has classes of its own.
    classes = {name: list(dict.fromkeys(of_set["class"])) for name, of_set in table.groupby("dataset", sort=False)}
    networks = kinds_of(table)
    colours = dict(zip(networks, cycle(COLOURS), strict=False))
    with style():
        tall = [0.15 + (0.09 + 0.09 * len(networks)) * len(names) for names in classes.values()]
        figure, axes = page_of_panels(len(tall), len(_TRUTHS), sum(tall) + 1.2, sharey="row", height_ratios=tall)
        for (name, its), line in zip(classes.items(), axes, strict=True):
            of_set = table[table["dataset"] == name]
            for which, axis in zip(_TRUTHS, line, strict=True):
                _draw_scores(axis, of_set[of_set["truth"] == which], its, colours)
            line[0].set_ylabel(_broken(name))
            line[0].set_yticks(range(len(its)), its)
            line[0].set_ylim(len(its) - 0.5, -0.5)
        titles(axes, list(_TRUTHS.values()), "average precision")
        axes[0, 0].set_xlim(-0.05, 1.05)
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        despine(figure.axes, left=True)
        figure.legend(handles=_legend_of_scores(colours), loc="outside upper center", ncols=4)
    return figure


def _broken(name: str) -> str:
    """A name of more than eight letters on two lines, as it stands beside a low row."""
    return name.replace("_", "_\n", 1) if len(name) > 8 else name


def _draw_scores(
    axis: Axes, table: pd.DataFrame, classes: Sequence[str], colours: Mapping[tuple[str, str], str]
) -> None:
    """The scores of one data set and truth: a line a class, on which networks are spread."""
    score = "average_precision"
    shift = np.linspace(-_ROOM, _ROOM, len(colours)) if len(colours) > 1 else np.zeros(1)
    bounds = [score, f"{score}_low", f"{score}_high"]
    mean = table.groupby(["ranking", "class"])[bounds].mean()
    runs = table.groupby(["network", "augmentation", "ranking", "class"])[bounds]
    spread, over_seeds = runs.mean(), runs.std()[score].fillna(0)
    for place, name in enumerate(classes):
        axis.axhline(place - 0.5, color="0.93", linewidth=0.6, zorder=0)
        reason = _without_scores(table[(table["class"] == name) & (table["ranking"] == "dfm")])
        if reason:
            axis.text(0.5, place, reason, ha="center", va="center", fontsize=6, color="0.5", style="italic")
            continue
        _, low, high = mean.loc[("random", name)]
        axis.barh(place, high - low, left=low, height=0.9, color="0.85", zorder=1)
        for ranking, (marker, _) in _OF_SET.items():
            axis.scatter(
                mean.loc[(ranking, name), score], place, s=16, marker=marker, color="black", linewidth=0, zorder=4
            )
        for (network, colour), offset in zip(colours.items(), shift, strict=True):
            if (*network, "dfm", name) not in spread.index or np.isnan(spread.loc[(*network, "dfm", name), score]):
                continue
            y = place + offset
            _, low, high = spread.loc[(*network, "radial", name)]
            axis.hlines(y, low, high, color=colour, linewidth=3.5, alpha=0.3, zorder=2)
            axis.scatter(
                spread.loc[(*network, "other", name), score], y, s=12, marker="^", facecolor="none", edgecolor=colour,
                linewidth=0.8, zorder=3,
            )  # fmt: skip
            value, deviation = spread.loc[(*network, "dfm", name), score], over_seeds[(*network, "dfm", name)]
            if (*network, "dfm_size", name) in spread.index:
                by_size = spread.loc[(*network, "dfm_size", name), score]
                axis.scatter(by_size, y, s=12, facecolor="none", edgecolor=colour, linewidth=0.8, zorder=4)
            axis.hlines(y, max(0, value - deviation), min(1, value + deviation), color=colour, linewidth=1, zorder=5)
            axis.scatter(value, y, s=14, color=colour, linewidth=0, zorder=5)
    axis.tick_params(length=0, axis="y")


def _without_scores(rows: pd.DataFrame) -> str:
    """Why a class has no scores at all; empty where it has some."""
    if rows["uses"].isna().all():
        return "nothing planted"
    return "" if rows["uses"].eq(True).any() else "mask not used"


def _legend_of_scores(colours: Mapping[tuple[str, str], str]) -> list[Artist]:
    def point(marker: str, label: str, **options: Any) -> Line2D:
        return Line2D([], [], marker=marker, linestyle="none", markersize=4, label=label, **options)

    handles: list[Artist] = [
        point("o", f"map (DFM), {', '.join(network_label(*network).splitlines())}", color=colour)
        for network, colour in colours.items()
    ]
    handles += [point("o", "by the size of increments", color="0.4", markerfacecolor="none")]
    handles += [point("^", "maps of other classes", color="0.4", markerfacecolor="none")]
    handles += [Line2D([], [], color="0.4", alpha=0.3, linewidth=3.5, label="random, map's radii (95 %)")]
    handles += [Patch(color="0.85", label="random, uniform (95 %)")]
    return handles + [point(marker, label, color="black") for marker, label in _OF_SET.values()]


def precision(table: pd.DataFrame) -> Figure:
    """Average precision against the planted truth by forward passes: a panel a data set, a mark a method.

    table : of `truth.score_methods`, of all runs, with `dataset` and `passes`. A mark is the mean over the classes of
        networks that have a score. Methods that take no pass stand left of a line.
    """
    scored = table[table["truth"] == "own"].dropna(subset=["average_precision"])
    sets, methods = list(dict.fromkeys(table["dataset"])), list(dict.fromkeys(table["method"]))
    means = scored.groupby(["dataset", "method"])[["passes", "average_precision"]].mean()
    none = 0.3 * min(scored.loc[scored["passes"] > 0, "passes"], default=1.0)  # where methods stand that take no pass
    rows = -(-len(sets) // PER_ROW)
    with style(10):
        figure, axes = page_of_panels(rows, min(PER_ROW, len(sets)), 1.3 + 2.0 * rows)
        for name, axis in zip(sets, axes.flat, strict=False):
            for method, colour, marker in zip(methods, cycle(COLOURS), cycle(MARKERS), strict=False):
                if (name, method) in means.index:
                    passes, value = means.loc[(name, method)]
                    axis.plot(max(passes, none), value, marker, color=colour, markersize=5.5, label=method)
            count = len(scored[(scored["dataset"] == name) & (scored["method"] == methods[0])])
            axis.set_title(f"{name}, n = {count}")
            axis.axvline(2 * none, color="0.85", linewidth=0.8, zorder=0)
            axis.axhline(FOUND, color="0.7", linewidth=0.8, linestyle="--", zorder=0)
        for axis in axes.flat[len(sets) :]:
            axis.set_axis_off()
        axes[0, 0].set_ylim(-0.04, 1.04)
        logarithmic(axes[0, 0].xaxis)
        for axis in axes[:, 0]:
            axis.set_ylabel("average precision")
        for axis in axes.flat[max(0, len(sets) - PER_ROW) : len(sets)]:
            axis.set_xlabel("forward passes")
            axis.tick_params(labelbottom=True)
        despine(figure.axes)
        legend_below(figure, axes[0, 0], 5)
    return figure
