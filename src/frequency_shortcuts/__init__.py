"""Frequency shortcuts of image classifiers: the few frequencies by which a network recognises each class.

The library computes: arrays and networks in, arrays out. It uses no workflow, no configuration file and no path of the
study; these are in `workflow/`.

    import frequency_shortcuts as fs

    result = fs.analyse(network, images, labels, mean=mean, std=std)
    result.verdicts  # one row for each class

`Search`, `Test`, `Run` and `Preprocessing` hold what else can be chosen. The parts of the analysis are modules:

    from frequency_shortcuts import adcs, culling, dfm, shortcuts, spectrum
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("frequency-shortcuts")
except PackageNotFoundError:  # used from a checkout
    __version__ = "not installed"

# Loaded at first use, so that importing the package is fast: name -> module.
PUBLIC = {
    "adcs": "maps.adcs",
    "culling": "maps.methods.culling.method",
    "dfm": "maps.dfm",
    "shortcuts": "shortcuts",
    "spectrum": "spectrum",
}
# Functions and classes: name -> module that holds it.
NAMES = {
    "analyse": "analysis.analyse",
    "analyze": "analysis.analyse",
    "differences": "analysis.differences",
    "load": "analysis.stored",
    "plot_flip": "analysis.plots",
    "plot_map": "analysis.plots",
    "Search": "analysis.options",
    "Test": "analysis.options",
    "Run": "analysis.options",
    "Preprocessing": "images.preprocessing",
    "Files": "images.folders",
    "Split": "images.splits",
    "Swap": "exchange.swap",
    "SwapFine": "exchange.swap",
    "portable": "networks.instructions",
}


def __getattr__(name: str) -> Any:
    if name in NAMES:
        return getattr(import_module(f"{__name__}.{NAMES[name]}"), name)
    if name in PUBLIC:
        return import_module(f"{__name__}.{PUBLIC[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC, *NAMES])
