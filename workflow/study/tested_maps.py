"""Shared code of the jobs that test maps of several methods on the same images."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from frequency_shortcuts.maps import dfm
from frequency_shortcuts.shortcuts.hits import rates, write_hits
from frequency_shortcuts.shortcuts.test import collect
from frequency_shortcuts.shortcuts.trials import Trials

from .tested_networks import with_names


def measure_maps(
    group: Any,
    network: Any,
    data: Any,
    maps: Sequence[str],
    name: str,
    params: Any,
    methods: Sequence[str],
) -> pd.DataFrame:
    """Test the maps of each method on the same images, write the hits to a group, and return the rates of the culling.

    The hits of the culling are in the group itself, with the names of the classes, those of others below `methods/`.

    maps : the file of the culling, then those of `methods`
    name : of the run, which seeds the draws
    """
    for method, path in zip(("", *methods), maps, strict=True):
        trials = Trials(**(params.method_settings if method else params.settings))
        hits = collect(
            network, data, dfm.read_mask(path, params.percent), trials, run=name, progress=True
        )
        place = group.create_group(f"methods/{method}") if method else group
        write_hits(place, hits)
        place.attrs["classes"] = list(data.classes)
        if not method:
            table = with_names(rates(hits), data.classes)
    return table
