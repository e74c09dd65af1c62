"""The cross matrix of flips, and beside it what the verdict on each class rests on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from frequency_shortcuts.evaluation.flip_rates import BOTH, FOLLOWS, NEEDS, NUMBERS, Thresholds

from .canvas import PAGE, abbreviate, colour_bar, despine, style, write_note, write_numbers

NUMBERED = 12  # classes up to which each cell shows its number
LETTERS = 14  # of a class's name
LEAST = -0.05  # smaller numbers stand here
THRESHOLDS = Thresholds()
FOUND, NOT_FOUND = "#d55e00", "0.55"  # dots of networks with and without the verdict
_COLOURS = "Blues"
_ABOVE = {"flip": (FOLLOWS, BOTH), "sham": (FOLLOWS, BOTH), "part": (FOLLOWS, BOTH), "need": (NEEDS, BOTH)}


def flips(table: pd.DataFrame, cross: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """The cross matrix of flips of one kind of network, mean over seeds, and flip, sham, part and need of each network.

    Rows of the matrix are the classes that are called, columns those whose spectrum is given. Grey: there are no images
    of neither class, or too few images for the statistics.

    table, cross : the tables `flips` and `cross_flips` of one kind of network on one data set. `classes` may be some of
    those in the table, which the note then says; those without a row, such as a neutral class, are left out.
    """
    classes = [name for name in classes if name in set(table["class"])]
    matrix = cross.groupby(["class", "spectrum_of"])["flip"].mean().unstack().reindex(index=classes, columns=classes)  # noqa: PD010
    labels = [abbreviate(name, "beside many cells", LETTERS) for name in classes]
    longest = max(map(len, labels))
    names = 0.075 * longest  # inches
    side = min(PAGE - 3.2 - names, 0.8 + 0.4 * len(classes))
    with style():
        figure, axes = plt.subplots(
            1,
            1 + len(NUMBERS),
            figsize=(PAGE, side + names + 0.5),
            width_ratios=[side, *[(PAGE - 0.6 - names - side) / len(NUMBERS)] * len(NUMBERS)],
        )
        left, *strips = axes
        _draw_matrix(left, matrix.to_numpy(float))
        left.set_yticks(range(len(classes)), labels)
        left.set_xticks(range(len(classes)), labels, rotation=90 if longest > 3 else 0)
        left.set(ylabel="called", xlabel="given the fine spectrum of")
        count = len(table[["network", "augmentation", "seed"]].drop_duplicates())
        mean = [f"mean of {count} networks"] if count > 1 else []
        left.set_title((",\n" if side < 3 else ", ").join(["share of other images", *mean]))
        for number, axis in zip(NUMBERS, strips, strict=True):
            _draw_strip(axis, number, table, classes)
        if len(classes) > NUMBERED:
            colour_bar(figure, axes, _COLOURS, 0, 1, "share of other images")
        write_note(figure, note)
    return figure


def _draw_matrix(axis: Axes, values: np.ndarray) -> None:
    """The cells of the matrix, with the own spectra framed."""
    axis.set_facecolor("0.85")
    axis.imshow(np.ma.masked_invalid(values), cmap=_COLOURS, vmin=0, vmax=1, aspect="auto")
    for c in range(len(values)):
        axis.add_patch(Rectangle((c - 0.5, c - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=0.8))
    axis.tick_params(length=0)
    if np.isnan(values).all():
        middle = (len(values) - 1) / 2
        axis.text(middle, middle, "not measured", ha="center", va="center", backgroundcolor="0.85")
    if len(values) <= NUMBERED:
        write_numbers(axis, values, _short, values > 0.6, fontsize=7)


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
        axis.plot([max(rows[number].mean(), LEAST)] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1.2)
    axis.set(xlim=(LEAST - 0.01, 1.02), ylim=(len(classes) - 0.5, -0.5), yticks=[], title=number)
    axis.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    for place in range(len(classes) - 1):
        axis.axhline(place + 0.5, color="0.9", linewidth=0.6, zorder=0)
    despine([axis], left=True)
