# %% [markdown]
# # Recall under common corruptions
#
# The share of images that are still recognised under noise, blur and the like at five strengths: classes that have a
# strong frequency shortcut in that run against those that have none. Mean and its standard error over classes and
# seeds.
#
# Strength 0 is the images as they are; the groups may differ there already.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, robustness
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, table: str) -> Figure:
    return robustness.corruptions(read_table(table).query("dataset == @dataset"))


canvas.draw_all(draw, figures)
