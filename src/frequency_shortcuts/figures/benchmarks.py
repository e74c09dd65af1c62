"""Drawings of the benchmarks: what artefacts cost beside the numbers of the test, and trainings that should cure it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS

from .canvas import COLOURS, finish, page_of_panels, style

SHARES = {1.0: ("o", "in all images"), 0.5: ("s", "in half"), 0.9: ("^", "in 9 of 10, and 1 of 10 others")}
WARNED, SILENT = "#d55e00", "#0173b2"


def leaks(table: pd.DataFrame, harmful: float) -> Figure:
    """A panel a part: its number against the recall that artefacts of this part cost; a mark an artefact.

    table : of `evaluation.leaks.with_harm`, with the `part` of each artefact; harmful : from which loss on an artefact
        is
    """
    with style(10):
        figure, (panels,) = page_of_panels(1, len(PARTS), 3.4)
        for (part, kind), axis in zip(PARTS.items(), panels, strict=True):
            _draw_artefacts(axis, table[table["part"] == part], part)
            axis.axhline(kind.threshold, color="0.8", linewidth=0.8, zorder=0)
            axis.axvline(harmful, color="0.8", linewidth=0.8, zorder=0, label="limits")
            axis.set(title=part, xlabel="harm: recall lost")
        panels[0].set_ylabel("others called the class with its part")
        finish(figure, panels[0], 3, "Does the test warn of the artefacts that do harm?")
    return figure


def _draw_artefacts(axis: Axes, planted: pd.DataFrame, part: str) -> None:
    """A mark for each artefact: filled if the test warns, its form by the share of images."""
    warned = planted["verdict"] == FOLLOWS
    for share, (mark, words) in SHARES.items():
        for warns, colour in ((True, WARNED), (False, SILENT)):
            rows = planted[(planted["share"] == share) & (warned == warns)]
            face = colour if warns else "none"
            axis.plot(rows["lost"], rows[part], mark, markersize=4.5, color=colour, alpha=0.7, markerfacecolor=face)
        axis.plot([], [], mark, markersize=4.5, color="0.4", markerfacecolor="none", label=words)
    axis.plot([], [], "o", markersize=4.5, color=WARNED, label="the test warns")
    axis.plot([], [], "o", markersize=4.5, color=SILENT, markerfacecolor="none", label="it does not")


CHOSEN = "swap_fine"  # the training that the table of the docs has
TRAININGS = {
    CHOSEN: "fine spectra swapped",
    "low_pass": "fine spectra removed",
    "saved_alike": "all saved alike",
    "none": "none of these",
}
NUMBERS = {
    "back": "recall regained,\nshare of what was lost\n(at least {:g})",
    "called": "others called the class,\nabove clean training\n(interval below {:g})",
    "accuracy_loss": "accuracy lost\non clean data\n(at most {:g})",
}


def cure(table: pd.DataFrame, limits: Mapping[str, float]) -> Figure:
    """What decides whether a training cures: recall regained, others called the class, and accuracy lost.

    table : of `evaluation.cure.judge`; limits : of a cure, of each number

    A line an artefact, in a group a training, the chosen one first and in colour. The numbers are differences, means
    over networks with their 95 % interval, where there is one; the side of a limit that is no cure is shaded.
    """
    names = [name for name in TRAININGS if name in set(table["training"])]
    ticks: dict[float, str] = {}
    head = 0.0
    with style(10):
        figure, (axes,) = page_of_panels(1, 3, 1.2 + 0.145 * (len(table) + 1.5 * len(names)), sharex=False)
        for name in names:
            colour, rows = COLOURS[0] if name == CHOSEN else "0.4", table[table["training"] == name]
            cures = "" if name == "none" else f": cures {rows['cured'].sum()} of {len(rows)}"
            axes[0].annotate(
                TRAININGS[name] + cures, (0, head), (-70, 0), xycoords=axes[0].get_yaxis_transform(),
                textcoords="offset points", va="center", color=colour, weight="bold",
            )  # fmt: skip
            lines = [head + 1.1 + i for i in range(len(rows))]
            ticks |= dict(zip(lines, rows["case"], strict=True))
            if name != "none":  # it is the one to compare with
                _draw_training(axes[0], rows, "back", lines, colour)
                cheap = rows["accuracy_loss"] <= limits["accuracy_loss"]
                _draw_training(axes[2], rows.assign(cured=cheap)[:1], "accuracy_loss", [head], colour)
            _draw_training(axes[1], rows, "called", lines, colour)
            head = lines[-1] + 1.4
            for axis in axes if name != names[-1] else ():
                axis.axhline(head - 0.7, color="0.85", linewidth=0.8)
        axes[0].set(ylim=(head - 0.7, -0.8), yticks=list(ticks), yticklabels=list(ticks.values()))
        for axis, (number, limit) in zip(axes, limits.items(), strict=True):
            axis.update_datalim([(0, 0), (1.2 * limit, 0)], updatey=False)
            axis.autoscale_view()
            ends = axis.get_xlim()
            axis.axvspan(limit, ends[number != "back"], color="0.94", zorder=0)
            axis.axvline(limit, color="0.6", linewidth=1, zorder=0)
            axis.set(xlim=ends, xlabel=NUMBERS[number].format(limit))
            axis.tick_params(axis="y", length=0)
        for look, words in (("full", "cured"), ("none", "not cured")):
            axes[0].plot([], [], "o", color="0.4", markersize=4.5, fillstyle=look, label=words)
        finish(figure, axes[0], 2, "Which training removes an artefact, and at what cost?", left=True)
    return figure


def _draw_training(axis: Axes, rows: pd.DataFrame, number: str, places: list[float], colour: str) -> None:
    """A number of one training with its interval; filled where it cures."""
    for place, (_, row) in zip(places, rows.iterrows(), strict=True):
        axis.plot([row[f"{number}_low"], row[f"{number}_high"]], [place, place], color=colour, linewidth=1.4)
        axis.plot(
            row[number], place, "o", color=colour, markersize=4.5, markerfacecolor=colour if row["cured"] else "white"
        )
