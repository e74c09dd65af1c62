"""Images that are reduced to maps."""

from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cards import class_cards, one_shortcut
from frequency_shortcuts.figures.selection import clearest_shortcuts, of_kind
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.shortcuts.examples import reduced_images
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study import examples
from study.drawings.selection import first_kinds, strongest_swap
from study.drawings.shortcuts import texture
from study.drawings.spectra import tiles
from study.findings.study_tables import as_published

RATES = [f"{rate}_{kept}" for kept in ("unfiltered", "dfm", "low_pass") for rate in ("tpr", "fpr")]


def draw_cards(
    run: dict[str, str], store: str, weights: str, spectra: str, maps: str, shortcuts: str, percent: float,
    band_edges: list[float], most: int,
) -> Figure:  # fmt: skip
    """Class cards"""
    classes, verdicts = read_classes(spectra), read_table(shortcuts)
    of_network = verdicts[(verdicts[list(run)] == list(run.values())).all(axis=1)]
    shown = clearest_shortcuts(of_network, classes, most)
    names = shown.names(classes)
    cards = examples.read_cards(store, spectra, maps, percent, shown.index, normalisation(weights))
    first = of_network[of_network["seed"] == of_network["seed"].min()]  # whose weights and maps are shown
    tests = first[first["fill"] == cards.fill].query("part == 'keep'")
    rates = tests.set_index("class").reindex(index=names, columns=RATES).to_numpy(float).reshape(len(names), 3, 2)
    return class_cards(cards, names, len(classes), band_edges, shown.note, rates=rates)


def draw_shortcut(
    run: dict[str, str], store: str, weights: str, spectra: str, maps: str, shortcuts: str, percent: float
) -> Figure:
    """One shortcut"""
    verdicts, classes = read_table(shortcuts), read_classes(store)
    rows = verdicts[(verdicts[list(run)] == list(run.values())).all(axis=1) & verdicts["headline"]]
    means = rows.groupby("class", sort=False).mean(numeric_only=True)
    name = means["low_pass_margin"].fillna(means["measure"]).idxmax()
    place = np.array([classes.index(name)])
    card = examples.read_cards(store, spectra, maps, percent, place, normalisation(weights))
    count = rows["seed"].nunique()
    networks = ", ".join(canvas.network_label(run["network"], run["augmentation"]).splitlines())
    mean_of = f"{networks}, {count} networks" if count > 1 else networks
    return one_shortcut(card, name, means.loc[name], percent, mean_of)


def draw_reduced(
    dataset: str, store: str, weights: list[str], maps: list[str], kinds: list[list[str]], shortcuts: str,
    table: str, percent: float, most: int,
) -> Figure:  # fmt: skip
    """Images reduced to their maps"""
    classes, verdicts = read_classes(store), read_table(shortcuts).query("dataset == @dataset")
    shown = clearest_shortcuts(verdicts, classes, most)
    names, rates = shown.names(classes), read_table(table).query("dataset == @dataset")
    rates = as_published(rates)  # what the pictures show
    images: dict[str, Any] = {}
    below = {}
    for kind, path, found in zip(kinds, weights, maps, strict=True):
        pictures, normalised = examples.first_test_images(store, shown.index, normalisation(path))
        label = " ".join(canvas.network_label(*kind).splitlines())
        images |= {} if images else {"image": pictures}
        images[label] = reduced_images(normalised, dfm.read_mask(found, percent, shown.index))
        of_class = of_kind(rates, (kind[0], kind[1])).set_index("class").reindex(names)
        pairs = of_class.reindex(columns=["tpr_dfm_mean", "fpr_dfm_mean"]).to_numpy(float)
        below[label] = [canvas.rates_label(*pair).replace("0.", ".") for pair in pairs]
    key = f"below: TPR / FPR from the {percent:g} % map alone, mean over networks"
    question = "What is left of an image that is reduced to the map of its class?"
    return tiles(images, names, question, shown.note, below, key)


def draw_texture(
    dataset: str, store: str, weights: str, maps: str, table: str, first: dict[str, list[str]], percent: float,
    most: int,
) -> Figure:  # fmt: skip
    """Texture or shape?

    The table says how many classes (counted once a network) have which verdict, and how much of TPR - FPR the
    amplitudes and the phases keep on average.
    """
    classes, rows = read_classes(store), read_table(table).query("dataset == @dataset")
    judged = rows.assign(verdict=rows["verdict"].astype(object).fillna("no verdict"))
    of_verdict = judged.groupby(["network", "augmentation", "verdict"], sort=False)
    means = {name: (name, "mean") for name in ("share_amplitude", "share_phase")}
    display(of_verdict.agg(classes=("class", "size"), **means).round(2))
    rows = first_kinds(rows, first)
    shown = strongest_swap(rows, classes, most)
    pictures, normalised = examples.first_test_images(store, shown.index, normalisation(weights))
    reduced = reduced_images(normalised, dfm.read_mask(maps, percent, shown.index))
    of_class = dict(zip(shown.names(classes), zip(pictures, reduced, strict=True), strict=True))
    return texture(rows, of_class, note=shown.note)
