"""One shortcut"""

import numpy as np
from matplotlib.figure import Figure

from frequency_shortcuts.figures.canvas import network_label
from frequency_shortcuts.figures.cards import one_shortcut
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study import examples


def draw(
    run: dict[str, str], store: str, weights: str, spectra: str, maps: str, shortcuts: str, percent: float
) -> Figure:
    verdicts, classes = read_table(shortcuts), read_classes(store)
    rows = verdicts[(verdicts[list(run)] == list(run.values())).all(axis=1) & verdicts["headline"]]
    means = rows.groupby("class", sort=False).mean(numeric_only=True)
    name = means["low_pass_margin"].fillna(means["measure"]).idxmax()
    place = np.array([classes.index(name)])
    card = examples.read_cards(store, spectra, maps, percent, place, normalisation(weights))
    count = rows["seed"].nunique()
    networks = ", ".join(network_label(run["network"], run["augmentation"]).splitlines())
    mean_of = f"{networks}, {count} networks" if count > 1 else networks
    return one_shortcut(card, name, means.loc[name], percent, mean_of)
