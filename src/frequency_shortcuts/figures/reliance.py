"""Drawing of what networks lose without the frequencies of their maps, at once and after training anew."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import PAGE, despine, network_label, style

REMOVED = {"maps": "the maps", "random": "random masks", "low_pass": "the lowest"}  # of `evaluation.reliance`
_AT_TEST, _AFTER = "#d55e00", "#0173b2"


def reliance(table: pd.DataFrame) -> Figure:
    """Recall lost by each class without some frequencies: a column for what is removed, a row of panels for a network.

    table : rows of `evaluation.reliance.over_seeds` of one data set

    Dots are the losses of the network as it is, and of one that was trained anew, with their 95 % intervals. The name
    of a class is bold if it could have avoided the frequencies of the maps.
    """
    kinds = table[["network", "augmentation"]].drop_duplicates().to_records(index=False).tolist()
    classes = list(dict.fromkeys(table["class"].astype(str)))
    with style(10):
        figure, axes = plt.subplots(
            len(kinds), len(REMOVED), figsize=(PAGE, 0.8 + (0.5 + 0.25 * len(classes)) * len(kinds)),
            sharex=True, sharey=True, squeeze=False,
        )  # fmt: skip
        for kind, line in zip(kinds, axes, strict=True):
            rows = table[(table["network"] == kind[0]) & (table["augmentation"] == kind[1])]
            for removed, axis in zip(REMOVED, line, strict=True):
                _draw(axis, rows[rows["removed"] == removed].assign(place=range(len(classes))))
            line[0].set_yticks(range(len(classes)), classes)
            of_maps = rows[rows["removed"] == "maps"]
            avoidable = set(of_maps.loc[of_maps["reading"] == "avoidable", "class"].astype(str))
            for label in line[0].get_yticklabels():
                label.set_fontweight("bold" if label.get_text() in avoidable else "normal")
            if len(kinds) > 1:
                line[0].set_ylabel(network_label(*kind))
        axes[0, 0].invert_yaxis()
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        for axis, title in zip(axes[0], REMOVED.values(), strict=True):
            axis.set_title(title)
        figure.suptitle("removed frequencies (bold: a class that could have avoided those of the maps)", fontsize=10)
        for axis in axes[-1]:
            axis.set_xlabel("recall lost")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10)
        despine(figure.axes)
    return figure


def _draw(axis: Axes, rows: pd.DataFrame) -> None:
    """Both losses of every class, one above the other."""
    axis.axvline(0, color="0.8", linewidth=0.8)
    for name, colour, shift, label in (
        ("lost_at_test", _AT_TEST, -0.14, "at test time"),
        ("lost_after", _AFTER, 0.14, "after training anew"),
    ):
        ends = [rows[name] - rows[f"{name}_low"], rows[f"{name}_high"] - rows[name]]
        axis.errorbar(
            rows[name], rows["place"] + shift, xerr=ends, fmt="o", color=colour, markersize=4.5, linewidth=1.2,
            label=label,
        )  # fmt: skip
