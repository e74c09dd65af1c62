"""What the tests of shortcuts share: the settings, and the hits of a network with the names of its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .description import run_of
from .job import FOLDER, RUN

if TYPE_CHECKING:
    import h5py
    import pandas as pd
    from torch import nn

    from frequency_shortcuts.evaluation.hits import Hits
    from frequency_shortcuts.spectrum.arrays import BoolArray

    from .plan import Plan

HITS_FILE = f"tests/{FOLDER}/hits.h5"
METHODS = (
    "group `methods/{name}`, of each method in `shortcuts.methods`: the same with its maps, beside the maps of other "
    "classes and the lowest frequencies"
)
HITS = (
    "the class that the network named, for every mask and image: `labels`, `unfiltered` int16 [image]; `masks` bool "
    "[mask, H, W], the frequencies that an image keeps; `named/{fill}` int16 [mask, image], -1 where no class needed "
    "the image; `donors` int32 [image] of the fill swap; `negatives` bool [class, image], on which FPR is measured "
    "(with swap without those whose donor is of the class); `trials/{column}`, what each mask is for: `class`, `part`, "
    "`filter`, `draw`, `mask` (its index), `positions`, `overlap`; attributes `neutral` (-1 for none) and "
    "`false_positives` (whether FPR was measured under random and low-pass masks, not only under maps)"
)


# Settings


def settings(plan: Plan) -> dict[str, Any]:
    """The images that are tested, the size of the maps, and the keyword arguments of `shortcuts.collect`."""
    return {**plan.section("shortcuts", "split", "images_per_class", "percent"), "settings": plan.shortcut_settings()}


def settings_of_methods(plan: Plan, fills: Sequence[str]) -> dict[str, Any]:
    """The methods whose maps are tested too, and the keyword arguments of `shortcuts.collect` for these."""
    return {"methods": plan.tested_methods(), "method_settings": plan.advantage_settings(fills=list(fills))}


def deciding(fills: Sequence[str]) -> list[str]:
    """The fill that findings on photographs are about, zeros; if it is not tested, the first one."""
    return ["zeros"] if "zeros" in fills else list(fills[:1])


def maps_of_methods(plan: Plan) -> Callable[[Any], list[str]]:
    """Input: the maps of these methods of the run."""
    return lambda wildcards: plan.tested_maps(run_of(wildcards))


# Jobs


def collect(
    network: nn.Module, data: Any, maps: BoolArray, run: str, settings: Mapping[str, Any], **options: Any
) -> Hits:
    """The hits of `shortcuts.collect`.

    data : a `Split`; run : name that seeds the draws; settings : keyword arguments from the configuration
    """
    from frequency_shortcuts.evaluation import shortcuts

    return shortcuts.collect(network, data, maps, run=run, progress=True, **settings, **options)


def write(group: h5py.Group, hits: Hits, classes: Sequence[str], **attributes: Any) -> None:
    """Write hits with the names of the classes to an open file, or to a group in it."""
    from frequency_shortcuts.evaluation.hits import write_hits

    write_hits(group, hits)
    group.attrs.update(classes=list(classes), **attributes)


def measure_methods(
    group: h5py.Group, network: nn.Module, data: Any, maps: Mapping[str, str], percent: float, **test: Any
) -> None:
    """Test the maps of other methods on the same images, and write their hits below `methods/` of a group.

    maps : method -> file of its maps; test : `run`, `settings` and the options of `collect`
    """
    from frequency_shortcuts.maps import dfm

    for name, path in maps.items():
        hits = collect(network, data, dfm.read_mask(path, percent), **test)
        write(group.create_group(f"methods/{name}"), hits, data.classes)


def rates_of(hits: Hits, classes: Sequence[str]) -> pd.DataFrame:
    """The table of rates with the names of the classes."""
    from frequency_shortcuts.evaluation.hits import rates

    from .tested_networks import with_names

    return with_names(rates(hits), classes)


def run_name(run: Mapping[str, Any]) -> str:
    """A run as one name: dataset/network/augmentation/seed."""
    return "/".join(str(run[key]) for key in RUN)


# Joined tables


def advantages(name: str, groups: Iterable[tuple[Mapping[str, Any], h5py.Group]]) -> dict[str, pd.DataFrame]:
    """The own-map advantages of groups of hits: `{name}`, and `method_{name}` with the maps of other methods.

    groups : each group with what it is of, which the first columns say
    """
    import pandas as pd

    from frequency_shortcuts.evaluation.cross import own_map_advantage
    from frequency_shortcuts.evaluation.hits import read_hits, read_hits_of_methods
    from frequency_shortcuts.findings.study_tables import with_columns

    tables: dict[str, list[pd.DataFrame]] = {name: [], f"method_{name}": []}
    for about, group in groups:
        tables[name].append(with_columns(own_map_advantage(read_hits(group)), about))
        tables[f"method_{name}"] += [
            with_columns(own_map_advantage(hits), {**about, "method": method})
            for method, hits in read_hits_of_methods(group).items()
        ]
    return {key: pd.concat(parts, ignore_index=True) for key, parts in tables.items() if parts}
