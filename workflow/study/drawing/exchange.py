"""What a network follows: the recall that is lost with other borders, and images called a class with a part of it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from frequency_shortcuts.exchange.answers import REACH
from frequency_shortcuts.exchange.verdict import (
    BORDER,
    CALLED,
    FOLLOWS,
    LOST_RECALL,
    MEASURED,
    PARTS,
)
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
CALLED_IT = "share of others\ncalled the class"
WORDS = {  # above and below the panel of each number
    BORDER: ("what surrounds the object", "recall lost with\nthat of others"),
    **{part: (words, CALLED_IT) for part, words in PARTS.items()},
}


def draw_exchanges(
    dataset: str,
    classes: Sequence[str],
    exchanges: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """What a network follows"""
    shown = greatest(exchanges[[*MEASURED]], exchanges, classes, most, "that are followed most")
    kinds = kinds_from_first(exchanges, first[dataset])
    table = of_kind(exchanges, kinds[0])
    # A neutral class has no row.
    classes = [name for name in shown.names(classes) if name in set(table["class"])]
    most = np.nanmax(table[[f"{name}_high" for name in MEASURED]], initial=0.35)
    places = {name: place for place, name in enumerate(classes)}
    table = table[table["class"].isin(classes)]
    with style():
        figure, (panels,) = page_of_panels(1, len(MEASURED), 0.9 + ROW * len(classes))
        for measured, axis in zip(MEASURED, panels, strict=True):
            limit = LOST_RECALL if measured == BORDER else CALLED
            axis.axvline(limit, color="0.3", linewidth=0.8, linestyle="--")
            for name, place in places.items():
                _draw_class(axis, measured, place, table[table["class"] == name])
            axis.hlines(np.arange(1, len(classes)) - 0.5, -1, 2, color="0.9", linewidth=0.6)
            title, below = WORDS[measured]
            axis.set(title=f"{measured}:\n{wrap(title, 24)}", xlabel=below)
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
        question = "Is a class recognised by something that is not the object?"
        key = "orange: networks that follow it, grey: others, black: their mean, blue: controls"
        note = first_kind_note(kinds, shown.note)
        despine(panels, left=True)
        write_title(figure, question, f"{key}, dashed: limit", note)
    return figure


def _draw_class(axis: Axes, name: str, place: int, rows: pd.DataFrame) -> None:
    """One number of one class: networks one below the other, then their mean, then the controls, if it has some."""
    follows = rows["follows"].fillna("").str.split(", ").map(lambda names: name in names)
    colours = np.where(follows, FOUND, NOT_FOUND)
    at = place + np.linspace(-0.32, 0.02, len(rows))
    axis.scatter(rows[name], at, s=9, c=colours, clip_on=False)
    if f"{name}_control" in rows:
        below = np.full(len(rows), place + 0.33)
        axis.scatter(rows[f"{name}_control"], below, s=9, color=CONTROL, clip_on=False)
    half_widths = NORMAL / REACH * (rows[f"{name}_high"] - rows[f"{name}_low"]) / 2
    value, low, high, _ = over_networks(rows[name], half_widths)
    axis.plot(np.clip([low, high], -1, 1), [place + 0.14] * 2, color="black", linewidth=1)
    axis.plot(value, place + 0.14, "D", color="black", markersize=3)
