"""Drawing of trainings that should cure what an artefact costs."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import COLOURS, PAGE, despine, style

TRAININGS = {
    "none": "none",
    "swap_fine": "fine spectra swapped",
    "low_pass": "fine spectra removed",
    "saved_alike": "all saved alike",
    "afa": "AFA",
    "dfmx": "DFM-X",
}
_ROW = 0.8  # of the distance between two artefacts, which the trainings take


def cure(table: pd.DataFrame, limits: Mapping[str, float]) -> Figure:
    """Recall that is back and others called the class, a row an artefact; below, accuracy lost on clean data.

    table : of `evaluation.cure.judge`; limits : of a cure, of each number

    A dot is a mean over networks, a bar its 95 % interval, where it has one; grey lines are the limits of a cure, and a
    filled dot is an artefact that a training cures.
    """
    cases = list(dict.fromkeys(table["case"]))
    names = [name for name in TRAININGS if name in set(table["training"])]
    with style(10):
        figure, axes = plt.subplot_mosaic(
            [["back", "called"], ["accuracy_loss", "legend"]],
            figsize=(PAGE, 1.3 + 0.12 * len(names) * (len(cases) + 1.6)),
            height_ratios=[len(cases), 1.6],
        )
        for i, name in enumerate(names):
            rows, shift = table[table["training"] == name], _ROW * ((i + 0.5) / len(names) - 0.5)
            places = [cases.index(case) + shift for case in rows["case"]]
            for number in ("back", "called"):
                if (number, name) != ("back", "none"):  # it is 0
                    _draw(axes[number], rows, number, places, COLOURS[i])
            if name != "none":
                _draw(axes["accuracy_loss"], rows[:1].assign(cured=True), "accuracy_loss", [i], COLOURS[i])
            axes["legend"].plot([], [], "o", color=COLOURS[i], label=TRAININGS[name])
        labels = ("recall that is back, share", "others called the class", "accuracy lost on clean data")
        for (number, limit), label in zip(limits.items(), labels, strict=True):
            axes[number].axvline(limit, color="0.75", linewidth=1, zorder=0)
            axes[number].update_datalim([(0, 0)], updatey=False)
            axes[number].set_xlabel(label)
        for number in ("back", "called"):
            axes[number].set(ylim=(len(cases) - 0.5, -0.5), yticks=range(len(cases)), yticklabels=cases)
            axes[number].tick_params(axis="y", length=0)
            for edge in range(1, len(cases)):
                axes[number].axhline(edge - 0.5, color="0.92", linewidth=0.8, zorder=0)
        axes["called"].set_yticklabels([])
        values = table["back"].dropna()  # long intervals are cut
        axes["back"].set_xlim(min(-0.15, values.min() - 0.05), max(1.15, values.max() + 0.05))
        axes["accuracy_loss"].set(ylim=(len(names) - 0.5, 0.5), yticks=[])
        axes["legend"].set_axis_off()
        axes["legend"].legend(loc="center", title="training; filled: cures", fontsize=10, ncols=2, columnspacing=1)
        despine(figure.axes)
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, number: str, places: list[float], colour: str) -> None:
    """A number of one training with its interval; filled where it cures."""
    for place, (_, row) in zip(places, rows.iterrows(), strict=True):
        axis.plot([row[f"{number}_low"], row[f"{number}_high"]], [place, place], color=colour, linewidth=1.2)
        axis.plot(
            row[number], place, "o", color=colour, markersize=4.5, markerfacecolor=colour if row["cured"] else "white"
        )
