"""What a class looks like to a network: its spectra and maps, and images filtered by them, in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure

from .canvas import (
    PAGE,
    abbreviate,
    draw_circles,
    few_frequency_ticks,
    row_labels,
    show_picture,
    show_plane,
    style,
    wrap,
    write_note,
)

if TYPE_CHECKING:
    from frequency_shortcuts.evaluation.examples import Cards


def class_cards(
    cards: Cards,
    classes: Sequence[str],
    n_classes: int,
    band_edges: Sequence[float] = (),
    note: str = "",
    *,
    score: str = "loss\nincrement",
) -> Figure:
    """A row a class: mean spectrum, ADCS, loss increments, map and control, and an image as it is and reduced to them.

    classes : of the cards, some of the n_classes classes of the data set, as the note then says (`ClassSelection`)
    score : title of the increments, or of the scores that stand in their place
    """
    levels = np.log10(np.maximum(cards.amplitude, 1e-2))
    low, high = np.quantile(levels, [0.01, 0.999])
    most = max(1, n_classes - 1)
    planes = [
        _Planes("mean\namplitude", levels, Normalize(low, high), "viridis", "white", "log$_{10}$ amplitude"),
        _Planes("ADCS", cards.adcs, Normalize(-most, most), "RdBu_r", "black", "ADCS", (-most, 0, most)),
        _Planes("map (DFM),\nblack: kept", cards.masks, Normalize(0, 1), "Greys", "tab:blue"),
        _Planes("control of\nsame radii", cards.control, Normalize(0, 1), "Greys", "tab:blue"),
    ]
    if cards.increment is not None:
        greatest = np.abs(cards.increment).max(axis=(1, 2), keepdims=True)
        share = cards.increment / np.maximum(greatest, np.finfo(np.float32).tiny)
        # A few increments are far greater than all others.
        ticks = (-1, -0.1, 0, 0.1, 1)
        planes.insert(2, _Planes(score, share, _SIGNED_ROOT, "RdBu_r", "black", "share of greatest", ticks))
    pictures: dict[str, npt.NDArray[Any]] = {
        "test image": cards.unfiltered, "reduced\nto map": cards.filtered, "reduced\nto control": cards.controlled
    }  # fmt: skip
    with style():
        columns = len(planes) + len(pictures)
        side = (PAGE - 0.9) / columns
        figure, axes = plt.subplots(
            len(classes), columns, figsize=(PAGE, 1.05 + (side + 0.04) * len(classes)), squeeze=False
        )
        for c, line in enumerate(axes):
            for axis, shown in zip(line, planes, strict=False):
                show_plane(axis, np.asarray(shown.values[c], float), shown.cmap, norm=shown.norm)
                draw_circles(axis, band_edges, shown.ink)
                few_frequency_ticks(axis)
            for axis, shots in zip(line[len(planes) :], pictures.values(), strict=True):
                show_picture(axis, shots[c])
                axis.set_axis_off()
        row_labels(figure, axes, [wrap(abbreviate(name, note)) for name in classes], side + 0.04, 7)
        for axis, title in zip(axes[0], (*(shown.title for shown in planes), *pictures), strict=True):
            axis.set_title(title, fontsize=7)
        pad = max(0.01, 0.04 / len(classes))  # shares of the column's height: of few rows, or the bar would be tiny
        for shown, column in zip(planes, axes.T, strict=False):
            column[-1].set_xlabel("cycles per image", fontsize=6, labelpad=1)
            if shown.label:
                _draw_bar(figure, column, shown, pad)
        height, width = cards.adcs.shape[1:]
        for axis in axes.flat if width > height or pad > 0.01 else ():  # panels lower than their rows
            axis.set_anchor("C")  # a bar anchors its own otherwise, out of line with those that have none
        write_note(figure, note)
    return figure


@dataclass(frozen=True)
class _Planes:
    """A column of planes [class, H, W]; with a label it has a colour bar."""

    title: str
    values: npt.NDArray[Any]
    norm: Normalize
    cmap: str
    ink: str
    label: str = ""
    ticks: Sequence[float] = ()


_SIGNED_ROOT = FuncNorm((lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * x**2), -1, 1)


def _draw_bar(figure: Figure, column: npt.NDArray[Any], shown: _Planes, pad: float) -> None:
    """The colour bar below a column of planes."""
    scale = ScalarMappable(shown.norm, shown.cmap)
    bar = figure.colorbar(scale, ax=column, location="bottom", fraction=2 * pad, pad=pad, aspect=12)
    bar.set_label(shown.label, fontsize=6, parse_math=True)
    if shown.ticks:
        bar.set_ticks(shown.ticks, labels=[f"{tick:g}" for tick in shown.ticks])
    bar.ax.tick_params(labelsize=5)
