"""Texture or shape?

The table says how many classes (counted once a network) have which verdict, and how much of TPR - FPR the amplitudes
and the phases keep on average.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.shortcuts.examples import reduced_images
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study import examples
from study.drawings import shortcuts
from study.drawings.selection import first_kinds, strongest_swap


def draw(
    dataset: str, store: str, weights: str, maps: str, table: str, first: dict[str, list[str]], percent: float,
    most: int,
) -> Figure:  # fmt: skip
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
    return shortcuts.texture(rows, of_class, note=shown.note)
