"""Maps of several sizes

The table holds TPR - FPR, mean over classes and networks.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts
from frequency_shortcuts.figures.shortcuts import MOST
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import shortcuts


def draw(dataset: str, store: str, table: str, verdicts: str, most: int) -> Figure:
    classes = read_classes(store)
    rows, judged = (found[found["dataset"] == dataset] for found in map(read_table, (table, verdicts)))
    display(rows.pivot_table("measure", "percent", "filter", sort=False).round(2))
    shown = clearest_shortcuts(judged, classes, min(most, MOST))
    return shortcuts.sizes(rows, shown.names(classes), shown.note)
