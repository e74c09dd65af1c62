"""Plots of a map of frequencies, of spectra of classes, and of an image before and after it got a part of a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from scipy.special import softmax

from frequency_shortcuts.exchange.answers import PARTS
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cards import Panel, draw_panel, rows_of_panels
from frequency_shortcuts.spectrum.arrays import as_array

from .counterfactuals import Counterfactual, FlipTest, clearest_first

if TYPE_CHECKING:
    from .result import Analysis

OTHERS = "other classes"
IMAGES_NOTE = (
    "Images of classes that follow, and the same with that part of other classes, clearest first."
)
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
        for called, logits in (
            (made.called_before, made.logits_before),
            (made.called_after, made.logits_after),
        )
    ]
    right = [called == made.label for called in (made.called_before, made.called_after)]
    return [
        Panel(f"image of {made.label}", made.before, answers[0], right[0]),
        Panel(PARTS[made.part].given.format(name), made.after, answers[1], right[1]),
        Panel(
            f"the difference\n({float(f'{made.factor:.2g}'):g} times)",
            made.difference,
            "grey: no change",
        ),
    ]


def draw_images(test: FlipTest) -> Figure:
    """The clearest images that flip: each as it is, without what its class follows, and the difference."""
    table, drawn = test.removed
    if not drawn:
        raise ValueError(
            "no image flips without what its class follows, but for those of flip(): see result.images"
        )
    paths = dict(zip(table["image"], table["path"], strict=True))
    rows = {
        f"{i + 1}. {one.label}:\n{one.part}": _panels(one, OTHERS) for i, one in enumerate(drawn)
    }
    for one, panels in zip(drawn, rows.values(), strict=True):
        panels[0] = panels[0]._replace(above=paths[one.image] or panels[0].above)
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
        raise ValueError(
            f"a map is {list(plane.shape)}: expected one plane [H, W], such as result.maps[0]"
        )
    colours, low, high = ("Greys", 0, 1) if plane.dtype == bool else ("viridis", None, None)
    if ax is None:
        with canvas.style():
            _, ax = plt.subplots(figsize=(3, 3))
    norm = Normalize(low if vmin is None else vmin, high if vmax is None else vmax)
    canvas.show_plane(ax, plane, cmap or colours, norm)
    ax.set(xlabel="cycles per image", ylabel="cycles per image")
    return ax


def plot_flip(
    result: Analysis,
    class_name: str | None = None,
    *,
    part: str | None = None,
    ax: Sequence[Axes] | None = None,
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
        raise ValueError(
            f"{len(axes)} axes: expected three, for the image before and after, and the difference"
        )
    for axis, panel in zip(axes, shown, strict=True):
        draw_panel(axis, panel)
    return axes


def spectra_of_classes(
    spectra: npt.NDArray[Any], differences: npt.NDArray[Any], classes: Sequence[str], note: str = ""
) -> Figure:
    """The amplitude of each class above the frequencies at which it differs from the others, on logarithmic scales.

    spectra, differences : float [class, H, W], centred; differences are 1 by chance, and the same of two classes
    """
    lines = -(-len(classes) // 6)
    columns = -(-len(classes) // lines)
    differences = differences[:1] if len(classes) == 2 else differences
    kinds = [(spectra, "viridis", "amplitude"), (differences, "Greys", "difference")]
    norms = [
        LogNorm(*np.quantile(spectra[spectra > 0], [0.01, 0.999])),
        LogNorm(1, max(10, differences.max())),
    ]
    with canvas.style():
        side = (canvas.PAGE - 1.0) / max(3, columns)
        panel = side * spectra.shape[1] / spectra.shape[2]
        size = 0.4 + lines * (2 * panel + 0.45), 1.0 + side * columns
        figure, axes = canvas.page_of_panels(2 * lines, columns, *size)
        if len(differences) == 1:
            axes[1, 0].set_subplotspec(axes[1, 0].get_gridspec()[1, :])
        for first in range(0, len(classes), columns):
            rows, names = axes[2 * (first // columns) :][:2], classes[first : first + columns]
            for line, (planes, cmap, _), norm in zip(rows, kinds, norms, strict=True):
                for axis, plane in zip(line, planes[first : first + columns], strict=False):
                    canvas.show_plane(axis, plane.clip(norm.vmin, norm.vmax), cmap, norm)
                    canvas.few_frequency_ticks(axis)
            canvas.class_titles(rows[:, : len(names)], names, note)
        for axis in axes.flat:
            axis.set_visible(axis.has_data())
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=8)
        for line, (_, cmap, words), norm in zip(axes, kinds, norms, strict=False):
            bar = figure.colorbar(
                ScalarMappable(norm, cmap), ax=line.tolist(), fraction=0.02, pad=0.01, panchor=False
            )
            bar.set_label(words)
            canvas.logarithmic(bar.ax.yaxis)
        canvas.write_title(figure, "", note)
    return figure
