"""The findings, tested

Definitions, thresholds and bounds are those of `findings/definitions.py`, the same at every scale.
"""

from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import findings
from frequency_shortcuts.storage.tables import read_table


def draw(table: str, numbers: str) -> Figure:
    rows = read_table(table)
    about = ["finding", "role", "quantity", "method", "data", "networks_of"]
    found = ["value", "low", "high", "networks", "p_holm", "p_holm_equivalence", "verdict"]
    display(rows[[*about, *found]].round(3))
    return findings.findings(rows, read_table(numbers))
