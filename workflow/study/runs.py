"""The runs of a study as a table: a row for each network, trained or loaded, with a truth value for each step."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

import pandas as pd

from .datasets import has_truth, kind_of, renditions
from .job import NETWORK, RUN, WITH_TRUTH

# What an entry of the plan says of its runs, if it says nothing.
DEFAULTS = {"maps": True, "ood": True, "reliance": False}


def table(config: Mapping[str, Any]) -> pd.DataFrame:
    """The planned runs, each once and in order, then the networks on the graded sets.

    config : a complete configuration (see `datasets.complete`)

    Columns: dataset, network, augmentation, seed; `run`, the folder network/augmentation/seedN; `kind` of the data set;
    `methods`, the names of the methods whose maps the plan adds; `tested_methods`, of those whose maps are tested
    beside the culling's. Truth values: planned, graded, trained, external; `maps`, they are found and tested;
    `first_kind`, of the first kind of networks of the data set, `first_seed`, the smallest seed with maps of a network;
    and the steps bandstop, planted_use, phase, sizes, ood, reliance, scored, transfer (the maps of another network are
    tested on it).
    """
    planned = _planned(config)
    graded = [{**run, "graded": True} for run in _graded(config)]
    runs = pd.DataFrame(
        [*planned, *graded], columns=[*RUN, "planned", "graded", *DEFAULTS, "methods"]
    )
    for name in ("planned", "graded", *DEFAULTS):
        runs[name] = runs[name].eq(True)
    runs["run"] = [folder(run) for run in runs.to_dict("records")]
    runs["kind"] = [kind_of(config, name) for name in runs["dataset"]]
    networks, datasets = config["networks"], config["datasets"]
    external = [name for name, network in networks.items() if "source" in network]
    runs["external"] = runs["network"].isin(external)
    runs["trained"] = ~runs["external"]

    made = runs["kind"].isin(WITH_TRUTH)
    photographs = runs["kind"].eq("photographs")
    first = first_kinds(runs)
    runs["first_kind"] = [
        first.get(name) == kind for name, *kind in runs[NETWORK].itertuples(index=False)
    ]
    smallest = runs[runs["maps"]].groupby(NETWORK)["seed"].idxmin()
    runs["first_seed"] = runs.index.isin(smallest)
    phase_seeds = {"all": runs["maps"], "first": runs["first_seed"], "none": False}

    runs["bandstop"] = runs["planned"] & runs["kind"].eq("synthetic")
    runs["planted_use"] = runs["maps"] & made
    runs["phase"] = phase_seeds[config["shortcuts"]["phase_seeds"]]
    runs["sizes"] = runs["maps"] & runs["first_kind"] & photographs
    restyled = [name for name in datasets if renditions(config, name)]
    runs["ood"] &= runs["maps"] & photographs & runs["dataset"].isin(restyled)
    runs["reliance"] &= runs["maps"] & runs["trained"]
    known = [name for name in datasets if has_truth(config, name)]
    runs["scored"] = runs["methods"].astype(bool) & runs["dataset"].isin(known)
    tested = config["shortcuts"]["methods"]
    runs["tested_methods"] = [tested if both else [] for both in runs["maps"] & runs["first_kind"]]
    pairs = transfers(config, runs)
    targets = pairs["dataset"] + "/" + pairs["tested_on"]
    runs["transfer"] = (runs["dataset"] + "/" + runs["run"]).isin(targets)
    return runs


def folder(run: Mapping[str, Any]) -> str:
    """The wildcard `run`: network/augmentation/seedN."""
    return f"{run['network']}/{run['augmentation']}/seed{run['seed']}"


def _planned(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every run of the plan; what holds for a run is what holds by any of its entries."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for entry in config["plan"]:
        for values in product(*(entry[f"{key}s"] for key in RUN)):
            run = found.setdefault(
                values, {**dict(zip(RUN, values, strict=True)), "planned": True, "methods": []}
            )
            for key, default in DEFAULTS.items():
                run[key] = run.get(key, False) or entry.get(key, default)
            run["methods"] = list(dict.fromkeys([*run["methods"], *entry.get("methods", [])]))
    return list(found.values())


def _graded(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One run on each graded set."""
    settings = config["graded"]
    seeds = range(settings["first_seed"], settings["first_seed"] + settings["sets"])
    common = {"network": settings["network"], "augmentation": "none", "methods": []}
    return [{"dataset": f"graded_{seed}", "seed": seed, **common} for seed in seeds]


def first_kinds(runs: pd.DataFrame) -> dict[str, list[str]]:
    """[network, augmentation] of the first kind of networks of each planned data set, with maps where some have.

    It is the first network that is planned for the set, without augmentation if that is planned.
    """
    planned = runs[runs["planned"]]
    without_maps = ~planned.groupby("dataset")["maps"].transform("any")
    first = {}
    for name, of_set in planned[planned["maps"] | without_maps].groupby("dataset", sort=False):
        network = of_set["network"].iloc[0]
        augmentations = list(of_set["augmentation"][of_set["network"] == network])
        first[name] = [network, "none" if "none" in augmentations else augmentations[0]]
    return first


def transfers(config: Mapping[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """The planned pairs of runs of one seed, each once: the maps of one are tested on the other.

    Columns: dataset; `maps_of` and `tested_on`, the columns `run` of the two; `tested_methods` of the first
    """
    pairs = [pd.DataFrame(columns=["dataset", "maps_of", "tested_on", "tested_methods"])]
    mapped = runs[runs["maps"]]
    kind = mapped["network"] + "/" + mapped["augmentation"]
    for entry in config["transfer"]:
        of_set = mapped["dataset"] == entry["dataset"]
        source, target = (mapped[of_set & (kind == entry[end])] for end in ("maps_of", "tested_on"))
        pair = source.merge(target[["seed", "run"]], on="seed", suffixes=("", "_target"))
        pairs.append(
            pair.rename(columns={"run": "maps_of", "run_target": "tested_on"})[pairs[0].columns]
        )
    return pd.concat(pairs, ignore_index=True).drop_duplicates(["dataset", "maps_of", "tested_on"])


def unique(names: Iterable[str]) -> list[str]:
    """Each name once, in order."""
    return list(dict.fromkeys(names))


def needed_splits(
    config: Mapping[str, Any], runs: pd.DataFrame, dataset: str, trains: bool
) -> dict[str, str]:
    """The splits that a data set must have, and the reasons; `trains`: whether a network is trained on it."""
    of_set = runs[runs["dataset"] == dataset]
    sections = ["adcs"]
    if of_set["maps"].any():
        sections += ["culling", "shortcuts"]
    needed = {config[section]["split"]: f"{section}.split" for section in sections}
    if of_set["ood"].any() and "ood" not in config["datasets"][dataset]:
        needed["test"] = "ood.renditions"
    if trains:
        needed |= dict.fromkeys(["train", "validation", "test"], "training")
    return needed
