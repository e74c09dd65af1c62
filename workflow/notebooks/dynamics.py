"""What is learned first

The table holds F1 averaged over these iterations and networks: the higher, the earlier a class is learned.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study.drawings import learning
from study.drawings.selection import first_and_last_learned, first_kinds
from study.findings.claims import lines


def draw(
    datasets: list[str], store: str | None, table: str, claims: list[str], first: dict[str, list[str]], most: int
) -> Figure:  # fmt: skip
    rows = read_table(table)
    rows = first_kinds(rows[rows["dataset"].isin(datasets)], first)
    display(rows.pivot_table("f1", ["dataset", "class"], "view", sort=False).round(2))
    if store is None:
        return learning.dynamics(rows)
    classes = read_classes(store)
    shown = first_and_last_learned(rows, classes, "f1", most)
    words = lines(map(read_table, claims), "c", datasets[0])
    return learning.learned(rows, shown.names(classes), claims=words, note=shown.note)
