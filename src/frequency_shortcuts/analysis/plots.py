"""Plots on axes of your own: a map of frequencies, and an image before and after it got the spectrum of a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from frequency_shortcuts.figures.canvas import show_plane, style
from frequency_shortcuts.figures.panels import draw_panel, rows_of_panels
from frequency_shortcuts.spectrum.arrays import as_array

from .counterfactuals import clearest_first
from .flip import panels

if TYPE_CHECKING:
    from .result import Analysis


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
        raise ValueError(f"a map is {list(plane.shape)}: expected one plane [H, W], such as result.maps[0]")
    colours, low, high = ("Greys", 0, 1) if plane.dtype == bool else ("viridis", None, None)
    if ax is None:
        with style():
            _, ax = plt.subplots(figsize=(3, 3))
    show_plane(ax, plane, cmap or colours, low if vmin is None else vmin, high if vmax is None else vmax)
    ax.set(xlabel="cycles per image", ylabel="cycles per image")
    return ax


def plot_flip(result: Analysis, class_name: str | None = None, *, ax: Sequence[Axes] | None = None) -> list[Axes]:
    """Draw an image before and after it got the fine spectrum of a class, and the difference.

    result : of `analyse`
    class_name : by default the class that clearest follows or needs its spectrum
    ax : three axes of matplotlib; by default those of a new figure

    Returns the three axes. Raises ValueError for another class or number of axes, and if nothing was tested.

    >>> figure, axes = plt.subplots(2, 3)
    >>> fs.plot_flip(result, "Pullover", ax=axes[0])
    """
    name = class_name or clearest_first(result.tested_flips().table)["class"].iloc[0]
    shown = panels(result.counterfactual(name), name)
    if ax is None:
        return rows_of_panels({f"class {name}": shown}).axes
    axes = [*np.ravel(np.asarray(ax, dtype=object))]
    if len(axes) != len(shown):
        raise ValueError(f"{len(axes)} axes: expected three, for the image before and after, and the difference")
    for axis, panel in zip(axes, shown, strict=True):
        draw_panel(axis, panel)
    return axes
