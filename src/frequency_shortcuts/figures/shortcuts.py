"""The drawing of the shortcut test."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.shortcuts.verdict import RECOGNISED_TPR, TOO_FEW
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import named

from . import canvas
from .selection import kinds_of, of_kind

VERDICTS = {  # in words
    "strong": "strong shortcut",
    "weak": "weak shortcut",
    "none": "no shortcut shown",
    TOO_FEW: "too few images to tell",
}
MOST, PER_ROW = 12, 4  # panels
LONGEST = 40  # letters of a class's name
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
    headline, sizes = table[table["headline"]], parameters or {}
    kinds = sorted(kinds_of(headline), key=lambda kind: -sizes.get(kind, 0))[:MOST]
    one = len(kinds) == 1
    columns = min(len(kinds), PER_ROW)
    rows = -(-len(kinds) // columns)
    place = np.arange(len(classes))
    with canvas.style(9):
        height = 0.9 + (0.5 + 0.27 * len(classes)) * rows
        figure, axes = canvas.page_of_panels(
            rows, columns, height, canvas.PAGE * (0.9 if one else 1), len(kinds)
        )
        of_kinds = {kind: of_kind(headline, kind) for kind in kinds}
        chosen = [own.set_index("class").reindex(list(classes)) for own in of_kinds.values()]
        lowest = min(_draw_tests(axis, own) for axis, own in zip(axes.flat, chosen, strict=False))
        canvas.class_ticks(
            axes[0, 0].set_yticks, classes, note or "in full", canvas.NAME if note else LONGEST
        )
        axes[0, 0].set(
            xlim=(min(-0.1, lowest - 0.05), 1.05),
            ylim=(len(classes) - 0.4, -0.6),
            xticks=[0, 0.5, 1],
        )
        for axis, (kind, own) in zip(axes.flat, of_kinds.items(), strict=False):
            axis.tick_params(axis="y", length=0)
            axis.hlines(place, *axis.get_xlim(), color="0.92", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
            size = sizes.get(kind, 0)
            words = f"{size / 1e6:.3g} million" if size >= 1e6 else f"{size:,.0f}"
            count = [f"{words} parameters"] if size else []
            networks = [f"{own['seeds'].max()} networks"] if own["seeds"].max() > 1 else []
            label = canvas.break_line(canvas.network_label(*kind, ", "), 80 if one else 20)
            axis.set_title((", " if one else "\n").join([label, *count, *networks]))
        first = next(iter(of_kinds.values()))
        measure = "TPR" if first["fpr_dfm_mean"].isna().all() else "TPR - FPR"
        for axis in axes.flat[max(0, len(kinds) - columns) : len(kinds)]:
            axis.set_xlabel(measure)
            axis.tick_params(labelbottom=True)
        lines = _mark_names(axes[0, 0], chosen[0]) + _sentence(first) if one else []
        question = f"Which classes are recognised from their map alone ({named(first['fill'].iloc[0]).words})?"
        canvas.finish(figure, axes[0, 0], 3, question, *lines, note, left=True)
    return figure


def _mark_names(axis: Axes, rows: pd.DataFrame) -> list[str]:
    """Mark the names of classes that are strong, and of those without a verdict; returns a line that says so."""
    strong = (rows["strong_seeds"] > rows["seeds"] / 2).to_numpy()
    unknown = (rows["tpr_unfiltered_mean"] < RECOGNISED_TPR).to_numpy()
    for label, bold, grey in zip(axis.get_yticklabels(), strong, unknown, strict=True):
        label.set(fontweight="bold" if bold else "normal", **({"color": "0.55"} if grey else {}))
    bold = "bold: strong shortcut" + (" in most networks" if rows["seeds"].max() > 1 else "")
    grey = f"grey: unfiltered TPR below {RECOGNISED_TPR}, no verdict"
    key = [text for text, there in ((bold, strong.any()), (grey, unknown.any())) if there]
    return ["; ".join(key)] if key else []


def _sentence(rows: pd.DataFrame) -> list[str]:
    """In how many classes each control does at least as well as the own map; empty where none was tested."""
    own = rows["measure_mean"].to_numpy(float)
    parts: list[str] = []
    for subject, values in (
        ("the best map of another class does", rows["largest_other_mean"].to_numpy(float)),
        ("as many of the lowest frequencies do", _low_pass(rows)),
    ):
        tested = ~np.isnan(values - own)
        as_well = "so" if parts else "at least as well as the own map"
        count = (
            f"{(values >= own - 1e-6)[tested].sum():,} of {tested.sum():,}"  # tables are rounded
        )
        if tested.any():
            parts.append(f"{subject} {as_well} in {count}{'' if parts else ' classes'}")
    sentence = ", ".join(parts)
    return [sentence[0].upper() + sentence[1:]] if parts else []


def _draw_tests(axis: Axes, rows: pd.DataFrame) -> float:
    """The marks of `shortcuts`, of classes in the order of their lines; returns the lowest value."""
    place = np.arange(len(rows))
    own, low, high = (rows[f"measure_{end}"].to_numpy(float) for end in ("mean", "low", "high"))
    axis.hlines(place, low, high, color=_BLUE, linewidth=2, alpha=0.6, zorder=2)
    over = "over networks" if (rows["interval"] == "networks").any() else "over images"
    marks = {
        f"own map, 95 % interval {over}": (own, "o", _BLUE, _BLUE, 30),
        "best map of another class": (
            rows["largest_other_mean"].to_numpy(float),
            "^",
            "none",
            _ORANGE,
            24,
        ),
        canvas.CONTROLS["low_pass"]: (_low_pass(rows), "s", "none", _GREEN, 18),
    }
    for order, (label, (values, marker, face, colour, size)) in enumerate(marks.items()):
        if not np.isnan(values).all():
            axis.scatter(
                values,
                place + (0, 0.28, -0.28)[order],
                s=size,
                marker=marker,
                facecolor=face,
                edgecolor=colour,
                linewidth=1.1,
                label=label,
                zorder=7 + order,
            )
    for c in np.flatnonzero(np.isnan(own)):
        axis.text(
            0.02,
            float(c),
            "not tested",
            color="0.45",
            fontsize=canvas.SMALLEST,
            style="italic",
            va="center",
        )
    return float(np.nanmin([low, *(values for values, *_ in marks.values())], initial=0))


def _low_pass(rows: pd.DataFrame) -> FloatArray:
    """TPR - FPR of the lowest frequencies, or TPR where the map has no FPR [class]; NaN where this was not tested."""
    fpr = np.where(rows["fpr_dfm_mean"].isna(), 0, rows.get("fpr_low_pass_mean", np.nan))
    return np.asarray(rows.get("tpr_low_pass_mean", np.nan) - fpr, float)
