"""The benchmarks: what artefacts cost, whether the exchange test warns of it, and which trainings cure it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS
from frequency_shortcuts.figures.canvas import COLOURS, finish, page_of_panels, style
from study.measures.cure import LIMITS, OF_PHOTOGRAPHS
from study.measures.leaks import HARMFUL

SHARES = {1.0: ("o", "in all images"), 0.5: ("s", "in half"), 0.9: ("^", "in 9 of 10, and 1 of 10 others")}
WARNED, SILENT = "#d55e00", "#0173b2"


def draw_leaks(leaks: pd.DataFrame) -> Figure:
    """Does the test warn of the artefacts that do harm?

    The table counts the artefacts by what they cost and what the test says. In the figure a mark is an artefact, in the
    panel of its part: the number of the part against the recall that the artefact costs.
    """
    display(pd.crosstab([leaks["suite"], leaks["harm"]], leaks["verdict"]))
    size: dict[str, Any] = {"markersize": 4.5}
    with style(10):
        figure, (panels,) = page_of_panels(1, len(PARTS), 3.4)
        for (part, kind), axis in zip(PARTS.items(), panels, strict=True):
            planted = leaks[leaks["part"] == part]
            warned = planted["verdict"] == FOLLOWS
            for share, (mark, words) in SHARES.items():
                for warns, colour in ((True, WARNED), (False, SILENT)):
                    rows, face = planted[(planted["share"] == share) & (warned == warns)], colour if warns else "none"
                    axis.plot(rows["lost"], rows[part], mark, color=colour, alpha=0.7, markerfacecolor=face, **size)
                axis.plot([], [], mark, color="0.4", markerfacecolor="none", label=words, **size)
            axis.plot([], [], "o", color=WARNED, label="the test warns", **size)
            axis.plot([], [], "o", color=SILENT, markerfacecolor="none", label="it does not", **size)
            axis.axhline(kind.threshold, color="0.8", linewidth=0.8, zorder=0)
            axis.axvline(HARMFUL, color="0.8", linewidth=0.8, zorder=0, label="limits")
            axis.set(title=part, xlabel="harm: recall lost")
        panels[0].set_ylabel("others called the class with its part")
        finish(figure, panels[0], 3, "Does the test warn of the artefacts that do harm?")
    return figure


TRAININGS = {
    "swap": "fs.Swap", "processed": "random JPEG, size, noise", "matched": "others made alike", "none": "none of these"
}  # fmt: skip
NUMBERS = ("back", "called", "accuracy_loss")
APART = 0.19  # lines between the marks of an artefact


def draw_cure(cure: pd.DataFrame) -> Figure:
    """Which training removes an artefact, and at what cost?

    The table counts the artefacts that each training cures, and of how many. In the figure a line is an artefact, a
    mark a training, filled where it cures. Bars go from what plain training on the artefact reaches to what it reaches
    on clean data, and where a number may lie. The last two numbers are differences, with their 95 % intervals over
    networks.
    """
    display(cure.groupby(["suite", "training"])["cured"].agg(["sum", "size"]))
    cases = cure.drop_duplicates(["suite", "case"])
    with style(9):
        figure, (axes,) = page_of_panels(1, len(NUMBERS), 1.3 + 0.42 * len(cases), sharex=False)
        names = []
        for line, (_, about) in enumerate(cases.iterrows()):
            rows = cure[(cure["suite"] == about["suite"]) & (cure["case"] == about["case"])].set_index("training")
            names.append(f"{about['suite'].rstrip('4')}: {about['case']}{'' if about['tuned'] else ' *'}")
            least = about["recall_none"] + LIMITS["back"] * (about["recall_clean"] - about["recall_none"])
            loss = OF_PHOTOGRAPHS if about["suite"] == "crops" else LIMITS["accuracy_loss"]
            goods = ((least, about["recall_clean"]), (0, LIMITS["called"]), (0, loss))
            for axis, ends in zip(axes, goods, strict=True):
                axis.fill_betweenx([line - 0.42, line + 0.42], *ends, color="0.9", zorder=0, linewidth=0)
            axes[0].plot(about[["recall_none", "recall_clean"]], [line, line], color="0.75", linewidth=1, zorder=1)
            for place, (name, colour) in enumerate(zip(TRAININGS, COLOURS, strict=False)):
                if name in rows.index and name != "none":
                    _draw_training(axes, rows.loc[name], line + APART * (place - 1), colour)
            axes[1].plot(rows.loc["none", "called"], line, "|", color="0.3", markersize=7)
            axes[0].plot(about["recall_none"], line, "|", color="0.3", markersize=7)
        for (name, words), colour in zip(TRAININGS.items(), COLOURS, strict=False):
            of = cure[cure["training"] == name]
            mark, colour = ("|", "0.3") if name == "none" else ("o", colour)
            words += "" if name == "none" else f": cures {of['cured'].sum()} of {len(of)}"
            axes[0].plot([], [], mark, color=colour, markersize=5, label=words)
        axes[0].set(ylim=(len(cases) - 0.5, -0.5), yticks=range(len(cases)), yticklabels=names)
        axes[0].set_xlabel("recall on images\nwithout the artefact")
        axes[1].set_xlabel("others called the class,\nabove clean training")
        axes[2].set_xlabel("accuracy lost\non clean data")
        for axis in axes:
            axis.tick_params(axis="y", length=0)
        finish(
            figure, axes[0], 2, "Which training removes an artefact, and at what cost?",
            "Grey: the limits of a cure. Filled: all three are met. * no setting was chosen on it", left=True,
        )  # fmt: skip
    return figure


def _draw_training(axes: Sequence[Axes], row: pd.Series, line: float, colour: str) -> None:
    """The numbers of one training on one artefact: filled where it cures."""
    look: dict[str, Any] = {"color": colour, "markersize": 4.5, "markerfacecolor": colour if row["cured"] else "white"}
    axes[0].plot(row["recall"], line, "o", **look)
    for axis, number in zip(axes[1:], NUMBERS[1:], strict=True):
        axis.plot([row[f"{number}_low"], row[f"{number}_high"]], [line, line], color=colour, linewidth=1)
        axis.plot(row[number], line, "o", **look)
