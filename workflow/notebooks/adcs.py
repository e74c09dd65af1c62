# %% [markdown]
# # ADCS of every class
#
# For every frequency, the number of classes with less mean amplitude than this class, minus the number with more. Only
# differences beyond three standard errors count: of equal classes, the published count shows noise.
#
# Of many classes, those that stand out most are drawn. Red frequencies set a class apart by much energy, blue ones by
# little.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas, selection
from frequency_shortcuts.figures import spectra as planes
from frequency_shortcuts.storage.hdf5 import read_hdf5


def draw(spectra: str, band_edges: list[float], most: int) -> Figure:
    with read_hdf5(spectra) as file:
        classes, values = list(file.attrs["classes"]), file["adcs_significant"][:]
    shown = selection.largest_adcs(values, most)
    names = shown.names(classes)
    return planes.adcs(values[shown.index], names, band_edges, n_classes=len(classes), note=shown.note)


canvas.draw_all(draw, figures)
