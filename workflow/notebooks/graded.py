"""Is what stands out more learned earlier?

The table holds means over the sets, by ring.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.tables import read_table
from study.drawings import learning
from study.findings.claims import lines


def draw(table: str, claims: list[str]) -> Figure:
    rows = read_table(table)
    display(rows.groupby("ring")[["gain", "distinctiveness", "earliness", "recall"]].mean().round(2))
    return learning.graded(rows, lines(map(read_table, claims), "a"))
