"""Drawing of what a shortcut costs beside how strong it is, by the share of images that carry its cue."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import despine, page_of_panels, style
from .methods import looks

HARMS = {  # of `evaluation.harm`: what it is called, its colour and mark
    "lost": ("recall lost without the wave", "0.15", "o"),
    "called": ("others called this class", "0.55", "s"),
}


def harm(table: pd.DataFrame) -> Figure:
    """Left both harms, right the own-map advantage of the class, against the share of its images with the wave.

    table : of `evaluation.harm.harm`, a row for each network and method that finds maps

    Marks are networks, a line joins their means.
    """
    methods = list(dict.fromkeys(table["method"]))
    with style(10):
        figure, ((cost, advantage),) = page_of_panels(1, 2, 3.3)
        for name, (label, colour, mark) in HARMS.items():  # they are the same with the maps of each method
            _draw(cost, table[table["method"] == methods[0]], name, label, colour, mark)
        for method, look in looks(methods).items():
            rows = table[table["method"] == method]
            _draw(advantage, rows, "advantage", f"maps of {method}", look["color"], look["marker"])
        for axis, title in ((cost, "what the shortcut costs"), (advantage, "own-map advantage")):
            axis.axhline(0, color="0.8", linewidth=0.8, zorder=0)
            axis.set_title(title)
            axis.set_xlabel("images with the wave, %")
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.28), fontsize=10)
        cost.set(ylabel="difference of shares", xticks=sorted(100 * table["share"].unique()))
        despine(figure.axes)
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, name: str, label: str, colour: str, mark: str) -> None:
    """One number of every network, and a line through the means."""
    share = 100 * rows["share"]
    axis.plot(share, rows[name], mark, color=colour, markersize=4.5, alpha=0.6, markeredgewidth=0)
    means = rows[name].groupby(share).mean()
    axis.plot(means.index, means, marker=mark, color=colour, linewidth=1.8, markersize=0, label=label)
