"""What a network follows: how many images are called a class after they got a part of its images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.exchange.answers import FOLLOWS, PARTS, REACH
from frequency_shortcuts.figures.canvas import (
    SMALL_PRINT,
    class_ticks,
    despine,
    page_of_panels,
    style,
    wrap,
    write_title,
)
from frequency_shortcuts.figures.selection import greatest, of_kind
from frequency_shortcuts.intervals import NORMAL, over_networks
from study.drawing.study import first_kind_note, kinds_from_first

FOUND, NOT_FOUND, CONTROL = "#d55e00", "0.45", "#0173b2"
ROW = 0.4  # inches


def draw_flips(
    dataset: str,
    classes: Sequence[str],
    flips: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """What a network follows"""
    shown = greatest(flips[[*PARTS]], flips, classes, most, "that are followed most")
    kinds = kinds_from_first(flips, first[dataset])
    table = of_kind(flips, kinds[0])
    # A neutral class has no row.
    classes = [name for name in shown.names(classes) if name in set(table["class"])]
    most = np.nanmax(table[[f"{part}_high" for part in PARTS]], initial=0.35)
    places = {name: place for place, name in enumerate(classes)}
    table = table[table["class"].isin(classes)]
    with style():
        figure, (panels,) = page_of_panels(1, len(PARTS), 0.9 + ROW * len(classes))
        for (part, kind), axis in zip(PARTS.items(), panels, strict=True):
            axis.axvline(kind.threshold, color="0.3", linewidth=0.8, linestyle="--")
            for name, place in places.items():
                _draw_class(axis, part, place, table[table["class"] == name])
            axis.hlines(np.arange(1, len(classes)) - 0.5, -1, 2, color="0.9", linewidth=0.6)
            axis.set(
                title=f"{part}:\n{wrap(kind.words, 28)}", xlabel="share of images of other classes"
            )
            axis.tick_params(axis="y", length=0)
        axis = panels[0]
        axis.set(xlim=(-0.1, min(1.03, most + 0.05)), ylim=(len(classes) - 0.5, -0.5))
        class_ticks(axis.set_yticks, classes, "beside many rows")
        for name, place in places.items():
            verdicts = table.loc[table["class"] == name, "verdict"]
            # Of most, or of those that follow.
            word = FOLLOWS if FOLLOWS in set(verdicts) else verdicts.mode()[0]
            words = f"{word}\n{(verdicts == word).sum()} of {len(verdicts)}"
            across = panels[-1].get_yaxis_transform()
            panels[-1].text(1.04, place, words, fontsize=SMALL_PRINT, va="center", transform=across)
        question = "Is an image called a class once it gets a part that is not the object?"
        key = "orange: networks that follow it, grey: others, black: their mean, blue: controls"
        note = first_kind_note(kinds, shown.note)
        despine(panels, left=True)
        write_title(figure, question, f"{key}, dashed: threshold", note)
    return figure


def _draw_class(axis: Axes, part: str, place: int, rows: pd.DataFrame) -> None:
    """One part of one class: networks one below the other, then their mean, then the controls."""
    follows = rows["follows"].fillna("").str.split(", ").map(lambda parts: part in parts)
    colours = np.where(follows, FOUND, NOT_FOUND)
    at = place + np.linspace(-0.32, 0.02, len(rows))
    axis.scatter(rows[part], at, s=9, c=colours, clip_on=False)
    below = np.full(len(rows), place + 0.33)
    axis.scatter(rows[f"{part}_control"], below, s=9, color=CONTROL, clip_on=False)
    half_widths = NORMAL / REACH * (rows[f"{part}_high"] - rows[f"{part}_low"]) / 2
    value, low, high, _ = over_networks(rows[part], half_widths)
    axis.plot(np.clip([low, high], -1, 1), [place + 0.14] * 2, color="black", linewidth=1)
    axis.plot(value, place + 0.14, "D", color="black", markersize=3)
