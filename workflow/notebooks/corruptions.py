# %% [markdown]
# # Recall under common corruptions

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, robustness
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, table: str) -> Figure:
    return robustness.corruptions(read_table(table).query("dataset == @dataset"))


canvas.draw_all(draw, figures)
