"""The drawing of the shortcut test."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.shortcuts.verdict import RECOGNISED_TPR
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import named

from . import canvas
from .selection import kinds_of, of_kind

MOST_PANELS = 12  # panels
PER_ROW = 4
LONGEST_NAME = 40  # letters of a class's name
_BLUE, _ORANGE, _GREEN = canvas.COLOURS[:3]


def shortcuts(
    table: pd.DataFrame,
    classes: Sequence[str],
    note: str = "",
    *,
    parameters: Mapping[tuple[str, str], float] | None = None,
) -> Figure:
    """TPR - FPR of every class from its map and from two controls, mean over networks: a panel a kind, a line a class.

    Drawn is the headline: the map alone is kept, under the primary fill. The controls, both of the map's size, are the
    best map of another class and the lowest frequencies. The bar is the 95 % interval of the map. Names of classes
    that are strong in most networks are bold, those of classes that the network does not recognise in unfiltered
    images, which have no verdict, are grey. Of several kinds, names stand beside the first panel of a row, and are
    black.

    table : `verdict.over_seeds` of one data set; parameters : of the kinds, the largest of which are drawn first
    `classes` may be some of those in the table, which the note then says.
    """
    headline = table[table["headline"]]
    sizes = parameters or {}
    kinds = sorted(kinds_of(headline), key=lambda kind: -sizes.get(kind, 0))[:MOST_PANELS]
    of_kinds = {kind: of_kind(headline, kind) for kind in kinds}
    shown = [rows.set_index("class").reindex(list(classes)) for rows in of_kinds.values()]
    first = of_kinds[kinds[0]]
    words = named(first["fill"].iloc[0]).words
    question = f"Which classes are recognised from their map alone ({words})?"
    is_alone = len(kinds) == 1
    with canvas.style(9):
        figure, axes = _panels(len(kinds), len(classes))
        lowest = min(_draw_tests(axis, rows) for axis, rows in zip(axes.flat, shown, strict=False))
        names = axes[0, 0]
        letters = canvas.NAME if note else LONGEST_NAME
        canvas.class_ticks(names.set_yticks, classes, note or "in full", letters)
        left = min(-0.1, lowest - 0.05)
        names.set(xlim=(left, 1.05), ylim=(len(classes) - 0.4, -0.6), xticks=[0, 0.5, 1])
        for axis, (kind, rows) in zip(axes.flat, of_kinds.items(), strict=False):
            axis.tick_params(axis="y", length=0)
            axis.hlines(range(len(classes)), left, 1.05, color="0.92", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
            label = canvas.network_label(*kind, ", ")
            parts = [canvas.break_line(label, 80 if is_alone else 20)]
            parts += _size_and_count(sizes.get(kind, 0), rows["seeds"].max())
            axis.set_title((", " if is_alone else "\n").join(parts))
        measure = "TPR" if first["fpr_dfm_mean"].isna().all() else "TPR - FPR"
        for axis in axes.flat[: len(kinds)][-axes.shape[1] :]:
            axis.set_xlabel(measure)
            axis.tick_params(labelbottom=True)
        lines = [_mark_names(names, shown[0]), _sentence(first)] if is_alone else []
        canvas.finish(figure, names, 3, question, *lines, note, left=True)
    return figure


def _panels(n_kinds: int, n_classes: int) -> tuple[Figure, canvas.Panels]:
    """A panel a kind, as high as its classes need."""
    columns = min(n_kinds, PER_ROW)
    rows = -(-n_kinds // columns)
    height = 0.9 + (0.5 + 0.27 * n_classes) * rows
    width = canvas.PAGE * 0.9 if n_kinds == 1 else canvas.PAGE
    return canvas.page_of_panels(rows, columns, height, width, n_kinds)


def _size_and_count(parameters: float, networks: int) -> list[str]:
    """What a title says of a kind: its parameters, if they are known, and of how many networks the means are."""
    words = []
    if parameters >= 1e6:
        words.append(f"{parameters / 1e6:.3g} million parameters")
    elif parameters:
        words.append(f"{parameters:,.0f} parameters")
    if networks > 1:
        words.append(f"{networks} networks")
    return words


def _mark_names(axis: Axes, rows: pd.DataFrame) -> str:
    """Mark the names of classes that are strong, and of those without a verdict; returns a line that says so."""
    is_strong = rows["strong_seeds"] > rows["seeds"] / 2
    has_no_verdict = rows["tpr_unfiltered_mean"] < RECOGNISED_TPR
    for label, bold, grey in zip(axis.get_yticklabels(), is_strong, has_no_verdict, strict=True):
        if bold:
            label.set_fontweight("bold")
        if grey:
            label.set_color("0.55")
    key = []
    if is_strong.any():
        in_most = " in most networks" if rows["seeds"].max() > 1 else ""
        key.append(f"bold: strong shortcut{in_most}")
    if has_no_verdict.any():
        key.append(f"grey: unfiltered TPR below {RECOGNISED_TPR}, no verdict")
    return "; ".join(key)


def _sentence(rows: pd.DataFrame) -> str:
    """In how many classes each control does at least as well as the own map; empty where none was tested."""
    others = _count_as_well(rows, rows["largest_other_mean"].to_numpy(float))
    lowest = _count_as_well(rows, _low_pass(rows))
    as_well = "at least as well as the own map in"
    if others and lowest:
        return (
            f"The best map of another class does {as_well} {others} classes, "
            f"as many of the lowest frequencies do so in {lowest}"
        )
    if others:
        return f"The best map of another class does {as_well} {others} classes"
    return f"As many of the lowest frequencies do {as_well} {lowest} classes" if lowest else ""


def _count_as_well(rows: pd.DataFrame, control: FloatArray) -> str:
    """How many classes of those that were tested have a control [class] not below the own map; empty of none."""
    own = rows["measure_mean"].to_numpy(float)
    is_as_well = control >= own - 1e-6  # tables are rounded
    tested = (~np.isnan(control - own)).sum()
    return f"{is_as_well.sum():,} of {tested:,}" if tested else ""


def _draw_tests(axis: Axes, rows: pd.DataFrame) -> float:
    """The marks of `shortcuts`, of classes in the order of their lines; returns the lowest value."""
    place = np.arange(len(rows))
    own, low, high = (rows[f"measure_{end}"].to_numpy(float) for end in ("mean", "low", "high"))
    others = rows["largest_other_mean"].to_numpy(float)
    lowest = _low_pass(rows)
    over = "over networks" if (rows["interval"] == "networks").any() else "over images"
    axis.hlines(place, low, high, color=_BLUE, linewidth=2, alpha=0.6, zorder=2)
    _draw_marks(
        axis,
        own,
        place,
        label=f"own map, 95 % interval {over}",
        marker="o",
        facecolor=_BLUE,
        edgecolor=_BLUE,
        s=30,
        zorder=7,
    )
    _draw_marks(
        axis,
        others,
        place + 0.28,
        label="best map of another class",
        marker="^",
        facecolor="none",
        edgecolor=_ORANGE,
        s=24,
        zorder=8,
    )
    _draw_marks(
        axis,
        lowest,
        place - 0.28,
        label=canvas.CONTROL_WORDS["low_pass"],
        marker="s",
        facecolor="none",
        edgecolor=_GREEN,
        s=18,
        zorder=9,
    )
    for c in np.flatnonzero(np.isnan(own)):
        axis.text(
            0.02,
            float(c),
            "not tested",
            color="0.45",
            fontsize=canvas.SMALL_PRINT,
            style="italic",
            va="center",
        )
    return float(np.nanmin([low, own, others, lowest], initial=0))


def _draw_marks(axis: Axes, values: FloatArray, place: npt.NDArray[Any], **look: Any) -> None:
    """Marks of classes at their places [class]; none, also in the legend, where no class has a value."""
    if not np.isnan(values).all():
        axis.scatter(values, place, linewidth=1.1, **look)


def _low_pass(rows: pd.DataFrame) -> FloatArray:
    """TPR - FPR of the lowest frequencies, or TPR where the map has no FPR [class]; NaN where this was not tested."""
    missing = pd.Series(np.nan, rows.index)
    tpr = rows.get("tpr_low_pass_mean", missing)
    fpr = rows.get("fpr_low_pass_mean", missing)
    return (tpr - fpr.where(rows["fpr_dfm_mean"].notna(), 0)).to_numpy(float)
