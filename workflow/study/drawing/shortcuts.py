"""Tests of shortcuts: of each class, by size of map, out of distribution, and on another network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures import shortcuts as drawing
from frequency_shortcuts.figures.selection import clearest_shortcuts, kinds_of, of_kind
from frequency_shortcuts.intervals import over_networks, wilson
from study.drawing.study import first_kind_note, first_kinds, half_width, kinds_from_first

BLUE, ORANGE, GREEN = canvas.COLOURS[:3]
ITSELF = "itself"
TRANSFERRED = {  # label, mark, colour of its face and of the rest
    ITSELF: ("map of the class, found on the tested network itself", "D", "white", "0.35"),
    "dfm": ("map of the class, found on the other network", "o", BLUE, BLUE),
    "other": ("maps of other classes, found on the other network (mean)", "^", "white", ORANGE),
    "low_pass": (f"as many of the {canvas.CONTROL_WORDS['low_pass']}", "s", "white", GREEN),
}
MEAN = "all classes, mean"
IN_RENDITIONS = {  # label, mark, colour of its face and of the rest, place beside the others
    "unfiltered": ("unfiltered", "D", "white", "0.45", -0.25),
    "dfm": ("own map", "o", BLUE, BLUE, 0),
    "low_pass": (canvas.CONTROL_WORDS["low_pass"], "s", "white", GREEN, 0.25),
}


def draw_shortcuts(
    classes: Sequence[str],
    shortcuts_over_seeds: pd.DataFrame,
    shortcuts: pd.DataFrame,
    networks: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """What is still recognised from a few frequencies"""
    shown = clearest_shortcuts(first_kinds(shortcuts, first), classes, most)
    sizes = networks.groupby(["network", "augmentation"])["parameters"].max().to_dict()
    names = shown.names(classes)
    return drawing.shortcuts(shortcuts_over_seeds, names, shown.note, parameters=sizes)


def draw_ood(
    dataset: str,
    classes: Sequence[str],
    ood: pd.DataFrame,
    shortcuts: pd.DataFrame,
    first: dict[str, list[str]],
    fill: str,
    most: int,
) -> Figure:
    """Do shortcuts survive outside the training data?"""
    shown = clearest_shortcuts(
        first_kinds(shortcuts, first), classes, min(most, drawing.MOST_PANELS)
    )
    classes, note = shown.names(classes), shown.note
    kinds = kinds_from_first(ood, first[dataset])
    rows = _in_renditions(ood[ood["fill"] == fill], shortcuts[shortcuts["fill"] == fill], kinds[0])
    renditions = list(dict.fromkeys(rows["rendition"]))[:7]
    statistics = rows.groupby(["class", "filter", "rendition"])["measure"].agg(
        ["mean", "min", "max"]
    )
    with canvas.style(9):
        figure, axes = _class_panels(classes, 0.6 + 0.22 * len(renditions))
        for axis, name in zip(axes.flat, classes, strict=False):
            for kept, (label, mark, face, colour, aside) in IN_RENDITIONS.items():
                drawn = statistics.loc[name, kept].reindex(renditions)
                at = np.arange(len(renditions)) + aside
                axis.hlines(at, drawn["min"], drawn["max"], color=colour, linewidth=1, alpha=0.6)
                look = {"color": colour, "markersize": 4.5, "markerfacecolor": face}
                axis.plot(drawn["mean"], at, mark, label=label, **look)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
            for place in range(len(renditions) - 1):
                axis.axhline(place + 0.5, color="0.92", linewidth=0.8, zorder=0)
            axis.tick_params(axis="y", length=0)
            axis.set_title(canvas.abbreviate(name, note))
        axes[0, 0].set_yticks(range(len(renditions)), renditions)
        lowest = min(-0.1, rows["measure"].min() - 0.05)
        axes[0, 0].set(xlim=(lowest, 1.05), ylim=(len(renditions) - 0.5, -0.5))
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        for axis in axes.flat[len(classes) - axes.shape[1] : len(classes)]:
            axis.set_xlabel("TPR - FPR")
            axis.tick_params(labelbottom=True)
        networks = rows["seed"].nunique()
        marks = f"marks: mean of {networks} networks, lines: lowest to highest"
        spread = marks if networks > 1 else ""
        question = "Does the map of a class still work in other renditions?"
        canvas.finish(
            figure, axes[0, 0], 3, question, first_kind_note(kinds, spread), note, left=True
        )
    return figure


def _in_renditions(
    ood: pd.DataFrame, shortcuts: pd.DataFrame, kind: tuple[str, str]
) -> pd.DataFrame:
    """`measure`, TPR - FPR, of a kind of networks with each filter: on test images, then in renditions."""
    tested, judged = of_kind(ood, kind), of_kind(shortcuts[shortcuts["part"] == "keep"], kind)
    judged = judged[judged["seed"].isin(tested["seed"])].assign(rendition="test images")
    of_test = [
        judged.assign(filter=kept, tpr=judged[f"tpr_{kept}"], fpr=judged[f"fpr_{kept}"])
        for kept in IN_RENDITIONS
    ]
    rows = pd.concat([*of_test, tested])
    return rows.assign(measure=rows["tpr"] - rows["fpr"].fillna(0))


def _class_panels(classes: Sequence[str], height: float) -> tuple[Figure, npt.NDArray[Any]]:
    """A panel of so many inches for each class, four or five in a row."""
    columns = min(len(classes), 5 if len(classes) in (5, 9, 10) else drawing.PER_ROW)
    rows = -(-len(classes) // columns)
    return canvas.page_of_panels(rows, columns, 0.7 + height * rows, used=len(classes))


def draw_transfer(
    classes: Sequence[str],
    transfer: pd.DataFrame,
    shortcuts: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """Do maps work on another network?"""
    shown = clearest_shortcuts(first_kinds(shortcuts, first), classes, most)
    rows, order, note = _transferred(transfer, shortcuts), [MEAN, *shown.names(classes)], shown.note
    directions = list(dict.fromkeys(rows["direction"]))[:4]
    columns = min(2, len(directions))
    panels = -(-len(directions) // columns)
    with canvas.style(9):
        height = 0.6 + (0.6 + 0.36 * len(order)) * panels
        figure, axes = canvas.page_of_panels(panels, columns, height, used=len(directions))
        for direction, axis in zip(directions, axes.flat, strict=False):
            for shift, kept in zip((-0.3, -0.1, 0.1, 0.3), TRANSFERRED, strict=True):
                label, mark, face, colour = TRANSFERRED[kept]
                drawn = rows[(rows["direction"] == direction) & (rows["filter"] == kept)].groupby(
                    "class"
                )
                for at, of in (
                    (order.index(name) + shift, of) for name, of in drawn if name in order
                ):
                    value, low, high, _ = over_networks(of["measure"], of["half"])
                    axis.hlines(at, low, high, color=colour, linewidth=1.3)
                    axis.scatter(
                        of["measure"], [at] * len(of), s=22, marker="|", color=colour, linewidth=0.8
                    )
                    axis.scatter(
                        value,
                        at,
                        s=16,
                        marker=mark,
                        color=face,
                        edgecolor=colour,
                        zorder=3,
                        label=label,
                    )
                    label = ""
            axis.axhspan(-0.5, 0.5, color="0.95", zorder=0)
            axis.hlines(np.arange(len(order)) + 0.5, -1, 2, color="0.88", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
            axis.set(title=direction, xlabel="TPR - FPR")
            axis.tick_params(axis="y", length=0)
        canvas.class_ticks(
            axes[0, 0].set_yticks,
            order,
            note or "in full",
            canvas.NAME if note else drawing.LONGEST_NAME,
        )
        axes[0, 0].set(
            xlim=(min(-0.1, rows["measure"].min() - 0.03), 1.03), ylim=(len(order) - 0.5, -0.5)
        )
        axes[0, 0].set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        key = "line: 95 % interval of the mean; strokes: single networks"
        question = "Do maps found on one kind of network work on another?"
        canvas.finish(figure, axes[0, 0], 2, question, key, note, left=True)
    return figure


def _transferred(table: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """`direction`, `filter`, `class`, `measure` and the `half` width of its interval, a row each, with means."""
    pair = ["maps_of", "tested_on"]
    own = (
        verdicts[verdicts["headline"]]
        .rename(columns={"tpr_dfm": "tpr", "fpr_dfm": "fpr"})
        .assign(filter=ITSELF)
    )
    own["tested_on"] = (
        own["network"] + "/" + own["augmentation"] + "/seed" + own["seed"].astype(str)
    )
    tested = table[(table["part"] == "keep") & (table["fill"] == own["fill"].iloc[0])]
    rows = pd.concat(
        [tested, tested[pair].drop_duplicates().merge(own, on="tested_on")], ignore_index=True
    )
    ends = rows[pair].replace("(/none)?/seed[0-9]+$", "", regex=True)
    low, high = wilson(rows["tpr"], rows["images"])
    half = half_width(high - low, rows["fpr"], rows["negatives"])
    direction = "maps of " + ends["maps_of"] + "\ntested on " + ends["tested_on"]
    rows = rows.assign(direction=direction, measure=rows["tpr"] - rows["fpr"].fillna(0), half=half)
    groups = rows.groupby(["direction", *pair, "filter"], sort=False)
    means = (
        groups[["measure"]].mean().assign(half=groups["half"].agg(np.linalg.norm) / groups.size())
    )
    return pd.concat([means.reset_index().assign(**{"class": MEAN}), rows])


def draw_sizes(
    classes: Sequence[str],
    sizes: pd.DataFrame,
    shortcuts: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """Maps of several sizes"""
    shown = clearest_shortcuts(
        first_kinds(shortcuts, first), classes, min(most, drawing.MOST_PANELS)
    )
    classes, note = shown.names(classes), shown.note
    looks = {
        "dfm": ("own map", "o", BLUE, BLUE, 0.96),
        "low_pass": (canvas.CONTROL_WORDS["low_pass"], "s", "white", GREEN, 1.04),
    }
    with canvas.style(9):
        figure, axes = _class_panels(classes, 1.55)
        percents = sorted(set(sizes["percent"]))
        for axis, name in zip(axes.flat, classes, strict=False):
            for kept, (label, mark, face, colour, aside) in looks.items():
                of = sizes[(sizes["class"] == name) & (sizes["filter"] == kept)].groupby("percent")
                ends = (
                    (rows["measure"], rows["measure_high"] - rows["measure_low"]) for _, rows in of
                )
                value, low, high = np.clip(
                    [over_networks(measure, width / 2)[:3] for measure, width in ends], -1, 1
                ).T
                at = np.array(list(of.groups)) * aside  # beside each other
                axis.vlines(at, low, high, color=colour, linewidth=1.2)
                axis.plot(
                    at,
                    value,
                    color=colour,
                    marker=mark,
                    markersize=4.5,
                    markerfacecolor=face,
                    label=label,
                )
            axis.axhline(0, color="0.75", linewidth=0.8, zorder=0)
            axis.set_title(canvas.abbreviate(name, note))
        axes[0, 0].set(ylim=(-0.25, 1.08), yticks=[0, 0.5, 1])
        canvas.logarithmic(axes[0, 0].xaxis, percents)
        plt.setp(axes[:, 0], ylabel="TPR - FPR")
        plt.setp(axes[-1], xlabel="% of spectrum")
        question = "How large must a map be, and do as many of the lowest frequencies do as well?"
        (kind,), networks = kinds_of(sizes), sizes["seed"].nunique()
        drawn = (
            f"{canvas.network_label(*kind, ', ')}; mean of {networks} networks with 95 % intervals"
        )
        canvas.finish(figure, axes[0, 0], 2, question, drawn, note)
    return figure
