"""Drawings of what networks learn first, which bands they then need, and what they lose without their maps."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import (
    PAGE,
    abbreviate,
    class_colours,
    class_ticks,
    colour_bar,
    despine,
    legend_below,
    logarithmic,
    network_label,
    page_of_panels,
    row_labels,
    shrink_titles,
    style,
    titles,
    whole_ticks,
    write_note,
    write_numbers,
)
from .selection import kinds_of, of_kind

_SCORES = {"f1": "F1", "precision": "precision", "recall": "recall"}
REMOVED = {"maps": "the maps", "random": "random masks", "low_pass": "the lowest"}  # of `evaluation.reliance`
_AT_TEST, _AFTER = "#d55e00", "#0173b2"


def dynamics(table: pd.DataFrame, classes: Sequence[str], scores: Sequence[str] = ("f1",), note: str = "") -> Figure:
    """Scores of every class over the first iterations, mean and standard deviation over seeds.

    table: columns network, augmentation, seed, iteration, view, class and the scores. A row a network,
    augmentation and score; a column a view of the test images. `classes` may be some of those in the table, which
    the note then says (`ClassSelection`).
    """
    colours = class_colours(classes)
    kinds = kinds_of(table)
    rows = [(kind, score) for kind in kinds for score in scores]
    views = list(dict.fromkeys(table["view"]))
    with style():
        figure, axes = page_of_panels(len(rows), len(views), 0.6 + 1.3 * len(rows))
        for (kind, score), line in zip(rows, axes, strict=True):
            rows_of_kind = of_kind(table, kind)
            for view, axis in zip(views, line, strict=True):
                for c, name in enumerate(classes):
                    of_class = rows_of_kind[(rows_of_kind["view"] == view) & (rows_of_kind["class"] == name)]
                    # Of a dozen hues the neighbours are too much alike.
                    dashed = "--" if note and c % 2 else "-"
                    label = abbreviate(name, note)
                    spread = of_class.groupby("iteration")[score].agg(["mean", "std"]).fillna({"std": 0})
                    axis.plot(spread.index, spread["mean"], color=colours[name], linestyle=dashed, label=label)
                    low, high = ((spread["mean"] + sign * spread["std"]).clip(0, 1) for sign in (-1, 1))
                    axis.fill_between(spread.index, low, high, color=colours[name], alpha=0.2, linewidth=0)
        labels = [f"{network_label(*kind)}\n{_SCORES.get(score, score)}" for kind, score in rows]
        row_labels(figure, axes, labels, 1.3)
        titles(axes, views, "iteration")
        axes[0, 0].set_ylim(-0.03, 1.03)
        whole_ticks(axes[0, 0].xaxis)  # which all panels share
        despine(figure.axes)
        legend_below(figure, axes[0, 0], columns=min(len(classes), 5))
        write_note(figure, note)
    return figure


def graded(table: pd.DataFrame) -> Figure:
    """Earliness of the classes of graded sets against their gains, by ring; a line joins the classes of a set.

    table: columns seed, gain, ring (low or high) and earliness; rows without a gain are left out.
    """
    table = table.dropna(subset=["gain"]).sort_values("gain")
    marks = {"low": ("o", "C0"), "high": ("^", "C1")}
    with style():
        figure, axis = plt.subplots(figsize=(PAGE / 2, 2.6))
        for i, (_, rows) in enumerate(table.groupby("seed")):
            label = "" if i else "classes of one set"
            axis.plot(rows["gain"], rows["earliness"], color="0.85", linewidth=0.8, zorder=0, label=label)
        for ring, (mark, colour) in marks.items():
            rows = table[table["ring"] == ring]
            axis.plot(rows["gain"], rows["earliness"], mark, color=colour, markersize=4, label=f"{ring} ring")
        ticks = [
            gain for gain in (1, 1.5, 2, 3, 4, 6, 8) if table["gain"].min() <= gain * 1.1 <= 1.21 * table["gain"].max()
        ]
        logarithmic(axis.xaxis, ticks)
        axis.set(xlabel="gain (amplitude)", ylabel="earliness (mean F1)", ylim=(0, 1))
        axis.legend(loc="upper left")
        despine([axis])
    return figure


def band_stop(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """Change of the confusion matrix when two bands are removed, mean over seeds; a row a network.

    table: columns network, augmentation, removed, true_class, called_class (names), delta_percent. `classes` may be
    some of those in the table, which the note then says (`ClassSelection`).
    """
    if note:  # of a thousand classes squared, what is drawn
        table = table[table["true_class"].isin(classes) & table["called_class"].isin(classes)]
    mean = table.groupby(["network", "augmentation", "removed", "true_class", "called_class"], sort=False)[
        "delta_percent"
    ].mean()
    kinds = kinds_of(table)
    removed = list(dict.fromkeys(table["removed"]))
    with style():
        figure, axes = page_of_panels(len(kinds), len(removed), 0.55 + 1.05 * len(kinds))
        for (network, augmentation), line in zip(kinds, axes, strict=True):
            for stop, axis in zip(removed, line, strict=True):
                matrix = mean[network, augmentation, stop].unstack().reindex(index=classes, columns=classes)  # noqa: PD010
                axis.imshow(matrix, cmap="RdBu_r", vmin=-100, vmax=100)
                if not note:
                    values = matrix.to_numpy(float)
                    write_numbers(axis, values, lambda value: f"{round(value)}", abs(values) > 60, fontsize=6)
                class_ticks(axis.set_xticks, classes, note, 12, rotation=90 if note else 0)
                class_ticks(axis.set_yticks, classes, note, 12)
                axis.tick_params(length=0)
        row_labels(figure, axes, [f"{network_label(*kind)}\ntrue class" for kind in kinds], 1.05)
        titles(axes, [f"without {stop}" for stop in removed], "called")
        shrink_titles(axes[0], note)
        colour_bar(figure, axes, "RdBu_r", -100, 100, "change, % of class")
        write_note(figure, note)
    return figure


def reliance(table: pd.DataFrame) -> Figure:
    """Recall lost by each class without some frequencies: a column for what is removed, a row of panels for a network.

    table : rows of `evaluation.reliance.over_seeds` of one data set

    Dots are the losses of the network as it is, and of one that was trained anew, with their 95 % intervals. The name
    of a class is bold if it could have avoided the frequencies of the maps.
    """
    kinds = kinds_of(table)
    classes = list(dict.fromkeys(table["class"].astype(str)))
    with style(10):
        height = 0.8 + (0.5 + 0.25 * len(classes)) * len(kinds)
        figure, axes = page_of_panels(len(kinds), len(REMOVED), height)
        for kind, line in zip(kinds, axes, strict=True):
            rows = of_kind(table, kind)
            for removed, axis in zip(REMOVED, line, strict=True):
                _draw_losses(axis, rows[rows["removed"] == removed].assign(place=range(len(classes))))
            line[0].set_yticks(range(len(classes)), classes)
            of_maps = rows[rows["removed"] == "maps"]
            avoidable = set(of_maps.loc[of_maps["reading"] == "avoidable", "class"].astype(str))
            for label in line[0].get_yticklabels():
                label.set_fontweight("bold" if label.get_text() in avoidable else "normal")
            if len(kinds) > 1:
                line[0].set_ylabel(network_label(*kind))
        axes[0, 0].invert_yaxis()
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        titles(axes, list(REMOVED.values()), "recall lost")
        figure.suptitle("removed frequencies (bold: a class that could have avoided those of the maps)", fontsize=10)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=10)
        despine(figure.axes)
    return figure


def _draw_losses(axis: Axes, rows: pd.DataFrame) -> None:
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
