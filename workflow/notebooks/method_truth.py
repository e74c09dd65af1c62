# %% [markdown]
# # Methods against the planted truth
#
# The table holds the share of classes and seeds in which a method is above 97.5 % of random rankings, of those whose
# network uses the planted mask.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.truth import FOUND
from frequency_shortcuts.figures import canvas, methods
from frequency_shortcuts.storage.tables import read_table


def draw(table: str, mechanisms: dict[str, str], few: bool) -> Figure:
    rows = read_table(table)
    used = rows[(rows["truth"] == "own") & rows["average_precision"].notna()]
    used = used.assign(above=used["average_precision"] > used["random_high"])
    display(used.pivot_table("above", "method", "dataset", "mean", sort=False).round(2))
    return methods.truth(rows, mechanisms, FOUND, few)


canvas.draw_all(draw, figures)
