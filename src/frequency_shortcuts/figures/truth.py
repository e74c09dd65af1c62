"""Drawing of maps scored against the planted truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .canvas import (
    COLOURS,
    PAGE,
    colour_bar,
    despine,
    draw_circles,
    few_frequency_ticks,
    network_label,
    show_plane,
    style,
)
from .selection import kinds_of

# Rankings that belong to a data set, not to a network: marker and what they are called.
_OF_SET = {
    "adcs": ("D", "|ADCS|"),
    "adcs_high": (">", "ADCS, more energy"),
    "adcs_low": ("<", "ADCS, less energy"),
}
_TRUTHS = {"own": "planted for the class", "any": "planted for any class"}
_ROOM = 0.3  # to either side of a class, that its networks are spread over


def truth(
    table: pd.DataFrame,
    percent: float,
    planes: Mapping[str, tuple[Sequence[str], BoolArray, FloatArray, npt.NDArray[np.int16]]],
    band_edges: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Scores of maps and ADCS against what was planted, and below them all three as pictures.

    table : that of `truth.score` with the columns dataset, network, augmentation, seed and uses, and classes by name
    percent : the size of the maps whose precision is shown
    planes : data set -> classes with a truth of their own, what was planted [class, H, W], share of the runs that have
        the frequency in the map [class, H, W], ADCS [class, H, W]
    band_edges : data set -> radii of circles on its pictures, in cycles per image

    A row of scores a data set, a line for each of its classes; dots are means over seeds, their bars a standard
    deviation to either side. Only those networks are scored that use the planted mask of a class; where some do not,
    it says so.
    """
    table = table[table["cut"].eq("truth") | table["percent"].eq(percent)]
    # Each data set has classes of its own.
    classes = {name: list(dict.fromkeys(of_set["class"])) for name, of_set in table.groupby("dataset", sort=False)}
    networks = kinds_of(table)
    colours = dict(zip(networks, cycle(COLOURS), strict=False))
    columns = [
        ("own", "average_precision", "percent", "average precision"),
        ("own", "precision", "percent", f"precision of the top {percent:g} %"),
        ("own", "precision", "truth", "precision at its own size"),
        ("any", "average_precision", "percent", "average precision"),
    ]
    with style():
        tall = [0.15 + (0.09 + 0.09 * len(networks)) * len(names) for names in classes.values()]
        across = 3 * max(len(own) for own, *_ in planes.values())
        side = (PAGE - 1.6) / max(across, 6)
        heights = [sum(tall) + 0.6, (side + 0.05) * len(planes) + 0.4]
        figure = plt.figure(figsize=(PAGE, sum(heights) + 0.6))
        parts = figure.add_gridspec(2, 1, height_ratios=heights)
        places = parts[0].subgridspec(len(tall), len(columns), height_ratios=tall)
        axes = places.subplots(sharex=True, sharey="row", squeeze=False)
        for (name, its), line in zip(classes.items(), axes, strict=True):
            of_set = table[table["dataset"] == name]
            for (which, score, cut, _), axis in zip(columns, line, strict=True):
                rows = of_set[(of_set["truth"] == which) & (of_set["cut"] == cut)]
                _draw_scores(axis, rows, score, its, colours)
            line[0].set_ylabel(_broken(name))
            line[0].set_yticks(range(len(its)), its)
            line[0].set_ylim(len(its) - 0.5, -0.5)
        for (which, *_, title), axis, last in zip(columns, axes[0], axes[-1], strict=True):
            axis.set_title(f"{_TRUTHS[which]}:\n{title}")
            last.set_xlabel("share")
        axes[0, 0].set_xlim(-0.05, 1.05)
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        despine(figure.axes, left=True)
        _draw_planted(
            figure, parts[1].subgridspec(len(planes), across).subplots(squeeze=False), planes, band_edges or {}, percent
        )
        handles = _legend_of_scores(colours)
        figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _broken(name: str) -> str:
    """A name of more than eight letters on two lines, as it stands beside a low row."""
    return name.replace("_", "_\n", 1) if len(name) > 8 else name


def _draw_scores(
    axis: Axes,
    table: pd.DataFrame,
    score: str,
    classes: Sequence[str],
    colours: Mapping[tuple[str, str], str],
) -> None:
    """One score of one data set and truth: a line a class, on which networks are spread."""
    shift = np.linspace(-_ROOM, _ROOM, len(colours)) if len(colours) > 1 else np.zeros(1)
    bounds = [score, f"{score}_low", f"{score}_high"]
    mean = table.groupby(["ranking", "class"])[bounds].mean()
    runs = table.groupby(["network", "augmentation", "ranking", "class"])[bounds]
    spread, over_seeds = runs.mean(), runs.std()[score].fillna(0)
    for place, name in enumerate(classes):
        axis.axhline(place - 0.5, color="0.93", linewidth=0.6, zorder=0)
        reason = _without_scores(table[(table["class"] == name) & (table["ranking"] == "dfm")])
        if reason:
            axis.text(0.5, place, reason, ha="center", va="center", fontsize=6, color="0.5", style="italic")
            continue
        _, low, high = mean.loc[("random", name)]
        axis.barh(place, high - low, left=low, height=0.9, color="0.85", zorder=1)
        for ranking, (marker, _) in _OF_SET.items():
            axis.scatter(
                mean.loc[(ranking, name), score], place, s=16, marker=marker, color="black", linewidth=0, zorder=4
            )
        for (network, colour), offset in zip(colours.items(), shift, strict=True):
            if (*network, "dfm", name) not in spread.index or np.isnan(spread.loc[(*network, "dfm", name), score]):
                continue
            y = place + offset
            _, low, high = spread.loc[(*network, "radial", name)]
            axis.hlines(y, low, high, color=colour, linewidth=3.5, alpha=0.3, zorder=2)
            axis.scatter(
                spread.loc[(*network, "other", name), score], y, s=12, marker="^", facecolor="none", edgecolor=colour,
                linewidth=0.8, zorder=3,
            )  # fmt: skip
            value, deviation = spread.loc[(*network, "dfm", name), score], over_seeds[(*network, "dfm", name)]
            if (*network, "dfm_size", name) in spread.index:
                by_size = spread.loc[(*network, "dfm_size", name), score]
                axis.scatter(by_size, y, s=12, facecolor="none", edgecolor=colour, linewidth=0.8, zorder=4)
            axis.hlines(y, max(0, value - deviation), min(1, value + deviation), color=colour, linewidth=1, zorder=5)
            axis.scatter(value, y, s=14, color=colour, linewidth=0, zorder=5)
    axis.tick_params(length=0, axis="y")


def _without_scores(rows: pd.DataFrame) -> str:
    """Why a class has no scores at all; empty where it has some."""
    if rows["uses"].isna().all():
        return "nothing planted"
    return "" if rows["uses"].eq(True).any() else "mask not used"


def _legend_of_scores(colours: Mapping[tuple[str, str], str]) -> list[Artist]:
    def point(marker: str, label: str, **options: Any) -> Line2D:
        return Line2D([], [], marker=marker, linestyle="none", markersize=4, label=label, **options)

    handles: list[Artist] = [
        point("o", f"map (DFM), {', '.join(network_label(*network).splitlines())}", color=colour)
        for network, colour in colours.items()
    ]
    handles += [point("o", "by the size of increments", color="0.4", markerfacecolor="none")]
    handles += [point("^", "maps of other classes", color="0.4", markerfacecolor="none")]
    handles += [Line2D([], [], color="0.4", alpha=0.3, linewidth=3.5, label="random, map's radii (95 %)")]
    handles += [Patch(color="0.85", label="random, uniform (95 %)")]
    return handles + [point(marker, label, color="black") for marker, label in _OF_SET.values()]


def _draw_planted(
    figure: Figure,
    axes: npt.NDArray[Any],
    planes: Mapping[str, tuple[Sequence[str], BoolArray, FloatArray, npt.NDArray[np.int16]]],
    band_edges: Mapping[str, Sequence[float]],
    percent: float,
) -> None:
    """Rows of planted mask, maps and ADCS side by side, class after class."""
    above: Sequence[str] = ()
    most = max(1, *(int(np.abs(values).max(initial=0)) for *_, values in planes.values()))
    for row, (name, (classes, masks, shares, values)) in enumerate(planes.items()):
        line = axes[row]
        for c, label in enumerate(classes):
            planted, share, adcs = line[3 * c : 3 * c + 3]
            show_plane(planted, masks[c].astype(float), "Greys", 0, 1)
            show_plane(share, shares[c], "Greys", 0, 1)
            show_plane(adcs, values[c], "RdBu_r", -most, most)
            for axis in (planted, share, adcs):
                draw_circles(axis, band_edges.get(name, ()), "tab:blue" if axis is not adcs else "black")
                few_frequency_ticks(axis)
            if list(classes) != list(above):
                planted.set_title(f"{label}:\nplanted", fontsize=7)
                share.set_title(f"DFM, {percent:g} %", fontsize=7)
                adcs.set_title("ADCS", fontsize=7)
        for axis in line[3 * len(classes) :]:
            axis.set_axis_off()
        line[0].set_ylabel(_broken(name))
        above = classes
    figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=7)
    colour_bar(figure, axes, "RdBu_r", -most, most, "ADCS").set_ticks([-most, 0, most])
    colour_bar(figure, axes, "Greys", 0, 1, "share of runs")
