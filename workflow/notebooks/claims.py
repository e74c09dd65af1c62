"""The claims."""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.storage.tables import read_table
from study.drawings import claims


def draw_claims(table: str, numbers: str) -> Figure:
    """Which claims are seen in this study?

    Definitions, thresholds and bounds are those of `findings/definitions.py`, the same at every scale.
    """
    rows = read_table(table)
    display(rows.drop(columns=["of", "published", "figure"]).round(3))
    return claims.claims(rows, read_table(numbers))
