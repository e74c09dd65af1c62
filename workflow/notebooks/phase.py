# %% [markdown]
# # Phase or amplitude?
#
# Does the shortcut of a class sit in the amplitudes of its frequencies, or in their phases? An image keeps both, only
# its amplitudes or only its phases, and another image, its donor, gives the rest. On the left this is done inside the
# map of the class, and everything outside the map is the donor's. The test with both is the shortcut test with the fill
# swap. On the right it is done at all frequencies. A part suffices if it keeps clearly more than half of TPR - FPR, and
# does not if it keeps clearly less (95 % intervals). The verdict is the part that suffices, *amplitude* or *phase*, or
# *either* of them, or neither, so that the network needs *both*. If an interval holds the half, it is *undecided*. Only
# classes with a strong shortcut have a verdict.
#
# Of many classes, those with the greatest TPR - FPR from both are drawn. The table says how many classes (counted once
# a seed) have which verdict, and how much of TPR - FPR the amplitudes and the phases keep on average.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, phase, selection
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(dataset: str, store: str, table: str, most: int) -> Figure:
    classes = read_classes(store)
    rows = read_table(table).query("dataset == @dataset")
    judged = rows.assign(verdict=rows["verdict"].astype(object).fillna("no verdict"))
    of_verdict = judged.groupby(["network", "augmentation", "verdict"], sort=False)
    means = {name: (name, "mean") for name in ("share_amplitude", "share_phase")}
    display(of_verdict.agg(classes=("class", "size"), **means).round(2))
    shown = selection.strongest_swap(rows, classes, most)
    return phase.phase(rows, shown.names(classes), shown.note)


canvas.draw_all(draw, figures)
