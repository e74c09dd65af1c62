"""Plots of a map of frequencies, and of an image before and after it got a part of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from scipy.special import softmax

from frequency_shortcuts.figures.canvas import show_plane, style
from frequency_shortcuts.figures.cards import Panel, draw_panel, rows_of_panels
from frequency_shortcuts.spectrum.arrays import as_array

from .counterfactuals import Counterfactual, FlipTest, clearest_first

if TYPE_CHECKING:
    from .result import Analysis

GIVEN = {  # part -> what stands over the image that got it
    "fine": "with what is fine\nin {}",
    "field": "with the illumination\nof {}",
    "patch": "with a patch\nof {}",
}
OTHERS = "other classes"
IMAGES_NOTE = "Images of classes that follow, and the same with that part of other classes, clearest first."
NOTE = "Of each part, the class that follows it most clearly, or would."


def draw_flip(test: FlipTest) -> Figure:
    """A row for each part: an image, the same with the part of the clearest class, and the difference made visible."""
    rows = {}
    for (k, part), made in test.pictures.items():
        row = test.table.set_index("class").loc[name := test.classes[k]]
        verdict = "followed" if part in row["follows"].split(", ") else "not followed"
        rows[f"{part}:\n{verdict}"] = _panels(made, name)
    return rows_of_panels(rows, NOTE)


def _panels(made: Counterfactual, name: str) -> list[Panel]:
    """An image before and after it got a part of a class of this name, with both answers, and the difference."""
    answers = [
        f"called {called}\nprobability {softmax(logits).max():.2f}"
        for called, logits in ((made.called_before, made.logits_before), (made.called_after, made.logits_after))
    ]
    right = [called == made.label for called in (made.called_before, made.called_after)]
    return [
        Panel(f"image of {made.label}", made.before, answers[0], right[0]),
        Panel(GIVEN[made.part].format(name), made.after, answers[1], right[1]),
        Panel(f"the difference\n({float(f'{made.factor:.2g}'):g} times)", made.difference, "grey: no change"),
    ]


def draw_images(test: FlipTest) -> Figure:
    """The clearest images that flip: each as it is, without what its class follows, and the difference."""
    table, drawn = test.removed
    if not drawn:
        raise ValueError("no image flips without what its class follows, but for those of flip(): see result.images")
    paths = dict(zip(table["image"], table["path"], strict=True))
    rows = {f"{i + 1}. {one.label}:\n{one.part}": _panels(one, OTHERS) for i, one in enumerate(drawn)}
    for one, panels in zip(drawn, rows.values(), strict=True):
        panels[0] = replace(panels[0], above=paths[one.image] or panels[0].above)
    return rows_of_panels(rows, IMAGES_NOTE)


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


def plot_flip(
    result: Analysis, class_name: str | None = None, *, part: str | None = None, ax: Sequence[Axes] | None = None
) -> list[Axes]:
    """Draw an image before and after it got a part of a class, and the difference.

    result : of `analyse`
    class_name : by default the class that clearest follows a part of it
    part : fine, field or patch; by default that which the class follows most clearly
    ax : three axes of matplotlib; by default those of a new figure

    Returns the three axes. Raises ValueError for another class, part or number of axes, and if nothing was tested.

    >>> figure, axes = plt.subplots(2, 3)
    >>> fs.plot_flip(result, "Pullover", ax=axes[0])
    """
    name = class_name or clearest_first(result.tested_flips().table)["class"].iloc[0]
    shown = _panels(result.counterfactual(name, part), name)
    if ax is None:
        return rows_of_panels({f"class {name}": shown}).axes
    axes = [*np.ravel(np.asarray(ax, dtype=object))]
    if len(axes) != len(shown):
        raise ValueError(f"{len(axes)} axes: expected three, for the image before and after, and the difference")
    for axis, panel in zip(axes, shown, strict=True):
        draw_panel(axis, panel)
    return axes
