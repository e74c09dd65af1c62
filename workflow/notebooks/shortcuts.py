"""What is still recognised from a few frequencies"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures import selection, shortcuts
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, verdicts: str, most: int) -> Figure:
    classes = read_classes(store)
    rows, judged = (found[found["dataset"] == dataset] for found in map(read_table, (table, verdicts)))
    shown = selection.clearest_shortcuts(judged, classes, most)
    return shortcuts.shortcuts(rows, shown.names(classes), shown.note)
