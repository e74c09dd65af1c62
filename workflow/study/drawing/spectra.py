"""Images and spectra of data sets, and maps of networks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import clearest_shortcuts, select_classes
from frequency_shortcuts.images import stores as image_stores
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.storage.hdf5 import read_hdf5
from study.drawing.study import first_kinds

VARIANTS = {"as published": "adcs", "significant": "adcs_significant"}


def draw_samples(
    stores: list[str], spectra: list[str], names: list[str], band_edges: dict[str, list[float]]
) -> Figure:
    """Figure 1: images and mean spectra of the synthetic and planted sets."""
    sets = {}
    for name, store, spectrum in zip(names, stores, spectra, strict=True):
        test = image_stores.read(store, "test", per_class=1)
        with read_hdf5(spectrum) as file:
            sets[name] = (
                test.classes,
                test.images[test.labels.argsort()],
                file["mean_amplitude"][:].mean(axis=1),
            )
    return samples(sets, band_edges)


def draw_adcs(spectra: str, band_edges: list[float], most: int) -> Figure:
    """Figure 4: ADCS of every class."""
    with read_hdf5(spectra) as file:
        classes, first = list(file.attrs["classes"]), file.attrs["shown"]
        names = sorted(VARIANTS, key=lambda name: VARIANTS[name] != first)
        values = {name: file[VARIANTS[name]][:] for name in names}
    size = np.abs(values["significant"]).mean(axis=(1, 2))
    shown = select_classes(size, most, "that stand out most (mean of |ADCS|)")
    chosen = {name: planes_of[shown.index] for name, planes_of in values.items()}
    return adcs(chosen, shown.names(classes), len(classes), band_edges, shown.note)


def draw_dfm(
    classes: Sequence[str],
    maps: list[str],
    labels: list[str],
    percent: float,
    band_edges: list[float],
    shortcuts: pd.DataFrame,
    first: dict[str, list[str]],
    most: int,
) -> Figure:
    """Figure 6: dominant frequency maps; of each kind of networks, the share whose map has a frequency."""
    shown = clearest_shortcuts(first_kinds(shortcuts, first), classes, most)
    masks: dict[tuple[str, str], list[BoolArray]] = {}
    for path, label in zip(maps, labels, strict=True):
        network, augmentation = label.split("/")
        masks.setdefault((network, augmentation), []).append(
            dfm.read_mask(path, percent, shown.index)
        )
    shares = {key: np.mean(of_seeds, axis=0) for key, of_seeds in masks.items()}
    return dominant_frequencies(shares, shown.names(classes), band_edges, percent, shown.note)


def adcs(
    values: Mapping[str, npt.NDArray[np.int16]],
    classes: Sequence[str],
    n_classes: int,
    band_edges: Sequence[float],
    note: str = "",
) -> Figure:
    """ADCS [class, H, W] of some of |C| classes, on one colour scale from 1 - |C| to |C| - 1; rows for each variant."""
    with canvas.style(9):
        per_row = 6 if note else 5
        columns, side = min(len(classes), per_row), (canvas.PAGE - 1.2) / per_row
        rows = -(-len(classes) // columns)
        height = 0.4 + (side + 0.22) * rows * len(values)
        figure, axes = canvas.page_of_panels(
            rows * len(values), columns, height, 1.2 + side * columns
        )
        most = max(1, n_classes - 1)
        for i, (variant, planes) in enumerate(values.items()):
            own = axes[rows * i :][:rows]
            for axis, name, plane in zip(own.flat, classes, planes, strict=False):
                canvas.show_plane(axis, plane, "RdBu_r", Normalize(-most, most))
                canvas.draw_circles(axis, band_edges, "black")
                axis.set_title(canvas.abbreviate(name, note))
            for axis in own.flat[len(classes) :]:
                axis.set_axis_off()
            canvas.shrink_titles(own.flat, note)
            plt.setp(own[:, 0], ylabel=variant)
        figure.supxlabel("horizontal and vertical frequency, cycles per image", fontsize=9)
        canvas.colour_bar(figure, axes, "RdBu_r", -most, most, "ADCS").set_ticks([-most, 0, most])
        circles = canvas.BANDS if len(band_edges) else ""
        canvas.write_title(
            figure, "At which frequencies does a class differ from the others?", circles, note
        )
    return figure


def dominant_frequencies(
    maps: Mapping[tuple[str, str], npt.NDArray[Any]],
    classes: Sequence[str],
    band_edges: Sequence[float],
    percent: float,
    note: str = "",
) -> Figure:
    """Of each kind of network (a row), the share of networks whose map has a frequency, [class, H, W], 0 to 1."""
    with canvas.style():
        side = (canvas.PAGE - 0.9) / max(len(classes), 5)
        size = 0.5 + (side + 0.06) * len(maps), 0.9 + side * len(classes)
        figure, axes = canvas.page_of_panels(len(maps), len(classes), *size)
        for planes, line in zip(maps.values(), axes, strict=True):
            for axis, plane in zip(line, planes, strict=True):
                canvas.show_plane(axis, plane, "Greys", Normalize(0, 1))
                canvas.draw_circles(axis, band_edges, "tab:blue")
                canvas.few_frequency_ticks(axis)
        canvas.row_labels(axes, [canvas.network_label(*kind) for kind in maps], side + 0.06, 7)
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
    """A row a data set: its classes, images uint8 [class, channels, H, W], and amplitudes [class, H, W], centred."""
    columns = max(len(classes) for classes, _, _ in sets.values())
    with canvas.style():
        figure, axes = canvas.page_of_panels(
            len(sets), 2 * columns, 0.45 + 0.98 * len(sets), sharex=False, sharey=False
        )
        levels = np.concatenate(
            [np.log10(np.maximum(a, 1e-2)).ravel() for _, _, a in sets.values()]
        )
        low, high = np.quantile(levels, [0.01, 0.999])
        for row, (name, (classes, images, amplitude)) in zip(axes, sets.items(), strict=True):
            for axis in (*row[: 2 * len(classes) : 2], *row[2 * len(classes) :]):
                axis.set_axis_off()
            for c, label in enumerate(classes):
                left, right = row[2 * c], row[2 * c + 1]
                canvas.show_picture(left, images[c])
                left.set_title(label, pad=2)
                canvas.show_plane(
                    right, np.log10(np.maximum(amplitude[c], 1e-2)), "viridis", Normalize(low, high)
                )
                canvas.draw_circles(right, band_edges.get(name, ()), "white")
                canvas.few_frequency_ticks(right)
            row[0].text(
                -0.12, 0.5, name, transform=row[0].transAxes, rotation=90, va="center", ha="right"
            )
        for right in axes[-1, 1::2]:
            right.set_xlabel("cycles\nper image", fontsize=canvas.SMALL_PRINT, labelpad=1)
        canvas.colour_bar(figure, axes, "viridis", low, high, "log$_{10}$ mean amplitude")
        circles = canvas.BANDS if any(len(edges) for edges in band_edges.values()) else ""
        canvas.write_title(
            figure, "What do the classes of the made sets look like, and what was planted?", circles
        )
    return figure
