"""Frequency shortcuts of image classifiers: the few frequencies by which a network recognises each class.

    import frequency_shortcuts as fs

    result = fs.analyse(network, images, labels, mean=mean, std=std)
    result.flips  # one row for each class: what it follows

`Search`, `Test`, `Run` and `Preprocessing` hold what else can be chosen. The parts of the analysis are modules:

    from frequency_shortcuts import adcs, culling, dfm, shortcuts, spectrum
"""

import sys
from collections.abc import Callable, Mapping
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
    "load": "analysis.result",
    "plot_flip": "analysis.result",
    "plot_map": "analysis.plots",
    "Search": "analysis.options",
    "Test": "analysis.options",
    "Run": "analysis.options",
    "Preprocessing": "images.preprocessing",
    "Files": "images.folders",
    "Split": "images.splits",
    "Swap": "exchange.swap",
    "refit": "analysis.refit",
    "portable": "networks.instructions",
}


def _lazily(
    package: str, holders: Mapping[str, str], modules: Mapping[str, str] = {}
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose names are loaded at first use.

    holders : name -> the module that holds it; modules : name -> the module that it names
    """

    def load(name: str) -> Any:
        if name in holders:
            return getattr(import_module(f"{package}.{holders[name]}"), name)
        if name in modules:
            return import_module(f"{package}.{modules[name]}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: sorted({*vars(sys.modules[package]), *holders, *modules})


__getattr__, __dir__ = _lazily(__name__, NAMES, PUBLIC)
