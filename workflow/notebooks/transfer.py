"""Do maps work on another network?"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import shortcuts
from study.findings.claims import lines


def draw(dataset: str, store: str, table: str, verdicts: str, claims: list[str], most: int) -> Figure:
    tested, judged = (rows[rows["dataset"] == dataset] for rows in map(read_table, (table, verdicts)))
    classes = read_classes(store)
    shown = clearest_shortcuts(judged, classes, most)
    words = lines(map(read_table, claims), "e2", dataset)
    return shortcuts.transfer(tested, judged, shown.names(classes), words, shown.note)
