"""What networks learn first, which bands they then need, and what they lose without their maps."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import kinds_of, of_kind, select_classes
from study.drawing.study import first_kinds

# What stands in the place of removed bands.
FILLED = {"swap": "swap: C0 there", "zeros": "zeros there"}
# In the table of `reliance`.
REMOVED = {
    "maps": "the maps",
    "random": "random masks",
    "low_pass": "the lowest",
}
LOSSES = (
    ("lost_at_test", "#d55e00", -0.14, "at test time"),
    ("lost_after", "#0173b2", 0.14, "after training anew"),
)


def draw_dynamics(
    datasets: list[str],
    dynamics: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
    classes: Sequence[str] = (),
) -> Figure:
    """Figures 2 and 5, what is learned first: of one data set in all views, of several on the images as they are.

    classes : of the one data set
    """
    rows = first_kinds(dynamics[dynamics["dataset"].isin(datasets)], first)
    full = rows[rows["view"] == rows["view"].iloc[0]]
    if not classes:
        return curves(full, "dataset")
    means = full.groupby("class")["f1"].mean().reindex(list(classes))
    shown = select_classes(means, most, "learned first and last", both_ends=True)
    return curves(rows[rows["class"].isin(shown.names(classes))], "view", shown.note)


def curves(table: pd.DataFrame, panel: str, note: str = "") -> Figure:
    """F1 of every class over the first iterations, mean over networks: a panel for each value of the column `panel`."""
    import seaborn  # here, since it takes a job a second to import

    names = list(dict.fromkeys(table[panel]))
    rows = -(-len(names) // 3)
    colours = canvas.class_colours(list(dict.fromkeys(table["class"])))
    with canvas.style(9):
        figure, axes = canvas.page_of_panels(rows, 3, 0.6 + 2.1 * rows, used=len(names))
        for axis, name in zip(axes.flat, names, strict=False):
            seaborn.lineplot(
                table[table[panel] == name],
                x="iteration",
                y="f1",
                hue="class",
                style="class",
                palette=colours,
                markers=True,
                errorbar=None,
                legend=axis is axes[0, 0],
                ax=axis,
            )
            axis.set(title=name, ylabel="F1")
        axes[0, 0].get_legend().remove()
        canvas.whole_ticks(axes[0, 0].xaxis)
        canvas.finish(
            figure, axes[0, 0], 6, "Which class is learned first?", "means over networks", note
        )
    return figure


def draw_graded(graded: pd.DataFrame) -> Figure:
    """Is what stands out more learned earlier?"""
    import seaborn  # here, since it takes a job a second to import

    table = graded.dropna(subset=["gain"]).sort_values("gain")
    table = table.assign(ring=table["ring"] + " ring")
    with canvas.style():
        figure, axis = plt.subplots(figsize=(canvas.PAGE, 2.8))
        for _, of_set in table.groupby("seed"):
            axis.plot(of_set["gain"], of_set["earliness"], color="0.85", linewidth=0.8, zorder=0)
        seaborn.scatterplot(table, x="gain", y="earliness", hue="ring", style="ring", ax=axis)
        axis.legend().remove()
        ends = 0.95 * table["gain"].min(), 1.05 * table["gain"].max()
        canvas.logarithmic(axis.xaxis, [1, 1.5, 2, 3, 4, 6, 8])
        axis.set(xlabel="gain (amplitude)", ylabel="earliness (mean F1)", xlim=ends, ylim=(0, 1))
        question = "Is a class learned earlier if it stands out more?"
        canvas.finish(figure, axis, 2, question, "lines: the classes of one set")
    return figure


def draw_bandstop(
    classes: Sequence[str],
    bandstop: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """Figure 3: removing two of four bands."""
    import seaborn  # here, since it takes a job a second to import

    table = first_kinds(bandstop, first)
    own = table[table["true_class"] == table["called_class"]]
    change = own["delta_percent"].abs().groupby(own["true_class"]).mean().reindex(list(classes))
    most = min(most, 6) if len(classes) > most else most  # names beside a sixth of a page
    shown = select_classes(change, most, "whose recognition changes most")
    classes, note = shown.names(classes), shown.note
    names = [canvas.abbreviate(name, note, 12) for name in classes]
    mean = table.groupby(["fill", "removed", "true_class", "called_class"], sort=False)[
        "delta_percent"
    ].mean()
    fills, removed = (list(dict.fromkeys(table[name])) for name in ("fill", "removed"))
    with canvas.style():
        figure, axes = canvas.page_of_panels(len(fills), len(removed), 0.55 + 1.0 * len(fills))
        for fill, line in zip(fills, axes, strict=True):
            for stop, axis in zip(removed, line, strict=True):
                matrix = mean[fill, stop].unstack().reindex(index=classes, columns=classes)  # noqa: PD010
                seaborn.heatmap(
                    matrix,
                    vmin=-100,
                    vmax=100,
                    cmap="RdBu_r",
                    cbar=False,
                    square=True,
                    annot=not note,
                    fmt="z.0f",
                    annot_kws={"size": canvas.SMALL_PRINT},
                    xticklabels=names,
                    yticklabels=names,
                    ax=axis,
                )
                axis.set(xlabel="", ylabel="")
                axis.tick_params(length=0)
        canvas.row_labels(axes, [f"{FILLED.get(fill, fill)}\ntrue class" for fill in fills], 1.0)
        canvas.titles(axes, [f"without {stop}" for stop in removed], "called")
        canvas.shrink_titles(axes[0], note)
        canvas.colour_bar(figure, axes, "RdBu_r", -100, 100, "change, % of class")
        question = "Which classes are still recognised without two of four bands?"
        canvas.write_title(figure, question, note)
    return figure


def draw_reliance(reliance: pd.DataFrame) -> Figure:
    """Are the frequencies of the maps needed?"""
    kinds = kinds_of(reliance)
    classes = list(dict.fromkeys(reliance["class"].astype(str)))
    with canvas.style(10):
        height = 0.8 + (0.5 + 0.25 * len(classes)) * len(kinds)
        figure, axes = canvas.page_of_panels(len(kinds), len(REMOVED), height)
        for kind, line in zip(kinds, axes, strict=True):
            rows = of_kind(reliance, kind)
            for removed, axis in zip(REMOVED, line, strict=True):
                lost = rows[rows["removed"] == removed]
                axis.axvline(0, color="0.8", linewidth=0.8)
                for name, colour, shift, words in LOSSES:
                    ends = [lost[name] - lost[f"{name}_low"], lost[f"{name}_high"] - lost[name]]
                    axis.errorbar(
                        lost[name],
                        np.arange(len(classes)) + shift,
                        xerr=ends,
                        fmt="o",
                        color=colour,
                        markersize=4.5,
                        linewidth=1.2,
                        label=words,
                    )
            line[0].set_yticks(range(len(classes)), classes)
            of_maps = rows[rows["removed"] == "maps"]
            avoidable = set(of_maps.loc[of_maps["reading"] == "avoidable", "class"].astype(str))
            for label in line[0].get_yticklabels():
                label.set_fontweight("bold" if label.get_text() in avoidable else "normal")
            line[0].set_ylabel(canvas.network_label(*kind))
        axes[0, 0].invert_yaxis()
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        canvas.titles(axes, list(REMOVED.values()), "recall lost")
        key = "panels: what is removed; bold: a class that could have avoided the frequencies of the maps"
        canvas.finish(
            figure, axes[0, 0], 2, "Does a network need the frequencies of its maps?", key
        )
    return figure
