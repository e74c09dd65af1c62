"""Class cards"""

from matplotlib.figure import Figure

from frequency_shortcuts.figures.cards import class_cards
from frequency_shortcuts.figures.selection import clearest_shortcuts
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study import examples

RATES = [f"{rate}_{kept}" for kept in ("unfiltered", "dfm", "low_pass") for rate in ("tpr", "fpr")]


def draw(
    run: dict[str, str], store: str, weights: str, spectra: str, maps: str, shortcuts: str, percent: float,
    band_edges: list[float], most: int,
) -> Figure:  # fmt: skip
    classes, verdicts = read_classes(spectra), read_table(shortcuts)
    of_network = verdicts[(verdicts[list(run)] == list(run.values())).all(axis=1)]
    shown = clearest_shortcuts(of_network, classes, most)
    names = shown.names(classes)
    cards = examples.read_cards(store, spectra, maps, percent, shown.index, normalisation(weights))
    first = of_network[of_network["seed"] == of_network["seed"].min()]  # whose weights and maps are shown
    tests = first[first["fill"] == cards.fill].query("part == 'keep'")
    rates = tests.set_index("class").reindex(index=names, columns=RATES).to_numpy(float).reshape(len(names), 3, 2)
    return class_cards(cards, names, len(classes), band_edges, shown.note, rates=rates)
