"""Drawings of the benchmarks: what artefacts cost beside the numbers of the test, and trainings that should cure it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.flip_rates import FOUND, Thresholds

from .canvas import COLOURS, PAGE, despine, legend_below, page_of_panels, style

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
            _draw_artefacts(axis, planted, number, harm)
            axis.axhline(threshold, color="0.8", linewidth=0.8, zorder=0)
            axis.axvline(harmful, color="0.8", linewidth=0.8, zorder=0)
            axis.set(xlim=(-0.3, 1.05), ylim=(-0.15, 1.05))
        left.set(xlabel="harm: others called the class", ylabel="largest of flip, sham and part")
        right.set(xlabel="harm: recall lost", ylabel="need")
        despine(figure.axes)
        legend_below(figure, left, 4)
    return figure


def _draw_artefacts(axis: Axes, planted: pd.DataFrame, number: str, harm: str) -> None:
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
                    _draw_training(axes[number], rows, number, places, COLOURS[i])
            if name != "none":
                _draw_training(axes["accuracy_loss"], rows[:1].assign(cured=True), "accuracy_loss", [i], COLOURS[i])
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


def _draw_training(axis: Axes, rows: pd.DataFrame, number: str, places: list[float], colour: str) -> None:
    """A number of one training with its interval; filled where it cures."""
    for place, (_, row) in zip(places, rows.iterrows(), strict=True):
        axis.plot([row[f"{number}_low"], row[f"{number}_high"]], [place, place], color=colour, linewidth=1.2)
        axis.plot(
            row[number], place, "o", color=colour, markersize=4.5, markerfacecolor=colour if row["cured"] else "white"
        )
