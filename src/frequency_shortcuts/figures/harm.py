"""Drawing of what a shortcut costs against how strong it is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import COLOURS, PAGE, despine, style

HARMS = {  # of `evaluation.harm`
    "lost": "recall lost without the wave",
    "called": "other images called this class\nonce they carry the wave",
}


def harm(table: pd.DataFrame) -> Figure:
    """Both harms of every network against the own-map advantage of the class with the wave, with 95 % intervals.

    table : of `evaluation.harm.harm`, the rows of every network; a row of panels for each method that finds maps

    Colours are shares of the images of the class with the wave; a filled dot is a map that holds the wave.
    """
    shares, methods = sorted(table["share"].unique()), list(dict.fromkeys(table["method"]))
    with style():
        figure, axes = plt.subplots(
            len(methods), len(HARMS), figsize=(PAGE, 0.6 + 2.2 * len(methods)), sharex=True, sharey=True, squeeze=False
        )
        for method, line in zip(methods, axes, strict=True):
            for name, axis in zip(HARMS, line, strict=True):
                _draw(axis, table[table["method"] == method], name, shares)
            line[0].set_ylabel(f"maps of {method}\ndifference of shares")
        for axis, title in zip(axes[0], HARMS.values(), strict=True):
            axis.set_title(title)
        for axis in axes[-1]:
            axis.set_xlabel("own-map advantage of the class")
        last = axes[-1, -1]
        for share, colour in zip(shares, COLOURS, strict=False):
            last.plot([], [], "o", color=colour, label=f"wave in {share:.0%} of the class")
        last.plot([], [], "o", color="0.4", markerfacecolor="white", label="wave not in the map")
        figure.legend(loc="outside right center")
        despine(figure.axes)
    return figure


def _draw(axis: Axes, table: pd.DataFrame, name: str, shares: Sequence[float]) -> None:
    """One harm of every network with the maps of one method."""
    axis.axhline(0, color="0.8", linewidth=0.8)
    for share, colour in zip(shares, COLOURS, strict=False):
        for in_map in (True, False):
            rows = table[(table["share"] == share) & (table["in_map"].astype(bool) == in_map)]
            axis.errorbar(
                rows["advantage"], rows[name], color=colour, fmt="o", markersize=5, linewidth=0.8,
                xerr=[rows["advantage"] - rows["advantage_low"], rows["advantage_high"] - rows["advantage"]],
                yerr=[rows[name] - rows[f"{name}_low"], rows[f"{name}_high"] - rows[name]],
                markerfacecolor=colour if in_map else "white",
            )  # fmt: skip
