"""What a class looks like to a network: its ADCS, scores and map, and an image reduced to the map, in one row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure

from .canvas import (
    PAGE,
    abbreviate,
    draw_circles,
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
    tpr: npt.NDArray[Any] | None = None,
) -> Figure:
    """A row a class: ADCS, loss increments, map, and an image as it is, from the map and from a control alone.

    classes : of the cards, some of the n_classes classes of the data set, as the note then says (`ClassSelection`)
    score : title of the increments, or of the scores that stand in their place
    tpr : [class, 2], from the map and from the control, written below these images

    Zero frequency is in the centre of each plane.
    """
    most = max(1, n_classes - 1)
    planes = [
        _Planes("ADCS", cards.adcs, Normalize(-most, most), "RdBu_r", "black", (-most, 0, most)),
        _Planes("map,\nblack: kept", cards.masks, Normalize(0, 1), "Greys", "tab:blue"),
    ]
    if cards.increment is not None:
        greatest = np.abs(cards.increment).max(axis=(1, 2), keepdims=True)
        share = cards.increment / np.maximum(greatest, np.finfo(np.float32).tiny)
        # A few increments are far greater than all others.
        planes.insert(1, _Planes(score, share, _SIGNED_ROOT, "RdBu_r", "black", (-1, 0, 1)))
    pictures: dict[str, npt.NDArray[Any]] = {
        "test image": cards.unfiltered, "image from\nits map": cards.filtered, "from the\ncontrol": cards.controlled
    }  # fmt: skip
    with style(10):
        columns = len(planes) + len(pictures)
        side = (PAGE - 0.5) / columns + (0 if tpr is None else 0.06)
        figure, axes = plt.subplots(
            len(classes), columns, figsize=(PAGE, 1.0 + (side + 0.04) * len(classes)), squeeze=False
        )
        for c, line in enumerate(axes):
            for axis, shown in zip(line, planes, strict=False):
                show_plane(axis, np.asarray(shown.values[c], float), shown.cmap, norm=shown.norm)
                draw_circles(axis, band_edges, shown.ink)
                axis.set(xticks=[], yticks=[])
            for axis, shots in zip(line[len(planes) :], pictures.values(), strict=True):
                show_picture(axis, shots[c])
                axis.set_axis_off()
            for axis, share in zip(line[-2:], () if tpr is None else tpr[c], strict=False):
                axis.text(0.5, -0.03, f"TPR {share:.2f}", transform=axis.transAxes, ha="center", va="top")
        row_labels(figure, axes, [wrap(abbreviate(name, note)) for name in classes], side + 0.04, 10)
        for axis, title in zip(axes[0], (*(shown.title for shown in planes), *pictures), strict=True):
            axis.set_title(title)
        for shown, axis in zip(planes, axes[-1], strict=False):
            if shown.ticks:
                _draw_bar(figure, axis, shown)
        write_note(figure, note)
    return figure


@dataclass(frozen=True)
class _Planes:
    """A column of planes [class, H, W]; with ticks it has a colour bar."""

    title: str
    values: npt.NDArray[Any]
    norm: Normalize
    cmap: str
    ink: str
    ticks: Sequence[float] = ()


_SIGNED_ROOT = FuncNorm((lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * x**2), -1, 1)


def _draw_bar(figure: Figure, axis: Axes, shown: _Planes) -> None:
    """The colour bar of a column, below its last panel."""
    bar = figure.colorbar(
        ScalarMappable(shown.norm, shown.cmap), cax=axis.inset_axes((0, -0.13, 1, 0.07)), orientation="horizontal"
    )
    bar.set_ticks(shown.ticks, labels=[f"{tick:g}" for tick in shown.ticks])
