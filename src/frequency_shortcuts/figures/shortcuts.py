"""Drawings of shortcut tests: on images like those of the training, out of distribution, of phase and amplitude."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.verdicts import RECOGNISED_TPR, TOO_FEW
from frequency_shortcuts.spectrum.arrays import FloatArray
from frequency_shortcuts.spectrum.fills import named

from .canvas import (
    COLOURS,
    CONTROLS,
    NAME,
    PAGE,
    abbreviate,
    class_ticks,
    colour_bar,
    despine,
    legend_below,
    network_label,
    page_of_panels,
    row_labels,
    style,
    titles,
    write_note,
)
from .selection import kinds_of, of_kind

VERDICTS = {  # in words
    "strong": "strong shortcut", "weak": "weak shortcut", "none": "no shortcut shown",
    TOO_FEW: "too few images to tell",
}  # fmt: skip
_LONGEST = 40  # letters of a class's name
_BLUE, _ORANGE, _GREEN = COLOURS[:3]
KEPT = {"both": "both", "amplitude": "amplitudes alone", "phase": "phases alone"}
REGIONS = {"": "kept inside the map,\ndonor elsewhere", "_spectrum": "kept at all frequencies"}
_SHADES = dict(zip(KEPT, ["#222222", *COLOURS[:2]], strict=True))
_MARKERS = dict(zip(KEPT, "|os", strict=True))


def shortcuts(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class from its map and from two controls, mean over seeds: a line a class.

    Drawn is the headline: the map alone is kept, under the primary fill. The controls, both of the map's size, are the
    best map of another class and the lowest frequencies; the title says in how many of all classes they do at least as
    well. The bar is the 95 % interval of the map. Names of classes that are strong in most seeds are bold, those of
    classes that the network does not recognise in unfiltered images, which have no verdict, are grey.

    table: `verdicts.over_seeds` of one data set. Of several kinds of networks, the first is drawn, and the title says
    which. `classes` may be some of those in the table, which the note then says (`ClassSelection`).
    """
    headline = table[table["headline"]]
    kinds = kinds_of(headline)
    of_first = of_kind(headline, kinds[0])
    rows = of_first.set_index("class").reindex(list(classes))
    place = np.arange(len(classes))
    with style(10):
        figure, axis = plt.subplots(figsize=(0.9 * PAGE, 1.75 + 0.27 * len(classes)))
        lowest = _draw_tests(axis, rows)
        strong = (rows["strong_seeds"] > rows["seeds"] / 2).to_numpy()
        unknown = (rows["tpr_unfiltered_mean"] < RECOGNISED_TPR).to_numpy()
        class_ticks(axis.set_yticks, classes, note or "in full", NAME if note else _LONGEST)
        names = axis.get_yticklabels()
        for label, bold, grey in zip(names, strong, unknown, strict=True):
            label.set(fontweight="bold" if bold else "normal", **({"color": "0.55"} if grey else {}))
        letters = int(92 - 1.2 * max(len(label.get_text()) for label in names))  # in a line above the panel
        axis.tick_params(axis="y", length=0)
        axis.set(xlim=(min(-0.1, lowest - 0.05), 1.05), ylim=(len(classes) - 0.4, -0.6))
        axis.hlines(place, *axis.get_xlim(), color="0.92", linewidth=0.8, zorder=0)
        axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
        measure = "TPR" if rows["fpr_dfm_mean"].isna().all() else "TPR - FPR"
        fill = of_first["fill"].iloc[0]
        below = f"{measure} from these frequencies alone ({named(fill).words})"
        axis.set_xlabel(textwrap.fill(below, int(0.9 * letters)))
        above = [*_sentence(of_first), *_title(kinds, int(of_first["seeds"].max()), any(strong), any(unknown))]
        axis.set_title("\n".join(textwrap.fill(line, letters) for line in above), fontsize=9)
        despine(figure.axes, left=True)
        legend_below(figure, axis, columns=2)
        write_note(figure, note)
    return figure


def _sentence(rows: pd.DataFrame) -> list[str]:
    """In how many classes each control does at least as well as the own map; empty where none was tested."""
    own = rows["measure_mean"].to_numpy(float)
    parts: list[str] = []
    for subject, values in (
        ("the best map of another class does", _column(rows, "largest_other_mean")),
        ("as many of the lowest frequencies do", _low_pass(rows)),
    ):
        tested = ~np.isnan(values - own)
        as_well = "so" if parts else "at least as well as the own map"
        count = f"{(values >= own - 1e-6)[tested].sum():,} of {tested.sum():,}"  # tables are rounded
        if tested.any():
            parts.append(f"{subject} {as_well} in {count}{'' if parts else ' classes'}")
    sentence = ", ".join(parts)
    return [sentence[0].upper() + sentence[1:]] if parts else []


def _title(kinds: Sequence[tuple[str, str]], seeds: int, any_strong: bool, any_unknown: bool) -> list[str]:
    """Lines: the network that is drawn, which others there are, and what bold and grey names mean."""
    shown = network_label(*kinds[0]).replace("\n", ", ")
    shown += f", mean of {seeds} networks" if seeds > 1 else ""
    lines = [f"{shown}; the first of {len(kinds)} kinds of networks" if len(kinds) > 1 else shown]
    strong = "bold: strong shortcut" + (" in most networks" if seeds > 1 else "")
    unknown = f"grey: unfiltered TPR below {RECOGNISED_TPR}, no verdict"
    key = [text for text, there in ((strong, any_strong), (unknown, any_unknown)) if there]
    return [*lines, "; ".join(key)] if key else lines


def _draw_tests(axis: Axes, rows: pd.DataFrame) -> float:
    """The marks of `shortcuts`, of classes in the order of their lines; returns the lowest value."""
    place = np.arange(len(rows))
    own, low, high = (rows[f"measure_{end}"].to_numpy(float) for end in ("mean", "low", "high"))
    axis.hlines(place, low, high, color=_BLUE, linewidth=2.2, alpha=0.6, zorder=2)
    marks = {
        f"own map, {_interval(rows)}": (own, "o", _BLUE, 58),
        "best map of another class": (_column(rows, "largest_other_mean"), "^", _ORANGE, 38),
        CONTROLS["low_pass"]: (_low_pass(rows), "|", _GREEN, 110),
    }
    for order, (label, (values, marker, colour, size)) in enumerate(marks.items()):
        if not np.isnan(values).all():
            axis.scatter(
                values, place, s=size, marker=marker, color=colour, linewidth=1.6, label=label, zorder=7 + order
            )
    for c in np.flatnonzero(np.isnan(own)):
        axis.text(0.02, float(c), "not tested", color="0.45", fontsize=9, style="italic", va="center")
    return float(np.nanmin([low, *(values for values, *_ in marks.values())], initial=0))


def _interval(rows: pd.DataFrame) -> str:
    """What the interval of the maps stands on."""
    if (rows["interval"] == "networks").any():
        return f"95 % interval over {int(rows['seeds'].max())} networks"
    return "95 % interval over images"


def _low_pass(rows: pd.DataFrame) -> FloatArray:
    """TPR - FPR of the lowest frequencies, or TPR where the map has no FPR [class]; NaN where this was not tested."""
    fpr = np.where(rows["fpr_dfm_mean"].isna(), 0, _column(rows, "fpr_low_pass_mean"))
    return _column(rows, "tpr_low_pass_mean") - fpr


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    values: FloatArray = rows[name].to_numpy(float) if name in rows else np.full(len(rows), np.nan)
    return values


def out_of_distribution(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR of every class in every rendition, mean over seeds and draws: a row a network, and columns for each fill.

    The columns are the unfiltered images, then, for each fill, the map and the best control: of every class and
    rendition the kind of control with the highest mean TPR.

    table: columns network, augmentation, rendition, class, fill, filter, tpr. `classes` may be some of those in the
    table, which the note then says (`ClassSelection`).
    """
    controls = [name for name in CONTROLS if name in set(table["filter"])]
    fills = list(dict.fromkeys(table["fill"]))
    columns = [("unfiltered", fills[0])]
    columns += [(name, fill) for fill in fills for name in ("dfm", "control") if name == "dfm" or controls]
    headings = {"unfiltered": "unfiltered", "dfm": "own map", "control": "best control"}
    kinds = kinds_of(table)
    names = list(dict.fromkeys(table["rendition"]))
    row = 0.3 + 0.17 * len(names)
    keys = ["network", "augmentation", "fill", "filter", "rendition", "class"]
    mean = table.groupby(keys)["tpr"].mean()
    best = mean[mean.index.isin(controls, level="filter")].groupby([key for key in keys if key != "filter"]).max()
    mean = pd.concat([mean.unstack("filter"), best.rename("control")], axis=1)  # noqa: PD010
    with style():
        figure, axes = page_of_panels(len(kinds), len(columns), 1.0 + row * len(kinds))
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


def phase(table: pd.DataFrame, classes: Sequence[str], note: str = "") -> Figure:
    """TPR - FPR of every class with both, amplitudes or phases of the image kept: a row a network, a column a region.

    table: of `phase_verdicts`, of one data set, with the columns network, augmentation and seed. Values are means over
    seeds, and small dots the seeds. Inside the map a tick stands at half of the value with both. The verdict of most
    judged seeds stands beside it. `classes` may be some of those in the table, which the note then says.
    """
    kinds = kinds_of(table)
    row = 0.55 + 0.155 * len(classes)
    with style():
        figure, axes = page_of_panels(len(kinds), len(REGIONS), 1.25 + row * len(kinds))
        lowest = -0.1
        for kind, line in zip(kinds, axes, strict=True):
            rows = of_kind(table, kind)
            for region, axis in zip(REGIONS, line, strict=True):
                lowest = min(lowest, _draw_region(axis, rows, region, classes))
                class_ticks(axis.set_yticks, classes, note)
            _write_verdicts(line[0], rows, classes)
        row_labels(figure, axes, [network_label(*kind) for kind in kinds], row)
        axes[0, 0].set(xlim=(lowest - 0.05, 1.05), ylim=(len(classes) - 0.4, -0.6))
        for axis in axes.flat:
            axis.hlines(np.arange(len(classes)), lowest, 1, color="0.92", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
        titles(axes, list(REGIONS.values()), "TPR - FPR")
        despine(figure.axes, left=True)
        legend_below(figure, axes[0, 0], columns=4)
        write_note(figure, note)
    return figure


def _draw_region(axis: Axes, rows: pd.DataFrame, region: str, classes: Sequence[str]) -> float:
    """One panel, from the rows of one network; returns the lowest value in it."""
    place = np.arange(len(classes))
    values = {kept: rows[f"tpr_{kept}{region}"] - rows[f"fpr_{kept}{region}"].fillna(0) for kept in KEPT}
    measured = pd.DataFrame(values).assign(**{"class": rows["class"]}).dropna()
    means = measured.groupby("class").mean().reindex(classes)
    for kept, label in KEPT.items():
        axis.scatter(
            means[kept], place, s=30 if kept == "both" else 22, label=label, color=_SHADES[kept],
            marker=_MARKERS[kept], linewidth=1.2, zorder=3,
        )  # fmt: skip
        if len(set(rows["seed"])) > 1:
            seeds = measured[measured["class"].isin(classes)]
            at = seeds["class"].map(dict(zip(classes, place, strict=True)))
            axis.scatter(seeds[kept], at, s=5, color=_SHADES[kept], alpha=0.5, linewidth=0, zorder=2)
    if not region:
        axis.scatter(means["both"] / 2, place, s=14, color="0.5", marker="|", label="half of both", zorder=1)
    for c in np.flatnonzero(means["both"].isna()):
        axis.text(0.02, float(c), "not tested", color="0.5", fontsize=6, style="italic", va="center")
    axis.tick_params(axis="y", length=0)
    return float(measured[list(KEPT)].min().min())


def _write_verdicts(axis: Axes, rows: pd.DataFrame, classes: Sequence[str]) -> None:
    """The verdict of each class at the right end of a panel, and of how many seeds, if there are several."""
    for place, name in enumerate(classes):
        judged = rows.loc[rows["class"] == name, "verdict"].dropna()
        if judged.empty:
            continue
        counts = judged.value_counts()
        many = f" ({counts.max()} of {len(judged)})" if len(set(rows["seed"])) > 1 else ""
        axis.text(
            1.02, place, f"{counts.idxmax()}{many}", transform=axis.get_yaxis_transform(), fontsize=6.5, va="center"
        )
