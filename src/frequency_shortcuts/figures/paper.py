"""Every drawing of the study: functions of arrays or tables that return a matplotlib figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.spectrum.arrays import IntArray

from .canvas import (
    PAGE,
    class_colours,
    class_ticks,
    class_titles,
    colour_bar,
    draw_circles,
    few_frequency_ticks,
    frequency_axes,
    legend_below,
    network_label,
    panels,
    row_labels,
    short,
    show_picture,
    show_plane,
    smaller,
    style,
    titles,
    write_note,
)

LEGIBLE = 6  # classes whose names can be read beside a confusion matrix of a sixth of a page
FILTERS = {
    "unfiltered": "unfiltered",
    "dfm": "own map (DFM)",
    "radial": "random, same radii",
    "random": "random, uniform",
    "other": "other classes' maps",
    "low_pass": "lowest frequencies",
}
_SHADES = dict(zip(FILTERS, ["#222222", *sns.color_palette("colorblind", 5).as_hex()], strict=True))
_MARKERS = dict(zip(FILTERS, "|ox+^d", strict=True))


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
    """The classes with the clearest shortcut: the margin of the map over its best control, where that is greatest.

    verdicts: columns network, augmentation, class, margin and headline. Of the headline rows, margins are averaged over
    seeds, then the network is taken in which the class has most. A class without a headline comes last.
    """
    headline = verdicts[verdicts["headline"]]
    margin = headline.groupby(["network", "augmentation", "class"])["margin"].mean()
    reason = "with the clearest shortcut (margin over best control)"
    return worth_showing(margin.groupby("class").max().reindex(list(classes)), most, reason)


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
    band_edges: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """One image and the mean amplitude spectrum of every class; a row a data set.

    sets: name -> (classes, images uint8 [class, channels, H, W], amplitude [class, H, W], centred).
    band_edges: name -> radii of circles on its spectra, in cycles per image.
    """
    edges = band_edges or {}
    columns = max(len(classes) for classes, _, _ in sets.values())
    with style():
        figure, axes = plt.subplots(len(sets), 2 * columns, figsize=(PAGE, 0.45 + 0.98 * len(sets)), squeeze=False)
        levels = np.concatenate([np.log10(np.maximum(a, 1e-2)).ravel() for _, _, a in sets.values()])
        low, high = np.quantile(levels, [0.01, 0.999])
        for row, (name, (classes, images, amplitude)) in zip(axes, sets.items(), strict=True):
            for axis in row[: 2 * len(classes) : 2]:
                axis.set_axis_off()
            for axis in row[2 * len(classes) :]:
                axis.set_axis_off()
            for c, label in enumerate(classes):
                left, right = row[2 * c], row[2 * c + 1]
                show_picture(left, images[c])
                left.set_title(label, pad=2)
                show_plane(right, np.log10(np.maximum(amplitude[c], 1e-2)), "viridis", low, high)
                draw_circles(right, edges.get(name, ()), "white")
                few_frequency_ticks(right)
            row[0].text(-0.12, 0.5, name, transform=row[0].transAxes, rotation=90, va="center", ha="right")
        for right in axes[-1, 1::2]:
            right.set_xlabel("cycles per image", fontsize=6, labelpad=1)
        colour_bar(figure, axes, "viridis", low, high, "log$_{10}$ mean amplitude")
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
                    axis.plot(spread.index, spread["mean"], dashed, color=colours[name], label=short(name, note))
                    axis.fill_between(
                        spread.index,
                        (spread["mean"] - spread["std"]).clip(lower=0),
                        (spread["mean"] + spread["std"]).clip(upper=1),
                        color=colours[name],
                        alpha=0.2,
                        linewidth=0,
                    )
        labels = [f"{network_label(*kind)}\n{_SCORES.get(score, score)}" for *kind, score in rows]
        row_labels(figure, axes, labels, 1.3)
        titles(axes, views, "iteration")
        axes[0, 0].set_ylim(-0.03, 1.03)
        sns.despine(figure)
        legend_below(figure, axes[0, 0], columns=min(len(classes), 5))
        write_note(figure, note)
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
            len(kinds), len(removed), figsize=(PAGE, 0.55 + 1.05 * len(kinds)), sharex=True, sharey=True, squeeze=False
        )
        for (network, augmentation), line in zip(kinds, axes, strict=True):
            for stop, axis in zip(removed, line, strict=True):
                matrix = mean[network, augmentation, stop].unstack().reindex(index=classes, columns=classes)  # noqa: PD010
                axis.imshow(matrix, cmap="RdBu_r", vmin=-100, vmax=100)
                for i, j in () if note else np.ndindex(matrix.shape):
                    value = matrix.to_numpy()[i, j]
                    colour = "white" if abs(value) > 60 else "black"
                    axis.text(j, i, f"{round(value)}", ha="center", va="center", color=colour, fontsize=6)
                class_ticks(axis.set_xticks, classes, note, 12, rotation=90 if note else 0)
                class_ticks(axis.set_yticks, classes, note, 12)
                axis.tick_params(length=0)
        row_labels(figure, axes, [f"{network_label(*kind)}\ntrue class" for kind in kinds], 1.05)
        titles(axes, [f"without {stop}" for stop in removed], "called")
        smaller(axes[0], note)
        colour_bar(figure, axes, "RdBu_r", -100, 100, "change, % of class")
        write_note(figure, note)
    return figure


def adcs(
    values: npt.NDArray[np.int16],
    classes: Sequence[str],
    band_edges: Sequence[float] = (),
    *,
    n_classes: int | None = None,
    note: str = "",
    label: str = "ADCS",
) -> Figure:
    """ADCS of every class, int [class, H, W], on one colour scale from 1 - |C| to |C| - 1.

    n_classes : |C|, where these are some of the classes, which the note then says (`Shown`)
    label : of the colour bar
    """
    with style():
        figure, axes = panels(len(classes), per_row=6 if note else 5)
        most = max(1, (n_classes or len(classes)) - 1)
        for axis, name, plane in zip(axes.flat, classes, values, strict=False):
            show_plane(axis, plane, "RdBu_r", -most, most)
            draw_circles(axis, band_edges, "black")
            axis.set_title(short(name, note))
        smaller(axes.flat, note)
        frequency_axes(axes, len(classes))
        colour_bar(figure, axes, "RdBu_r", -most, most, label).set_ticks([-most, 0, most])
        write_note(figure, note)
    return figure


def dominant_frequencies(
    maps: Mapping[tuple[str, str], npt.NDArray],
    classes: Sequence[str],
    band_edges: Sequence[float] = (),
    note: str = "",
) -> Figure:
    """Dominant frequency maps: a row a network, a column a class.

    maps: (network, augmentation) -> share of seeds that have the frequency in the map, [class, H, W], 0 to 1. They may
    be of some of the classes, which the note then says (`Shown`).
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
        for planes, line in zip(maps.values(), axes, strict=True):
            for axis, plane in zip(line, planes, strict=True):
                show_plane(axis, plane, "Greys", 0, 1)
                draw_circles(axis, band_edges, "tab:blue")
                few_frequency_ticks(axis)
        row_labels(figure, axes, [network_label(*kind) for kind in maps], side + 0.06, 7)
        class_titles(axes, classes, note)
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=7)
        colour_bar(figure, axes, "Greys", 0, 1, "share of seeds")
        write_note(figure, note)
    return figure


def shortcuts(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class from its map and from controls, mean over seeds: a row a network, a column a test.

    The first columns keep the map, one a fill, and the headline comes first. Where the map was removed as well, the
    last column shows it, under the fill of the headline or the first that was tested.

    table: verdicts (`rates.verdicts`) of one data set with the columns network, augmentation and seed. The bar at a map
    is the 95 % interval of its difference to the best control, so that the map is above this control where the bar does
    not reach it. Filled dots are strong shortcuts (in most seeds), small ones the seeds; the names of classes that are
    strong in the headline are bold. `classes` may be some of those in the table, which the note then says (`Shown`).
    """
    kinds = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    tests = _tests_shown(table)
    place = np.arange(len(classes))
    row = 0.55 + 0.155 * len(classes)
    with style():
        figure, axes = plt.subplots(
            len(kinds), len(tests), figsize=(PAGE, 1.25 + row * len(kinds)), sharex=True, sharey=True, squeeze=False
        )
        lowest = -0.1
        for (network, augmentation), line in zip(kinds, axes, strict=True):
            mine = table[(table["network"] == network) & (table["augmentation"] == augmentation)]
            for (part, fill), axis in zip(tests, line, strict=True):
                tested = mine[(mine["part"] == part) & (mine["fill"] == fill)]
                lowest = min(lowest, _draw_test(axis, tested, classes))
                class_ticks(axis.set_yticks, classes, note)
            strong = _strong(mine[mine["headline"]], classes)
            for label, bold in zip(line[0].get_yticklabels(), strong, strict=True):
                label.set_fontweight("bold" if bold else "normal")
        row_labels(figure, axes, [network_label(*kind) for kind in kinds], row)
        axes[0, 0].set(xlim=(lowest - 0.05, 1.05), ylim=(len(classes) - 0.4, -0.6))
        for axis in axes.flat:
            axis.hlines(place, lowest, 1, color="0.92", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
        titles(axes, [_title_of_test(table, *test) for test in tests], "TPR - FPR")
        axes[0, 0].title.set_fontweight("bold")
        sns.despine(figure, left=True)
        legend_below(figure, axes[0, 0], columns=3)
        write_note(figure, note)
    return figure


def _tests_shown(table: pd.DataFrame) -> list[tuple[str, str]]:
    """The parts and fills that `shortcuts` draws, in the order of its columns."""
    headline = table.loc[table["headline"], "fill"].iloc[0]
    fills = sorted(dict.fromkeys(table["fill"]), key=lambda fill: fill != headline)
    tested = set(zip(table["part"], table["fill"], strict=True))
    kept, removed = ([(part, fill) for fill in fills if (part, fill) in tested] for part in ("keep", "remove"))
    return kept + removed[:1]


def _title_of_test(table: pd.DataFrame, part: str, fill: str) -> str:
    """What was done to the images of a column of `shortcuts`."""
    neutral = table.loc[table["neutral"], "class"]
    donors = f"{short(neutral.iloc[0], 'one name', 8)} images" if len(neutral) else "other images"
    kept = {"zeros": "map kept,\nzeros elsewhere", "swap": f"map put into\n{donors} (swap)"}
    title = kept.get(fill, f"map kept,\n{fill} elsewhere") if part == "keep" else f"map removed,\n{fill} instead"
    headline = table[(table["part"] == part) & (table["fill"] == fill)]["headline"].any()
    return f"headline:\n{title}" if headline else title


def _strong(verdicts: pd.DataFrame, classes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which classes have a strong shortcut in most seeds, [class]."""
    share = (verdicts["verdict"] == "strong").groupby(verdicts["class"]).mean()
    return (share.reindex(classes) > 0.5).to_numpy()


def _draw_test(axis: Axes, tested: pd.DataFrame, classes: Sequence[str]) -> float:
    """One panel of `shortcuts`, from the verdicts of one network, part and fill; returns the lowest value in it."""
    place = np.arange(len(classes))
    means = tested.groupby("class").mean(numeric_only=True).reindex(classes)
    drawn = [name for name in FILTERS if f"tpr_{name}" in means]
    values = {name: (means[f"tpr_{name}"] - means[f"fpr_{name}"].fillna(0)).to_numpy() for name in drawn}
    for name in drawn:
        if name != "dfm":
            axis.scatter(
                values[name], place, s=26 if name == "unfiltered" else 12, label=FILTERS[name], linewidth=1.2,
                color=_SHADES[name], marker=_MARKERS[name], zorder=5 if name == "unfiltered" else 2,
            )  # fmt: skip
    sign = -1 if (tested["part"] == "remove").any() else 1  # of a map that is removed, less is more
    reach = [sign * (means[end] - means["margin"]) for end in ("margin_low", "margin_high")]
    ends = [(values["dfm"] + one).clip(-1, 1).to_numpy() for one in reach]
    axis.hlines(place, *ends, color=_SHADES["dfm"], zorder=1)
    strong = _strong(tested, classes)
    for some, colour, label in ((strong, _SHADES["dfm"], "strong"), (~strong, "white", "not strong")):
        axis.scatter(
            values["dfm"][some], place[some], s=26, label=f"{FILTERS['dfm']}, {label}", facecolor=colour,
            edgecolor=_SHADES["dfm"], marker=_MARKERS["dfm"], linewidth=1.0, zorder=4,
        )  # fmt: skip
    if len(set(tested["seed"])) > 1:
        seeds = tested[tested["class"].isin(classes)]
        axis.scatter(
            seeds["tpr_dfm"] - seeds["fpr_dfm"].fillna(0), seeds["class"].map(dict(zip(classes, place, strict=True))),
            s=6, color=_SHADES["dfm"], alpha=0.6, linewidth=0, label="own map, each seed", zorder=3,
        )  # fmt: skip
    for c in np.flatnonzero(means["tpr_dfm"].isna()):
        axis.text(0.02, float(c), "not tested", color="0.5", fontsize=6, style="italic", va="center")
    axis.tick_params(axis="y", length=0)
    return float(np.nanmin([*values.values(), *ends], initial=0))


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
                show_picture(axis, pictures[c])
                axis.set_axis_off()
            line[0].text(-0.1, 0.5, name, transform=line[0].transAxes, va="center", ha="right")
        class_titles(axes, classes, note)
        write_note(figure, note)
    return figure


def out_of_distribution(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR of every class in every rendition, mean over seeds and draws: a row a network, and columns for each fill.

    The columns are the unfiltered images, then, for each fill, the map and the best control: of every class and
    rendition the kind of control with the highest mean TPR.

    table: columns network, augmentation, rendition, class, fill, filter, tpr. `classes` may be some of those in the
    table, which the note then says (`Shown`).
    """
    controls = [name for name in FILTERS if name in set(table["filter"]) - {"unfiltered", "dfm"}]
    fills = list(dict.fromkeys(table["fill"]))
    columns = [("unfiltered", fills[0])]
    columns += [(name, fill) for fill in fills for name in ("dfm", "control") if name == "dfm" or controls]
    headings = {"unfiltered": "unfiltered", "dfm": "own map", "control": "best control"}
    kinds = list(dict.fromkeys(zip(table["network"], table["augmentation"], strict=True)))
    names = list(dict.fromkeys(table["rendition"]))
    row = 0.3 + 0.17 * len(names)
    keys = ["network", "augmentation", "fill", "filter", "rendition", "class"]
    mean = table.groupby(keys)["tpr"].mean()
    best = mean[mean.index.isin(controls, level="filter")].groupby([key for key in keys if key != "filter"]).max()
    mean = pd.concat([mean.unstack("filter"), best.rename("control")], axis=1)  # noqa: PD010
    with style():
        figure, axes = plt.subplots(
            len(kinds),
            len(columns),
            figsize=(PAGE, 1.0 + row * len(kinds)),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for kind, line in zip(kinds, axes, strict=True):
            for (name, fill), axis in zip(columns, line, strict=True):
                matrix = mean.loc[(*kind, fill), name].unstack().reindex(index=names, columns=classes)  # noqa: PD010
                axis.imshow(matrix, cmap="viridis", vmin=0, vmax=1, aspect="auto")
                size = 7 if len(columns) < 6 else 5
                class_ticks(axis.set_xticks, classes, note, rotation=90, fontsize=size)
                axis.set_yticks(range(len(names)), names)
                axis.tick_params(length=0)
        row_labels(figure, axes, [network_label(*kind) for kind in kinds], row)
        longest = max(len(short(name, note)) for name in classes)
        figure.set_figheight(figure.get_figheight() + 0.06 * max(0, longest - 11))
        titles(axes, [headings[name] + ("" if name == "unfiltered" else f",\n{fill}") for name, fill in columns])
        colour_bar(figure, axes, "viridis", 0, 1, "true positive rate")
        write_note(figure, note)
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
