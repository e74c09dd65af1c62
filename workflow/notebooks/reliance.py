# %% [markdown]
# # Are the frequencies of the maps needed?
#
# The frequencies of the maps of all classes were removed from all images, and each network was trained anew without
# them. The first loss is that of the network as it is; the second is what is left of it after training anew. As many
# random frequencies, and the lowest ones, were removed in the same way; last, nothing was removed, and the network
# trained anew has another seed.
#
# A class could have avoided its shortcut if the first loss is large (its interval is above 0.2) and the second is small
# (below 0.1); it needs the frequencies if the second is at least 0.1, too. This was fixed before any result.
#
# The table holds both losses with their 95 % intervals; `interval` says of what they are.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, reliance
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, table: str) -> Figure:
    rows = read_table(table).query("dataset == @dataset")
    display(rows.drop(columns=["dataset", "augmentation"]).round(3))
    return reliance.reliance(rows)


canvas.draw_all(draw, figures)
