# %% [markdown]
# # The findings of the published study, tested here
#
# Definitions and thresholds are those of `findings/definitions.py`, the same at every scale.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, findings
from frequency_shortcuts.storage.tables import read_table


def draw(table: str, numbers: str) -> Figure:
    rows = read_table(table)
    about = ["finding", "role", "quantity", "data", "networks_of"]
    display(rows[[*about, "value", "low", "high", "networks", "p_holm", "verdict"]].round(3))
    return findings.findings(rows, read_table(numbers))


canvas.draw_all(draw, figures)
