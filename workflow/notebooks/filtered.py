# %% [markdown]
# # Images reduced to the dominant frequencies
#
# One test image of every class, and the same reduced to the class's dominant frequency map in every network. Below each
# stands TPR - FPR of the class from its map, mean over seeds, under the fill of the headline. Where this is `swap`, the
# other frequencies are those of an image of the neutral class or, where there is none, of the next class; else nothing
# stands there (`zeros`). Maps and pictures are those of the first seed.
#
# The images are reduced to the maps as in the test of the headline; below each picture stands how well the class is
# recognised from its map.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from frequency_shortcuts.data import stores
from frequency_shortcuts.evaluation import examples
from frequency_shortcuts.figures import canvas, images, selection
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.spectrum.arrays import IntArray
from frequency_shortcuts.storage.hdf5 import read_classes, read_hdf5
from frequency_shortcuts.storage.tables import read_table


def reduce(
    store: str, weights: list[str], maps: list[str], labels: list[str], percent: float, index: IntArray, fill: str
) -> tuple[Any, ...]:
    """The test images, and in every network the same reduced to the maps."""
    with read_hdf5(store) as file:
        neutral = stores.neutral_class(file)
    donors = np.roll(index, -1) if neutral is None else np.full(len(index), neutral)
    reduced = {}
    for label, weight, path in zip(labels, weights, maps, strict=True):
        pictures, normalised = examples.first_test_images(store, index, normalisation(weight))
        others = examples.first_test_images(store, donors, normalisation(weight))[1] if fill == "swap" else None
        masks = dfm.read_mask(path, percent, index)
        reduced[tuple(label.split("/"))] = examples.reduced_images(normalised, masks, others)
    return pictures, reduced


def draw(
    dataset: str, store: str, labels: list[str], weights: list[str], maps: list[str], shortcuts: str, percent: float,
    most: int,
) -> Figure:  # fmt: skip
    classes = read_classes(store)
    rows = read_table(shortcuts).query("dataset == @dataset")
    shown = selection.clearest_shortcuts(rows, classes, most)
    headline = rows[rows["headline"]].assign(measure=lambda found: found["tpr_dfm"] - found["fpr_dfm"].fillna(0))
    fill, means = headline["fill"].iloc[0], headline.groupby(["network", "augmentation", "class"])["measure"].mean()
    pictures, reduced = reduce(store, weights, maps, labels, percent, shown.index, fill)
    measured = {key: [means.get((*key, name), np.nan) for name in shown.names(classes)] for key in reduced}
    return images.filtered_images(pictures, reduced, measured, shown.names(classes), fill, shown.note)


canvas.draw_all(draw, figures)
