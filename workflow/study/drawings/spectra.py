"""Drawings of classes: images, renditions and spectra, ADCS and dominant frequency maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas


def adcs(
    values: Mapping[str, npt.NDArray[np.int16]],
    classes: Sequence[str],
    band_edges: Sequence[float] = (),
    *,
    n_classes: int | None = None,
    note: str = "",
) -> Figure:
    """ADCS of every class, on one colour scale from 1 - |C| to |C| - 1; rows for each variant, {name: [class, H, W]}.

    n_classes : |C|, where these are some of the classes, which the note then says (`ClassSelection`)
    """
    with canvas.style(9):
        per_row = 6 if note else 5
        columns, side = min(len(classes), per_row), (canvas.PAGE - 1.2) / per_row
        rows = -(-len(classes) // columns)
        height = 0.4 + (side + 0.22) * rows * len(values)
        figure, axes = canvas.page_of_panels(rows * len(values), columns, height, 1.2 + side * columns)
        most = max(1, (n_classes or len(classes)) - 1)
        for i, (variant, planes) in enumerate(values.items()):
            own = axes[rows * i :][:rows]
            for axis, name, plane in zip(own.flat, classes, planes, strict=False):
                canvas.show_plane(axis, plane, "RdBu_r", -most, most)
                canvas.draw_circles(axis, band_edges, "black")
                axis.set_title(canvas.abbreviate(name, note))
            for axis in own.flat[len(classes) :]:
                axis.set_axis_off()
            canvas.shrink_titles(own.flat, note)
            plt.setp(own[:, 0], ylabel=variant)
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=9)
        canvas.colour_bar(figure, axes, "RdBu_r", -most, most, "ADCS").set_ticks([-most, 0, most])
        circles = canvas.BANDS if len(band_edges) else ""
        canvas.write_title(figure, "At which frequencies does a class differ from the others?", circles, note)
    return figure


def dominant_frequencies(
    maps: Mapping[tuple[str, str], npt.NDArray[Any]],
    classes: Sequence[str],
    band_edges: Sequence[float],
    percent: float,
    note: str = "",
) -> Figure:
    """Dominant frequency maps, of so many percent of the spectrum: a row a network, a column a class.

    maps: (network, augmentation) -> share of networks whose map has the frequency, [class, H, W], 0 to 1. Of
    many classes they may be some, which the note then says (`ClassSelection`).
    """
    with canvas.style():
        side = (canvas.PAGE - 0.9) / max(len(classes), 5)
        size = 0.5 + (side + 0.06) * len(maps), 0.9 + side * len(classes)
        figure, axes = canvas.page_of_panels(len(maps), len(classes), *size)
        for planes, line in zip(maps.values(), axes, strict=True):
            for axis, plane in zip(line, planes, strict=True):
                canvas.show_plane(axis, plane, "Greys", 0, 1)
                canvas.draw_circles(axis, band_edges, "tab:blue")
                canvas.few_frequency_ticks(axis)
        canvas.row_labels(figure, axes, [canvas.network_label(*kind) for kind in maps], side + 0.06, 7)
        canvas.class_titles(axes, classes, note)
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=7)
        canvas.colour_bar(figure, axes, "Greys", 0, 1, "share of networks")
        question = f"Which {percent:g} % of the frequencies does each class depend on most?"
        canvas.write_title(figure, question, canvas.BANDS if len(band_edges) else "", note)
    return figure


def samples(
    sets: Mapping[str, tuple[Sequence[str], npt.NDArray[np.uint8], npt.NDArray[np.float64]]],
    band_edges: Mapping[str, Sequence[float]],
) -> Figure:
    """One image and the mean amplitude spectrum of every class; a row a data set.

    sets: name -> (classes, images uint8 [class, channels, H, W], amplitude [class, H, W], centred).
    band_edges: name -> radii of circles on its spectra, in cycles per image.
    """
    columns = max(len(classes) for classes, _, _ in sets.values())
    with canvas.style():
        figure, axes = canvas.page_of_panels(
            len(sets), 2 * columns, 0.45 + 0.98 * len(sets), sharex=False, sharey=False
        )
        levels = np.concatenate([np.log10(np.maximum(a, 1e-2)).ravel() for _, _, a in sets.values()])
        low, high = np.quantile(levels, [0.01, 0.999])
        for row, (name, (classes, images, amplitude)) in zip(axes, sets.items(), strict=True):
            for axis in (*row[: 2 * len(classes) : 2], *row[2 * len(classes) :]):
                axis.set_axis_off()
            for c, label in enumerate(classes):
                left, right = row[2 * c], row[2 * c + 1]
                canvas.show_picture(left, images[c])
                left.set_title(label, pad=2)
                canvas.show_plane(right, np.log10(np.maximum(amplitude[c], 1e-2)), "viridis", low, high)
                canvas.draw_circles(right, band_edges.get(name, ()), "white")
                canvas.few_frequency_ticks(right)
            row[0].text(-0.12, 0.5, name, transform=row[0].transAxes, rotation=90, va="center", ha="right")
        for right in axes[-1, 1::2]:
            right.set_xlabel("cycles\nper image", fontsize=canvas.SMALLEST, labelpad=1)
        canvas.colour_bar(figure, axes, "viridis", low, high, "log$_{10}$ mean amplitude")
        circles = canvas.BANDS if any(len(edges) for edges in band_edges.values()) else ""
        canvas.write_title(figure, "What do the classes of the made sets look like, and what was planted?", circles)
    return figure


def tiles(
    images: Mapping[str, npt.NDArray[Any]],
    classes: Sequence[str],
    question: str = "",
    note: str = "",
    below: Mapping[str, Sequence[str]] | None = None,
    key: str = "",
) -> Figure:
    """Images of every class, a column each: rows name -> [class, channels, H, W], uint8 or from 0 to 1.

    below : of some rows, what stands below each image, as `key` says. The images may be of some of the classes, which
    the note then says (`ClassSelection`).
    """
    below = below or {}
    with canvas.style():
        side = (canvas.PAGE - 0.9) / max(len(classes), 6)
        size = 0.4 + side * len(images) + 0.16 * len(below), 0.9 + side * len(classes)
        figure, axes = canvas.page_of_panels(len(images), len(classes), *size, sharex=False, sharey=False)
        for (name, pictures), line in zip(images.items(), axes, strict=True):
            for c, axis in enumerate(line):
                canvas.show_picture(axis, pictures[c])
                axis.set_axis_off()
                words = below[name][c] if name in below else ""
                axis.text(0.5, -0.03, words, transform=axis.transAxes, ha="center", va="top", fontsize=canvas.SMALLEST)
            label = canvas.break_line(name, 14)
            line[0].text(-0.1, 0.5, label, transform=line[0].transAxes, va="center", ha="right")
        canvas.class_titles(axes, classes, note)
        canvas.write_title(figure, question, key, note)
    return figure
