"""Images and mean spectra of the synthetic and planted sets"""

from matplotlib.figure import Figure

from frequency_shortcuts.images import stores as image_stores
from frequency_shortcuts.storage.hdf5 import read_hdf5
from study.drawings import spectra as drawings


def draw(stores: list[str], spectra: list[str], names: list[str], band_edges: dict[str, list[float]]) -> Figure:
    sets = {}
    for name, store, spectrum in zip(names, stores, spectra, strict=True):
        test = image_stores.read(store, "test", per_class=1)
        with read_hdf5(spectrum) as file:
            sets[name] = (test.classes, test.images[test.labels.argsort()], file["mean_amplitude"][:].mean(axis=1))
    return drawings.samples(sets, band_edges)
