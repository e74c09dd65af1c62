# %% [markdown]
# # What is still recognised from a few frequencies
#
# TPR - FPR of every class on test images of which only the frequencies of the class's map are kept, mean over the
# networks (seeds) of one kind. At the other frequencies stand zeros or, where the set has a neutral class, the
# coefficients of its images (swap). Beside the map: the best map of another class, random masks with the map's radii,
# and the lowest frequencies, all of the same size. The bar is the 95 % interval of the map: over networks from five of
# them on, else over images. Bold classes are strong shortcuts in most networks.
#
# Of many classes, those with the clearest shortcut are drawn. Of several kinds of networks, the first is; the tables
# hold all.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, selection, shortcuts
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, verdicts: str, most: int) -> Figure:
    classes = read_classes(store)
    rows, judged = (found[found["dataset"] == dataset] for found in map(read_table, (table, verdicts)))
    shown = selection.clearest_shortcuts(judged, classes, most)
    return shortcuts.shortcuts(rows, shown.names(classes), shown.note)


canvas.draw_all(draw, figures)
