# %% [markdown]
# # Recall without some frequencies

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, robustness, selection
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, most: int) -> Figure:
    classes = read_classes(store)
    rows = read_table(table).query("dataset == @dataset")
    shown = selection.most_affected_by_filters(rows, classes, most)
    return robustness.curves(rows, shown.names(classes), shown.note)


canvas.draw_all(draw, figures)
