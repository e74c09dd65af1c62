"""Dominant frequency maps

The table holds the mean radius of the frequencies in each map, in cycles per image.
"""

import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.spectrum.arrays import BoolArray
from frequency_shortcuts.spectrum.pairs import radius
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import spectra


def draw(
    dataset: str, maps: list[str], labels: list[str], percent: float, band_edges: list[float], shortcuts: str, most: int
) -> Figure:
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
    return spectra.dominant_frequencies(shares, shown.names(classes), band_edges, percent, shown.note)
