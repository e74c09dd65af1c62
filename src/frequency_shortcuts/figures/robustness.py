"""Drawings of tests on filtered, perturbed and corrupted images: functions of tables or arrays that return a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import (
    COLOURS,
    abbreviate,
    class_colours,
    colour_bar,
    despine,
    draw_circles,
    frequency_axes,
    legend_below,
    network_label,
    page_of_panels,
    panels,
    row_labels,
    show_plane,
    style,
    titles,
    whole_ticks,
    write_note,
)
from .selection import kinds_of, of_kind

VIEWS = {
    "low-pass": ("low-pass: r < cutoff is kept", "cutoff"),
    "high-pass": ("high-pass: r \u2265 cutoff is kept", "cutoff"),
    "band-stop": ("band-stop", "centre of the band"),
}
GROUPS = {True: "classes with a strong shortcut", False: "the other classes"}


def curves(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """Recall of every class and accuracy under radial filters: a row a network, a column a kind of filter.

    table: columns network, augmentation, seed, filter, low, high, class, tpr and accuracy. Lines are means over seeds,
    bands a standard deviation to either side. `classes` may be some of those in the table, which the note then says
    (`ClassSelection`).
    """
    radii = {
        "low-pass": table["high"],
        "high-pass": table["low"],
        "band-stop": (table["low"] + table["high"]) / 2,
    }
    table = table.assign(r=sum(values.where(table["filter"] == name, 0) for name, values in radii.items()))
    colours = class_colours(classes)
    kinds = kinds_of(table)
    with style():
        figure, axes = page_of_panels(len(kinds), len(VIEWS), 0.85 + 1.35 * len(kinds), sharex="col")
        for kind, line in zip(kinds, axes, strict=True):
            rows = of_kind(table, kind)
            plain = rows.loc[rows["filter"] == "unfiltered", "accuracy"].mean()
            for view, axis in zip(VIEWS, line, strict=True):
                part = rows[rows["filter"] == view]
                for c, name in enumerate(classes):
                    # Of many hues the neighbours are too much alike.
                    dashed = "--" if len(classes) > 6 and c % 2 else "-"
                    look = {"color": colours[name], "linestyle": dashed, "label": abbreviate(name, note)}
                    mean_and_spread(axis, part[part["class"] == name], "r", "tpr", look)
                every, look = part.drop_duplicates(["seed", "r"]), {"color": "black", "label": "all classes (accuracy)"}
                mean_and_spread(axis, every, "r", "accuracy", look | {"linewidth": 2})
                axis.axhline(plain, color="black", linewidth=0.8, linestyle=":", label="accuracy, unfiltered")
        row_labels(figure, axes, [f"{network_label(*kind)}\nshare recognised" for kind in kinds], 1.2)
        titles(axes, [title for title, _ in VIEWS.values()])
        for axis, (_, below) in zip(axes[-1], VIEWS.values(), strict=True):
            axis.set_xlabel(f"{below}, cycles per image")
            whole_ticks(axis.xaxis)  # which its column shares
        axes[0, 0].set_ylim(-0.03, 1.03)
        despine(figure.axes)
        legend_below(figure, axes[0, 0], columns=4)
        write_note(figure, note)
    return figure


def sensitivity(maps: Mapping[str, tuple[npt.NDArray[Any], float]], band_edges: Sequence[float] = ()) -> Figure:
    """Fourier heat maps: the error under the plane wave of every frequency, a panel a network, on one scale.

    maps: label -> error [H, W], centred, NaN where it was not evaluated, and the error of the images as they are
    """
    with style():
        figure, axes = panels(len(maps), per_row=min(max(len(maps), 2), 4))  # a single one is not drawn tiny
        high = max(float(np.nanmax(error)) for error, _ in maps.values())
        high = max(high, 0.01)  # a scale has two ends
        for axis, (label, (error, plain)) in zip(axes.flat, maps.items(), strict=False):
            show_plane(axis, error, "magma", 0, high)
            draw_circles(axis, band_edges, "white")
            axis.set_title(f"{label}\nwithout a wave: {plain:.2f}")
            # What was not evaluated at the rims is left out.
            rows, columns = (np.flatnonzero((~np.isnan(error)).any(axis=side)) for side in (1, 0))
            height, width = error.shape
            axis.set_xlim(columns[0] - width // 2 - 0.5, columns[-1] - width // 2 + 0.5)
            axis.set_ylim(rows[0] - height // 2 - 0.5, rows[-1] - height // 2 + 0.5)
        frequency_axes(axes, len(maps))
        colour_bar(figure, axes, "magma", 0, high, "error (share of images)")
    return figure


def corruptions(table: pd.DataFrame) -> Figure:
    """Recall against the strength of corruptions, classes with a strong shortcut against the others.

    table: columns network, augmentation, seed, corruption, strength, class, tpr and strong_shortcut; the rows of
    corruption `none` are the images as they are. A row a network, a column a corruption. Lines are means over the
    classes of a group and over seeds, bands a standard error of that mean to either side.
    """
    names = [name for name in dict.fromkeys(table["corruption"]) if name != "none"]
    kinds = kinds_of(table)
    colours = dict(zip(GROUPS, COLOURS[3:1:-1], strict=True))
    labels = []
    with style():
        figure, axes = page_of_panels(len(kinds), len(names), 0.7 + 1.3 * len(kinds))
        for kind, line in zip(kinds, axes, strict=True):
            rows = of_kind(table, kind)
            plain = rows[rows["corruption"] == "none"]
            for name, axis in zip(names, line, strict=True):
                part = pd.concat([plain, rows[rows["corruption"] == name]])
                for strong, label in GROUPS.items():
                    group = part[part["strong_shortcut"] == strong]
                    look = {"color": colours[strong], "linestyle": "-" if strong else "--", "label": label}
                    mean_and_spread(axis, group, "strength", "tpr", look, of="sem")
                axis.set_xticks(sorted(part["strength"].unique()))
            strong = plain["strong_shortcut"]
            labels.append(f"{network_label(*kind)}\n{_sizes(int(strong.sum()), len(strong))}\nrecall")
        row_labels(figure, axes, labels, 1.3)
        titles(axes, names, "strength")
        axes[0, 0].set_ylim(-0.03, 1.03)
        despine(figure.axes)
        legend_below(figure, axes[0, 0], columns=2)
    return figure


def _sizes(strong: int, n: int) -> str:
    """How many classes (times seeds) each group has, on short lines."""
    if strong in (0, n):
        return "none strong" if strong == 0 else "all strong"
    return f"{strong} strong, {n - strong} others"


def mean_and_spread(
    axis: Axes, table: pd.DataFrame, x: str, y: str, look: Mapping[str, Any], *, of: str = "std", alpha: float = 0.15
) -> None:
    """A line through the means of the share y at every x, and a band of a standard deviation or error (`sem`).

    look : of the line, as matplotlib names it, with its `color`; alpha : of the band
    """
    spread = table.groupby(x)[y].agg(["mean", of]).fillna({of: 0})
    axis.plot(spread.index, spread["mean"], **{"linewidth": 1.0, **look})
    low, high = ((spread["mean"] + sign * spread[of]).clip(0, 1) for sign in (-1, 1))
    axis.fill_between(spread.index, low, high, color=look["color"], alpha=alpha, linewidth=0)
