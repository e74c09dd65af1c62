# %% [markdown]
# # Maps of every method at the same size
#
# The table holds the numbers at one size, mean over classes and seeds.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, methods
from frequency_shortcuts.storage.tables import read_table


def draw(table: str, datasets: list[str], percent: float) -> Figure:
    rows = read_table(table).query("dataset in @datasets")
    kept = rows.query("percent == @percent and part == 'keep'")
    display(kept.pivot_table(["tpr", "fpr", "margin"], "method", ["dataset", "fill"], sort=False).round(2))
    return methods.rates(rows, "keep")


canvas.draw_all(draw, figures)
