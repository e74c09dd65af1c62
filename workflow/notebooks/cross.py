# %% [markdown]
# # Every class with every map
#
# TPR - FPR of every class (row) on test images of which only the frequencies of one class's map (column) are kept, mean
# over the networks (seeds) of the first kind of the plan. The own maps lie on the diagonal. A map that would serve any
# class adds nothing: the own-map advantage of a network is the mean of its diagonal minus the mean of the rest.
#
# Of many classes, those with the clearest shortcut are drawn. The advantage is that over all classes. Maps of other
# methods than culling have panels of their own, with the name of the method behind that of the network.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, cross_matrix, selection
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import CULLING, read_table


def draw(dataset: str, store: str, table: str, advantage: str, shortcuts: str, most: int) -> Figure:
    classes = read_classes(store)
    verdicts, *tables = (rows[rows["dataset"] == dataset] for rows in map(read_table, (shortcuts, table, advantage)))
    kinds = selection.kinds_of(verdicts)
    matrix, gain = (
        rows.assign(network=rows["network"] + (", " + rows["method"]).where(rows["method"] != CULLING, ""))
        for rows in (selection.of_kind(table, kinds[0]) for table in tables)
    )
    shown = selection.clearest_shortcuts(verdicts, classes, most)
    rest = f"the first of {len(kinds)} kinds of networks" if len(kinds) > 1 else ""
    note = "\n".join(filter(None, (shown.note, rest)))
    return cross_matrix.cross_matrix(matrix, gain, shown.names(classes), note)


canvas.draw_all(draw, figures)
