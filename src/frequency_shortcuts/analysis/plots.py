"""Plots of a map of frequencies, of spectra of classes, and of an image before and after it got a part of a class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from scipy.special import softmax

from frequency_shortcuts.exchange.patch import rectangle
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cards import Panel, rows_of_panels
from frequency_shortcuts.spectrum.arrays import FloatArray, as_array

from .exchanges import ExchangedImage

GIVEN = {  # what stands over an image that got a part
    "fine": "with what is fine\nin {}",
    "field": "with the illumination\nof {}",
    "patch": "with a patch\nof {}",
}
NOTE = "Of each part, the class that follows it most clearly, or would."


def draw_parts(pictures: Sequence[ExchangedImage], exchanges: pd.DataFrame) -> Figure:
    """A row for each part: an image, the same with the part of a class, and the difference made visible.

    exchanges : the table that says whether the class follows the part
    """
    followed = exchanges.set_index("class")["follows"].str.split(", ")
    rows = {}
    for one in pictures:
        verdict = "followed" if one.part in followed[one.class_name] else "not followed"
        name = f"{one.part}:\n{verdict}"
        while name in rows:  # another image of the same
            name += " "
        rows[name] = exchange_panels(one, one.class_name)
    return rows_of_panels(rows, NOTE)


def exchange_panels(picture: ExchangedImage, giver: str) -> list[Panel]:
    """An image before and after it got a part of a class, with both answers, and the difference.

    giver : who gives the part, in words
    """
    before = _answer(picture.called_before, picture.logits_before)
    after = _answer(picture.called_after, picture.logits_after)
    is_right = picture.called_before == picture.label
    stays_right = picture.called_after == picture.label
    given = GIVEN[picture.part].format(giver)
    box = None
    if picture.place >= 0:
        box = rectangle(picture.place, picture.before.shape[1:])
    times = f"{float(f'{picture.factor:.2g}'):g} times"
    return [
        Panel(f"image of {picture.label}", picture.before, before, is_right),
        Panel(given, picture.after, after, stays_right, box),
        Panel(f"the difference\n({times})", picture.difference, "grey: no change"),
    ]


def _answer(called: str, logits: FloatArray) -> str:
    return f"called {called}\nprobability {softmax(logits).max():.2f}"


def plot_map(
    plane: Any,
    *,
    ax: Axes | None = None,
    cmap: str | Colormap | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
) -> Axes:
    """Draw a map of frequencies over cycles per image.

    plane : [H, W], frequency zero in the centre: a mask, drawn in black, or numbers, such as scores of frequencies
    ax : axes of matplotlib; by default those of a new figure
    cmap, vmin, vmax : as for `imshow` of matplotlib

    Returns the axes. Raises ValueError for what has not two dimensions.

    >>> figure, axes = plt.subplots(1, 2)
    >>> fs.plot_map(result.maps[0], ax=axes[0]).set_title(result.classes[0])
    """
    plane = as_array(plane)
    if plane.ndim != 2:
        raise ValueError(
            f"a map is {list(plane.shape)}: expected one plane [H, W], such as result.maps[0]"
        )
    is_mask = plane.dtype == bool
    colours = cmap or ("Greys" if is_mask else "viridis")
    if is_mask:
        vmin = 0 if vmin is None else vmin
        vmax = 1 if vmax is None else vmax
    if ax is None:
        with canvas.style():
            _, ax = plt.subplots(figsize=(3, 3))
    canvas.show_plane(ax, plane, colours, Normalize(vmin, vmax))
    ax.set(xlabel="cycles per image", ylabel="cycles per image")
    return ax


class Drawn(NamedTuple):
    """What is drawn of each class, float [class, H, W], and how."""

    planes: npt.NDArray[Any]
    norm: LogNorm
    colours: str
    name: str


def spectra_of_classes(
    spectra: npt.NDArray[Any], differences: npt.NDArray[Any], classes: Sequence[str], note: str = ""
) -> Figure:
    """The amplitude of each class above the frequencies at which it differs from the others, on logarithmic scales.

    spectra, differences : float [class, H, W], centred; differences are 1 by chance, and the same of two classes
    """
    if len(classes) == 2:
        differences = differences[:1]
    of_amplitudes = LogNorm(*np.quantile(spectra[spectra > 0], [0.01, 0.999]))
    of_differences = LogNorm(1, max(10, differences.max()))
    kinds = [
        Drawn(spectra, of_amplitudes, "viridis", "amplitude"),
        Drawn(differences, of_differences, "Greys", "difference"),
    ]
    lines = math.ceil(len(classes) / 6)
    columns = math.ceil(len(classes) / lines)
    with canvas.style():
        side = (canvas.PAGE - 1.0) / max(3, columns)
        height = 0.4 + lines * (2 * side * spectra.shape[1] / spectra.shape[2] + 0.45)
        figure, axes = canvas.page_of_panels(2 * lines, columns, height, 1.0 + side * columns)
        if len(differences) == 1:  # one panel as wide as both spectra
            axes[1, 0].set_subplotspec(axes[1, 0].get_gridspec()[1, :])
        for line in range(lines):
            shown = slice(line * columns, (line + 1) * columns)
            rows = axes[2 * line : 2 * line + 2]
            for row, kind in zip(rows, kinds, strict=True):
                for axis, plane in zip(row, kind.planes[shown], strict=False):
                    clipped = plane.clip(kind.norm.vmin, kind.norm.vmax)
                    canvas.show_plane(axis, clipped, kind.colours, kind.norm)
                    canvas.few_frequency_ticks(axis)
            names = classes[shown]
            canvas.class_titles(rows[:, : len(names)], names, note)
        for axis in axes.flat:
            axis.set_visible(axis.has_data())
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=8)
        for row, kind in zip(axes, kinds, strict=False):
            colours = ScalarMappable(kind.norm, kind.colours)
            place = {"ax": row.tolist(), "fraction": 0.02, "pad": 0.01, "panchor": False}
            bar = figure.colorbar(colours, **place)
            bar.set_label(kind.name)
            canvas.logarithmic(bar.ax.yaxis)
        canvas.write_title(figure, "", note)
    return figure
