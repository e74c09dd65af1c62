"""Images and spectra of data sets."""

import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts
from frequency_shortcuts.images import stores as image_stores
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.pairs import radius
from frequency_shortcuts.storage.hdf5 import read_classes, read_hdf5
from frequency_shortcuts.storage.tables import read_table
from study.drawings import spectra as drawings
from study.drawings.selection import evenly_spaced, largest_adcs

VARIANTS = {"as published": "adcs", "significant": "adcs_significant"}


def draw_samples(stores: list[str], spectra: list[str], names: list[str], band_edges: dict[str, list[float]]) -> Figure:
    """Images and mean spectra of the synthetic and planted sets"""
    sets = {}
    for name, store, spectrum in zip(names, stores, spectra, strict=True):
        test = image_stores.read(store, "test", per_class=1)
        with read_hdf5(spectrum) as file:
            sets[name] = (test.classes, test.images[test.labels.argsort()], file["mean_amplitude"][:].mean(axis=1))
    return drawings.samples(sets, band_edges)


def draw_renditions(store: str, renditions: list[str], names: list[str], most: int) -> Figure:
    """Synthetic renditions"""
    paths = zip(["photograph", *names], [store, *renditions], strict=True)
    tests = {name: image_stores.read(path, "test", per_class=1) for name, path in paths}
    classes = tests["photograph"].classes
    shown = evenly_spaced(len(classes), most)
    pictures = {name: test.images[np.argsort(test.labels)[shown.index]] for name, test in tests.items()}
    return drawings.tiles(pictures, shown.names(classes), "What do the renditions look like?", shown.note)


def draw_adcs(spectra: str, band_edges: list[float], most: int) -> Figure:
    """ADCS of every class"""
    with read_hdf5(spectra) as file:
        classes, first = list(file.attrs["classes"]), file.attrs["shown"]
        names = sorted(VARIANTS, key=lambda name: VARIANTS[name] != first)
        values = {name: file[VARIANTS[name]][:] for name in names}
    shown = largest_adcs(values["significant"], most)
    chosen = {name: planes_of[shown.index] for name, planes_of in values.items()}
    return drawings.adcs(chosen, shown.names(classes), band_edges, n_classes=len(classes), note=shown.note)


def draw_dfm(
    dataset: str, maps: list[str], labels: list[str], percent: float, band_edges: list[float], shortcuts: str, most: int
) -> Figure:
    """Dominant frequency maps

    The table holds the mean radius of the frequencies in each map, in cycles per image.
    """
    classes = read_classes(maps[0])
    shown = clearest_shortcuts(read_table(shortcuts).query("dataset == @dataset"), classes, most)
    masks: dict[tuple[str, str], list[BoolArray]] = {}
    for path, label in zip(maps, labels, strict=True):
        network, augmentation = label.split("/")
        masks.setdefault((network, augmentation), []).append(dfm.read_mask(path, percent, shown.index))
    shares = {key: np.mean(of_seeds, axis=0) for key, of_seeds in masks.items()}
    r = radius(*next(iter(shares.values())).shape[1:])
    radii = {" ".join(key): (share * r).sum(axis=(1, 2)) / share.sum(axis=(1, 2)) for key, share in shares.items()}
    display(pd.DataFrame(radii, index=shown.names(classes)).round(1))
    return drawings.dominant_frequencies(shares, shown.names(classes), band_edges, percent, shown.note)
