# %% [markdown]
# # Maps of every method at the same size, kept or removed
#
# The table holds the numbers at one size, mean over classes and seeds.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, methods
from frequency_shortcuts.storage.tables import read_table


def draw(table: str, datasets: list[str], part: str, percent: float) -> Figure:
    rows = read_table(table).query("dataset in @datasets")
    of_size = rows.query("percent == @percent and part == @part")
    display(of_size.pivot_table(["tpr", "fpr", "margin"], "method", ["dataset", "fill"], sort=False).round(2))
    return methods.rates(rows, part)


canvas.draw_all(draw, figures)
