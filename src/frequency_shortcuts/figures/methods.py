"""Drawings of methods that find maps: how well each ranks what was planted, and what that costs."""

from __future__ import annotations

from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.truth import FOUND

from .canvas import COLOURS, despine, legend_below, logarithmic, page_of_panels, style

PER_ROW = 3  # panels
MARKERS = "oDs^vP<>Xp"


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
