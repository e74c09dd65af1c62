"""The figures of the benchmark, in the study's theme."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures.canvas import PAGE, logarithmic, style

AXES = {"side": "side of the images, pixels", "classes": "classes", "images": "images a class"}


def scaling(table: pd.DataFrame) -> Figure:
    """Time of whole cullings over pairs x images x pixels, double logarithmic, one panel for what is varied."""
    with style():
        figure, axes = plt.subplots(1, len(AXES), figsize=(PAGE, 2.6), sharey=True)
        shades = dict(zip(("exact", "screened"), sns.color_palette("colorblind", 2), strict=True))
        for ax, (varied, label) in zip(axes, AXES.items(), strict=True):
            mine = table[table["varied"] == varied]
            for method, part in mine.groupby("method"):
                fit = part["exponent"].iloc[0]
                ax.plot(
                    part["work"], part["time_s"], "o-" if method == "exact" else "s--", ms=4,
                    color=shades[method], label=f"{method}, exponent {fit:.2f}",
                )  # fmt: skip
            exact = mine[mine["method"] == "exact"]
            x = exact["work"]
            ax.plot(x, exact["time_s"].iloc[0] * x / x.iloc[0], color="0.7", lw=0.8, zorder=0, label="linear")
            ax.set(xlabel="pairs x images x pixels", title=f"varied: {label}")
            logarithmic(ax.xaxis)
            logarithmic(ax.yaxis)
            for value, row in mine.groupby(varied)[["work", "time_s"]].min().iterrows():  # below both marks
                ax.annotate(f"{value:.0f}", (row["work"], row["time_s"]), fontsize=6,
                            xytext=(0, -5), textcoords="offset points", ha="center", va="top")  # fmt: skip
            ax.legend(loc="upper left")
        axes[0].set_ylabel("time, s")
        top = table["time_s"].max()
        axes[0].set_ylim(table["time_s"].min() / 3, top * 8)
        sns.despine(figure)
    return figure


def overlap(curve: pd.DataFrame) -> Figure:
    """Overlap of screened with exact maps over the share of passes, one panel a map size, a line a network."""
    percents = sorted(curve["percent"].unique())
    with style():
        figure, axes = plt.subplots(1, len(percents), figsize=(PAGE, 2.6), sharey=True)
        names = list(curve["network"].unique())
        shades = dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))
        markers = dict(zip(names, cycle("os^vDPX*"), strict=False))
        for ax, percent in zip(axes, percents, strict=True):
            part = curve[curve["percent"] == percent]
            mean = part.groupby(["network", "target_recall"])[["share_of_passes", "overlap"]].mean().reset_index()
            for name in names:
                line = mean[mean["network"] == name].sort_values("share_of_passes")
                ax.plot(
                    100 * line["share_of_passes"], line["overlap"], "-", marker=markers[name], ms=3, lw=1,
                    color=shades[name], label=name,
                )  # fmt: skip
            ax.set(title=f"top {percent} %", xlabel="forward passes, % of exact", xlim=(0, None))
            ax.axhline(0.98, color="0.7", lw=0.8, zorder=0)
        axes[0].set(
            ylabel="overlap with the exact map", ylim=(min(0.6, np.floor(mean["overlap"].min() * 10) / 10), 1.01)
        )
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        sns.despine(figure)
    return figure
