"""What a class is recognised from: an image, its map, and what map and control leave of the image, in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import PAGE, break_line, show_picture, show_plane, style, write_note

# Of seaborn's palette for colour-blind readers; the words say the same.
RIGHT, WRONG, NEITHER = "#0173b2", "#c44e00", "#333333"
LETTERS = 24  # in a line over or under a panel, where four stand beside each other


@dataclass(frozen=True)
class Panel:
    """One panel: an image [channels, H, W], or a plane of frequencies [H, W] from 0 (not kept) to 1.

    above, below : what stands over and under it; right : whether the network names the class, if it names one
    """

    above: str
    values: npt.NDArray[Any]
    below: str
    right: bool | None = None


def rows_of_panels(rows: Mapping[str, Sequence[Panel]], note: str = "") -> Figure:
    """A row of panels for each name, which stands beside it; a note above them all.

    >>> figure = rows_of_panels({"class ant": [Panel("test image", picture, "predicted: ant", True)]})
    """
    with style():
        columns = max(len(panels) for panels in rows.values())
        texts = [[_lines(getattr(one, side)) for one in line] for line in rows.values() for side in ("above", "below")]
        more = sum(max(0, *(text.count("\n") - 1 for text in line)) for line in texts)  # a row has room for two lines
        height = 2.55 * len(rows) + 0.16 * more
        figure, axes = plt.subplots(len(rows), columns, figsize=(PAGE, height), squeeze=False)
        for line, (name, panels) in zip(axes, rows.items(), strict=True):
            line[0].set_ylabel(_lines(name), fontsize=9, fontweight="bold")
            for axis, panel in zip(line, panels, strict=True):
                draw_panel(axis, panel)
        write_note(figure, note)
    return figure


def draw_panel(axis: Axes, panel: Panel) -> None:
    """Draw one panel on axes, also of a user, whose style may read dollars in names as mathematics."""
    if panel.values.ndim == 2:
        show_plane(axis, panel.values, "Greys", 0, 1)
    else:
        show_picture(axis, panel.values)
    colour = {True: RIGHT, False: WRONG, None: NEITHER}[panel.right]
    words: dict[str, Any] = {"fontsize": 9, "parse_math": False}
    axis.set(xticks=[], yticks=[])
    axis.set_title(_lines(panel.above), **words)
    axis.set_xlabel(_lines(panel.below), color=colour, **words)
    for spine in axis.spines.values():
        spine.set(visible=True, color=colour, linewidth=1.5 if panel.right is not None else 0.8)


def _lines(text: str) -> str:
    """A text with no line longer than a panel is wide."""
    return "\n".join(break_line(line, LETTERS) for line in text.splitlines())
