"""Matrices of classes: every class with the map of every class, and with the fine spectrum of every class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from frequency_shortcuts.evaluation.flip_rates import BOTH, FOLLOWS, NEEDS, NUMBERS, Thresholds
from frequency_shortcuts.intervals import over_networks

from .canvas import (
    NAME,
    PAGE,
    SMALLEST,
    abbreviate,
    break_line,
    colour_bar,
    despine,
    draw_matrix,
    network_label,
    page_of_panels,
    style,
    wrap,
    write_title,
)
from .selection import kinds_of, of_kind

PER_ROW = 3  # panels
NUMBERED, NUMBERED_FLIPS = 5, 12  # classes up to which each cell shows its number
LEAST = -0.05  # smaller numbers stand here
THRESHOLDS = Thresholds()
FOUND, NOT_FOUND = "#d55e00", "0.55"  # dots of networks with and without the verdict
_ABOVE = {"flip": (FOLLOWS, BOTH), "sham": (FOLLOWS, BOTH), "part": (FOLLOWS, BOTH), "need": (NEEDS, BOTH)}


def cross_matrix(table: pd.DataFrame, advantage: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class from the map of every class, mean over seeds: a panel a kind of network.

    Rows are classes, columns their maps in the same order, so that the own maps lie on the diagonal. Grey: not tested.
    A map that would serve any class gives its column one colour; maps that are specific to their class stand out on the
    diagonal. Below the name of a network is its own-map advantage: the mean of the diagonal minus that of the rest,
    over all classes.

    table, advantage: the tables `cross_matrix` and `own_map_advantage` of one data set, of which the headline rows are
    drawn. `classes` may be some of those in the table, which the note then says (`ClassSelection`); those without a
    row, such as a neutral class, are left out.
    """
    table, advantage = table[table["headline"]], advantage[advantage["headline"]]
    classes = [name for name in classes if name in set(table["class"])]
    kinds = kinds_of(table)
    means = table.groupby(["network", "augmentation", "class", "map"])["measure"].mean()
    rows = -(-len(kinds) // PER_ROW)
    columns = -(-len(kinds) // rows)
    labels = [abbreviate(name, "beside many cells", NAME if columns < 3 else 14) for name in classes]
    longest = max(map(len, labels))
    size = 10 if columns < 3 else 8
    names = 0.0094 * size * longest  # inches
    side = min((PAGE - 1.0 - names) / max(columns, 2), 0.6 + 0.5 * len(classes))
    with style(size):
        height = 0.35 + names + rows * (side + (0.55 if columns < 3 else 0.53))
        figure, axes = page_of_panels(rows, columns, height, 1.0 + names + columns * side, sharex=False, sharey=False)
        for axis in axes.flat[len(kinds) :]:
            axis.set_axis_off()
        for i, (kind, axis) in enumerate(zip(kinds, axes.flat, strict=False)):
            values = means[kind].unstack().reindex(index=classes, columns=classes).to_numpy(float)  # noqa: PD010
            draw_matrix(axis, values, _two_digits if len(values) <= NUMBERED else None)
            left, last = i % columns == 0, i // columns == rows - 1
            axis.set_yticks(range(len(classes)), labels if left else [])
            axis.set_xticks(range(len(classes)), labels if last else [], rotation=90 if longest > 3 else 0)
            axis.set(xlabel="map of" if last else "", ylabel="images of" if left else "")
            label = network_label(*kind).replace("\n", ", ")
            rows_of_kind = of_kind(advantage, kind)
            letters = max(18, int(side / (0.0085 * size)))
            lines = (break_line(label, letters), "own-map advantage", wrap(_advantage(rows_of_kind), letters))
            axis.set_title("\n".join(lines), fontsize=size - 1)
        bar = colour_bar(figure, axes, "Blues", 0, 1, "TPR - FPR (0: or less)")
        bar.set_ticks([0, 0.5, 1])
        bar.ax.set_box_aspect(15 if len(axes) == 1 else 30)
        write_title(figure, "Is a class recognised from its own map (framed), or from any?", note)
    return figure


def _two_digits(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")


def _advantage(rows: pd.DataFrame) -> str:
    """The own-map advantage of a kind of network with its interval and its networks, from the rows of these."""
    if rows["advantage"].isna().all():
        return "not measured"
    half_widths = (rows["advantage_high"] - rows["advantage_low"]) / 2
    value, low, high, of = over_networks(rows["advantage"].to_numpy(), half_widths.to_numpy())
    n = len(rows)
    networks = f"{n} networks" if of == "networks" else "this network" if n == 1 else f"these {n} networks"
    parts = (f"{value:.2f} [{low:.2f}, {high:.2f}],", networks)
    return " ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)  # a line breaks between the parts


def flips(
    table: pd.DataFrame, cross: pd.DataFrame, classes: Sequence[str], note: str = "", claims: Sequence[str] = ()
) -> Figure:
    """The cross matrix of flips of one kind of network, mean over seeds, and flip, sham, part and need of each network.

    Rows of the matrix are the classes that are called, columns those whose spectrum is given. Grey: there are no images
    of neither class, or too few images for the statistics.

    table, cross : the tables `flips` and `cross_flips` of one kind of network on one data set. `classes` may be some of
    those in the table, which the note then says; those without a row, such as a neutral class, are left out. At the
    end of a row stands the verdict of most networks.
    """
    classes = [name for name in classes if name in set(table["class"])]
    flip = cross.groupby(["class", "spectrum_of"])["flip"].mean()
    values = flip.unstack().reindex(index=classes, columns=classes).to_numpy(float)  # noqa: PD010
    labels = [abbreviate(name, "beside many cells", 14) for name in classes]
    longest = max(map(len, labels))
    names = 0.075 * longest  # inches
    side = min(PAGE - 3.7 - names, 0.8 + 0.4 * len(classes))
    with style():
        widths = [side, *[(PAGE - 1.2 - names - side) / len(NUMBERS)] * len(NUMBERS)]
        figure, axes = plt.subplots(1, len(widths), figsize=(PAGE, side + names + 0.8), width_ratios=widths)
        left, *strips = axes
        draw_matrix(left, values, _short if len(classes) <= NUMBERED_FLIPS else None, fontsize=7, aspect="auto")
        if np.isnan(values).all():
            middle = (len(classes) - 1) / 2
            left.text(middle, middle, "not measured", ha="center", va="center", backgroundcolor="0.85")
        left.set_yticks(range(len(classes)), labels)
        left.set_xticks(range(len(classes)), labels, rotation=90 if longest > 3 else 0)
        left.set(ylabel="called", xlabel="given the fine spectrum of")
        count = len(table[["network", "augmentation", "seed"]].drop_duplicates())
        mean = [f"mean of {count} networks"] if count > 1 else []
        left.set_title((",\n" if side < 3 else ", ").join(["share of other images", *mean]))
        for number, axis in zip(NUMBERS, strips, strict=True):
            _draw_strip(axis, number, table, classes)
            axis.set_xlabel("share")
        for place, name in enumerate(classes):
            verdict = table.loc[table["class"] == name, "verdict"].mode()[0].replace(" ", "\n", 1)
            strips[-1].text(1.08, place, verdict, fontsize=SMALLEST, va="center")
        if len(classes) > NUMBERED_FLIPS:
            colour_bar(figure, axes, "Blues", 0, 1, "share of other images")
        _legend_of_strips(figure)
        write_title(
            figure, "Is an image called a class once it has the fine spectrum of the class (framed)?", *claims, note
        )
    return figure


def _short(value: float) -> str:
    """A share as two digits after the point, 0 for what would be 0.00."""
    return f"{value:.2f}" if abs(value) >= 0.005 else "0"


def _draw_strip(axis: Axes, number: str, table: pd.DataFrame, classes: Sequence[str]) -> None:
    """A dot for each network with its interval, a bar at their mean, and the threshold; a row is a class."""
    threshold = getattr(THRESHOLDS, number)
    axis.axvline(threshold, color="0.3", linewidth=0.8, linestyle=(0, (3, 2)))
    for place, name in enumerate(classes):
        rows = table[table["class"] == name]
        found = rows["verdict"].isin(_ABOVE[number]) & (rows[f"{number}_low"] >= threshold)
        heights = place + (np.arange(len(rows)) - (len(rows) - 1) / 2) * min(0.2, 0.7 / len(rows))
        colours = [FOUND if of_network else NOT_FOUND for of_network in found]
        axis.hlines(heights, rows[f"{number}_low"], rows[f"{number}_high"], colors=colours, linewidth=0.8)
        axis.scatter(rows[number].clip(lower=LEAST), heights, s=9, c=colours, linewidths=0, zorder=3, clip_on=False)
        if len(rows) > 1:
            axis.plot([max(rows[number].mean(), LEAST)] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1.2)
    axis.set(xlim=(LEAST - 0.01, 1.02), ylim=(len(classes) - 0.5, -0.5), yticks=[], title=number)
    axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    for place in range(len(classes) - 1):
        axis.axhline(place + 0.5, color="0.9", linewidth=0.6, zorder=0)
    despine([axis], left=True)


def _legend_of_strips(figure: Figure) -> None:
    dot: dict[str, Any] = {"marker": "o", "linestyle": "none", "markersize": 4}
    handles = [
        Line2D([], [], color=FOUND, label="a network that follows or needs it, by this number", **dot),
        Line2D([], [], color=NOT_FOUND, label="another; if beyond the threshold, its interval is not, or only one "
               "class is called so", **dot),
        Line2D([], [], color="black", marker="|", linestyle="none", markersize=8, label="mean of several networks"),
        Line2D([], [], color="0.3", linestyle=(0, (3, 2)), linewidth=0.8, label="threshold"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
