"""Maps of sets whose truth is known."""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.tables import read_table
from study.drawings import truth


def draw_truth(table: str) -> Figure:
    """Maps scored against the planted truth

    The table holds the average precision against what was planted for the class itself, mean over classes, networks and
    seeds.
    """
    rows = read_table(table)
    own = rows.query("truth == 'own' and cut == 'percent'")
    display(own.pivot_table("average_precision", "ranking", "dataset", sort=False).round(2))
    return truth.truth(rows)


def draw_methods(table: str) -> Figure:
    """Methods against the planted truth

    The table holds the mean average precision, and the passes and seconds of a network, means over the data sets.
    """
    rows = read_table(table)
    own = rows[rows["truth"] == "own"].groupby(["method", "dataset"], sort=False).mean(numeric_only=True)
    display(own["average_precision"].unstack().round(2))
    display(own.groupby("method", sort=False)[["passes", "seconds"]].mean().round(1))
    return truth.precision(rows)
