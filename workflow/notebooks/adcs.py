"""ADCS of every class"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures import selection
from frequency_shortcuts.figures import spectra as planes
from frequency_shortcuts.storage.hdf5 import read_hdf5


def draw(spectra: str, band_edges: list[float], most: int) -> Figure:
    with read_hdf5(spectra) as file:
        classes, values = list(file.attrs["classes"]), file["adcs_significant"][:]
    shown = selection.largest_adcs(values, most)
    names = shown.names(classes)
    return planes.adcs(values[shown.index], names, band_edges, n_classes=len(classes), note=shown.note)
