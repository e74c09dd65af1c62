"""The claims as a picture: the number of each network, their mean, what it is compared with, and the word."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from frequency_shortcuts.figures.canvas import PAGE, style
from study.findings import definitions
from study.findings.claims import shown
from study.findings.definitions import CLAIMS, NOT_MEASURED, NOT_SEEN, SEEN, UNCLEAR

INK = {SEEN: "#0173b2", NOT_SEEN: "#d55e00", UNCLEAR: "#595959", NOT_MEASURED: "#737373"}
PANELS = {  # of each measure: the label of its axis
    definitions.CORRELATION: "rank correlation",
    definitions.SHARE: "share of networks",
    definitions.DIFFERENCE: "difference of TPR - FPR, of (n) of recall",
}
ROW, LEFT, RIGHT, ABOVE, BELOW = 0.37, 2.6, 1.9, 0.45, 0.55  # inches: of a row, beside the axes, above and below all
KEY = "black: of the paper, grey: ours; bold words: decided"
LETTERS = 42  # of a claim, in a line
OF = ["dataset", "networks_of"]  # columns in which the networks of a claim are alike


def draw_claims(claims: pd.DataFrame, claim_numbers: pd.DataFrame) -> Figure:
    """Which claims are seen in this study?

    Definitions, thresholds and bounds are those of `findings/definitions.py`, the same at every scale.
    """
    display(claims.drop(columns=["of", "published", "figure"]).round(3))
    panels = {
        measure: [row for row in claims.to_dict("records") if CLAIMS[row["claim"]].measure == measure]
        for measure in PANELS
    }
    height = ABOVE + len(claims) * ROW + len(panels) * BELOW + 0.15
    with style():
        figure = plt.figure(figsize=(PAGE, height), layout="none")
        for line, (text, weight) in enumerate({"Which claims are seen here?": "bold", KEY: "normal"}.items()):
            figure.text(0.01, 1 - (0.05 + 0.16 * line) / height, text, va="top", fontsize=9, weight=weight)
        top = height - ABOVE
        for measure, rows in panels.items():
            top -= len(rows) * ROW
            box = (LEFT / PAGE, top / height, (PAGE - LEFT - RIGHT) / PAGE, len(rows) * ROW / height)
            axis = figure.add_axes(box)
            for place, row in enumerate(rows):
                _draw_row(axis, place, row, claim_numbers)
            axis.set(ylim=(len(rows) - 0.5, -0.5), yticks=[], xlabel=PANELS[measure])
            axis.spines[["top", "right", "left"]].set_visible(False)
            if measure != definitions.DIFFERENCE:
                low = -1 if measure == definitions.CORRELATION else 0
                axis.set(xlim=(low - 0.05, 1.05), xticks=np.linspace(low, 1, 5))
            top -= BELOW
        handles = {
            "mean or share, 95 % interval": Line2D([], [], color="0.3", marker="o", markersize=5.5, linewidth=2.5),
            "one network": Line2D([], [], color="0.35", marker="o", markersize=3, markerfacecolor="none", linestyle=""),
            "threshold": Line2D([], [], color="0.25", linestyle=(0, (2, 1.5)), linewidth=1),
            "within the bound: not seen": Patch(facecolor="0.9", linewidth=0),
        }
        figure.legend(
            list(handles.values()), list(handles), loc="lower center", ncols=4, columnspacing=1.2, handlelength=1.6
        )
    return figure


def _draw_row(axis: Axes, place: int, row: Mapping[Any, Any], numbers: pd.DataFrame) -> None:
    claim, ink, across = CLAIMS[row["claim"]], INK[row["word"]], axis.get_yaxis_transform()
    says = textwrap.fill(f"({claim.letter}) {claim.says}", LETTERS)
    axis.text(-LEFT / (PAGE - LEFT - RIGHT) + 0.02, place, says, va="center", transform=across,
              color="0.4" if claim.of == definitions.OURS else "0.1")  # fmt: skip
    above = place - 0.2 if row["networks"] else place
    axis.text(1.04, above, row["word"], color=ink, va="center", transform=across,
              weight="bold" if row["decided"] else "normal")  # fmt: skip
    if not row["networks"]:
        return
    axis.text(1.04, place + 0.2, shown(row), va="center", fontsize=7, transform=across)
    if claim.bound is not None:
        axis.fill_betweenx((place - 0.45, place + 0.45), -claim.bound, claim.bound, color="0.9", linewidth=0, zorder=0)
    axis.vlines(claim.threshold, place - 0.45, place + 0.45, color="0.25", linestyle=(0, (2, 1.5)), linewidth=1)
    if np.isfinite(row["low"]):
        axis.hlines(place, row["low"], row["high"], color=ink, linewidth=2.5)
    axis.plot(row["value"], place, "o", color=ink, markersize=5.5)
    if claim.measure != definitions.SHARE:
        own = numbers[(numbers["claim"] == claim.letter) & numbers["variant"].isna()].dropna(subset="value")
        own = own[(own[OF] == own[OF].iloc[0]).all(axis=1)]
        at = np.full(len(own), place + 0.28)
        axis.plot(own["value"], at, "o", color="0.35", markersize=3, markerfacecolor="none", markeredgewidth=0.6)
