"""Published numbers compared with ours, if this study ran the same experiment."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import TypedDict

import pandas as pd

from frequency_shortcuts.networks.weights import read_metadata
from frequency_shortcuts.storage.tables import NETWORK

from .paper_tables import as_published

FULL_WIDTH = 64  # channels after the stem of the published networks
STANDARD = ("torchvision", "timm")  # these use the same names of architectures as the publications
SAME, NOT_RUN = "same experiment", "not run here"
OTHER_MACHINE = "run times of different machines are not compared"
KEYS = ["source", "method", "network", "augmentation", "class", "measure", "published"]
COLUMNS = [*KEYS, "ours", "status", "ours_from"]
EXPERIMENT = ["method", "architecture", "augmentation", "maps_of"]


class Known(TypedDict):
    """Architecture of a network, and its channels after the stem (0 where they are not comparable)."""

    architecture: str
    width: int


Networks = Mapping[tuple[str, str, str], Known]  # by data set, network and augmentation


def compare(published: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """Every published number, in the same order, with ours. No published row is left out.

    Parameters
    ----------
    published : one row per number: `source`, `method` (culling, or that of another tool), `dataset`, `network` (an
        architecture), `augmentation`, `maps_of` ("architecture/augmentation" of the network of the maps, empty for its
        own maps), `percent` (size of the maps, missing if it is not fixed), `class`, `measure` (TPR, FPR or hours) and
        `published`
    rates : ours, see `rates_of_study`

    The experiment is the same if method, architecture, augmentation, the network of the maps and their size agree, the
    network has the full width, and the data set has the classes of the published one. All other published numbers were
    not run here. No run time of ours stands beside a published one. Returns the columns `COLUMNS`; `ours_from` names
    the data set, network, class and images of our number, or says why there is no run time.
    """
    published, rates = (table.fillna({"maps_of": "", "class": ""}) for table in (published, rates))
    rates = rates.assign(**{name: rates[name].astype(object) for name in EXPERIMENT})
    rows = []
    for _, row in published.iterrows():
        classes = set(published.loc[published["dataset"] == row["dataset"], "class"]) - {""}
        found = None if row["measure"] == "hours" else _same_experiment(row, rates, classes)
        why = OTHER_MACHINE if row["measure"] == "hours" else ""
        ours = {"ours": float("nan"), "status": NOT_RUN, "ours_from": why}
        if found is not None:
            ours = {"ours": float(found[row["measure"]]), "status": SAME, "ours_from": _origin(found)}
        method = f"{row['method']}, maps of {row['maps_of']}" if row["maps_of"] else row["method"]
        if row["measure"] == "hours":
            method = f"{method}, {row['dataset']}"
        rows.append({**row[KEYS], "method": method, **ours})
    return pd.DataFrame(rows, columns=COLUMNS)


def _same_experiment(row: pd.Series, rates: pd.DataFrame, classes: set[str]) -> pd.Series | None:
    """Our row for the class of a published row, if the experiment is the same."""
    wanted = [row["method"], row["network"], row["augmentation"], row["maps_of"]]
    same = rates[(rates[EXPERIMENT] == wanted).all(axis=1) & (rates["width"] == FULL_WIDTH)]
    if not pd.isna(row["percent"]):
        same = same[same["percent"] == row["percent"]]
    for _, part in same.groupby(["dataset", "network"], sort=False):
        if set(part["class"]) == classes:
            return part[part["class"] == row["class"]].iloc[0]
    return None


def _origin(ours: pd.Series) -> str:
    maps = "the tool's map" if pd.isna(ours["percent"]) else f"top {ours['percent']:g} %"
    seeds = "1 seed" if ours["seeds"] == 1 else f"{ours['seeds']} seeds"
    return (
        f"{ours['dataset']}, {ours['network']} of width {ours['width']}, {ours['class']}, {maps}, "
        f"{ours['images']:.0f} images of the class, {seeds}"
    )


def architectures(weights: Iterable[str | os.PathLike[str]]) -> dict[tuple[str, str, str], Known]:
    """The architecture of every network, from the metadata of weights files."""
    networks: dict[tuple[str, str, str], Known] = {}
    for path in weights:
        about = read_metadata(path)
        kind = about["architecture"]
        origin, _, name = kind.get("source", "").partition(":")
        if not origin:
            known = Known(architecture=kind["name"], width=kind["width"])
        elif origin in STANDARD:
            known = Known(architecture=name, width=FULL_WIDTH)
        else:
            known = Known(architecture=kind["source"], width=0)
        networks[about["dataset"], about["network"], about["augmentation"]] = known
    return networks


def rates_of_study(
    over_seeds: pd.DataFrame,
    verdicts: pd.DataFrame,
    networks: Networks,
    percent: float,
    *,
    external: pd.DataFrame | None = None,
    transfer: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Our rates in the published test (maps kept, zeros elsewhere), one row per network, origin of the maps and class.

    over_seeds, verdicts : the tables `shortcuts_over_seeds` and `shortcuts`
    networks : the networks to use, see `architectures`
    percent : size of the maps
    external : the table `published`; transfer : tests of the maps of one network on another

    Returns the columns `dataset`, `network`, `augmentation`, `class`, `TPR` and `FPR` (means over seeds), `images` (of
    the class), `seeds`, `method`, `percent`, `maps_of`, `architecture` and `width`.
    """
    datasets = {dataset for dataset, *_ in networks}

    def counted(table: pd.DataFrame) -> pd.DataFrame:
        table = as_published(table)
        return table[table["dataset"].isin(datasets)]

    rates = [own_maps(counted(over_seeds), counted(verdicts), networks, percent)]
    if external is not None:
        rates.append(hfss_maps(counted(external), networks))
    if transfer is not None:
        rates.append(transferred_maps(counted(transfer), networks, percent))
    return pd.concat(rates, ignore_index=True)


def own_maps(over_seeds: pd.DataFrame, verdicts: pd.DataFrame, networks: Networks, percent: float) -> pd.DataFrame:
    """Rates from each network's own maps, one row per network and class."""
    keys = [*NETWORK, "class"]
    table = over_seeds.merge(verdicts.groupby(keys, sort=False)["images"].mean().reset_index(), on=keys)
    return _described(table.rename(columns={"tpr_dfm_mean": "TPR", "fpr_dfm_mean": "FPR"}), networks, percent)


def hfss_maps(external: pd.DataFrame, networks: Networks) -> pd.DataFrame:
    """Rates from external maps of HFSS, recognised by their name."""
    maps = external[external["maps"].str.contains("hfss", case=False)]
    table = _means(maps, [*NETWORK, "class"], "tpr_dfm", "fpr_dfm")
    return _described(table, networks, math.nan, method="HFSS")


def transferred_maps(transfer: pd.DataFrame, networks: Networks, percent: float) -> pd.DataFrame:
    """Rates of one network from the maps of another, one row per pair of networks and class."""
    table = transfer[transfer["filter"] == "dfm"].copy()
    table[["network", "augmentation", "seed"]] = table["tested_on"].str.split("/", expand=True)
    table["maps_of"] = table["maps_of"].str.rsplit("/", n=1).str[0]
    table = _described(_means(table, [*NETWORK, "maps_of", "class"], "tpr", "fpr"), networks, percent)
    sources = [
        networks[dataset, *maps.split("/")] for dataset, maps in zip(table["dataset"], table["maps_of"], strict=True)
    ]
    table["width"] = [min(width, known["width"]) for width, known in zip(table["width"], sources, strict=True)]
    table["maps_of"] = [
        f"{known['architecture']}/{maps.split('/')[1]}" for known, maps in zip(sources, table["maps_of"], strict=True)
    ]
    return table


def _means(table: pd.DataFrame, keys: list[str], tpr: str, fpr: str) -> pd.DataFrame:
    """Means over seeds."""
    means = {"TPR": (tpr, "mean"), "FPR": (fpr, "mean"), "images": ("images", "mean"), "seeds": ("seed", "nunique")}
    return table.groupby(keys, sort=False).agg(**means).reset_index()


def _described(table: pd.DataFrame, networks: Networks, percent: float, method: str = "culling") -> pd.DataFrame:
    """The rates with the architectures of their networks."""
    known = [networks[key] for key in table[NETWORK].itertuples(index=False, name=None)]
    return table.assign(
        method=method,
        percent=percent,
        maps_of=table.get("maps_of", ""),
        architecture=[one["architecture"] for one in known],
        width=[one["width"] for one in known],
    )
