"""ADCS of every class"""

from matplotlib.figure import Figure

from frequency_shortcuts.storage.hdf5 import read_hdf5
from study.drawings import spectra as planes
from study.drawings.selection import largest_adcs

VARIANTS = {"as published": "adcs", "significant": "adcs_significant"}


def draw(spectra: str, band_edges: list[float], most: int) -> Figure:
    with read_hdf5(spectra) as file:
        classes, first = list(file.attrs["classes"]), file.attrs["shown"]
        names = sorted(VARIANTS, key=lambda name: VARIANTS[name] != first)
        values = {name: file[VARIANTS[name]][:] for name in names}
    shown = largest_adcs(values["significant"], most)
    chosen = {name: planes_of[shown.index] for name, planes_of in values.items()}
    return planes.adcs(chosen, shown.names(classes), band_edges, n_classes=len(classes), note=shown.note)
