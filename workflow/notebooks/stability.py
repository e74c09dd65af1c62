# %% [markdown]
# # Stability of the maps
#
# The table holds the mean overlap of the maps whose size is that of the heat map, beside chance: random masks with the
# same radii, and uniform ones.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, stability
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, table: str, percent: float) -> Figure:
    rows = read_table(table).query("dataset == @dataset")
    display(rows.query("percent == @percent").groupby("comparison")[["iou", "radial", "random"]].mean().round(2))
    return stability.stability(rows, percent)


canvas.draw_all(draw, figures)
