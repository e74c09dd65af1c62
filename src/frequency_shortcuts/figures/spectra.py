"""The drawing of the spectra of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from . import canvas


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
    norms = [LogNorm(*np.quantile(spectra[spectra > 0], [0.01, 0.999])), LogNorm(1, max(10, differences.max()))]
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
                    canvas.show_plane(axis, plane.clip(norm.vmin, norm.vmax), cmap, norm=norm)
                    canvas.few_frequency_ticks(axis)
            canvas.class_titles(rows[:, : len(names)], names, note)
        for axis in axes.flat:
            axis.set_visible(axis.has_data())
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=8)
        for line, (_, cmap, words), norm in zip(axes, kinds, norms, strict=False):
            bar = figure.colorbar(ScalarMappable(norm, cmap), ax=line.tolist(), fraction=0.02, pad=0.01, panchor=False)
            bar.set_label(words)
            canvas.logarithmic(bar.ax.yaxis)
        canvas.write_title(figure, "", note)
    return figure
