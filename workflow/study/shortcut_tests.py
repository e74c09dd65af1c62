"""What the tests of shortcuts share: the settings, and the hits of a network with the names of its classes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from frequency_shortcuts.images.splits import Split
from frequency_shortcuts.spectrum.fills import ZEROS

from .job import RUN, run_of
from .plan import Plan


def settings(plan: Plan) -> dict[str, Any]:
    """The images that are tested, the size of the maps, and the settings of `Trials`."""
    return {**plan.section("shortcuts", "split", "images_per_class", "percent"), "settings": plan.shortcut_settings()}


def settings_of_methods(plan: Plan, fills: Sequence[str]) -> dict[str, Any]:
    """The methods whose maps of a run are tested too, and the settings of `Trials` for these."""
    return {
        "methods": lambda wildcards: plan.tested_methods(run_of(wildcards)),
        "method_settings": plan.advantage_settings(fills=list(fills)),
    }


def deciding(fills: Sequence[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return [ZEROS.name] if ZEROS.name in fills else list(fills[:1])


def measure(
    group: Any, network: Any, data: Split, maps: Sequence[str], run: str, params: Any, methods: Sequence[str]
) -> pd.DataFrame:
    """Test the maps of each method on the same images, write the hits to a group, and return the rates of the culling.

    The hits of the culling are in the group itself, with the names of the classes, those of others below `methods/`.

    maps : the file of the culling, then those of `methods`
    run : name that seeds the draws
    """
    from frequency_shortcuts.maps import dfm
    from frequency_shortcuts.shortcuts.hits import rates, write_hits
    from frequency_shortcuts.shortcuts.test import collect
    from frequency_shortcuts.shortcuts.trials import Trials
    from frequency_shortcuts.storage.tables import CULLING

    from .tested_networks import with_names

    hits = {}
    for name, path in zip((CULLING, *methods), maps, strict=True):
        trials = Trials(**(params.settings if name == CULLING else params.method_settings))
        masks = dfm.read_mask(path, params.percent)
        hits[name] = collect(network, data, masks, trials, run=run, progress=True)
        place = group if name == CULLING else group.create_group(f"methods/{name}")
        write_hits(place, hits[name])
        place.attrs["classes"] = list(data.classes)
    return with_names(rates(hits[CULLING]), data.classes)


def run_name(run: Mapping[str, Any]) -> str:
    """A run as one name: dataset/network/augmentation/seed."""
    return "/".join(str(run[key]) for key in RUN)


def advantages(
    paths: Iterable[str], about: Callable[[str, Any], Mapping[str, Any]], order: Callable[[str], Any] = str
) -> pd.DataFrame:
    """The own-map advantage with the maps of each `method`, of the groups of hits in some files.

    about : the columns that say of what a group of a file is; order : of their names
    """
    from frequency_shortcuts.shortcuts.cross import own_map_advantage
    from frequency_shortcuts.shortcuts.hits import read_hits_of_methods
    from frequency_shortcuts.storage.hdf5 import read_hdf5
    from study.findings.study_tables import with_columns

    tables = []
    for path in paths:
        with read_hdf5(path) as file:
            for name in sorted(file, key=order):
                for method, hits in read_hits_of_methods(file[name]).items():
                    tables.append(with_columns(own_map_advantage(hits), {**about(path, file[name]), "method": method}))
    return pd.concat(tables, ignore_index=True)
