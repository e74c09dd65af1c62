# %% [markdown]
# # What a network follows
#
# Left, the share of test images that are called one class (a row) after they got the fine spectrum of another (a
# column), minus before, mean over the networks (seeds) of the first kind of the plan. Right, what the verdict on each
# class rests on, a dot for each of these networks.
#
# Of many classes, those that are followed or needed most are drawn. The table `flips` holds all networks.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, flips, selection
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, cross: str, most: int) -> Figure:
    classes = read_classes(store)
    rates, matrix = (rows[rows["dataset"] == dataset] for rows in map(read_table, (table, cross)))
    kinds = selection.kinds_of(rates)
    shown = selection.clearest_flips(rates, classes, most)
    rest = f"the first of {len(kinds)} kinds of networks" if len(kinds) > 1 else ""
    note = "\n".join(filter(None, (shown.note, rest)))
    rates, matrix = (selection.of_kind(rows, kinds[0]) for rows in (rates, matrix))
    return flips.flips(rates, matrix, shown.names(classes), note)


canvas.draw_all(draw, figures)
