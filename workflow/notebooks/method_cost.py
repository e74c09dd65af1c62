# %% [markdown]
# # Quality and cost
#
# The table holds passes and seconds of a run, mean over runs; `resumed` runs count only the time after they were
# resumed.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, methods
from frequency_shortcuts.storage.tables import read_table


def draw(scores: str, rates: str, percent: float) -> Figure:
    found = read_table(scores)
    runs = found.drop_duplicates(["dataset", "network", "augmentation", "seed", "method"])
    display(runs.groupby("method", sort=False)[["passes", "seconds"]].mean().round(1))
    return methods.cost(found, read_table(rates), percent)


canvas.draw_all(draw, figures)
