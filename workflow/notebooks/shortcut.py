"""One shortcut"""

import numpy as np
from matplotlib.figure import Figure

from frequency_shortcuts.evaluation import examples
from frequency_shortcuts.figures import canvas
from frequency_shortcuts.figures.cards import Panel, rows_of_panels
from frequency_shortcuts.networks.weights import normalisation
from frequency_shortcuts.spectrum.fills import named
from frequency_shortcuts.spectrum.masks import low_pass_mask
from frequency_shortcuts.storage.hdf5 import read_classes
from frequency_shortcuts.storage.tables import read_table


def draw(
    run: dict[str, str], store: str, weights: str, spectra: str, maps: str, shortcuts: str, percent: float
) -> Figure:
    verdicts, classes = read_table(shortcuts), read_classes(store)
    rows = verdicts[(verdicts[list(run)] == list(run.values())).all(axis=1) & verdicts["headline"]]
    means = rows.groupby("class", sort=False).mean(numeric_only=True)
    name = means["low_pass_margin"].fillna(means["measure"]).idxmax()
    mean, networks = means.loc[name], (rows["class"] == name).sum()
    place = np.array([classes.index(name)])
    cards = examples.read_cards(store, spectra, maps, percent, place, normalisation(weights))
    kept, lowest = (mask.astype(float) for mask in (cards.masks[0], low_pass_mask(cards.masks[0])))

    def rates(of: str) -> str:
        return f"recognised: {100 * mean[f'tpr_{of}']:.0f} %\nfalse positives: {100 * mean[f'fpr_{of}']:.0f} %"

    key = "black: kept\ncentre: zero"
    panels = [
        Panel(f"image of\n{name}", cards.unfiltered[0], rates("unfiltered")),
        Panel(f"its map: {percent:g} % of\nthe frequencies", kept, key),
        Panel("reduced to\nits map", cards.filtered[0], rates("dfm")),
        Panel("as many of the\nlowest frequencies", lowest, key),
        Panel("reduced to\nthese", cards.controlled[0], rates("low_pass")),
    ]
    kind = canvas.network_label(run["network"], run["augmentation"]).replace("\n", ", ")
    note = (
        f"TPR - FPR: {mean['measure']:.2f} from its own map, {mean['largest_other']:.2f} from the best map of another "
        f"class ({named(cards.fill).words}); {kind}, {networks} network{'s' if networks > 1 else ''}"
    )
    return rows_of_panels({"": panels}, note, f"Is {name} recognised from {percent:g} % of the frequencies?")
