"""Drawings of planes of frequencies, one for each class: ADCS and dominant frequency maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .canvas import (
    PAGE,
    abbreviate,
    class_titles,
    colour_bar,
    draw_circles,
    few_frequency_ticks,
    network_label,
    panels,
    row_labels,
    show_plane,
    shrink_titles,
    style,
    write_note,
)


def adcs(
    values: npt.NDArray[np.int16],
    classes: Sequence[str],
    band_edges: Sequence[float] = (),
    *,
    n_classes: int | None = None,
    note: str = "",
) -> Figure:
    """ADCS of every class, int [class, H, W], on one colour scale from 1 - |C| to |C| - 1.

    n_classes : |C|, where these are some of the classes, which the note then says (`ClassSelection`)
    """
    with style(10):
        figure, axes = panels(len(classes), per_row=6 if note else 5)
        most = max(1, (n_classes or len(classes)) - 1)
        for axis, name, plane in zip(axes.flat, classes, values, strict=False):
            show_plane(axis, plane, "RdBu_r", -most, most)
            draw_circles(axis, band_edges, "black")
            axis.set_title(abbreviate(name, note))
        for axis in axes.flat[len(classes) :]:
            axis.set_axis_off()
        shrink_titles(axes.flat, note)
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=10)
        colour_bar(figure, axes, "RdBu_r", -most, most, "ADCS").set_ticks([-most, 0, most])
        write_note(figure, note)
    return figure


def dominant_frequencies(
    maps: Mapping[tuple[str, str], npt.NDArray[Any]],
    classes: Sequence[str],
    band_edges: Sequence[float] = (),
    note: str = "",
) -> Figure:
    """Dominant frequency maps: a row a network, a column a class.

    maps: (network, augmentation) -> share of seeds that have the frequency in the map, [class, H, W], 0 to 1. They may
    be of some of the classes, which the note then says (`ClassSelection`).
    """
    with style():
        side = (PAGE - 0.9) / max(len(classes), 5)
        figure, axes = plt.subplots(
            len(maps),
            len(classes),
            figsize=(0.9 + side * len(classes), 0.5 + (side + 0.06) * len(maps)),
            sharex=True,
            sharey=True,
            squeeze=False,
        )
        for planes, line in zip(maps.values(), axes, strict=True):
            for axis, plane in zip(line, planes, strict=True):
                show_plane(axis, plane, "Greys", 0, 1)
                draw_circles(axis, band_edges, "tab:blue")
                few_frequency_ticks(axis)
        row_labels(figure, axes, [network_label(*kind) for kind in maps], side + 0.06, 7)
        class_titles(axes, classes, note)
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=7)
        colour_bar(figure, axes, "Greys", 0, 1, "share of seeds")
        write_note(figure, note)
    return figure
