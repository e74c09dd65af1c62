# %% [markdown]
# # Maps scored against the planted truth
#
# The table holds the average precision against what was planted for the class itself, mean over classes, networks and
# seeds.

# %% tags=["parameters"]
figures: list[dict[str, object]] = []

# %%
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation.truth import planted
from frequency_shortcuts.figures import canvas, truth
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.storage.hdf5 import read_hdf5
from frequency_shortcuts.storage.tables import read_table


def read_planes(store: str, spectrum: str, maps: list[str], percent: float) -> tuple[Any, ...]:
    """The classes with a truth of their own; of each what was planted, the share of runs with the frequency, ADCS."""
    with read_hdf5(store) as file:
        own, classes = planted(file)["own"], list(file.attrs["classes"])
    with read_hdf5(spectrum) as file:
        adcs = file[file.attrs["shown"]][:]
    shares = np.mean([dfm.read_mask(path, percent) for path in maps], axis=0)
    with_truth = np.flatnonzero(own.any(axis=(1, 2)))
    return [classes[c] for c in with_truth], own[with_truth], shares[with_truth], adcs[with_truth]


def draw(
    names: list[str], stores: list[str], spectra: list[str], datasets: list[str], maps: list[str], table: str,
    percent: float, band_edges: dict[str, list[float]],
) -> Figure:  # fmt: skip
    planes = {}
    for name, store, spectrum in zip(names, stores, spectra, strict=True):
        mine = [path for path, dataset in zip(maps, datasets, strict=True) if dataset == name]
        planes[name] = read_planes(store, spectrum, mine, percent)
    rows = read_table(table)
    own = rows.query("truth == 'own' and cut == 'percent' and percent == @percent")
    display(own.pivot_table("average_precision", "ranking", "dataset", sort=False).round(2))
    return truth.truth(rows, percent, planes, band_edges)


canvas.draw_all(draw, figures)
