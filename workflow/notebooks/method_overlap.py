# %% [markdown]
# # Overlap over seeds
#
# The table holds the mean overlap by size of the maps.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, methods
from frequency_shortcuts.storage.tables import read_table


def draw(table: str, percent: float) -> Figure:
    rows = read_table(table)
    display(rows.pivot_table("overlap", "method", "percent", sort=False).round(2))
    return methods.overlap(rows, percent)


canvas.draw_all(draw, figures)
