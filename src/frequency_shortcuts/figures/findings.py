"""The findings as a picture: the number of each network, their mean, what it is compared with, and the verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from frequency_shortcuts.findings.definitions import (
    AS_WELL,
    BETTER,
    CORRELATION,
    DESCRIBED,
    DIFFERENCE,
    DOES_NOT_HOLD,
    FINDINGS,
    HOLDS,
    LARGEST,
    NO_DATA,
    OPEN,
    ORDER,
    RATE,
    SHARE,
    UNDECIDED,
    WORSE,
)
from frequency_shortcuts.intervals import spearman
from frequency_shortcuts.spectrum.arrays import FloatArray

from .canvas import PAGE, style

INK = {
    **dict.fromkeys((HOLDS, BETTER), "#0173b2"), **dict.fromkeys((DOES_NOT_HOLD, WORSE), "#d55e00"),
    AS_WELL: "#029e73", **dict.fromkeys((OPEN, UNDECIDED, NO_DATA), "#737373"), DESCRIBED: "#404040",
}  # fmt: skip
PANELS = {  # of each measure: the label of its axis
    RATE: "share of images, of the class with the largest mean",
    DIFFERENCE: "difference of TPR - FPR",
    CORRELATION: "rank correlation",
    SHARE: "share of networks",
}
ROW, LEFT, RIGHT, ABOVE, BELOW, LEGEND = 0.29, 2.35, 1.45, 0.1, 0.52, 0.5  # inches
LETTERS = 38  # of a label on the left, in a line
SAME = ["finding", "quantity", "data", "networks_of"]  # columns in which a row of another method is as one that decides


def findings(table: pd.DataFrame, numbers: pd.DataFrame) -> Figure:
    """A row for each row that decides, by measure: networks, mean with 95 % interval, threshold or bound, verdict.

    Above it stands, open, the mean with the maps of other methods, which are in no verdict.

    table, numbers : of `judge.judge`
    """
    rows = table[table["role"] == "decides"].to_dict("records")
    others = table[(table["role"] != "decides") & (table["method"].fillna("") != "")]
    # Only methods that stand beside a row which decides are in the legend.
    known = {tuple(row[key] for key in SAME) for row in rows}
    others = others.loc[[key in known for key in others[SAME].itertuples(index=False, name=None)]]
    marks = dict(zip(dict.fromkeys(others["method"]), "Dsv^<>", strict=False))
    panels = {measure: _of_measure(rows, measure) for measure in PANELS}
    sizes = {measure: sum(1 + len(group) for group in groups) for measure, groups in panels.items()}
    height = sum(size * ROW + ABOVE + BELOW for size in sizes.values()) + LEGEND
    with style(9):
        figure = plt.figure(figsize=(PAGE, height), layout="none")
        top = height
        for measure, groups in panels.items():
            top -= ABOVE + sizes[measure] * ROW
            box = (LEFT / PAGE, top / height, (PAGE - LEFT - RIGHT) / PAGE, sizes[measure] * ROW / height)
            axis = figure.add_axes(box)
            place = 0
            for group in groups:
                _draw_group(axis, group, place)
                for i, row in enumerate(group, place + 1):
                    beside = others[np.logical_and.reduce([others[key] == row[key] for key in SAME])]
                    _draw_row(axis, i, row, _of_networks(row, numbers), beside, marks)
                place += 1 + len(group)
            _finish(axis, measure, sizes[measure])
            top -= BELOW
        _add_legend(figure, marks)
    return figure


def _of_measure(rows: Sequence[Mapping[Any, Any]], measure: str) -> list[list[Mapping[Any, Any]]]:
    """The rows of each finding of a measure."""
    letters = [letter for letter, finding in FINDINGS.items() if finding.measure == measure]
    groups = [[row for row in rows if row["finding"] == letter] for letter in letters]
    return [group for group in groups if group]


def _draw_group(axis: Axes, group: Sequence[Mapping[Any, Any]], place: int) -> None:
    """The claim of a finding above its rows, their labels on the left, and the bound as a band behind them."""
    across, first = axis.get_yaxis_transform(), group[0]
    start = -LEFT / (PAGE - LEFT - RIGHT)
    axis.text(start + 0.02, place, f"({first['finding']}) {first['claim']}", weight="bold", va="center",
              transform=across)  # fmt: skip
    for i, (row, label) in enumerate(zip(group, labels(group), strict=True), place + 1):
        label = textwrap.fill(label or _alone(row), LETTERS)
        axis.text(-0.03, i, label, ha="right", va="center", fontsize=8, linespacing=0.95, transform=across)
    if pd.notna(first["bound"]) and any(row["networks"] for row in group):
        ends = (place + 0.5, place + len(group) + 0.5)
        axis.fill_betweenx(ends, -first["bound"], first["bound"], color="0.9", linewidth=0, zorder=0)


def labels(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """What differs between several rows of a finding: maps, fill, rendition, measure, networks.

    >>> labels(rows_of_d)
    ['culling, zeros', 'culling, swap', 'mixture, zeros', 'mixture, swap']
    """
    what = [[_text(row["method"]), *_text(row["quantity"]).split(", ")] for row in rows]
    found = _apart(what)
    if len(set(found)) < len(rows):
        found = _apart(
            [[*of, *map(_text, (row["networks_of"], row["data"]))] for of, row in zip(what, rows, strict=True)]
        )
    return found


def _apart(tokens: Sequence[Sequence[str]]) -> list[str]:
    """The tokens of each row that not all rows share."""
    shared = set.intersection(*map(set, tokens))
    return [", ".join(token for token in dict.fromkeys(of_row) if token and token not in shared) for of_row in tokens]


def _text(value: object) -> str:
    """A text of a table; one that is missing is empty."""
    return value if isinstance(value, str) else ""


def _alone(row: Mapping[Any, Any]) -> str:
    """The label of the only row of a finding: what differs, or of which networks it is."""
    if row["verdict"] == NO_DATA:
        return ""
    between = row["quantity"].split(", ")[1:-1]  # without the first, and the fill
    return ", ".join(between) or str(row["networks_of"])


def _draw_row(
    axis: Axes, place: int, row: Mapping[Any, Any], networks: FloatArray, beside: pd.DataFrame,
    marks: Mapping[str, str],
) -> None:  # fmt: skip
    ink = INK[row["verdict"]]
    axis.text(1.03, place, _verdict(row), color=ink, va="center", weight="bold", fontsize=8,
              transform=axis.get_yaxis_transform())  # fmt: skip
    if not row["networks"]:
        return
    axis.vlines(row["threshold"], place - 0.46, place + 0.46, color="0.25", linestyle=(0, (2, 1.5)), linewidth=1)
    if np.isfinite(row["low"]):
        axis.hlines(place, row["low"], row["high"], color=ink, linewidth=2.5)
    axis.plot(row["value"], place, "o", color=ink, markersize=5.5)
    axis.plot(networks, np.full(len(networks), place + 0.27), "o", color="0.55", markersize=2.5, alpha=0.8)
    for other in beside.to_dict("records"):
        axis.hlines(place - 0.28, other["low"], other["high"], color="0.3", linewidth=0.9)
        mark = marks.get(other["method"], "D")
        axis.plot(other["value"], place - 0.28, mark, color="0.3", markerfacecolor="white", markersize=4)


def _of_networks(row: Mapping[Any, Any], numbers: pd.DataFrame) -> FloatArray:
    """The number of each network of a row; none of one that is counted."""
    finding = FINDINGS[row["finding"]]
    columns = ["finding", "role", "quantity", "method", "networks_of"]
    same = [numbers[key].fillna("") == (row[key] if isinstance(row[key], str) else "") for key in columns]
    of_data = numbers["data"].isin([row["data"], row["kind"]])
    own = numbers[np.logical_and.reduce([*same, of_data])]
    if finding.test == SHARE:
        own = own.iloc[:0]
    if finding.test == LARGEST:
        own = own[own["class"] == str(row["detail"]).split("; ", maxsplit=1)[0]]
    if finding.test == ORDER:
        return np.array([spearman(of["distinctiveness"], of["value"]) for _, of in own.groupby("seed")])
    return np.asarray(own["value"], float)


def _verdict(row: Mapping[Any, Any]) -> str:
    """The verdict in words; of an undecided one with the half width, of a described one with its networks."""
    verdict, half = str(row["verdict"]), row["half_width"]
    if verdict in (OPEN, UNDECIDED) and not np.isnan(half):
        return f"{verdict} (± {half:.2f})"
    if verdict == DESCRIBED:
        return f"described, {row['detail']}" if row["finding"] == "c" else f"described, n = {row['networks']:.0f}"
    return verdict


def _finish(axis: Axes, measure: str, size: int) -> None:
    axis.set_ylim(size - 0.4, -0.5)
    axis.set_yticks([])
    axis.set_xlabel(PANELS[measure], fontsize=8.5)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right", "left"]].set_visible(False)
    if measure == CORRELATION:
        axis.set_xlim(-1.05, 1.05)
        axis.set_xticks(np.linspace(-1, 1, 5))
    elif measure == SHARE:
        axis.set_xlim(-0.03, 1.03)
    elif measure == RATE:
        axis.set_xlim(min(axis.get_xlim()[0], -0.005))


def _add_legend(figure: Figure, marks: Mapping[str, str]) -> None:
    handles = {
        "mean, 95 % interval": Line2D([], [], color="0.3", marker="o", markersize=5.5, linewidth=2.5),
        "one network": Line2D([], [], color="0.55", marker="o", markersize=2.5, linestyle=""),
        "threshold": Line2D([], [], color="0.25", linestyle=(0, (2, 1.5)), linewidth=1),
        "bound: differences within it count as none": Patch(facecolor="0.9", linewidth=0),
    }
    for name, mark in marks.items():
        line = Line2D([], [], color="0.3", marker=mark, markerfacecolor="white", markersize=4, linewidth=0.9)
        handles[f"with maps of {name}, in no verdict"] = line
    figure.legend(
        list(handles.values()), list(handles), loc="lower center", ncols=3, fontsize=8, columnspacing=1.2,
        handlelength=1.6, frameon=False,
    )  # fmt: skip
