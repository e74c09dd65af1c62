"""Do shortcuts survive outside the training data?

The table holds TPR and FPR, mean over classes, networks and draws.
"""

import pandas as pd
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures.selection import clearest_shortcuts, of_kind
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings.selection import first_and_rest
from study.drawings.shortcuts import out_of_distribution
from study.findings.claims import lines


def draw(
    dataset: str, store: str, table: str, shortcuts: str, claims: list[str], first: dict[str, list[str]], fill: str,
    most: int,
) -> Figure:  # fmt: skip
    classes = read_classes(store)
    rows, verdicts = (found[found["dataset"] == dataset] for found in map(read_table, (table, shortcuts)))
    display(rows.pivot_table(["tpr", "fpr"], "rendition", ["fill", "filter"], sort=False).round(2))
    shown = clearest_shortcuts(verdicts, classes, most)
    words = lines(map(read_table, claims), "e1", dataset)
    kinds = first_and_rest(rows, first[dataset])
    rows = pd.concat([of_kind(rows[rows["fill"] == fill], kind) for kind in kinds])
    return out_of_distribution(rows, shown.names(classes), claims=words, note=shown.note)
