"""Shared code of the scripts that test shortcuts: the hits of a network, written with the names of its classes.

It is separate from `testing`, so that an edit of the shortcut tests re-runs only these scripts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import pandas as pd
from torch import nn

from frequency_shortcuts.evaluation import shortcuts
from frequency_shortcuts.evaluation.hits import Hits, rates, write_hits
from frequency_shortcuts.maps import dfm
from frequency_shortcuts.spectrum.arrays import BoolArray

from .job import RUN
from .testing import with_names


def collect(
    network: nn.Module, data: Any, maps: BoolArray, run: str, settings: Mapping[str, Any], **options: Any
) -> Hits:
    """The hits of `shortcuts.collect`.

    data : a `Split`; run : name that seeds the draws; settings : keyword arguments from the configuration
    """
    return shortcuts.collect(network, data, maps, run=run, progress=True, **settings, **options)


def write(group: h5py.Group, hits: Hits, classes: Sequence[str], **attributes: Any) -> None:
    """Write hits with the names of the classes to an open file, or to a group in it."""
    write_hits(group, hits)
    group.attrs.update(classes=list(classes), **attributes)


def measure_methods(
    group: h5py.Group, network: nn.Module, data: Any, maps: Mapping[str, str], percent: float, **test: Any
) -> None:
    """Test the maps of other methods on the same images, and write their hits below `methods/` of a group.

    maps : method -> file of its maps; test : `run`, `settings` and the options of `collect`
    """
    for name, path in maps.items():
        hits = collect(network, data, dfm.read_mask(path, percent), **test)
        write(group.create_group(f"methods/{name}"), hits, data.classes)


def rates_of(hits: Hits, classes: Sequence[str]) -> pd.DataFrame:
    """The table of rates with the names of the classes."""
    return with_names(rates(hits), classes)


def run_name(run: Mapping[str, Any]) -> str:
    """A run as one name: dataset/network/augmentation/seed."""
    return "/".join(str(run[key]) for key in RUN)
