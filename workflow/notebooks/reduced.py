"""Images reduced to their maps"""

from typing import Any

from matplotlib.figure import Figure

from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.selection import clearest_shortcuts, of_kind
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.shortcuts.examples import reduced_images
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table
from study import examples
from study.drawings import spectra
from study.findings.study_tables import as_published


def draw(
    dataset: str, store: str, weights: list[str], maps: list[str], kinds: list[list[str]], shortcuts: str,
    table: str, percent: float, most: int,
) -> Figure:  # fmt: skip
    classes, verdicts = read_classes(store), read_table(shortcuts).query("dataset == @dataset")
    shown = clearest_shortcuts(verdicts, classes, most)
    names, rates = shown.names(classes), read_table(table).query("dataset == @dataset")
    rates = as_published(rates)  # what the pictures show
    images: dict[str, Any] = {}
    below = {}
    for kind, path, found in zip(kinds, weights, maps, strict=True):
        pictures, normalised = examples.first_test_images(store, shown.index, normalisation(path))
        label = " ".join(canvas.network_label(*kind).splitlines())
        images |= {} if images else {"image": pictures}
        images[label] = reduced_images(normalised, dfm.read_mask(found, percent, shown.index))
        of_class = of_kind(rates, (kind[0], kind[1])).set_index("class").reindex(names)
        pairs = of_class.reindex(columns=["tpr_dfm_mean", "fpr_dfm_mean"]).to_numpy(float)
        below[label] = [canvas.rates_label(*pair).replace("0.", ".") for pair in pairs]
    key = f"below: TPR / FPR from the {percent:g} % map alone, mean over networks"
    question = "What is left of an image that is reduced to the map of its class?"
    return spectra.tiles(images, names, question, shown.note, below, key)
