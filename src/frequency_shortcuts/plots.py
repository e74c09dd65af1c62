"""Every drawing of the study: functions of arrays or tables that return a matplotlib figure."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from .spectrum import IntArray
from .storage import replacing

PAGE = 7.2  # inches, the width of two printed columns
LEGIBLE = 6  # classes whose names can be read beside a confusion matrix of a sixth of a page
NAME = 18  # letters of a class's name, where classes are many
FILTERS = {
    "unfiltered": "unfiltered",
    "dfm": "own map (DFM)",
    "radial": "random, same radii",
    "random": "random, uniform",
    "other": "other classes' maps",
}
_SHADES = dict(zip(FILTERS, ["#222222", *sns.color_palette("colorblind", 4).as_hex()], strict=True))
_MARKERS = dict(zip(FILTERS, "|ox+^", strict=True))
_STYLE: dict[Any, Any] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "savefig.dpi": 200,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "frequency-shortcuts",  # the same figure gives the same file
}


@contextmanager
def style() -> Iterator[None]:
    """The one theme of all figures, inside the block."""
    with sns.axes_style("ticks"), mpl.rc_context(_STYLE):
        yield


def save(figure: Figure, stem: str | os.PathLike[str]) -> None:
    """Write <stem>.svg and <stem>.png, without a date, so that the same figure gives the same bytes."""
    with style():
        figure.canvas.draw()
        figure.set_layout_engine("none")  # laid out once: doing it again for each file would move things a little
        for suffix, metadata in ((".svg", {"Date": None}), (".png", {"Software": None})):
            with replacing(Path(f"{stem}{suffix}")) as temporary:
                figure.savefig(temporary, metadata=metadata)


def class_colours(classes: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """A colour a class, by its place in the list: the same in every figure."""
    palette = sns.color_palette("colorblind", 10) if len(classes) <= 10 else sns.color_palette("husl", len(classes))
    return dict(zip(classes, palette, strict=False))


@dataclass(frozen=True)
class Shown:
    """Which of many classes a figure shows.

    index : int64 [k], their places among all classes, increasing
    note : what the figure says of them, such as "12 of 1,000 classes: those that ..."; empty where they are all
    """

    index: IntArray
    note: str

    def of(self, classes: Sequence[str]) -> list[str]:
        """The names of the classes that are shown."""
        return [classes[i] for i in self.index]


def worth_showing(scores: npt.ArrayLike, most: int, reason: str, *, both_ends: bool = False) -> Shown:
    """The `most` classes with the highest scores [class], or all classes where there are no more.

    both_ends : half of them are those with the lowest scores
    reason : why they are shown, to follow "those"

    Of equal scores the first class is taken; a class without a score (NaN) comes last at either end.
    """
    scores = np.asarray(scores, float)
    if most < 1:
        raise ValueError(f"most {most}: expected at least 1 class")
    if len(scores) <= most:
        return Shown(np.arange(len(scores)), "")
    missing = np.isnan(scores)
    index = np.lexsort((-scores, missing))[: most - most // 2 if both_ends else most]
    if both_ends:
        lowest = np.lexsort((scores, missing))
        index = np.r_[index, lowest[~np.isin(lowest, index)][: most // 2]]
    return Shown(np.sort(index), f"{most:,} of {len(scores):,} classes: those {reason}")


def clearest(verdicts: pd.DataFrame, classes: Sequence[str], most: int) -> Shown:
    """The classes with the clearest shortcut: TPR from the map over the best control, where that is greatest.

    verdicts: columns network, augmentation, class and tpr_<filter>; rates are averaged over seeds, then the
    network is taken in which the class has most.
    """
    best = verdicts[[name for name in ("tpr_random", "tpr_radial", "tpr_other") if name in verdicts]].max(axis=1)
    margin = (verdicts["tpr_dfm"] - best).groupby([verdicts[n] for n in ("network", "augmentation", "class")]).mean()
    return worth_showing(
        margin.groupby("class").max().reindex(list(classes)), most, "with the clearest shortcut (TPR over best control)"
    )


def standing_out(values: npt.NDArray[np.int16], most: int) -> Shown:
    """The classes that stand out most from the others, by the mean of |ADCS| [class, H, W]."""
    return worth_showing([np.abs(plane).mean() for plane in values], most, "that stand out most (mean of |ADCS|)")


def first_and_last(table: pd.DataFrame, classes: Sequence[str], score: str, most: int) -> Shown:
    """The classes that are learned first and last, by their mean score over the first iterations; see `dynamics`.

    The first view in the table counts, which is the images as they are.
    """
    full = table[table["view"] == table["view"].iloc[0]]
    means = full.groupby("class")[score].mean().reindex(list(classes))
    return worth_showing(means, most, "learned first and last", both_ends=True)


def most_changed(table: pd.DataFrame, classes: Sequence[str], most: int) -> Shown:
    """The classes whose recognition changes most when bands are removed, of many no more than six; see `band_stop`."""
    own = table[table["true_class"] == table["called_class"]]
    change = own["delta_percent"].abs().groupby(own["true_class"]).mean()
    most = min(most, LEGIBLE) if len(classes) > most else most
    return worth_showing(change.reindex(list(classes)), most, "whose recognition changes most")


def evenly_spaced(n_classes: int, most: int) -> Shown:
    """So many classes, evenly spaced in their list."""
    scores = np.zeros(n_classes)
    scores[np.linspace(0, n_classes - 1, min(most, n_classes)).astype(int)] = 1
    return worth_showing(scores, most, "that are evenly spaced in their list")


def samples(
    sets: Mapping[str, tuple[Sequence[str], npt.NDArray[np.uint8], npt.NDArray[np.float64]]],
    band_edges: Sequence[float] = (),
) -> Figure:
    """One image and the mean amplitude spectrum of every class; a row a data set.

    sets: name -> (classes, images uint8 [class, channels, H, W], amplitude [class, H, W], centred).
    """
    columns = max(len(classes) for classes, _, _ in sets.values())
    with style():
        figure, axes = plt.subplots(len(sets), 2 * columns, figsize=(PAGE, 0.35 + 0.98 * len(sets)), squeeze=False)
        levels = np.concatenate([np.log10(np.maximum(a, 1e-2)).ravel() for _, _, a in sets.values()])
        low, high = np.quantile(levels, [0.01, 0.999])
        for row, (name, (classes, images, amplitude)) in zip(axes, sets.items(), strict=True):
            for axis in row:
                axis.set_axis_off()
            for c, label in enumerate(classes):
                left, right = row[2 * c], row[2 * c + 1]
                _picture(left, images[c])
                left.set_title(label, pad=2)
                _plane(right, np.log10(np.maximum(amplitude[c], 1e-2)), "viridis", low, high)
                _circles(right, band_edges, "white")
            row[0].text(-0.12, 0.5, name, transform=row[0].transAxes, rotation=90, va="center", ha="right")
        _colour_bar(figure, axes, "viridis", low, high, "log$_{10}$ mean amplitude")
    return figure


def dynamics(table: pd.DataFrame, classes: Sequence[str], scores: Sequence[str] = ("f1",), note: str = "") -> Figure:
    """Scores of every class over the first iterations, mean and standard deviation over seeds.

    table: columns network, augmentation, seed, iteration, view, class and the scores. A row a network,
    augmentation and score; a column a view of the test images. `classes` may be some of those in the table, which
    the note then says (`Shown`).
    """
    colours = class_colours(classes)
    kinds = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    rows = [(network, augmentation, score) for network, augmentation in kinds for score in scores]
    views = list(dict.fromkeys(table["view"]))
    with style():
        figure, axes = plt.subplots(
            len(rows), len(views), figsize=(PAGE, 0.6 + 1.3 * len(rows)), sharex=True, sharey=True, squeeze=False
        )
        for (network, augmentation, score), line in zip(rows, axes, strict=True):
            mine = table[(table["network"] == network) & (table["augmentation"] == augmentation)]
            for view, axis in zip(views, line, strict=True):
                for c, name in enumerate(classes):
                    part = mine[(mine["view"] == view) & (mine["class"] == name)]
                    spread = part.groupby("iteration")[score].agg(["mean", "std"]).fillna(0)
                    # Of a dozen hues the neighbours are too much alike.
                    dashed = "--" if note and c % 2 else "-"
                    axis.plot(spread.index, spread["mean"], dashed, color=colours[name], label=name)
                    axis.fill_between(
                        spread.index,
                        (spread["mean"] - spread["std"]).clip(lower=0),
                        (spread["mean"] + spread["std"]).clip(upper=1),
                        color=colours[name],
                        alpha=0.2,
                        linewidth=0,
                    )
            line[0].set_ylabel(f"{_network_label(network, augmentation)}\n{_SCORES.get(score, score)}")
        _titles(axes, views, "iteration")
        axes[0, 0].set_ylim(-0.03, 1.03)
        sns.despine(figure)
        _legend_below(figure, axes[0, 0], columns=min(len(classes), 5), note=note)
        _write_note(figure, note)
    return figure


def band_stop(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """Change of the confusion matrix when two bands are removed, mean over seeds; a row a network.

    table: columns network, augmentation, removed, true_class, called_class (names), delta_percent. `classes` may be
    some of those in the table, which the note then says (`Shown`).
    """
    if note:  # of a thousand classes squared, what is drawn
        table = table[table["true_class"].isin(classes) & table["called_class"].isin(classes)]
    mean = table.groupby(["network", "augmentation", "removed", "true_class", "called_class"], sort=False)[
        "delta_percent"
    ].mean()
    kinds = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    removed = list(dict.fromkeys(table["removed"]))
    with style():
        figure, axes = plt.subplots(
            len(kinds), len(removed), figsize=(PAGE, 0.45 + 1.22 * len(kinds)), sharex=True, sharey=True, squeeze=False
        )
        for (network, augmentation), line in zip(kinds, axes, strict=True):
            for stop, axis in zip(removed, line, strict=True):
                matrix = mean[network, augmentation, stop].unstack().reindex(index=classes, columns=classes)  # noqa: PD010
                axis.imshow(matrix, cmap="RdBu_r", vmin=-100, vmax=100)
                for i, j in () if note else np.ndindex(matrix.shape):
                    value = matrix.to_numpy()[i, j]
                    colour = "white" if abs(value) > 60 else "black"
                    axis.text(j, i, f"{round(value)}", ha="center", va="center", color=colour, fontsize=6)
                _class_ticks(axis.set_xticks, classes, note, 12, rotation=90 if note else 0)
                _class_ticks(axis.set_yticks, classes, note, 12)
                axis.tick_params(length=0)
            line[0].set_ylabel(f"{_network_label(network, augmentation)}\ntrue class")
        _titles(axes, [f"without {stop}" for stop in removed], "called")
        _smaller(axes[0], note)
        _colour_bar(figure, axes, "RdBu_r", -100, 100, "change, % of class")
        _write_note(figure, note)
    return figure


def adcs(
    values: npt.NDArray[np.int16],
    classes: Sequence[str],
    band_edges: Sequence[float] = (),
    *,
    n_classes: int | None = None,
    note: str = "",
) -> Figure:
    """ADCS of every class, int [class, H, W], on one colour scale from 1 - |C| to |C| - 1.

    n_classes : |C|, where these are some of the classes, which the note then says (`Shown`)
    """
    with style():
        figure, axes = _grid(len(classes), per_row=6 if note else 5)
        most = max(1, (n_classes or len(classes)) - 1)
        for axis, name, plane in zip(axes.flat, classes, values, strict=False):
            _plane(axis, plane, "RdBu_r", -most, most)
            _circles(axis, band_edges, "black")
            axis.set_title(_short(name, note))
        _smaller(axes.flat, note)
        _frequency_axes(axes, len(classes))
        _colour_bar(figure, axes, "RdBu_r", -most, most, "ADCS").set_ticks([-most, 0, most])
        _write_note(figure, note)
    return figure


def dominant_frequencies(
    maps: Mapping[str, npt.NDArray], classes: Sequence[str], band_edges: Sequence[float] = (), note: str = ""
) -> Figure:
    """Dominant frequency maps: a row a network, a column a class.

    maps: label -> share of seeds that have the frequency in the map, [class, H, W], 0 to 1. They may be of some of
    the classes, which the note then says (`Shown`).
    """
    with style():
        side = (PAGE - 0.9) / max(len(classes), 5)
        figure, axes = plt.subplots(
            len(maps),
            len(classes),
            figsize=(0.9 + side * len(classes), 0.5 + (side + 0.06) * len(maps)),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for (label, planes), line in zip(maps.items(), axes, strict=True):
            for axis, plane in zip(line, planes, strict=True):
                _plane(axis, plane, "Greys", 0, 1)
                _circles(axis, band_edges, "tab:blue")
            line[0].set_ylabel(_wrapped(label), fontsize=7)
        _class_titles(axes, classes, note)
        for axis in axes.flat:
            axis.set_xticks([])
            axis.set_yticks([])
        figure.supxlabel("horizontal frequency; zero frequency in the centre, vertical frequency upwards", fontsize=7)
        _colour_bar(figure, axes, "Greys", 0, 1, "share of seeds")
        _write_note(figure, note)
    return figure


def shortcuts(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR and FPR of every class, unfiltered, filtered by its map and by controls, mean over seeds.

    table: columns network, augmentation, class, and tpr_<filter>, fpr_<filter>. Bars at the map's TPR
    span the mean interval over images. `classes` may be some of those in the table, which the note then says (`Shown`).
    """
    kinds = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    place = np.arange(len(classes))
    with style():
        figure, axes = plt.subplots(
            len(kinds), 2, figsize=(PAGE, 0.75 + (0.55 + 0.155 * len(classes)) * len(kinds)), sharex=True, sharey=True,
            squeeze=False,
        )  # fmt: skip
        for (network, augmentation), line in zip(kinds, axes, strict=True):
            mine = table[(table["network"] == network) & (table["augmentation"] == augmentation)]
            means = mine.groupby("class").mean(numeric_only=True).reindex(classes)
            for axis, rate in zip(line, ("tpr", "fpr"), strict=True):
                axis.hlines(place, 0, 1, color="0.92", linewidth=0.8, zorder=0)
                for name, label in FILTERS.items():
                    if f"{rate}_{name}" not in means:
                        continue
                    own = name == "dfm"
                    if own and rate == "tpr":
                        axis.hlines(place, means["tpr_dfm_low"], means["tpr_dfm_high"], color=_SHADES[name])
                    axis.scatter(
                        means[f"{rate}_{name}"], place, s=26 if own else 14, label=label, color=_SHADES[name],
                        marker=_MARKERS[name], linewidth=1.2, zorder=3 if own else 2,
                    )  # fmt: skip
                _class_ticks(axis.set_yticks, classes, note)
                axis.set_xlim(-0.03, 1.03)
            line[0].set_ylabel(_network_label(network, augmentation))
        axes[0, 0].set_ylim(len(classes) - 0.4, -0.6)
        _titles(axes, ["true positive rate", "false positive rate"], "share of images")
        sns.despine(figure, left=True)
        _legend_below(figure, axes[0, 0], columns=5)
        _write_note(figure, note)
    return figure


def renditions(images: Mapping[str, npt.NDArray[np.uint8]], classes: Sequence[str], note: str = "") -> Figure:
    """One image of every class in every rendition: name -> uint8 [class, channels, H, W].

    They may be of some of the classes, which the note then says (`Shown`).
    """
    with style():
        side = (PAGE - 0.9) / max(len(classes), 6)
        figure, axes = plt.subplots(
            len(images), len(classes), figsize=(0.9 + side * len(classes), 0.4 + side * len(images)), squeeze=False
        )
        for (name, pictures), line in zip(images.items(), axes, strict=True):
            for c, axis in enumerate(line):
                _picture(axis, pictures[c])
                axis.set_axis_off()
            line[0].text(-0.1, 0.5, name, transform=line[0].transAxes, va="center", ha="right")
        _class_titles(axes, classes, note)
        _write_note(figure, note)
    return figure


def out_of_distribution(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR of every class in every rendition, mean over seeds and draws: a row a network, a column a filter.

    table: columns network, augmentation, rendition, class, filter, tpr. `classes` may be some of those in the table,
    which the note then says (`Shown`).
    """
    filters = [name for name in FILTERS if name in set(table["filter"])]
    kinds = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    names = list(dict.fromkeys(table["rendition"]))
    mean = table.groupby(["network", "augmentation", "filter", "rendition", "class"])["tpr"].mean()
    with style():
        figure, axes = plt.subplots(
            len(kinds),
            len(filters),
            figsize=(PAGE, 0.9 + (0.3 + 0.17 * len(names)) * len(kinds)),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for (network, augmentation), line in zip(kinds, axes, strict=True):
            for name, axis in zip(filters, line, strict=True):
                matrix = mean[network, augmentation, name].unstack().reindex(index=names, columns=classes)  # noqa: PD010
                axis.imshow(matrix, cmap="viridis", vmin=0, vmax=1, aspect="auto")
                _class_ticks(axis.set_xticks, classes, note, rotation=90)
                axis.set_yticks(range(len(names)), names)
                axis.tick_params(length=0)
            line[0].set_ylabel(_network_label(network, augmentation))
        _titles(axes, [FILTERS[name] for name in filters])
        _colour_bar(figure, axes, "viridis", 0, 1, "true positive rate")
        _write_note(figure, note)
    return figure


def rule_graph(needs: Mapping[str, Sequence[str]]) -> Figure:
    """The rules of a workflow from left to right: name -> the rules it needs.

    An arrow that follows from longer ways is left out.
    """
    behind: dict[str, set[str]] = {}
    for name in TopologicalSorter(needs).static_order():
        behind[name] = {further for before in needs.get(name, ()) for further in (before, *behind[before])}
    needs = {name: [b for b in befores if not any(b in behind[o] for o in befores)] for name, befores in needs.items()}
    depth: dict[str, int] = {}
    for name in TopologicalSorter(needs).static_order():
        depth[name] = 1 + max((depth[before] for before in needs.get(name, ())), default=-1)
    layers: dict[int, list[str]] = {}
    for name in sorted(depth, key=lambda name: (depth[name], name)):
        layers.setdefault(depth[name], []).append(name)
    place = {name: (x, (len(names) - 1) / 2 - i) for x, names in layers.items() for i, name in enumerate(names)}
    # A few sweeps that put each rule at the mean height of what it needs keep the arrows short.
    for _ in range(4):
        for x in sorted(layers)[1:]:
            wish = {n: np.mean([place[b][1] for b in needs.get(n, ())] or [0]) for n in layers[x]}
            for i, name in enumerate(sorted(layers[x], key=lambda n: -float(wish[n]))):
                place[name] = (x, (len(layers[x]) - 1) / 2 - i)
    with style():
        tallest = max(len(names) for names in layers.values())
        figure, axis = plt.subplots(figsize=(1.25 * len(layers) + 0.4, 0.42 * tallest + 0.4))
        colours = sns.color_palette("colorblind", len(layers))
        boxes = {
            name: axis.text(
                x, y, name.replace("_", " "), ha="center", va="center", fontsize=7, zorder=2,
                bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colours[depth[name]]},
            ).get_bbox_patch()
            for name, (x, y) in place.items()
        }  # fmt: skip
        for name, befores in needs.items():
            for before in befores:
                ends = {"patchA": boxes[before], "patchB": boxes[name], "shrinkA": 0, "shrinkB": 1}
                line = {"arrowstyle": "-|>", "color": "0.5", "linewidth": 0.7}
                axis.annotate("", place[name], place[before], arrowprops=ends | line, zorder=1)
        axis.set_xlim(-0.6, len(layers) - 0.4)
        axis.set_ylim(-tallest / 2 - 0.2, tallest / 2 + 0.2)
        axis.set_axis_off()
    return figure


_SCORES = {"f1": "F1", "precision": "precision", "recall": "recall"}


def _titles(axes: npt.NDArray, above: Sequence[str], below: str = "") -> None:
    """Titles over the first row of axes, one label under each of the last."""
    for axis, title in zip(axes[0], above, strict=True):
        axis.set_title(title)
    for axis in axes[-1]:
        axis.set_xlabel(below)


def _write_note(figure: Figure, note: str) -> None:
    """The note above a figure that does not show all classes, in room of its own."""
    if note:
        figure.set_figheight(figure.get_figheight() + 0.25)
        figure.suptitle(note, fontsize=8, style="italic")


def _short(name: str, note: str, letters: int = NAME) -> str:
    """A class's name; among many, where nobody chose the names to be short, its two ends."""
    if not note or len(name) <= letters:
        return name
    end = letters // 3
    return f"{name[: letters - end - 1].rstrip(' ,')}…{name[-end:].lstrip(' ,')}"


def _class_ticks(
    set_ticks: Callable[..., Any], classes: Sequence[str], note: str, letters: int = NAME, **options: Any
) -> None:
    set_ticks(range(len(classes)), [_short(name, note, letters) for name in classes], **options)


def _class_titles(axes: npt.NDArray, classes: Sequence[str], note: str) -> None:
    """The classes over columns that are narrower than their names."""
    _titles(axes, [textwrap.fill(_short(name, note), 10) if note else _wrapped(name) for name in classes])
    _smaller(axes[0], note)


def _smaller(axes: Iterable[Axes], note: str) -> None:
    """Titles in small print where there are as many panels as a page holds."""
    for axis in axes if note else ():
        axis.title.set_fontsize(6)


def _network_label(network: str, augmentation: str) -> str:
    return network if augmentation == "none" else f"{network}\n{augmentation}"


def _wrapped(name: str) -> str:
    """A name on as many short lines as it has words."""
    return textwrap.fill(name, 8, break_long_words=False, break_on_hyphens=False)


def _picture(axis: Axes, image: npt.NDArray[np.uint8]) -> None:
    pixels = image.transpose(1, 2, 0)
    axis.imshow(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, cmap="gray", vmin=0, vmax=255)


def _plane(axis: Axes, plane: npt.NDArray, cmap: str, low: float, high: float) -> None:
    """A centred plane with its axes in cycles per image."""
    height, width = plane.shape
    left, top = -(width // 2) - 0.5, -(height // 2) - 0.5
    axis.imshow(
        plane, cmap=cmap, vmin=low, vmax=high, extent=(left, left + width, top, top + height), origin="lower",
        interpolation="nearest",
    )  # fmt: skip


def _colour_bar(figure: Figure, axes: npt.NDArray, cmap: str, low: float, high: float, label: str) -> Colorbar:
    """One bar for all axes: they share the scale."""
    scale = ScalarMappable(Normalize(low, high), cmap)
    return figure.colorbar(scale, ax=axes, fraction=0.02, pad=0.01, label=label)


def _circles(axis: Axes, radii: Sequence[float], colour: str) -> None:
    for radius in radii:
        axis.add_patch(Circle((0, 0), radius, fill=False, edgecolor=colour, linewidth=0.5, alpha=0.8))


def _grid(count: int, per_row: int) -> tuple[Figure, npt.NDArray]:
    columns = min(count, per_row)
    rows = -(-count // columns)
    side = (PAGE - 1.0) / per_row
    return plt.subplots(
        rows,
        columns,
        figsize=(1.0 + side * columns, 0.4 + (side + 0.22) * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
    )


def _frequency_axes(axes: npt.NDArray, used: int) -> None:
    for axis in axes.flat[used:]:
        axis.set_axis_off()
    for axis in axes[-1]:
        axis.set_xlabel("cycles per image")
    for axis in axes[:, 0]:
        axis.set_ylabel("cycles per image")


def _legend_below(figure: Figure, axis: Axes, columns: int, note: str = "") -> None:
    handles, labels = axis.get_legend_handles_labels()
    labels = [_short(label, note) for label in labels]
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
