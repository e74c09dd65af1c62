"""Drawings of shortcut tests: on the images of the training data, and out of distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import (
    PAGE,
    abbreviate,
    class_ticks,
    colour_bar,
    legend_below,
    network_label,
    row_labels,
    style,
    titles,
    write_note,
)

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


def shortcuts(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class from its map and from controls, mean over seeds: a row a network, a column a test.

    The first columns keep the map, one a fill, and the headline comes first. Where the map was removed as well, the
    last column shows it, under the fill of the headline or the first that was tested.

    table: verdicts (`rates.verdicts`) of one data set with the columns network, augmentation and seed. The bar at a map
    is the 95 % interval of its difference to the best control, so that the map is above this control where the bar does
    not reach it. Filled dots are strong shortcuts (in most seeds), small ones the seeds; the names of classes that are
    strong in the headline are bold. `classes` may be some of those in the table, which the note then says
    (`ClassSelection`).
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
    donors = f"{abbreviate(neutral.iloc[0], 'one name', 8)} images" if len(neutral) else "other images"
    kept = {"zeros": "map kept,\nzeros elsewhere", "swap": f"map put into\n{donors} (swap)"}
    title = kept.get(fill, f"map kept,\n{fill} elsewhere") if part == "keep" else f"map removed,\n{fill} instead"
    headline = table[(table["part"] == part) & (table["fill"] == fill)]["headline"].any()
    return f"headline:\n{title}" if headline else title


def _strong(verdicts: pd.DataFrame, classes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which classes have a strong shortcut in most seeds, [class]."""
    share = (verdicts["verdict"] == "strong").groupby(verdicts["class"]).mean()
    strong: npt.NDArray[np.bool_] = (share.reindex(classes) > 0.5).to_numpy()
    return strong


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


def out_of_distribution(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR of every class in every rendition, mean over seeds and draws: a row a network, and columns for each fill.

    The columns are the unfiltered images, then, for each fill, the map and the best control: of every class and
    rendition the kind of control with the highest mean TPR.

    table: columns network, augmentation, rendition, class, fill, filter, tpr. `classes` may be some of those in the
    table, which the note then says (`ClassSelection`).
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
        longest = max(len(abbreviate(name, note)) for name in classes)
        figure.set_figheight(figure.get_figheight() + 0.06 * max(0, longest - 11))
        titles(axes, [headings[name] + ("" if name == "unfiltered" else f",\n{fill}") for name, fill in columns])
        colour_bar(figure, axes, "viridis", 0, 1, "true positive rate")
        write_note(figure, note)
    return figure
