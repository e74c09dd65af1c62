"""The findings as a picture: the number of each network, their mean, and what it is compared with."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, HOLDS, NO_DATA, OPEN

from .canvas import PAGE, style

INK = {HOLDS: "#0173b2", DOES_NOT_HOLD: "#d55e00", OPEN: "#737373", NO_DATA: "#737373"}
ROW = 0.66  # inches
# Columns in which a row of another method is as the one that decides.
SAME = ["finding", "quantity", "data", "networks_of"]


def findings(table: pd.DataFrame, numbers: pd.DataFrame) -> Figure:
    """A row for each finding and set that decides: the networks, their mean with its 95 % interval, the threshold.

    Above it stands, open, the mean with the maps of other methods, which are in no verdict.

    table, numbers : of `judge.judge`
    """
    rows = table[table["role"] == "decides"].reset_index(drop=True)
    others = table[table["method"].fillna("") != ""]
    marks = dict(zip(dict.fromkeys(others["method"]), "Dsv^<>", strict=False))
    several = rows["finding"].duplicated(keep=False)
    with style(10):
        figure, axis = plt.subplots(figsize=(PAGE, 1.1 + ROW * len(rows)))
        for place, row in rows.iterrows():
            ink = INK[row["verdict"]]
            claim = f"({row['finding']}) {row['claim']}" + (f" ({row['networks_of']})" if several[place] else "")
            axis.text(
                -0.02, place, textwrap.fill(claim, 27), ha="right", va="center", transform=axis.get_yaxis_transform()
            )
            if row["networks"] == 0:
                axis.text(
                    0.5, place, NO_DATA, color=ink, ha="center", va="center", transform=axis.get_yaxis_transform()
                )
                continue
            axis.text(
                1.02, place, _verdict(row), color=ink, va="center", weight="bold", transform=axis.get_yaxis_transform()
            )
            axis.vlines(
                row["threshold"], place - 0.42, place + 0.42, color="0.25", linestyle=(0, (2, 1.5)), linewidth=1
            )
            if np.isfinite(row["low"]):
                axis.hlines(place, row["low"], row["high"], color=ink, linewidth=3)
            axis.plot(row["value"], place, "o", color=ink, markersize=7)
            if np.isnan(row["hits"]):
                of = (numbers[key] == row[key] for key in ("finding", "role", "quantity", "networks_of"))
                values = numbers.loc[np.logical_and.reduce(list(of)), "value"]
                axis.plot(values, np.full(len(values), place + 0.27), "o", color="0.55", markersize=3, alpha=0.8)
            same = np.logical_and.reduce([others[key] == row[key] for key in SAME])
            for other in others[same].to_dict("records"):
                axis.hlines(place - 0.27, other["low"], other["high"], color="0.3", linewidth=1)
                mark = marks.get(other["method"], "D")
                axis.plot(other["value"], place - 0.27, mark, color="0.3", markerfacecolor="white", markersize=5)
        axis.set_ylim(len(rows) - 0.4, -0.6)
        axis.set_yticks([])
        axis.set_xlabel("correlation (a, c), share (b), own-map advantage (d to g)")
        axis.spines[["top", "right", "left"]].set_visible(False)
        figure.legend(
            [
                Line2D([], [], color="0.3", marker="o", markersize=7, linewidth=3),
                Line2D([], [], color="0.55", marker="o", markersize=3, linestyle=""),
                Line2D([], [], color="0.25", linestyle=(0, (2, 1.5)), linewidth=1),
                *(
                    Line2D([], [], color="0.3", marker=mark, markerfacecolor="white", markersize=5, linewidth=1)
                    for mark in marks.values()
                ),
            ],
            ["mean, 95 % interval", "one network", "threshold", *(f"with maps of {name}" for name in marks)],
            loc="outside lower center",
            ncols=4 if len(marks) < 2 else 3,
            fontsize=9,
            columnspacing=1.2,
            handlelength=1.6,
        )
    return figure


def _verdict(row: pd.Series) -> str:
    """The verdict in words; of an open one with the half width, of few networks with a note."""
    is_open = row["verdict"] == OPEN and not np.isnan(row["half_width"])
    text = f"open\n± {row['half_width']:.2f}" if is_open else str(row["verdict"])
    return text + ("\n(of these)" if row["interval"] == "these networks" else "")
