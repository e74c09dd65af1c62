"""Synthetic renditions"""

import numpy as np
from matplotlib.figure import Figure

from frequency_shortcuts.images import stores
from study.drawings import spectra
from study.drawings.selection import evenly_spaced


def draw(store: str, renditions: list[str], names: list[str], most: int) -> Figure:
    paths = zip(["photograph", *names], [store, *renditions], strict=True)
    tests = {name: stores.read(path, "test", per_class=1) for name, path in paths}
    classes = tests["photograph"].classes
    shown = evenly_spaced(len(classes), most)
    pictures = {name: test.images[np.argsort(test.labels)[shown.index]] for name, test in tests.items()}
    return spectra.tiles(pictures, shown.names(classes), "What do the renditions look like?", shown.note)
