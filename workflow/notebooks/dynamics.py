"""What is learned first

The table holds the scores averaged over these iterations, networks and seeds: the higher, the earlier a class is
learned.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import learning, selection
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, scores: list[str], most: int) -> Figure:
    classes = read_classes(store)
    rows = read_table(table).query("dataset == @dataset")
    display(rows.pivot_table(scores, "class", "view", sort=False).round(2))
    shown = selection.first_and_last_learned(rows, classes, scores[-1], most)
    return learning.dynamics(rows, shown.names(classes), scores, shown.note)
