"""Are the frequencies of the maps needed?

The table holds both losses with their 95 % intervals; `interval` says of what they are.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.tables import read_table
from study.drawings import learning
from study.findings.claims import lines


def draw(dataset: str, table: str, claims: list[str]) -> Figure:
    rows = read_table(table).query("dataset == @dataset")
    display(rows.drop(columns=["dataset", "augmentation"]).round(3))
    return learning.reliance(rows, lines(map(read_table, claims), "n", dataset))
