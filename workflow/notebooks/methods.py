"""Methods against the planted truth

The table holds the mean average precision, and the passes and seconds of a network, means over the data sets.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.tables import read_table
from study.drawings import truth


def draw(table: str) -> Figure:
    rows = read_table(table)
    own = rows[rows["truth"] == "own"].groupby(["method", "dataset"], sort=False).mean(numeric_only=True)
    display(own["average_precision"].unstack().round(2))
    display(own.groupby("method", sort=False)[["passes", "seconds"]].mean().round(1))
    return truth.precision(rows)
