"""Figures of the benchmarks: methods scored against what was planted; what artefacts cost; what cures it."""

from itertools import cycle
from typing import Any

import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.cure.judge import NONE, RESTORED
from benchmarks.leaks.judge import HARMFUL
from frequency_shortcuts.exchange.verdict import FOLLOWS, LOST_RECALL
from frequency_shortcuts.figures.canvas import COLOURS, finish, logarithmic, page_of_panels, style
from study.measures.truth import FOUND

SHARES = {  # of the images of the class, the panels
    1.0: "in all images",
    0.5: "in half",
    0.9: "in 9 of 10, and 1 of 10 others",
}
FAMILIES = {"fine": "o", "field": "s", "patch": "^"}  # and their marks
WARNED, SILENT = "#d55e00", "#0173b2"
PER_ROW, MARKERS = 3, "oDs^vP<>Xp"  # of the panels of methods


def draw_leaks(leaks: pd.DataFrame) -> Figure:
    """Does the test warn of the artefacts that do harm?

    The table counts the artefacts by what they cost and what the test says. In the figure a mark is an artefact, in the
    panel of the images that have it: the recall that is lost with other borders, against what the artefact costs.
    """
    display(pd.crosstab([leaks["suite"], leaks["harm"]], leaks["verdict"]))
    with style(10):
        figure, (panels,) = page_of_panels(1, len(SHARES), 3.4)
        for (share, words), axis in zip(SHARES.items(), panels, strict=True):
            _draw_artefacts(axis, leaks[leaks["share"] == share])
            axis.axhline(LOST_RECALL, color="0.8", linewidth=0.8, zorder=0)
            axis.axvline(HARMFUL, color="0.8", linewidth=0.8, zorder=0, label="limits")
            axis.set(title=words, xlabel="harm: recall lost")
        panels[0].set_ylabel("lost with the border of others")
        finish(figure, panels[0], 3, "Does the test warn of the artefacts that do harm?")
    return figure


def _draw_artefacts(axis: Axes, planted: pd.DataFrame) -> None:
    """A mark for each artefact, by its part, filled where the test warns."""
    size: dict[str, Any] = {"markersize": 4.5}
    warned = planted["verdict"] == FOLLOWS
    for part, mark in FAMILIES.items():
        of_part = planted["part"] == part
        for warns, colour, face in ((True, WARNED, WARNED), (False, SILENT, "none")):
            rows = planted[of_part & (warned == warns)]
            axis.plot(
                rows["lost"],
                rows["border"],
                mark,
                color=colour,
                alpha=0.7,
                markerfacecolor=face,
                **size,
            )
        axis.plot([], [], mark, color="0.4", markerfacecolor="none", label=part, **size)
    axis.plot([], [], "o", color=WARNED, label="the test warns", **size)
    axis.plot([], [], "o", color=SILENT, markerfacecolor="none", label="it does not", **size)


TRAININGS = {  # and their places on the line of an artefact
    "none": ("plain training", 0.0),
    "swap": ("fs.Swap", -0.19),
    "refit": ("fs.refit", 0.19),
}
NUMBERS = {
    "share": "recall on clean images,\nshare of clean networks'",
    "called": "others called the class\nwith the artefact",
    "accuracy_loss": "accuracy lost\nby clean networks",
}


def draw_cure(cure: pd.DataFrame) -> Figure:
    """What brings back the recall that an artefact costs, and what does it cost?

    The table has the recall on clean images, a share of that of clean networks. In the figure a line is an artefact, a
    mark a cure. The accuracy that a cure costs clean networks is one number for each set of images.
    """
    display(cure.pivot_table("share", ["suite", "case"], "training", sort=False).round(2))
    names = cure["suite"].str.rstrip("4") + ": " + cure["case"]
    lines = {name: line for line, name in enumerate(dict.fromkeys(names))}
    numbers = cure.assign(line=names.map(lines))
    is_repeated = cure.duplicated(["suite", "training"]) | (cure["training"] == NONE)
    numbers["accuracy_loss"] = cure["accuracy_loss"].mask(is_repeated)
    with style(9):
        figure, (axes,) = page_of_panels(1, len(NUMBERS), 1.3 + 0.42 * len(lines), sharex=False)
        for (training, (words, shift)), colour in zip(TRAININGS.items(), COLOURS, strict=False):
            rows = numbers[numbers["training"] == training]
            for axis, number in zip(axes, NUMBERS, strict=True):
                shown = rows.dropna(subset=number)
                places = shown["line"] + shift
                axis.plot(shown[number], places, "o", color=colour, markersize=4.5)
            restored = f"{words}: {rows['restored'].sum()} of {len(rows)}"
            axes[0].plot([], [], "o", color=colour, markersize=5, label=restored)
        axes[0].axvline(RESTORED, color="0.8", linewidth=0.8, zorder=0)
        axes[0].set(ylim=(len(lines) - 0.5, -0.5), yticks=range(len(lines)), yticklabels=lines)
        for axis, words in zip(axes, NUMBERS.values(), strict=True):
            axis.set_xlabel(words)
            axis.tick_params(axis="y", length=0)
        question = "What brings back the recall that an artefact costs?"
        key = f"Counted: at least {RESTORED}, the line."
        finish(figure, axes[0], 3, question, key, left=True)
    return figure


def draw_methods(methods: pd.DataFrame) -> Figure:
    """Methods against the planted truth

    The table holds the mean average precision, and the passes and seconds of a network, means over the data sets.
    """
    own = methods[methods["truth"] == "own"]
    of_set = own.groupby(["method", "dataset"], sort=False).mean(numeric_only=True)
    display(of_set["average_precision"].unstack().round(2))  # noqa: PD010
    display(of_set.groupby("method", sort=False)[["passes", "seconds"]].mean().round(1))
    scored = own.dropna(subset=["average_precision"])
    sets, names = list(dict.fromkeys(methods["dataset"])), list(dict.fromkeys(methods["method"]))
    means = scored.groupby(["dataset", "method"])[["passes", "average_precision"]].mean()
    # Where methods stand that take no pass.
    none = 0.3 * min(scored.loc[scored["passes"] > 0, "passes"], default=1.0)
    free = list(dict.fromkeys(scored.loc[scored["passes"] == 0, "method"]))
    rows = -(-len(sets) // PER_ROW)
    with style(10):
        figure, axes = page_of_panels(
            rows, min(PER_ROW, len(sets)), 1.3 + 2.0 * rows, used=len(sets)
        )
        for name, axis in zip(sets, axes.flat, strict=False):
            for method, colour, marker in zip(names, cycle(COLOURS), cycle(MARKERS), strict=False):
                if (name, method) in means.index:
                    passes, value = means.loc[(name, method)]
                    # Beside each other.
                    at = passes or none * 1.15 ** (free.index(method) - len(free) / 2)
                    axis.plot(at, value, marker, color=colour, markersize=5.5, label=method)
            count = len(scored[(scored["dataset"] == name) & (scored["method"] == names[0])])
            axis.set_title(f"{name}, n = {count}")
            axis.axvline(2 * none, color="0.85", linewidth=0.8, zorder=0)
            axis.axhline(FOUND, color="0.7", linewidth=0.8, linestyle="--", zorder=0)
        axes[0, 0].set_ylim(-0.04, 1.04)
        logarithmic(axes[0, 0].xaxis)
        plt.setp(axes[:, 0], ylabel="average precision")
        for axis in axes.flat[max(0, len(sets) - PER_ROW) : len(sets)]:
            axis.set_xlabel("forward passes")
            axis.tick_params(labelbottom=True)
        key = f"left of the line: no forward pass; dashed: found, {FOUND:g}; n: classes that have a score"
        finish(
            figure,
            axes[0, 0],
            5,
            "Which methods find the planted frequencies, and at what cost?",
            key,
        )
    return figure
