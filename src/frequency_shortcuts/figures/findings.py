"""The findings as a picture: how far each statistic is from its threshold."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from frequency_shortcuts.findings.definitions import DOES_NOT_HOLD, EVERYWHERE, HOLDS, UNDECIDED

from .canvas import PAGE, despine, style

_INK = dict(zip((HOLDS, DOES_NOT_HOLD, UNDECIDED), ["#0173b2", "#d55e00", "#949494"], strict=True))
_MARK = dict(zip((HOLDS, DOES_NOT_HOLD, UNDECIDED), ["o", "X", "s"], strict=True))


def findings(table: pd.DataFrame) -> Figure:
    """Statistic minus threshold of every finding with its 95 % interval, over all data sets (bold) and on each.

    table : of `judge.judge`
    """
    letters = list(dict.fromkeys(table["finding"]))
    with style():
        counts = [int((table["finding"] == letter).sum()) for letter in letters]
        figure, axes = plt.subplots(
            len(letters),
            1,
            figsize=(PAGE, 0.7 + 0.17 * sum(max(2, count) for count in counts) + 0.12 * len(letters)),
            sharex=True,
            height_ratios=[max(2, count) for count in counts],
            squeeze=False,
        )
        for letter, axis in zip(letters, axes[:, 0], strict=True):
            rows = table[table["finding"] == letter].reset_index(drop=True)
            for place, row in rows.iterrows():
                over_all = row["dataset"] == EVERYWHERE
                ink = _INK[row["verdict"]]
                if np.isnan(row["value"]):
                    axis.text(
                        0.01, place, textwrap.fill(str(row["detail"]), 78), color="0.4", fontsize=6, va="center",
                        style="italic", transform=axis.get_yaxis_transform(), backgroundcolor="white",
                    )  # fmt: skip
                    continue
                ends = [row[end] - row["threshold"] for end in ("low", "high")]
                axis.hlines(place, *ends, color=ink, linewidth=2.4 if over_all else 1.2)
                axis.scatter(
                    row["value"] - row["threshold"], place, s=34 if over_all else 14, color=ink, zorder=3,
                    marker=_MARK[row["verdict"]],
                )  # fmt: skip
            axis.axvline(0, color="0.6", linewidth=0.7, zorder=0)
            names = ["all data sets" if name == EVERYWHERE else name for name in rows["dataset"]]
            axis.set_yticks(range(len(rows)), names)
            for label, name in zip(axis.get_yticklabels(), rows["dataset"], strict=True):
                label.set_fontweight("bold" if name == EVERYWHERE else "normal")
            axis.set_ylim(max(2, len(rows)) - 0.4, -0.6)
            axis.tick_params(axis="y", length=0)
            axis.set_ylabel(
                textwrap.fill(f"({letter}) {rows['claim'].iloc[0]}", 30),
                rotation=0, ha="left", va="center", labelpad=145, fontsize=7,
            )  # fmt: skip
        axes[-1, 0].set_xlabel("statistic minus its threshold, with 95 % interval over images and seeds")
        despine(figure.axes, left=True)
        figure.legend(
            [Line2D([], [], color=_INK[verdict], marker=_MARK[verdict], markersize=5) for verdict in _INK],
            list(_INK),
            loc="outside lower center",
            ncols=3,
        )
    return figure
