"""Maps scored against the planted truth

The table holds the average precision against what was planted for the class itself, mean over classes, networks and
seeds.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.tables import read_table
from study.drawings import truth


def draw(table: str) -> Figure:
    rows = read_table(table)
    own = rows.query("truth == 'own' and cut == 'percent'")
    display(own.pivot_table("average_precision", "ranking", "dataset", sort=False).round(2))
    return truth.truth(rows)
