"""Drawing of the benchmark: what artefacts cost, and the numbers of the counterfactual test."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.flip_rates import FOUND, Thresholds

from .canvas import despine, legend_below, page_of_panels, style

SHARES = {1.0: ("o", "in all images"), 0.5: ("s", "in half"), 0.25: ("^", "in a quarter")}
WARNED, SILENT = "#d55e00", "#0173b2"


def leaks(table: pd.DataFrame, harmful: float) -> Figure:
    """Left flips against images of others that an artefact turns, right needs against recall lost; a mark a class.

    table : of `evaluation.leaks.with_harm`; harmful : from which difference on an artefact is
    """
    planted = table[table["kind"].notna()]
    planted = planted.assign(flips=planted[["flip", "sham", "part"]].max(axis=1))
    thresholds = Thresholds()
    with style(10):
        figure, ((left, right),) = page_of_panels(1, 2, 3.6)
        for axis, number, harm, threshold in (
            (left, "flips", "called", thresholds.flip),
            (right, "need", "lost", thresholds.need),
        ):
            _draw(axis, planted, number, harm)
            axis.axhline(threshold, color="0.8", linewidth=0.8, zorder=0)
            axis.axvline(harmful, color="0.8", linewidth=0.8, zorder=0)
            axis.set(xlim=(-0.3, 1.05), ylim=(-0.15, 1.05))
        left.set(xlabel="harm: others called the class", ylabel="largest of flip, sham and part")
        right.set(xlabel="harm: recall lost", ylabel="need")
        despine(figure.axes)
        legend_below(figure, left, 4)
    return figure


def _draw(axis: Axes, planted: pd.DataFrame, number: str, harm: str) -> None:
    """A mark for each artefact: filled if the test warns, its form by the share of images; brightness in grey."""
    coarse = planted[planted["kind"] == "brightness"]
    planted = planted[planted["kind"] != "brightness"]
    warned = planted["verdict"].isin(FOUND)
    for share, (mark, words) in SHARES.items():
        for warns, colour in ((True, WARNED), (False, SILENT)):
            rows = planted[(planted["share"] == share) & (warned == warns)]
            axis.plot(
                rows[harm], rows[number], mark, markersize=4.5, color=colour, alpha=0.7,
                markerfacecolor=colour if warns else "none", label=f"{words}, {'warned' if warns else 'not'}",
            )  # fmt: skip
    axis.plot(coarse[harm], coarse[number], "x", markersize=4, color="0.6", zorder=1, label="brightness")
