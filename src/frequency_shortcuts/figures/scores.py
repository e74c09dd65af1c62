"""Drawings beyond the paper: maps scored against the planted truth, and how stable they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray

from .canvas import PAGE, colour_bar, draw_circles, few_frequency_ticks, network_label, show_plane, style

# Rankings that belong to a data set, not to a network: marker and what they are called.
_OF_SET = {
    "adcs": ("D", "|ADCS|"),
    "adcs_high": (">", "ADCS, more energy"),
    "adcs_low": ("<", "ADCS, less energy"),
}
_TRUTHS = {"own": "planted for the class", "any": "planted for any class"}
_ROOM = 0.3  # to either side of a class, that its networks are spread over
COMPARED = {
    "seeds": "two seeds",
    "networks": "two networks",
    "augmentations": "two augmentations",
    "images": "two image halves",
    "several": "runs unlike in several ways",  # shown where there is nothing else
}
_LEVELS = {  # column -> colour, line, name
    "iou": ("tab:blue", "o-", "the maps, mean and s.d. over classes"),
    "radial": ("0.35", "x--", "chance, same radii"),
    "random": ("0.6", "+:", "chance, uniform"),
}
MANY = 12  # runs up to which each has a row in a heat map, with numbers


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
    classes = {name: list(dict.fromkeys(mine["class"])) for name, mine in table.groupby("dataset", sort=False)}
    networks = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    colours = dict(zip(networks, sns.color_palette("colorblind", len(networks)), strict=True))
    columns = [
        ("own", "average_precision", "percent", "average precision"),
        ("own", "precision", "percent", f"precision of the top {percent:g} %"),
        ("own", "precision", "truth", "precision at its own size"),
        ("any", "average_precision", "percent", "average precision"),
    ]
    with style():
        tall = [0.15 + (0.09 + 0.09 * len(networks)) * len(found) for found in classes.values()]
        across = 3 * max(len(own) for own, *_ in planes.values())
        side = (PAGE - 1.6) / max(across, 6)
        heights = [sum(tall) + 0.6, (side + 0.05) * len(planes) + 0.4]
        figure = plt.figure(figsize=(PAGE, sum(heights) + 0.6))
        parts = figure.add_gridspec(2, 1, height_ratios=heights)
        places = parts[0].subgridspec(len(tall), len(columns), height_ratios=tall)
        axes = places.subplots(sharex=True, sharey="row", squeeze=False)
        for (name, its), line in zip(classes.items(), axes, strict=True):
            mine = table[table["dataset"] == name]
            for (which, score, cut, _), axis in zip(columns, line, strict=True):
                rows = mine[(mine["truth"] == which) & (mine["cut"] == cut)]
                _draw_scores(axis, rows, score, its, colours)
            line[0].set_ylabel(_broken(name))
            line[0].set_yticks(range(len(its)), its)
            line[0].set_ylim(len(its) - 0.5, -0.5)
        for (which, *_, title), axis, last in zip(columns, axes[0], axes[-1], strict=True):
            axis.set_title(f"{_TRUTHS[which]}:\n{title}")
            last.set_xlabel("share")
        axes[0, 0].set_xlim(-0.05, 1.05)
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        sns.despine(figure, left=True)
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
    axis: Axes, table: pd.DataFrame, score: str, classes: Sequence[str], colours: Mapping[tuple[str, str], tuple]
) -> None:
    """One score of one data set and truth: a line a class, on which networks are spread."""
    shift = np.linspace(-_ROOM, _ROOM, len(colours)) if len(colours) > 1 else np.zeros(1)
    bounds = [score, f"{score}_low", f"{score}_high"]
    mean = table.groupby(["ranking", "class"])[bounds].mean()
    runs = table.groupby(["network", "augmentation", "ranking", "class"])[bounds]
    spread, over_seeds = runs.mean(), runs.std()[score].fillna(0)
    for place, name in enumerate(classes):
        axis.axhline(place - 0.5, color="0.93", linewidth=0.6, zorder=0)
        said = _without_scores(table[(table["class"] == name) & (table["ranking"] == "dfm")])
        if said:
            axis.text(0.5, place, said, ha="center", va="center", fontsize=6, color="0.5", style="italic")
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


def _legend_of_scores(colours: Mapping[tuple[str, str], tuple]) -> list[Artist]:
    def point(marker: str, label: str, **options: Any) -> Line2D:
        return Line2D([], [], marker=marker, linestyle="none", markersize=4, label=label, **options)

    found: list[Artist] = [
        point("o", f"map (DFM), {', '.join(network_label(*network).splitlines())}", color=colour)
        for network, colour in colours.items()
    ]
    found += [point("o", "by the size of increments", color="0.4", markerfacecolor="none")]
    found += [point("^", "maps of other classes", color="0.4", markerfacecolor="none")]
    found += [Line2D([], [], color="0.4", alpha=0.3, linewidth=3.5, label="random, map's radii (95 %)")]
    found += [Patch(color="0.85", label="random, uniform (95 %)")]
    return found + [point(marker, label, color="black") for marker, label in _OF_SET.values()]


def _draw_planted(
    figure: Figure,
    axes: npt.NDArray,
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
            planted, found, adcs = line[3 * c : 3 * c + 3]
            show_plane(planted, masks[c].astype(float), "Greys", 0, 1)
            show_plane(found, shares[c], "Greys", 0, 1)
            show_plane(adcs, values[c], "RdBu_r", -most, most)
            for axis in (planted, found, adcs):
                draw_circles(axis, band_edges.get(name, ()), "tab:blue" if axis is not adcs else "black")
                few_frequency_ticks(axis)
            if list(classes) != list(above):
                planted.set_title(f"{label}:\nplanted", fontsize=7)
                found.set_title(f"DFM, {percent:g} %", fontsize=7)
                adcs.set_title("ADCS", fontsize=7)
        for axis in line[3 * len(classes) :]:
            axis.set_axis_off()
        line[0].set_ylabel(_broken(name))
        above = classes
    figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=7)
    colour_bar(figure, axes, "RdBu_r", -most, most, "ADCS").set_ticks([-most, 0, most])
    colour_bar(figure, axes, "Greys", 0, 1, "share of runs")


def stability(table: pd.DataFrame, percent: float) -> Figure:
    """Overlap of the maps of all runs of a data set as a heat map, and by the size of the maps beside chance.

    table : rows of `stability.compared` and `compared_halves` of one data set

    In the heat map, of maps of `percent`, overlaps are means over classes; on its diagonal stands the overlap of the
    maps from two halves of the images, where a run has them. With more than `MANY` runs those of one network are taken
    together, and the diagonal is that of its seeds; of one run there is no heat map.
    """
    there = set(table["comparison"])
    kinds = [kind for kind in COMPARED if kind in there and (kind != "several" or there == {"several"})]
    chosen, note = _matrices(table[table["percent"] == percent])
    labels = list(chosen["iou"].index)
    with style():
        alone, beside = len(labels) == 1, len(labels) <= 6
        side = min(3.5, 1.5 + 0.55 * len(labels)) if beside else 1.6 + 0.33 * len(labels)
        per_row = min(len(kinds), 2) if beside else len(kinds)
        rows = -(-len(kinds) // per_row)
        curves = 0.6 + 1.45 * rows
        if alone:
            figure, axes = plt.subplots(1, 1, figsize=(PAGE / 2, curves + 0.6), squeeze=False)
            figure.suptitle(labels[0].replace("\n", ", "), fontsize=8)
        else:
            shape: tuple[int, int] = (1, 2) if beside else (2, 1)
            size = (PAGE, max(side, curves) + 0.3) if beside else (PAGE, side + curves + 0.3)
            ratios: dict[str, Any] = (
                {"width_ratios": [side, PAGE - side]} if beside else {"height_ratios": [side, curves]}
            )
            figure = plt.figure(figsize=size)
            parts = figure.add_gridspec(*shape, **ratios)
            _draw_matrix(figure, figure.add_subplot(parts[0]), chosen, labels, note)
            axes = parts[1].subgridspec(rows, per_row).subplots(sharex=True, sharey=True, squeeze=False)
        for kind, axis in zip(kinds, axes.flat, strict=False):
            _draw_by_size(axis, table[table["comparison"] == kind])
            axis.set_title(COMPARED[kind])
        for axis in axes.flat[len(kinds) :]:
            axis.set_axis_off()
        for column in range(per_row):  # under the last panel of each column that is used
            lowest = max(place for place in range(column, len(kinds), per_row))
            axes.flat[lowest].set_xlabel("size of the maps, %")
            axes.flat[lowest].tick_params(labelbottom=True)
        for axis in axes[:, 0]:
            axis.set_ylabel("overlap (IoU)")
        axes[0, 0].set_ylim(0, None)
        for axis in axes.flat:
            sns.despine(ax=axis)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2 if alone else 3)
    return figure


def _matrices(table: pd.DataFrame) -> tuple[dict[str, pd.DataFrame], str]:
    """Mean overlap and chance (same radii) between all runs, by their labels, and what is on the diagonal."""
    runs = table.assign(**{end: table[end].str.replace(r"/half\d$", "", regex=True) for end in ("left", "right")})
    names = list(dict.fromkeys([*runs["left"], *runs["right"]]))
    # In the order of the plan: a run that is only ever on the right comes last.
    ends, note = {name: _label(name) for name in names}, "diagonal: two halves of the images"
    if len(names) > MANY:
        runs = runs[runs["comparison"] != "images"]
        ends = {name: _label(name.rpartition("/")[0]) for name in names}
        note = "means over seeds; diagonal: two seeds of the network"
    labels = list(dict.fromkeys(ends.values()))
    runs = runs.assign(left=runs["left"].map(ends), right=runs["right"].map(ends))
    turned = runs.rename(columns={"left": "right", "right": "left"})
    both = pd.concat([runs, turned[turned["left"] != turned["right"]]])
    means = both.groupby(["left", "right"])[["iou", "radial"]].mean()
    found = {column: means[column].unstack().reindex(index=labels, columns=labels) for column in means}  # noqa: PD010
    return found, note if np.isfinite(np.diag(found["iou"])).any() else ""


def _label(run: str) -> str:
    network, augmentation, *seed = run.split("/")
    words = [network_label(network, augmentation), *(part.replace("seed", "seed ") for part in seed)]
    return "\n".join(words)


def _draw_matrix(
    figure: Figure, axis: Axes, matrices: Mapping[str, pd.DataFrame], labels: Sequence[str], note: str
) -> None:
    overlap, chance = (matrices[name].to_numpy() for name in ("iou", "radial"))
    most = max(0.1, np.ceil(np.nanmax(overlap, initial=0) * 10) / 10)
    axis.set_facecolor("0.93")
    axis.imshow(overlap, cmap="viridis", vmin=0, vmax=most, aspect="auto")  # the layout must know its size
    size = 7 if len(labels) <= 6 else 5
    for i, j in np.ndindex(overlap.shape):
        if np.isfinite(overlap[i, j]):
            axis.text(
                j, i, f"{overlap[i, j]:.2f}\n({chance[i, j]:.2f})", ha="center", va="center", fontsize=size,
                color="white" if overlap[i, j] < 0.6 * most else "black",
            )  # fmt: skip
    axis.set_xticks(range(len(labels)), labels, rotation=90)
    axis.set_yticks(range(len(labels)), labels)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    axis.set_title("mean over classes (in brackets: chance, same radii)")
    axis.set_xlabel(note)
    colour_bar(figure, np.array([axis]), "viridis", 0, most, "overlap (IoU)")


def _draw_by_size(axis: Axes, table: pd.DataFrame) -> None:
    """Overlap by the size of the maps, mean and standard deviation over classes, and what chance gives."""
    per_class = table.groupby(["percent", "class"])[list(_LEVELS)].mean()
    mean, spread = (getattr(per_class.groupby("percent"), name)() for name in ("mean", "std"))
    place = np.arange(len(mean))
    for column, (colour, line, label) in _LEVELS.items():
        axis.plot(place, mean[column], line, color=colour, label=label, markersize=3.5)
    deviation = spread["iou"].fillna(0)
    axis.fill_between(
        place, (mean["iou"] - deviation).clip(lower=0), mean["iou"] + deviation, color=_LEVELS["iou"][0], alpha=0.2,
        linewidth=0,
    )  # fmt: skip
    axis.set_xticks(place, [f"{percent:g}" for percent in mean.index])
    axis.margins(x=0.08)
