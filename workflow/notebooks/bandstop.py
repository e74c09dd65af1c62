# %% [markdown]
# # Removing two of four bands
#
# Change of the confusion matrix, in percent of the images of the true class, when two bands are removed from the test
# images. A class that was recognised before, and whose diagonal stays near zero, is still recognised: it has a shortcut
# in what is left.
#
# Of many classes, those whose recognition changes most are drawn.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, learning, selection
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, most: int) -> Figure:
    classes = read_classes(store)
    rows = read_table(table).query("dataset == @dataset")
    shown = selection.most_changed_by_bands(rows, classes, most)
    return learning.band_stop(rows, shown.names(classes), shown.note)


canvas.draw_all(draw, figures)
