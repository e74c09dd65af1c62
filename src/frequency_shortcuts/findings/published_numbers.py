"""Published numbers beside ours: the same experiment, the nearest one on other data, or none."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd

FULL_WIDTH = 64  # channels after the stem of the published networks
SAME, OTHER, NOT_RUN = "same experiment", "other data", "not run here"
KEYS = ["source", "method", "network", "augmentation", "class", "measure", "published"]
COLUMNS = [*KEYS, "ours", "status", "ours_from"]
_EXPERIMENT = ["method", "architecture", "augmentation", "maps_of"]


def beside(published: pd.DataFrame, rates: pd.DataFrame, times: pd.DataFrame) -> pd.DataFrame:
    """Every published number, in its order, with ours beside it. No published row is left out.

    Parameters
    ----------
    published : one row a number: `source`, `method` (culling, or another tool's), `dataset`, `network` (an
        architecture), `augmentation`, `maps_of` ("architecture/augmentation" of the network that the maps are of, empty
        for its own), `percent` (size of the maps, missing where it is not fixed), `class`, `measure` (TPR, FPR or
        hours) and `published`
    rates : ours from filtered images, one row a network and class, means over seeds: `dataset`, `network` (its name),
        `architecture`, `width`, `method`, `augmentation`, `maps_of`, `percent`, `class`, `images` (of the class),
        `seeds`, `TPR` and `FPR`
    times : ours, one row a method: `method`, `hours` and `ours_from`, on what

    Ours is the *same experiment* where architecture, augmentation, method, the maps' network and their size agree, the
    network has the full width, and the data set has the very classes of the published one. Otherwise, where
    architecture, augmentation, method and the maps' network agree, it is of *other data*: the class of the same name,
    or, where there is none, the class of the same rank by TPR (the best published class beside our best). Run times are
    never from the same machine, so they are of other data. Returns the columns `COLUMNS`; `ours_from` says which data
    set, network, class and images ours are from.
    """
    published, rates = (table.fillna({"maps_of": "", "class": ""}) for table in (published, rates))
    rates = rates.assign(**{name: rates[name].astype(object) for name in _EXPERIMENT if name in rates})
    ranks = published[published["measure"] == "TPR"].copy()
    groups = ["source", "method", "network", "augmentation", "maps_of"]
    ranks["rank"] = ranks.groupby(groups)["published"].rank(method="first", ascending=False).astype(int)
    rank = ranks.set_index([*groups, "class"])["rank"]
    rows = []
    for _, row in published.iterrows():
        if row["measure"] == "hours":
            ours, status, ours_from = _time(row, times)
        else:
            place = rank.get(tuple(row[[*groups, "class"]]))
            ours, status, ours_from = _rate(row, rates, _classes(published, row["dataset"]), place)
        method = f"{row['method']}, maps of {row['maps_of']}" if row["maps_of"] else row["method"]
        if row["measure"] == "hours":
            method = f"{method}, {row['dataset']}"
        rows.append({**row[KEYS], "method": method, "ours": ours, "status": status, "ours_from": ours_from})
    return pd.DataFrame(rows, columns=COLUMNS)


def _classes(published: pd.DataFrame, dataset: str) -> set[str]:
    """The classes of a published data set, as far as they are named."""
    return set(published.loc[published["dataset"] == dataset, "class"]) - {""}


def _rate(row: pd.Series, rates: pd.DataFrame, classes: set[str], place: int | None) -> tuple[float, str, str]:
    wanted = [row["method"], row["network"], row["augmentation"], row["maps_of"]]
    ran = rates[(rates[_EXPERIMENT] == wanted).all(axis=1)]
    found = list(ran.groupby(["dataset", "network", "width"], sort=False))
    if not found:
        return float("nan"), NOT_RUN, ""
    same = [
        part
        for _, part in found
        if set(part["class"]) == classes
        and (part["width"] == FULL_WIDTH).all()
        and (pd.isna(row["percent"]) or (part["percent"] == row["percent"]).all())
    ]
    parts = same or [part for _, part in found]
    part = next((part for part in parts if (part["class"] == row["class"]).any()), parts[0])
    named = part[part["class"] == row["class"]]
    if named.empty:
        best_first = part.sort_values("TPR", ascending=False, kind="stable")
        named = best_first.iloc[(place or 1) - 1 :].head(1)
        if named.empty:
            about = part.iloc[0]
            why = f"{about['dataset']}, {about['network']}: it has no class of rank {place} by TPR"
            return float("nan"), OTHER, why
    ours = named.iloc[0]
    by_rank = f" (rank {place} by TPR)" if ours["class"] != row["class"] else ""
    maps = "the tool's map" if pd.isna(ours["percent"]) else f"top {ours['percent']:g} %"
    about = (
        f"{ours['dataset']}, {ours['network']} of width {ours['width']}, {ours['class']}{by_rank}, {maps}, "
        f"{ours['images']:.0f} images of the class, {_seeds(ours['seeds'])}"
    )
    return float(ours[row["measure"]]), SAME if same else OTHER, about


def _time(row: pd.Series, times: pd.DataFrame) -> tuple[float, str, str]:
    mine = times[times["method"] == row["method"]]
    if mine.empty:
        return float("nan"), NOT_RUN, ""
    return float(mine["hours"].iloc[0]), OTHER, str(mine["ours_from"].iloc[0])


def _seeds(count: Hashable) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
