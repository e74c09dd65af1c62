"""Images of classes, as they are, in renditions, and reduced to maps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cards import class_cards, one_shortcut
from frequency_shortcuts.figures.selection import (
    clearest_shortcuts,
    kinds_of,
    select_classes,
)
from frequency_shortcuts.images import stores
from frequency_shortcuts.intervals import over_networks
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.shortcuts.examples import reduced_images
from frequency_shortcuts.storage.hdf5 import read_classes
from study import examples
from study.drawing.study import first_kinds, half_width

RATES = [f"{rate}_{kept}" for kept in ("unfiltered", "dfm", "low_pass") for rate in ("tpr", "fpr")]
KEPT = {  # label, mark and colour
    "both": ("amplitudes and phases", "o", "#222222"),
    "amplitude": ("amplitudes alone (texture)", "s", canvas.COLOURS[1]),
    "phase": ("phases alone (shape)", "^", canvas.COLOURS[0]),
}
NO_VERDICT = "map does\nnot suffice"


def draw_cards(
    run: dict[str, str],
    store: str,
    weights: str,
    spectra: str,
    maps: str,
    shortcuts: pd.DataFrame,
    percent: float,
    band_edges: list[float],
    most: int,
) -> Figure:
    """Figure 7: class cards."""
    classes = read_classes(store)
    of_network = _of(run, shortcuts)
    shown = clearest_shortcuts(of_network, classes, most)
    names = shown.names(classes)
    cards = examples.read_cards(store, spectra, maps, percent, shown.index, normalisation(weights))
    # The maps of the first seed are shown.
    first = of_network[of_network["seed"] == of_network["seed"].min()]
    tests = first[first["fill"] == cards.fill].query("part == 'keep'")
    rates = (
        tests.set_index("class")
        .reindex(index=names, columns=RATES)
        .to_numpy(float)
        .reshape(len(names), 3, 2)
    )
    return class_cards(cards, names, len(classes), band_edges, shown.note, rates=rates)


def _of(run: dict[str, str], table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the networks of a kind; run : the columns that they have in common"""
    return table[(table[list(run)] == list(run.values())).all(axis=1)]


def draw_shortcut(
    run: dict[str, str],
    classes: Sequence[str],
    store: str,
    weights: str,
    spectra: str,
    maps: str,
    shortcuts: pd.DataFrame,
    percent: float,
) -> Figure:
    """Figure 7: one shortcut."""
    rows = _of(run, shortcuts[shortcuts["headline"]])
    means = rows.groupby("class", sort=False).mean(numeric_only=True)
    shown = clearest_shortcuts(rows, classes, 1)
    (name,) = shown.names(classes)
    card = examples.read_cards(store, spectra, maps, percent, shown.index, normalisation(weights))
    networks, count = (
        canvas.network_label(run["network"], run["augmentation"], ", "),
        rows["seed"].nunique(),
    )
    mean_of = f"{networks}, {count} networks" if count > 1 else networks
    return one_shortcut(card, name, means.loc[name], percent, mean_of)


def draw_renditions(store: str, renditions: list[str], names: list[str], most: int) -> Figure:
    """Synthetic renditions"""
    paths = zip(["photograph", *names], [store, *renditions], strict=True)
    tests = {name: stores.read(path, "test", per_class=1) for name, path in paths}
    classes = tests["photograph"].classes
    spaced = np.linspace(0, len(classes) - 1, min(most, len(classes))).astype(int)
    scores = np.isin(np.arange(len(classes)), spaced)
    shown = select_classes(scores, most, "that are evenly spaced in their list")
    pictures = {
        name: test.images[np.argsort(test.labels)[shown.index]] for name, test in tests.items()
    }
    return tiles(pictures, shown.names(classes), shown.note)


def tiles(images: Mapping[str, npt.NDArray[Any]], classes: Sequence[str], note: str) -> Figure:
    """Images of every class, a column each: rows name -> [class, channels, H, W], uint8 or from 0 to 1."""
    with canvas.style():
        side = (canvas.PAGE - 0.9) / max(len(classes), 6)
        size = 0.4 + side * len(images), 0.9 + side * len(classes)
        figure, axes = canvas.page_of_panels(
            len(images), len(classes), *size, sharex=False, sharey=False
        )
        for (name, pictures), line in zip(images.items(), axes, strict=True):
            for picture, axis in zip(pictures, line, strict=True):
                canvas.show_picture(axis, picture)
                axis.set_axis_off()
            label = canvas.break_line(name, 14)
            line[0].text(-0.1, 0.5, label, transform=line[0].transAxes, va="center", ha="right")
        canvas.class_titles(axes, classes, note)
        canvas.write_title(figure, "What do the renditions look like?", "", note)
    return figure


def draw_texture(
    classes: Sequence[str],
    store: str,
    weights: str,
    maps: str,
    phase: pd.DataFrame,
    shortcuts: pd.DataFrame,
    first: dict[str, list[str]],
    percent: float,
    most: int,
) -> Figure:
    """Texture or shape?"""
    rows = first_kinds(phase, first)
    shown = clearest_shortcuts(first_kinds(shortcuts, first), classes, most)
    pictures, normalised = examples.first_test_images(store, shown.index, normalisation(weights))
    reduced = reduced_images(normalised, dfm.read_mask(maps, percent, shown.index))
    of_class = dict(zip(shown.names(classes), zip(pictures, reduced, strict=True), strict=True))
    return texture(rows, of_class, shown.note)


def texture(
    table: pd.DataFrame, pictures: Mapping[str, Sequence[npt.NDArray[Any]]], note: str = ""
) -> Figure:
    """Whether amplitudes or phases inside the map suffice: a row a class, with an image, also reduced to its map.

    table : of `phase_verdicts` of one kind of network
    """
    with canvas.style(9):
        count = len(pictures)
        figure = plt.figure(figsize=(canvas.PAGE, 1.0 + 0.56 * count))
        figure.set_layout_engine("constrained", h_pad=0.01, hspace=0)
        grid = figure.add_gridspec(count, 3, width_ratios=[0.56, 0.56, 4])
        axis = figure.add_subplot(grid[:, 2])
        for place, (name, shown) in enumerate(pictures.items()):
            rows = table[table["class"] == name]
            for column, picture in enumerate(shown):
                tile = figure.add_subplot(grid[place, column], xticks=[], yticks=[])
                canvas.show_picture(tile, picture)
                if not place:
                    tile.set_title(("image", "its map")[column], pad=8)
                if not column:
                    tile.set_ylabel(
                        canvas.wrap(canvas.abbreviate(name, note)),
                        rotation=0,
                        ha="right",
                        va="center",
                    )
            for shift, (kept, (label, mark, colour)) in zip(
                (-0.24, 0, 0.24), KEPT.items(), strict=True
            ):
                fpr = rows[f"fpr_{kept}"]
                of_tpr = rows[f"tpr_{kept}_high"] - rows[f"tpr_{kept}_low"]
                half = half_width(of_tpr, fpr, rows["negatives"])
                value, low, high, _ = over_networks(rows[f"tpr_{kept}"] - fpr.fillna(0), half)
                axis.hlines(place + shift, low, high, color=colour, linewidth=1.6)
                axis.plot(
                    value,
                    place + shift,
                    mark,
                    color=colour,
                    markersize=5,
                    label=label if not place else "_",
                )
                if kept == "both":
                    axis.plot(
                        [value / 2] * 2,
                        [place - 0.4, place + 0.4],
                        color="0.6",
                        linewidth=1.2,
                        zorder=1,
                        label="half of both" if not place else "_",
                    )
            words = rows["verdict"].astype(object).fillna(NO_VERDICT).value_counts()
            word = words.idxmax()
            ink, beside = "0.5" if word == NO_VERDICT else "black", axis.get_yaxis_transform()
            axis.text(
                1.02,
                place,
                f"{word} {words.max()} of {len(rows)}",
                va="center",
                color=ink,
                transform=beside,
            )
            axis.axhline(place + 0.5, color="0.92", linewidth=0.8, zorder=0)
        axis.axvline(0, color="0.75", linewidth=0.8, zorder=0)
        axis.set(ylim=(count - 0.5, -0.5), yticks=[], xlabel="TPR - FPR, with 95 % interval")
        axis.set_xlim(right=1.05)
        canvas.despine([axis], left=True)
        canvas.legend_below(figure, axis, 4)
        (kind,) = kinds_of(table)
        label, count = canvas.network_label(*kind, ", "), table["seed"].nunique()
        networks = f"{count} networks of {label}" if count > 1 else label
        canvas.write_title(
            figure, "Is it the texture or the shape inside the map that suffices?", networks, note
        )
    return figure
