# %% [markdown]
# # Images and mean spectra of the synthetic and planted sets
#
# One test image of every class, and the class's mean amplitude spectrum (mean over the channels, logarithmic). In
# `syn_b`, circles mark the band edges; class C3 has no energy in band b; C1 is raised along the diagonals, C2 along the
# axes. In planted sets each class has one cue, of one mechanism.
#
# A row of images and a row of spectra for each set.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from matplotlib.figure import Figure

from frequency_shortcuts.data import stores as image_stores
from frequency_shortcuts.figures import canvas, images
from frequency_shortcuts.storage.hdf5 import read_hdf5


def draw(stores: list[str], spectra: list[str], names: list[str], band_edges: dict[str, list[float]]) -> Figure:
    sets = {}
    for name, store, spectrum in zip(names, stores, spectra, strict=True):
        test = image_stores.read(store, "test", per_class=1)
        with read_hdf5(spectrum) as file:
            sets[name] = (test.classes, test.images[test.labels.argsort()], file["mean_amplitude"][:].mean(axis=1))
    return images.samples(sets, band_edges)


canvas.draw_all(draw, figures)
