# %% [markdown]
# # Is what stands out more learned earlier?
#
# Each graded set has four classes with a gain and a ring of their own, drawn at random, and a class with nothing
# planted. The earliness of a class is its mean F1 over the tests in the first iterations.
#
# The table holds means over the sets, by ring.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, learning
from frequency_shortcuts.storage.tables import read_table


def draw(table: str) -> Figure:
    rows = read_table(table)
    display(rows.groupby("ring")[["gain", "distinctiveness", "earliness", "recall"]].mean().round(2))
    return learning.graded(rows)


canvas.draw_all(draw, figures)
