"""Drawing of phase or amplitude: what is left of a shortcut if images keep only one of the two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import (
    COLOURS,
    class_ticks,
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

KEPT = {"both": "both", "amplitude": "amplitudes alone", "phase": "phases alone"}
REGIONS = {"": "kept inside the map,\ndonor elsewhere", "_spectrum": "kept at all frequencies"}
_SHADES = dict(zip(KEPT, ["#222222", *COLOURS[:2]], strict=True))
_MARKERS = dict(zip(KEPT, "|os", strict=True))


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
