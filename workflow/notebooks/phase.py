"""Texture or shape?

The table says how many classes (counted once a seed) have which verdict, and how much of TPR - FPR the amplitudes and
the phases keep on average.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import selection, shortcuts
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, most: int) -> Figure:
    classes = read_classes(store)
    rows = read_table(table).query("dataset == @dataset")
    judged = rows.assign(verdict=rows["verdict"].astype(object).fillna("no verdict"))
    of_verdict = judged.groupby(["network", "augmentation", "verdict"], sort=False)
    means = {name: (name, "mean") for name in ("share_amplitude", "share_phase")}
    display(of_verdict.agg(classes=("class", "size"), **means).round(2))
    shown = selection.strongest_swap(rows, classes, most)
    return shortcuts.phase(rows, shown.names(classes), shown.note)
