"""What a class looks like to a network: its spectra and maps, and images filtered by them, in one row."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
import numpy.typing as npt
import torch
from matplotlib import pyplot as plt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure
from torch import Tensor

from frequency_shortcuts.data import normalisation, stores
from frequency_shortcuts.maps.dfm import read_mask
from frequency_shortcuts.spectrum.arrays import BoolArray, FloatArray, IntArray
from frequency_shortcuts.spectrum.controls import control_mask
from frequency_shortcuts.spectrum.filters import keep, remove

from .canvas import (
    PAGE,
    class_titles,
    draw_circles,
    few_frequency_ticks,
    network_label,
    row_labels,
    short,
    show_picture,
    show_plane,
    style,
    wrapped,
    write_note,
)


@dataclass(frozen=True)
class Cards:
    """What the cards of some classes show; planes [class, H, W] are centred, pictures [class, channels, H, W].

    amplitude : mean amplitude spectrum, over channels
    adcs : integers from 1 - |C| to |C| - 1
    increment : loss increments
    masks, control : the class's map, and a control of its size
    unfiltered : uint8
    filtered, controlled : numbers from 0 to 1, reduced to the map and to the control (`filtered`)
    """

    amplitude: FloatArray
    adcs: npt.NDArray[np.int16]
    increment: npt.NDArray[np.floating]
    masks: BoolArray
    control: BoolArray
    unfiltered: npt.NDArray[np.uint8]
    filtered: FloatArray
    controlled: FloatArray


def read(
    store: str | os.PathLike[str],
    spectra: str | os.PathLike[str],
    maps: str | os.PathLike[str],
    percent: float,
    shown: IntArray,
    statistics: tuple[Sequence[float], Sequence[float]] | None = None,
    seed: int = 0,
) -> Cards:
    """The cards of the classes `shown` (increasing), from an image store, a file of spectra and a DFM file.

    statistics : mean and std [channels] that the network's images are normalised with, by default the store's
    seed : of the control that is shown, a random mask with the map's radial distribution
    """
    with h5py.File(spectra, "r") as file:
        amplitude, adcs = file["mean_amplitude"][shown].mean(axis=1), file[file.attrs["shown"]][shown]
    with h5py.File(maps, "r") as file:
        increment = file["loss_increment"][shown]
    masks = read_mask(maps, percent, shown)
    control = np.stack(
        [control_mask(mask, "radial", seed=[seed, int(c), 0]) for c, mask in zip(shown, masks, strict=True)]
    )
    pictures, seen = one_of_each(store, shown, statistics)
    return Cards(amplitude, adcs, increment, masks, control, pictures, filtered(seen, masks), filtered(seen, control))


def one_of_each(
    store: str | os.PathLike[str], shown: IntArray, statistics: tuple[Sequence[float], Sequence[float]] | None = None
) -> tuple[npt.NDArray[np.uint8], Tensor]:
    """The first test image of each class: uint8 [class, channels, H, W], and normalised, as a float32 tensor."""
    test = stores.read(store, "test", per_class=1, statistics=statistics)
    pictures = test.images[np.argsort(test.labels)[shown]]
    return pictures, normalisation.normalise(torch.from_numpy(pictures), test.mean, test.std)


def filtered(seen: Tensor, masks: BoolArray, donors: Tensor | None = None) -> FloatArray:
    """Each image reduced to the frequencies of its mask, as a picture.

    seen : float tensor [n, channels, H, W], masks : bool [n, H, W], centred -> float64 [n, channels, H, W], 0 to 1
    donors : images [n, channels, H, W] that the other frequencies are taken from (the fill `swap`); without, nothing
        stands there (`zeros`)

    Few frequencies hold little contrast, and without DC no brightness, so that each picture is stretched from its 1st
    to its 99th percentile.
    """
    parts = [keep(image, mask) for image, mask in zip(seen, masks, strict=True)]
    if donors is not None:
        parts = [part + remove(donor, mask) for part, donor, mask in zip(parts, donors, masks, strict=True)]
    kept = np.stack([part.double().cpu().numpy() for part in parts])
    low, high = np.quantile(kept, [0.01, 0.99], axis=(1, 2, 3), keepdims=True)
    return np.clip((kept - low) / np.maximum(high - low, np.finfo(float).tiny), 0, 1)


def class_cards(
    cards: Cards, classes: Sequence[str], n_classes: int, band_edges: Sequence[float] = (), note: str = ""
) -> Figure:
    """A row a class: mean spectrum, ADCS, loss increments, map and control, and an image as it is and reduced to them.

    classes : of the cards; n_classes : |C|, where these are some of the classes, which the note then says (`Shown`)
    """
    levels = np.log10(np.maximum(cards.amplitude, 1e-2))
    low, high = np.quantile(levels, [0.01, 0.999])
    greatest = np.abs(cards.increment).max(axis=(1, 2), keepdims=True)
    share = cards.increment / np.maximum(greatest, np.finfo(np.float32).tiny)
    most = max(1, n_classes - 1)
    planes = [
        _Planes("mean\namplitude", levels, Normalize(low, high), "viridis", "white", "log$_{10}$ amplitude"),
        _Planes("ADCS", cards.adcs, Normalize(-most, most), "RdBu_r", "black", "ADCS", (-most, 0, most)),
        # A few increments are far greater than all others.
        _Planes("loss\nincrement", share, _SIGNED_ROOT, "RdBu_r", "black", "share of greatest", (-1, -0.1, 0, 0.1, 1)),
        _Planes("map (DFM),\nblack: kept", cards.masks, Normalize(0, 1), "Greys", "tab:blue"),
        _Planes("control of\nsame radii", cards.control, Normalize(0, 1), "Greys", "tab:blue"),
    ]
    pictures: dict[str, npt.NDArray] = {
        "test image": cards.unfiltered, "reduced\nto map": cards.filtered, "reduced\nto control": cards.controlled
    }  # fmt: skip
    with style():
        columns = len(planes) + len(pictures)
        side = (PAGE - 0.9) / columns
        figure, axes = plt.subplots(
            len(classes), columns, figsize=(PAGE, 1.05 + (side + 0.04) * len(classes)), squeeze=False
        )
        for c, line in enumerate(axes):
            for axis, shown in zip(line, planes, strict=False):
                show_plane(axis, np.asarray(shown.values[c], float), shown.cmap, norm=shown.norm)
                draw_circles(axis, band_edges, shown.ink)
                few_frequency_ticks(axis)
            for axis, shots in zip(line[len(planes) :], pictures.values(), strict=True):
                show_picture(axis, shots[c])
                axis.set_axis_off()
        row_labels(figure, axes, [wrapped(short(name, note)) for name in classes], side + 0.04, 7)
        for axis, title in zip(axes[0], (*(shown.title for shown in planes), *pictures), strict=True):
            axis.set_title(title, fontsize=7)
        pad = max(0.01, 0.04 / len(classes))  # shares of the column's height: of few rows, or the bar would be tiny
        for shown, column in zip(planes, axes.T, strict=False):
            column[-1].set_xlabel("cycles per image", fontsize=6, labelpad=1)
            if shown.label:
                bar = figure.colorbar(
                    ScalarMappable(shown.norm, shown.cmap),
                    ax=column,
                    location="bottom",
                    fraction=2 * pad,
                    pad=pad,
                    aspect=12,
                )
                bar.set_label(shown.label, fontsize=6, parse_math=True)
                if shown.ticks:
                    bar.set_ticks(shown.ticks, labels=[f"{tick:g}" for tick in shown.ticks])
                bar.ax.tick_params(labelsize=5)
        height, width = cards.adcs.shape[1:]
        for axis in axes.flat if width > height or pad > 0.01 else ():  # panels lower than their rows
            axis.set_anchor("C")  # a bar anchors its own otherwise, out of line with those that have none
        write_note(figure, note)
    return figure


@dataclass(frozen=True)
class _Planes:
    """A column of planes [class, H, W]; with a label it has a colour bar."""

    title: str
    values: npt.NDArray
    norm: Normalize
    cmap: str
    ink: str
    label: str = ""
    ticks: Sequence[float] = ()


_SIGNED_ROOT = FuncNorm((lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * x**2), -1, 1)


def filtered_images(
    unfiltered: npt.NDArray[np.uint8],
    reduced: Mapping[tuple[str, str], FloatArray],
    measured: Mapping[tuple[str, str], Sequence[float]],
    classes: Sequence[str],
    fill: str = "zeros",
    note: str = "",
) -> Figure:
    """One test image of every class, and reduced to its class's map in every network.

    unfiltered : uint8 [class, channels, H, W]
    reduced : (network, augmentation) -> what `filtered` gives, [class, channels, H, W]
    measured : TPR - FPR of each class from its map, by the same keys; written below each picture. Missing (NaN) for a
        class that was not tested
    fill : what stands at the other frequencies in the test that the numbers are from
    """
    with style():
        side = (PAGE - 0.9) / max(len(classes), 5)
        figure, axes = plt.subplots(
            1 + len(reduced),
            len(classes),
            figsize=(0.9 + side * len(classes), 0.5 + (side + 0.17) * (1 + len(reduced))),
            squeeze=False,
        )
        rows: list[tuple[str, npt.NDArray, Sequence[float]]] = [("test image", unfiltered, ())]
        rows += [(network_label(*key), shots, measured[key]) for key, shots in reduced.items()]
        class_titles(axes, classes, note)
        for (_, shots, values), line in zip(rows, axes, strict=True):
            for c, axis in enumerate(line):
                show_picture(axis, shots[c])
                axis.set_xticks([])
                axis.set_yticks([])
                for spine in axis.spines.values():
                    spine.set_visible(False)
                if values:
                    text = "not tested" if np.isnan(values[c]) else f"{values[c]:.2f}"
                    axis.set_xlabel(text, fontsize=6, labelpad=1)
        row_labels(figure, axes, [label for label, _, _ in rows], side + 0.17, 7)
        figure.supxlabel(f"below each: TPR - FPR of the class from its map, fill {fill}", fontsize=7)
        write_note(figure, note)
    return figure
