"""Drawings of images: samples with their spectra, and renditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .canvas import (
    PAGE,
    class_titles,
    colour_bar,
    draw_circles,
    few_frequency_ticks,
    show_picture,
    show_plane,
    style,
    write_note,
)


def samples(
    sets: Mapping[str, tuple[Sequence[str], npt.NDArray[np.uint8], npt.NDArray[np.float64]]],
    band_edges: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """One image and the mean amplitude spectrum of every class; a row a data set.

    sets: name -> (classes, images uint8 [class, channels, H, W], amplitude [class, H, W], centred).
    band_edges: name -> radii of circles on its spectra, in cycles per image.
    """
    edges = band_edges or {}
    columns = max(len(classes) for classes, _, _ in sets.values())
    with style():
        figure, axes = plt.subplots(len(sets), 2 * columns, figsize=(PAGE, 0.45 + 0.98 * len(sets)), squeeze=False)
        levels = np.concatenate([np.log10(np.maximum(a, 1e-2)).ravel() for _, _, a in sets.values()])
        low, high = np.quantile(levels, [0.01, 0.999])
        for row, (name, (classes, images, amplitude)) in zip(axes, sets.items(), strict=True):
            for axis in row[: 2 * len(classes) : 2]:
                axis.set_axis_off()
            for axis in row[2 * len(classes) :]:
                axis.set_axis_off()
            for c, label in enumerate(classes):
                left, right = row[2 * c], row[2 * c + 1]
                show_picture(left, images[c])
                left.set_title(label, pad=2)
                show_plane(right, np.log10(np.maximum(amplitude[c], 1e-2)), "viridis", low, high)
                draw_circles(right, edges.get(name, ()), "white")
                few_frequency_ticks(right)
            row[0].text(-0.12, 0.5, name, transform=row[0].transAxes, rotation=90, va="center", ha="right")
        for right in axes[-1, 1::2]:
            right.set_xlabel("cycles per image", fontsize=6, labelpad=1)
        colour_bar(figure, axes, "viridis", low, high, "log$_{10}$ mean amplitude")
    return figure


def renditions(images: Mapping[str, npt.NDArray[np.uint8]], classes: Sequence[str], note: str = "") -> Figure:
    """One image of every class in every rendition: name -> uint8 [class, channels, H, W].

    They may be of some of the classes, which the note then says (`ClassSelection`).
    """
    with style():
        side = (PAGE - 0.9) / max(len(classes), 6)
        figure, axes = plt.subplots(
            len(images), len(classes), figsize=(0.9 + side * len(classes), 0.4 + side * len(images)), squeeze=False
        )
        for (name, pictures), line in zip(images.items(), axes, strict=True):
            for c, axis in enumerate(line):
                show_picture(axis, pictures[c])
                axis.set_axis_off()
            line[0].text(-0.1, 0.5, name, transform=line[0].transAxes, va="center", ha="right")
        class_titles(axes, classes, note)
        write_note(figure, note)
    return figure
