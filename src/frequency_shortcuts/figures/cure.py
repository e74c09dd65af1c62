"""Drawing of trainings that should avoid shortcuts, beside training without augmentation."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .canvas import PAGE, despine, style

MEASURES = {  # of `evaluation.cure`
    "strong_shortcuts": "strong\nshortcuts",
    "map_tpr_fpr": "TPR - FPR\nof maps",
    "test_accuracy": "test\naccuracy",
    "ood_accuracy": "renditions,\naccuracy",
    "corrupted_recall": "corruptions,\nrecall",
}
NONE = "none"
_DIFFERENT, _SAME, _BASE = "tab:orange", "0.55", "black"


def cure(table: pd.DataFrame) -> Figure:
    """Every measure of every augmentation with its 95 % interval: a row a network, a column a measure.

    table : rows of `evaluation.cure.cure_table` of one data set

    A dotted line is the value without augmentation. Values whose difference to it has an interval without 0 are
    coloured. The name of an augmentation that cures is bold.
    """
    networks = list(dict.fromkeys(table["network"]))
    names = list(dict.fromkeys(table["augmentation"]))
    measures = [name for name in MEASURES if name in set(table["measure"])]
    with style(10):
        figure, axes = plt.subplots(
            len(networks), len(measures), figsize=(PAGE, 1.1 + (0.3 + 0.25 * len(names)) * len(networks)),
            sharey=True, sharex="col", squeeze=False,
        )  # fmt: skip
        for network, line in zip(networks, axes, strict=True):
            rows = table[table["network"] == network]
            for measure, axis in zip(measures, line, strict=True):
                _draw(axis, rows[rows["measure"] == measure].set_index("augmentation"), names)
            line[0].set_yticks(range(len(names)), names)
            cured = set(rows.loc[rows["cures"].eq(True), "augmentation"])
            for label in line[0].get_yticklabels():
                label.set_fontweight("bold" if label.get_text() in cured else "normal")
            if len(networks) > 1:
                line[0].set_ylabel(network)
        axes[0, 0].invert_yaxis()
        for axis, measure in zip(axes[0], measures, strict=True):
            axis.set_title(MEASURES[measure])
        handles = [Line2D([], [], color=colour, marker="o", markersize=5) for colour in (_BASE, _DIFFERENT, _SAME)]
        labels = ["without augmentation", "differs from it", "may be equal"]
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=10)
        despine(figure.axes)
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    """One measure of one network; rows are indexed by augmentation."""
    for place, name in enumerate(names):
        if name not in rows.index:
            continue
        row = rows.loc[name]
        different = row["difference_low"] > 0 or row["difference_high"] < 0
        colour = _BASE if name == NONE else _DIFFERENT if different else _SAME
        axis.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=1.6)
        axis.plot([row["value"]], [place], "o", color=colour, markersize=5)
        if name == NONE:
            axis.axvline(row["value"], color=_BASE, linewidth=0.7, linestyle=":")
    axis.margins(x=0.1, y=0.12)
