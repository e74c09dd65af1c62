"""Figures of the benchmarks: methods scored against what was planted; what artefacts cost; which trainings cure it."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.cure.judge import MATCHED, NONE, RESTORED
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
    "swap": ("fs.Swap", -0.19),
    "processed": ("random JPEG, size, noise", 0.0),
    "matched": ("others made alike", 0.19),
}
NUMBERS = {
    "back": "share of the lost recall\nthat is back (alike: with it)",
    "called": "others called the class,\nabove clean training",
    "accuracy_loss": "accuracy lost on clean data\n(alike: with the artefact)",
}


def draw_cure(cure: pd.DataFrame) -> Figure:
    """Which training brings back the recall that an artefact costs, and what does it cost?

    The table has the share of the recall that is back. In the figure a line is an artefact, a mark a training, with its
    95 % interval over networks. The accuracy that a training costs on clean data is one number for each set of images.
    """
    display(cure.pivot_table("back", ["suite", "case"], "training", sort=False).round(2))
    cases = cure.drop_duplicates(["suite", "case"])
    lines = {(row["suite"], row["case"]): line for line, (_, row) in enumerate(cases.iterrows())}
    names = (
        cases["suite"].str.rstrip("4")
        + ": "
        + cases["case"]
        + cases["tuned"].map({True: "", False: " *"})
    )
    repeated = cure.duplicated(["suite", "training"]) & (cure["training"] != MATCHED)
    numbers = cure.assign(accuracy_loss=cure["accuracy_loss"].mask(repeated))
    with style(9):
        figure, (axes,) = page_of_panels(1, len(NUMBERS), 1.3 + 0.42 * len(cases), sharex=False)
        for (training, (words, shift)), colour in zip(TRAININGS.items(), COLOURS, strict=False):
            rows = numbers[numbers["training"] == training]
            for _, row in rows.iterrows():
                _draw_training(axes, row, lines[row["suite"], row["case"]] + shift, colour)
            restored = f"{words}: {(rows['back_low'] >= RESTORED).sum()} of {len(rows)}"
            axes[0].plot([], [], "o", color=colour, markersize=5, label=restored)
        for _, row in numbers[numbers["training"] == NONE].iterrows():
            axes[1].plot(
                row["called"], lines[row["suite"], row["case"]], "|", color="0.3", markersize=7
            )
        axes[0].plot([], [], "|", color="0.3", markersize=5, label="none of these")
        axes[0].axvline(RESTORED, color="0.8", linewidth=0.8, zorder=0)
        axes[0].set(ylim=(len(cases) - 0.5, -0.5), yticks=range(len(cases)), yticklabels=names)
        for axis, words in zip(axes, NUMBERS.values(), strict=True):
            axis.set_xlabel(words)
            axis.tick_params(axis="y", length=0)
        question = "Which training brings back the recall that an artefact costs?"
        key = f"Filled, and counted below: the interval is above {RESTORED}. * no setting was chosen on it"
        finish(figure, axes[0], 2, question, key, left=True)
    return figure


def _draw_training(axes: Sequence[Axes], row: pd.Series, line: float, colour: str) -> None:
    """The numbers of one training and artefact: filled where the recall is restored."""
    face = colour if row["back_low"] >= RESTORED else "white"
    for axis, number in zip(axes, NUMBERS, strict=True):
        if not pd.isna(row[number]):
            axis.plot(
                [row[f"{number}_low"], row[f"{number}_high"]],
                [line, line],
                color=colour,
                linewidth=1,
            )
            axis.plot(row[number], line, "o", color=colour, markersize=4.5, markerfacecolor=face)


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
